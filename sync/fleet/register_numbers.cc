// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about plans that are over for good, and about numbers that change.
#include <algorithm>
#include <array>

#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::FromUnixSeconds;
using platform::Statement;
using platform::ToUnixSeconds;

constexpr std::array kPlanTypes{PlanType::kLac, PlanType::kCpp, PlanType::kUcpp};

int64_t Number(PlanType type) { return static_cast<int64_t>(type); }

Result<NhsNumber> NumberAt(const Statement& statement, int column) {
  Result<NhsNumber> number = NhsNumber::Parse(statement.Text(column));
  if (!number.ok()) return platform::Corrupt("the register holds an NHS number that is none");
  return number;
}

// A plan of this type that ended at this second or before is gone.
int64_t LastGoneEnd(PlanType type, Instant now) { return ToUnixSeconds(now - (*GoneAt({type, now, now}) - now)); }

// Two records of one person may be one ended and one current plan: a merger must end nobody's protection.
bool LastsLonger(const Plan& plan, const Plan& other) { return other.end && (!plan.end || *plan.end > *other.end); }

// The first column of the first row, when there is one.
Result<std::optional<int64_t>> FirstInt(Statement& statement) {
  CPIS_ASSIGN(const bool found, statement.Step());
  std::optional<int64_t> value;
  if (found) value = statement.Int(0);
  statement.Reset();
  return value;
}

}  // namespace

Result<std::map<std::string, std::set<NhsNumber>>> Register::ExpirePlans(Instant now) {
  std::map<std::string, std::set<NhsNumber>> gone;
  CPIS_ASSIGN(Statement * find, query_("SELECT authority, nhs_number FROM plans WHERE type = ? AND ends <= ?"));
  CPIS_ASSIGN(Statement * remove, query_("DELETE FROM plans WHERE type = ? AND ends <= ?"));
  for (const PlanType type : kPlanTypes) {
    const int64_t last = LastGoneEnd(type, now);
    bool any = false;
    find->Bind(Number(type)).Bind(last);
    for (;;) {
      CPIS_ASSIGN(const bool more, find->Step());
      if (!more) break;
      CPIS_ASSIGN(NhsNumber number, NumberAt(*find, 1));
      gone[find->Text(0)].insert(std::move(number));
      any = true;
    }
    if (any) CPIS_TRY(remove->Bind(Number(type)).Bind(last).Run());
  }
  return gone;
}

Result<std::optional<Plan>> Register::PlanOf(std::string_view authority, const NhsNumber& number, PlanType type) {
  CPIS_ASSIGN(Statement * find,
              query_("SELECT starts, ends FROM plans WHERE nhs_number = ? AND authority = ? AND type = ?"));
  find->Bind(number.digits()).Bind(authority).Bind(Number(type));
  CPIS_ASSIGN(const bool found, find->Step());
  std::optional<Plan> plan;
  if (found) {
    plan = Plan{type, FromUnixSeconds(find->Int(0)), std::nullopt};
    if (!find->IsNull(1)) plan->end = FromUnixSeconds(find->Int(1));
  }
  find->Reset();
  return plan;
}

Result<uint64_t> Register::CountFlags(std::string_view authority, Instant now) {
  CPIS_ASSIGN(Statement * count, query_("SELECT count(DISTINCT nhs_number) FROM plans WHERE authority = ? AND"
                                        " (ends IS NULL OR ends > CASE type WHEN ? THEN ? ELSE ? END)"));
  count->Bind(authority).Bind(Number(PlanType::kUcpp)).Bind(LastGoneEnd(PlanType::kUcpp, now));
  CPIS_ASSIGN(const std::optional<int64_t> flags, FirstInt(count->Bind(LastGoneEnd(PlanType::kCpp, now))));
  return static_cast<uint64_t>(flags.value_or(0));
}

Result<std::vector<std::string>> Register::AuthoritiesOf(const NhsNumber& number) {
  std::vector<std::string> codes;
  CPIS_ASSIGN(Statement * all, query_("SELECT DISTINCT authority FROM plans WHERE nhs_number = ? ORDER BY authority"));
  all->Bind(number.digits());
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    codes.push_back(all->Text(0));
  }
  return codes;
}

Result<Register::Moved> Register::MovePlans(std::string_view authority, const NhsNumber& from, const NhsNumber& to) {
  Moved moved;
  // What was said later of the old number is said of the new one: an older file takes nothing back.
  CPIS_ASSIGN(Statement * say,
              query_("INSERT INTO plan_said(authority, nhs_number, type, created) SELECT authority, ?, type, created FROM plan_said"
                     " WHERE nhs_number = ? AND authority = ? AND type = ? ON CONFLICT(nhs_number, authority, type)"
                     " DO UPDATE SET created = max(created, excluded.created)"));
  CPIS_ASSIGN(Statement * drop, query_("DELETE FROM plans WHERE nhs_number = ? AND authority = ? AND type = ?"));
  CPIS_ASSIGN(Statement * take,
              query_("UPDATE plans SET nhs_number = ? WHERE nhs_number = ? AND authority = ? AND type = ?"));
  for (const PlanType type : kPlanTypes) {
    CPIS_ASSIGN(const std::optional<Plan> plan, PlanOf(authority, from, type));
    CPIS_ASSIGN(const std::optional<Plan> theirs, PlanOf(authority, to, type));
    moved.plans = moved.plans || plan.has_value();
    if (!plan || (theirs && !LastsLonger(*plan, *theirs))) continue;
    moved.target = true;
    CPIS_TRY(drop->Bind(to.digits()).Bind(authority).Bind(Number(type)).Run());
    CPIS_TRY(take->Bind(to.digits()).Bind(from.digits()).Bind(authority).Bind(Number(type)).Run());
    CPIS_TRY(say->Bind(to.digits()).Bind(from.digits()).Bind(authority).Bind(Number(type)).Run());
  }
  CPIS_ASSIGN(Statement * unite, query_("INSERT OR IGNORE INTO accesses(authority, nhs_number, at, attendance, viewer)"
                                        " SELECT authority, ?, at, attendance, viewer FROM accesses"
                                        " WHERE nhs_number = ? AND authority = ?"));
  CPIS_TRY(unite->Bind(to.digits()).Bind(from.digits()).Bind(authority).Run());
  moved.target = moved.target || query_.database().Changes() > 0;
  CPIS_TRY(ForgetPlans(authority, from).status());
  return moved;
}

