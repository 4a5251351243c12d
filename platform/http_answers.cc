// SPDX-License-Identifier: Apache-2.0
#include "platform/http_answers.h"

#include "platform/memory.h"

namespace cpis::platform {

HttpResponse HttpAnswers::Answer(const HttpRequest& request) const {
  try {
    HttpResponse response = handler_(request);
    ScrubStack();
    return response;
  } catch (...) {
    return Refuse(500, "the service failed on this request");
  }
}

HttpResponse HttpAnswers::Refuse(int status, std::string_view why) const {
  try {
    return refuse_(status, why);
  } catch (...) {
    return {status, "", {}, ""};
  }
}

HttpAnswers::Wire HttpAnswers::Encode(HttpResponse response, Persistence persistence, bool to_head) const {
  const Instant now = SystemClock().Now();
  auto head = HttpHead(response, persistence, now);
  if (!head.ok()) {
    response = Refuse(500, "the service made an answer that cannot be sent");
    head = HttpHead(response, persistence, now);
  }
  if (!head.ok()) {
    response = {500, "", {}, ""};
    head = HttpHead(response, persistence, now);
  }
  if (to_head || !HttpStatusHasBody(response.status)) response.body.clear();
  return {*std::move(head), std::move(response.body)};
}

}  // namespace cpis::platform
