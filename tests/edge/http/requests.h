// SPDX-License-Identifier: Apache-2.0
//
// Requests as a client would send them, and answers as a client would read them.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "edge/http/service.h"
#include "tests/edge/http/fake_node.h"

namespace cpis::edge::http {

using platform::HttpRequest;
using platform::HttpResponse;

inline constexpr const char* kChild = "https://fhir.nhs.uk/Id/nhs-number|9990000018";

inline HttpRequest Request(std::string method, std::string path) {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.headers = {{"Host", "127.0.0.1:8750"}, {"Authorization", "Bearer token-1"}};
  return request;
}

inline HttpRequest Search(const std::string& resource, const std::string& value = kChild) {
  HttpRequest request = Request("GET", "/cpis/FHIR/R4/" + resource);
  request.query = {{"patient:identifier", value}};
  return request;
}

// A node that says what a test told it to, behind its service.
struct Vehicle {
  FakeNode node;
  Gate gate;
  Service service{node, gate};

  HttpResponse Ask(const HttpRequest& request) { return service.Answer(request); }
  HttpResponse Post(const std::string& path, const std::string& body) {
    HttpRequest request = Request("POST", path);
    request.body = body;
    return Ask(request);
  }
};

inline void RemoveHeader(HttpRequest& request, const std::string& name) {
  std::erase_if(request.headers, [&](const auto& header) { return header.name == name; });
}

inline std::string Header(const HttpResponse& response, const std::string& name) {
  for (const auto& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

inline boost::json::object Body(const HttpResponse& response) { return boost::json::parse(response.body).as_object(); }

// details.coding.code of the OperationOutcome.
inline std::string IssueCode(const HttpResponse& response) {
  const auto body = boost::json::parse(response.body);
  if (body.at("resourceType").as_string() != "OperationOutcome") return "";
  return std::string(body.at_pointer("/issue/0/details/coding/0/code").as_string());
}

}  // namespace cpis::edge::http
