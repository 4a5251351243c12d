// SPDX-License-Identifier: Apache-2.0
//
// A node that says what a test wants and remembers what it was asked.
#pragma once

#include <deque>

#include "edge/node.h"

namespace cpis::edge {

inline Instant At(const char* text) { return *platform::ParseRfc3339(text); }

inline Answer FlaggedAnswer() {
  using namespace std::chrono_literals;
  Answer answer;
  answer.nhs_number = "9990000018";
  answer.outcome = Outcome::kFlagged;
  answer.as_of = At("2026-11-22T02:00:00Z");
  answer.age = 4210s;
  answer.region = {"E10000017"};
  answer.notification = Notification::kQueued;
  const sync::Authority lancashire{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
  answer.plans.push_back(
      {{sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}, sync::PlanState::kCurrent, lancashire});
  answer.plans.push_back({{sync::PlanType::kLac, At("2025-01-05T10:00:00Z"), At("2026-02-01T00:00:00Z")},
                          sync::PlanState::kEnded,
                          {"E08000003", "Manchester City Council", "01612345001", ""}});
  const sync::Viewer crew{sync::PersonId{7}, "Ms Sam Crew", "R1070",
                          "Paramedic",       "RX7",         "NORTH WEST AMBULANCE SERVICE NHS TRUST"};
  answer.accesses.push_back({At("2026-11-21T23:15:00Z"), crew});
  answer.accesses.push_back({At("2026-11-20T08:00:00Z"), crew});
  answer.pattern = {3, 2, true};
  return answer;
}

inline Answer OtherAnswer(Outcome outcome, Reason reason = Reason::kNone) {
  Answer answer;
  answer.nhs_number = "9990000026";
  answer.outcome = outcome;
  answer.reason = reason;
  answer.as_of = At("2026-11-22T02:00:00Z");
  answer.age = std::chrono::seconds(60);
  answer.region = {"E10000017"};
  if (reason != Reason::kNone) answer.advice = {"Phone the emergency duty team."};
  return answer;
}

inline AlertShown OneAlert() {
  const sync::Authority lancashire{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
  AlertShown alert;
  alert.id = "0193A000-0000-7000-8000-00000000000A";
  alert.nhs_number = "9990000018";
  alert.staff = "crew-9";
  alert.incident = "INC-7";
  alert.occurred_at = At("2026-11-22T02:15:00Z");
  alert.raised_at = At("2026-11-22T06:00:00Z");
  alert.outcome_at_node = Outcome::kNotFlagged;
  alert.plans.push_back(
      {{sync::PlanType::kCpp, At("2026-11-20T09:00:00Z"), std::nullopt}, sync::PlanState::kCurrent, lancashire});
  return alert;
}

class FakeNode : public Node {
 public:
  Result<Answer> answer = FlaggedAnswer();
  Result<AttendReply> attend_reply =
      AttendReply{"0193A000-0000-7000-8000-000000000001", Notification::kQueued, At("2026-11-22T02:15:00Z"), Outcome::kFlagged};
  Result<SessionInfo> session = SessionInfo{"token-1", At("2026-11-22T14:00:00Z")};
  Status sign_out, enrol, sync_now, restore;
  NodeStatus status = [] {
    NodeStatus enrolled;
    enrolled.enrolled = true;
    return enrolled;
  }();
  Result<std::vector<OutboxItem>> outbox = std::vector<OutboxItem>{};
  Result<OutboxItem> item = OutboxItem{};
  Result<std::vector<TopicVerdict>> verdicts = std::vector<TopicVerdict>{};
  Result<std::string> audit = std::string("1024 entries, chain unbroken");
  std::vector<Finding> findings;
  Result<Answer> resolved_answer = platform::Unavailable("the fleet server cannot be asked");
  Result<std::vector<AlertShown>> alerts = std::vector<AlertShown>{};
  Result<AlertShown> acknowledging = platform::NotFound("no such alert");

  Result<SessionShown> session_shown = SessionShown{"crew1",
                                                    sync::Duty::kClinician,
                                                    sync::Right::kNotify,
                                                    std::chrono::seconds(900),
                                                    std::chrono::seconds(610),
                                                    std::chrono::seconds(40000)};
  int used = 0;  // calls of ShowSession that were use
  int resolves = 0;
  LookupRequest resolved;
  std::string acknowledged;
  int lookups = 0;
  int attends = 0;
  std::string token, staff, pin, place, server, code, id;
  LookupRequest lookup;
  AttendRequest attend;
  std::chrono::milliseconds waited{-1};
  bool repaired = false;

  Status Enrol(const std::string& s, const std::string& c) override {
    server = s;
    code = c;
    return enrol;
  }
  Result<SessionInfo> SignIn(const std::string& who, const std::string& p, const std::string& where) override {
    staff = who;
    place = where;
    pin = p;
    return session;
  }
  Status SignOut(const std::string& t) override {
    token = t;
    return sign_out;
  }
  Result<SessionShown> ShowSession(const std::string& t, bool use) override {
    token = t;
    used += use ? 1 : 0;
    return session_shown;
  }
  Result<Answer> Lookup(const std::string& t, const LookupRequest& request) override {
    ++lookups;
    token = t;
    lookup = request;
    return answer;
  }
  Result<Answer> Resolve(const std::string& t, const LookupRequest& request) override {
    token = t;
    resolved = request;
    ++resolves;
    return resolved_answer;
  }
  Result<std::vector<AlertShown>> Alerts(const std::string& t) override {
    token = t;
    return alerts;
  }
  Result<AlertShown> AcknowledgeAlert(const std::string& t, const std::string& wanted) override {
    token = t;
    acknowledged = wanted;
    return acknowledging;
  }
  Result<AttendReply> Attend(const std::string& t, const AttendRequest& request) override {
    ++attends;
    token = t;
    attend = request;
    return attend_reply;
  }
  Status Wipe() override { return Status::Ok(); }
  NodeStatus GetStatus() override { return status; }
  Brief GetBrief() override { return {status.version, status.enrolled, status.as_of}; }
  Status SyncNow(std::chrono::milliseconds wait, const Progress& progress) override {
    waited = wait;
    if (progress) progress(5, 10);
    return sync_now;
  }
  Result<std::vector<OutboxItem>> ListOutbox() override { return outbox; }
  Result<OutboxItem> ShowOutbox(const std::string& wanted) override {
    id = wanted;
    return item;
  }
  Status RestoreOutbox(const std::string& wanted) override {
    id = wanted;
    return restore;
  }
  Result<std::vector<TopicVerdict>> Verify(bool repair) override {
    repaired = repair;
    return verdicts;
  }
  Result<std::string> VerifyAudit() override { return audit; }
  std::vector<Finding> Doctor() override { return findings; }
};

}  // namespace cpis::edge
