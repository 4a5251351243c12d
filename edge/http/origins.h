// SPDX-License-Identifier: Apache-2.0
//
// Which web pages may talk to the node: its own, and those of origins that somebody named (Fetch standard, CORS). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/http/problem.h"
#include "platform/status.h"

namespace cpis::edge::http {

class Origins {
 public:
  Origins() = default;
  // "https://epcr.example.nhs.uk:8443". kInvalid quotes what is none; "*" and "null" are none.
  static platform::Result<Origins> Parse(const std::vector<std::string>& named);

  // The answer to a preflight, or why the request is not let in, or nothing. `own` is the origin that the request's Host makes.
  std::optional<platform::HttpResponse> Judge(const platform::HttpRequest& request, const std::string& own) const;
  // What a page of a named origin needs to read the response. Never for cookies: such a page brings its token in a header.
  void Open(const platform::HttpRequest& request, platform::HttpResponse& response) const;

 private:
  bool IsNamed(std::string_view origin) const;
  std::vector<std::string> named_;
};

}  // namespace cpis::edge::http
