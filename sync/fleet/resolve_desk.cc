// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/resolve_desk.h"

#include <algorithm>

namespace cpis::sync::fleet {
namespace {

// How far a query's time may be from the server's: a node that is on line has just heard the server's.
constexpr std::chrono::minutes kQueryAge{10};
// A query that is as far ahead as may be is refused for its age only after this.
constexpr std::chrono::minutes kRemembered = 2 * kQueryAge;
// Of one node within kRemembered. A crew asks a few an hour; whoever holds a running, unlocked vehicle can ask, but to list the
// 300 million issued numbers would take it some fifty years. It bounds what is remembered, too.
constexpr size_t kMostQueries = 240;

// What each authority holds of the number and may be shown now; empty when there is nothing.
Result<std::vector<ResolveEvidence>> EvidenceOf(Register& records, const NhsNumber& number, Instant now) {
  std::vector<ResolveEvidence> evidence;
  CPIS_ASSIGN(const std::vector<PlanRow> plans, records.PlansOf(number));
  if (plans.empty()) return evidence;
  CPIS_ASSIGN(const std::vector<AuthorityRow> authorities, records.Authorities());
  std::set<std::string> codes;
  for (const PlanRow& row : plans) {
    if (StateAt(row.plan, now) != PlanState::kGone) codes.insert(row.authority);
  }
  for (const std::string& code : codes) {
    CPIS_ASSIGN(Flag flag, records.FlagOf(code, number));
    std::erase_if(flag.plans, [now](const Plan& plan) { return StateAt(plan, now) == PlanState::kGone; });
    const auto row = std::find_if(authorities.begin(), authorities.end(),
                                  [&](const AuthorityRow& a) { return a.authority.code == code; });
    // A plan whose authority is not named is still a plan.
    const Authority authority = row != authorities.end() ? row->authority : Authority{code, code, "", ""};
    evidence.push_back({authority, std::move(flag)});
  }
  return evidence;
}

Result<std::vector<Viewer>> ViewersIn(Register& records, const std::vector<ResolveEvidence>& evidence) {
  std::set<PersonId> ids;
  for (const ResolveEvidence& known : evidence) {
    for (const Access& access : known.flag.accesses) ids.insert(access.viewer);
  }
  std::vector<Viewer> viewers;
  for (const PersonId id : ids) {
    CPIS_ASSIGN(std::optional<Viewer> viewer, records.ViewerWithId(id));
    if (viewer) viewers.push_back(*std::move(viewer));
  }
  return viewers;
}

// A node that has not heard of the newest fleet box seals to the one it knows.
Result<ResolveQuery> OpenQuery(ByteView bytes, ByteView node_public_key, const FleetKeys& keys) {
  auto query = OpenResolveQuery(bytes, node_public_key, keys.box);
  for (auto former = keys.former_boxes.rbegin(); !query.ok() && former != keys.former_boxes.rend(); ++former) {
    query = OpenResolveQuery(bytes, node_public_key, *former);
  }
  return query;
}

}  // namespace

Result<Bytes> ResolveDesk::Answer(const std::string& node_id, ByteView bytes) {
  ResolveReply reply;
  Bytes box_key;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(std::optional<NodeRow> node, store.records().NodeWithId(node_id));
    if (!node || node->state != "ENROLLED") return platform::Denied("this node is not enrolled");
    const auto query = OpenQuery(bytes, node->signing_key, store.keys());
    if (!query.ok()) return platform::Denied("the query is not signed by this node for this fleet");
    if (query->node != node_id) return platform::Denied("the query is of another node");
    const Instant now = store.clock().Now();
    CPIS_TRY(Admit(*query, now));
    CPIS_ASSIGN(reply, Judge(store, *query, now));
    box_key = std::move(node->box_key);
    return Status::Ok();
  }));
  return SealResolveReply(reply, {box_key, store_.keys().directory_key}, store_.keys().freshness);
}

Status ResolveDesk::Admit(const ResolveQuery& query, Instant now) {
  if (std::chrono::abs(now - query.asked_at) > kQueryAge) return platform::Denied("the query was not made now");
  Asked& asked = asked_[query.node];
  while (!asked.order.empty() && std::chrono::abs(now - asked.order.front().first) > kRemembered) {
    asked.ids.erase(asked.order.front().second);
    asked.order.pop_front();
  }
  if (asked.ids.contains(query.id)) return platform::Denied("the query was answered before");
  if (asked.order.size() >= kMostQueries) return platform::Unavailable("this node asks too much");
  asked.order.emplace_back(now, query.id);
  asked.ids.insert(query.id);
  return Status::Ok();
}

Result<ResolveReply> ResolveDesk::Judge(Store& store, const ResolveQuery& query, Instant now) {
  CPIS_ASSIGN(const NhsNumber number, NhsNumber::Parse(query.nhs_number));
  ResolveReply reply;
  reply.id = query.id;
  reply.server_time = now;
  CPIS_ASSIGN(reply.notice, store.records().NoticeOf(number));
  if (reply.notice) return reply;  // CANNOT_SAY, and nothing of what is held
  CPIS_ASSIGN(reply.evidence, EvidenceOf(store.records(), number, now));
  CPIS_ASSIGN(reply.viewers, ViewersIn(store.records(), reply.evidence));
  reply.outcome = reply.evidence.empty() ? Outcome::kNotFlagged : Outcome::kFlagged;
  return reply;
}

}  // namespace cpis::sync::fleet
