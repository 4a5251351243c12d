// SPDX-License-Identifier: Apache-2.0
//
// Asking the fleet server about a number that this node cannot answer for.
#include "edge/enrolled_node.h"
#include "edge/resolved.h"
#include "edge/tuning.h"
#include "platform/log.h"
#include "sync/nhs_number.h"

namespace cpis::edge {
namespace {

// One who asks, for as long as it takes.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken), free_(++taken <= kMostQuestions) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool free() const { return free_; }

 private:
  std::atomic<int>& taken_;
  const bool free_;
};

}  // namespace

Result<Answer> EnrolledNode::AskServer(const std::string& digits) {
  const Place place(asking_);
  if (!place.free()) return platform::Unavailable("others are asking already");
  const auto ring = keeper_->Ring();
  if (!ring) return platform::Unavailable("nobody is signed in here");
  const Instant asked_at = time_->Now().at;
  const sync::ResolveQuery query{identity_.node_id, crypto::NewUuidV7(asked_at.time_since_epoch().count()), digits, asked_at};
  const Bytes signed_query = sync::SealResolveQuery(query, identity_.keys.Now()->fleet_box, identity_.signing);
  CPIS_ASSIGN(const Bytes signed_reply, CurrentLink()->Resolve(signed_query, kResolvePatience));
  CPIS_ASSIGN(const sync::ResolveReply reply,
              sync::OpenResolveReply(signed_reply, identity_.keys.Now()->Of(crypto::Role::kFreshness),
                                     {identity_.box, ring->directory_key}));
  CPIS_TRY(sync::CheckReply(reply, query, time_->Now().at));
  CPIS_ASSIGN(Answer answer, Resolved(reply, orders_->Current()->policy));
  answer.nhs_number = digits;
  return answer;
}

Result<Answer> EnrolledNode::Resolve(const std::string& token, const LookupRequest& request) {
  const std::optional<SignedIn> who = keeper_->Use(token);
  if (!who) return NotSignedIn();
  CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(request.nhs_number));
  CPIS_TRY(CheckIncident(request.incident));
  const std::string digits(number.digits());
  CPIS_TRY(MayDo(Act::kResolve, who->duty, who->right));
  if (auto over = OverLimit(*who, digits)) return Recorded(*who, request, "resolve", *std::move(over));
  auto asked = AskServer(digits);
  if (!asked.ok()) {
    // Decided here: whatever went wrong on the way, the local answer stands.
    platform::LogWarning("resolve", asked.status().message());
    return platform::Unavailable("the fleet server could not be asked: what this vehicle knows stands");
  }
  Answer answer = *std::move(asked);
  if (answer.outcome == Outcome::kNotFlagged) {
    // A plan that this vehicle holds is not taken back by one word from afar.
    if (Answer local = Judged(digits); local.outcome == Outcome::kFlagged) answer = std::move(local);
  }
  CountMiss(*who, answer);
  return Recorded(*who, request, "resolve", std::move(answer));
}

}  // namespace cpis::edge
