// SPDX-License-Identifier: Apache-2.0
//
// What a server answers with, made safe to call from the middle of I/O: no exception leaves, and whatever comes out of
// a handler can be sent.
#pragma once

#include <string>
#include <string_view>

#include "platform/http.h"
#include "platform/http_text.h"

namespace cpis::platform {

// Any thread.
class HttpAnswers {
 public:
  struct Wire {
    std::string head;
    std::string body;
  };

  HttpAnswers(HttpServer::Handler handler, HttpServer::Refusal refuse)
      : handler_(std::move(handler)), refuse_(std::move(refuse)) {}

  // What the handler says, or a refusal with 500 if it throws.
  HttpResponse Answer(const HttpRequest& request) const;
  HttpResponse Refuse(int status, std::string_view why) const;

  // The bytes to send; a 500 in place of a response that cannot be sent. `to_head`: the request was HEAD.
  Wire Encode(HttpResponse response, Persistence persistence, bool to_head) const;

 private:
  HttpServer::Handler handler_;
  HttpServer::Refusal refuse_;
};

}  // namespace cpis::platform
