// SPDX-License-Identifier: Apache-2.0
//
// Everything a node answers over HTTP: the national CP-IS FHIR R4 API under /cpis/FHIR/R4, the draft
// of the Patient Flag API under /patient-flags-api/FHIR/R4, and our own paths beside them.
#pragma once

#include <string>

#include "crypto/secret.h"
#include "edge/http/gate.h"
#include "edge/http/problem.h"
#include "edge/node.h"
#include "platform/http.h"

namespace cpis::edge::http {

class Service {
 public:
  // For whom `gate` lets in. `node` and `gate` must outlive the service.
  Service(Node& node, Gate& gate) : node_(node), gate_(gate), id_key_(crypto::Secret::Random(32)) {}

  // Any thread, several at once. Every request has an answer; failures are OperationOutcomes.
  platform::HttpResponse Answer(const platform::HttpRequest& request) const;
  // Whether it is answered from memory (HttpServer::Options::quick).
  static bool IsQuick(const platform::HttpRequest& request);

 private:
  platform::HttpResponse Meet(const platform::HttpRequest& request) const;
  platform::HttpResponse Route(const platform::HttpRequest& request) const;
  platform::HttpResponse RouteFhir(const platform::HttpRequest& request, std::string_view base) const;
  platform::HttpResponse AnswerSearch(const platform::HttpRequest& request) const;
  platform::HttpResponse SignIn(const platform::HttpRequest& request) const;
  platform::HttpResponse SignOut(const platform::HttpRequest& request) const;
  platform::HttpResponse Attend(const platform::HttpRequest& request) const;
  // `path` is what follows "/alerts".
  platform::HttpResponse RouteAlerts(const platform::HttpRequest& request, std::string_view path) const;

  Node& node_;
  Gate& gate_;
  const crypto::Secret id_key_;  // ids last as long as the daemon runs; see ResourceId
};

}  // namespace cpis::edge::http
