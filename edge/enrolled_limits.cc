// SPDX-License-Identifier: Apache-2.0
//
// Looks within their limits: counted before they are answered, and kept with their audit entry.
#include "edge/enrolled_node.h"

namespace cpis::edge {

std::optional<Answer> EnrolledNode::OverLimit(const SignedIn& who, const std::string& digits) {
  const auto orders = orders_->Current();
  const LookBook::Verdict verdict = limits_->Take(who.staff, digits, orders->policy);
  if (!verdict.over) return std::nullopt;
  if (verdict.began) limits_->Report("rate-hold", who.staff, Name(*verdict.over));
  Answer answer = CannotSay(Answer(), Reason::kRateLimited);
  answer.nhs_number = digits;
  answer.wait = std::chrono::ceil<std::chrono::seconds>(verdict.wait);
  if (orders->grant) answer.region = orders->grant->region;
  return answer;
}

void EnrolledNode::CountMiss(const SignedIn& who, const Answer& answer) {
  if (answer.outcome == Outcome::kFlagged) return;
  const auto began = limits_->Missed(who.staff, answer.nhs_number, orders_->Current()->policy);
  if (began) limits_->Report("rate-hold", who.staff, Name(*began));
}

Answer EnrolledNode::JudgedWithin(const SignedIn& who, const std::string& digits) {
  if (auto over = OverLimit(who, digits)) return *std::move(over);
  Answer answer = Judged(digits);
  CountMiss(who, answer);
  return answer;
}

}  // namespace cpis::edge