Result<bool> Register::ForgetPlans(std::string_view authority, const NhsNumber& number) {
  CPIS_ASSIGN(Statement * plans, query_("DELETE FROM plans WHERE nhs_number = ? AND authority = ?"));
  CPIS_TRY(plans->Bind(number.digits()).Bind(authority).Run());
  const bool had = query_.database().Changes() > 0;
  CPIS_ASSIGN(Statement * said, query_("DELETE FROM plan_said WHERE nhs_number = ? AND authority = ?"));
  CPIS_TRY(said->Bind(number.digits()).Bind(authority).Run());
  CPIS_TRY(ForgetAccesses(authority, number));
  return had;
}

Status Register::BlankNumber(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * files,
              query_("UPDATE outgoing_files SET content = CAST(replace(CAST(content AS TEXT), ?1, '') AS BLOB)"
                     " WHERE instr(content, CAST(?1 AS BLOB)) > 0"));
  CPIS_ASSIGN(Statement * attendances, query_("UPDATE attendances SET nhs_number = '' WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * salts, query_("UPDATE audit_record SET salt = x'' WHERE event IN (SELECT id FROM audit WHERE nhs_number = ?)"));
  CPIS_ASSIGN(Statement * audit, query_("UPDATE audit SET nhs_number = '' WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * acts, query_("UPDATE admin_acts SET nhs_number = '' WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * said, query_("DELETE FROM plan_said WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * accesses, query_("DELETE FROM accesses WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * key, query_("DELETE FROM number_keys WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * sensitive, query_("DELETE FROM sensitive_numbers WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * notice, query_("DELETE FROM notices WHERE nhs_number = ?"));
  CPIS_ASSIGN(Statement * replaced, query_("DELETE FROM replaced_numbers WHERE old = ?1 OR new = ?1"));
  for (Statement* one : {files, attendances, salts, audit, acts, said, accesses, key, sensitive, notice, replaced}) {
    CPIS_TRY(one->Bind(number.digits()).Run());
  }
  return Status::Ok();
}

Result<std::optional<Register::Replacement>> Register::ReplacementOf(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * find, query_("SELECT new, at FROM replaced_numbers WHERE old = ?"));
  find->Bind(number.digits());
  CPIS_ASSIGN(const bool found, find->Step());
  if (!found) return std::optional<Replacement>();
  CPIS_ASSIGN(NhsNumber by, NumberAt(*find, 0));
  Replacement replacement{std::move(by), FromUnixSeconds(find->Int(1))};
  find->Reset();
  return std::optional<Replacement>(std::move(replacement));
}

Status Register::PutReplacement(const NhsNumber& number, const Replacement& by) {
  CPIS_ASSIGN(Statement * put, query_("INSERT OR REPLACE INTO replaced_numbers(old, new, at) VALUES(?, ?, ?)"));
  return put->Bind(number.digits()).Bind(by.number.digits()).Bind(ToUnixSeconds(by.at)).Run();
}

Status Register::ForgetReplacement(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM replaced_numbers WHERE old = ?"));
  return forget->Bind(number.digits()).Run();
}

Result<std::set<NhsNumber>> Register::ReplacedNumbers() {
  std::set<NhsNumber> numbers;
  CPIS_ASSIGN(Statement * all, query_("SELECT old FROM replaced_numbers"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    CPIS_ASSIGN(NhsNumber number, NumberAt(*all, 0));
    numbers.insert(std::move(number));
  }
  return numbers;
}

Result<NhsNumber> Register::CurrentNumber(const NhsNumber& number) {
  NhsNumber current = number;
  std::set<NhsNumber> met;
  while (met.insert(current).second) {
    CPIS_ASSIGN(std::optional<Replacement> next, ReplacementOf(current));
    if (!next) return current;
    current = std::move(next->number);
  }
  return platform::Corrupt("replacements of a number lead in a circle");
}

Result<std::set<NhsNumber>> Register::FormerNumbers(const NhsNumber& number) {
  std::set<NhsNumber> former;
  CPIS_ASSIGN(Statement * all, query_("WITH RECURSIVE former(number) AS (SELECT old FROM replaced_numbers WHERE new = ?"
                                      " UNION SELECT old FROM replaced_numbers JOIN former ON new = number)"
                                      " SELECT number FROM former"));
  all->Bind(number.digits());
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    CPIS_ASSIGN(NhsNumber one, NumberAt(*all, 0));
    former.insert(std::move(one));
  }
  return former;
}

}  // namespace cpis::sync::fleet
