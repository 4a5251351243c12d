// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fhir_parts.h"

namespace cpis::edge::http {

namespace json = boost::json;
using platform::Rfc3339;

namespace {

json::object Phone(std::string_view use, std::string_view number) {
  return {{"system", "phone"}, {"value", number}, {"use", use}};
}

std::string AsOfWords(const Answer& answer) {
  return answer.as_of ? "as of " + Rfc3339(*answer.as_of) : std::string("as of an unknown time");
}

std::string Counted(int count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string PatternWords(const Pattern& pattern) {
  const std::string by = pattern.organisations_90_days > 0 ? " by " + Counted(pattern.organisations_90_days, "organisation") : "";
  return Counted(pattern.accesses_90_days, "look") + by + " in the last 90 days: frequent attendance can point to neglect";
}

}  // namespace

json::object Coding(std::string_view system, std::string_view code, std::string_view display) {
  json::object coding{{"system", system}, {"code", code}};
  if (!display.empty()) coding["display"] = display;
  return coding;
}

json::object Concept(json::object coding) { return {{"coding", json::array{std::move(coding)}}}; }

json::object Identifier(std::string_view system, std::string_view value) {
  return {{"system", system}, {"value", value}};
}

json::object Period(Instant start, std::optional<Instant> end) {
  json::object period{{"start", Rfc3339(start)}};
  if (end) period["end"] = Rfc3339(*end);
  return period;
}

json::object Subject(const Answer& answer) {
  return {{"type", "Patient"}, {"identifier", Identifier(kNhsNumberSystem, answer.nhs_number)}};
}

json::object Entry(json::object resource, std::string_view mode) {
  json::object entry;
  if (const json::value* id = resource.if_contains("id")) {
    entry["fullUrl"] = "urn:uuid:" + std::string(id->as_string());
  }
  entry["resource"] = std::move(resource);
  entry["search"] = json::object{{"mode", mode}};
  return entry;
}

json::object CareTeam(const Answer& answer, const PlanShown& shown, const crypto::Secret& key) {
  const sync::Plan& plan = shown.plan;
  json::array telecom;
  if (!shown.authority.office_hours_tel.empty()) telecom.push_back(Phone("work", shown.authority.office_hours_tel));
  if (!shown.authority.emergency_duty_tel.empty())
    telecom.push_back(Phone("mobile", shown.authority.emergency_duty_tel));

  json::object team{
      {"resourceType", "CareTeam"},
      {"id", ResourceId(key, {"CareTeam", answer.nhs_number, shown.authority.code, sync::Name(plan.type), Rfc3339(plan.start)})},
      {"status", shown.state == sync::PlanState::kCurrent ? "active" : "inactive"},
      {"category", json::array{Concept(Coding(kSnomedSystem, sync::Snomed(plan.type), sync::Meaning(plan.type)))}},
      {"subject", Subject(answer)},
      {"period", Period(plan.start, plan.end)}};
  // FHIR has no empty text; an authority that the directory does not know yet is shown by its code.
  const std::string& name = shown.authority.name.empty() ? shown.authority.code : shown.authority.name;
  if (!name.empty()) team["name"] = name;
  if (!telecom.empty()) team["telecom"] = std::move(telecom);
  return team;
}

void AddOutcomes(const Answer& answer, std::string_view none_found, bool any_match, json::array& entries) {
  const std::string as_of = AsOfWords(answer);
  if (!any_match) {
    const std::string said = std::string(none_found) + ", " + as_of;
    entries.push_back(
        Entry(OperationOutcome("information", "informational", sync::Name(answer.outcome), said), "outcome"));
  }
  if (answer.stale) {
    const std::string said = "this information is old, " + as_of + "; there may be newer: phone the local authority";
    entries.push_back(Entry(OperationOutcome("warning", "incomplete", "STALE", said), "outcome"));
  }
  if (answer.outcome == Outcome::kFlagged && answer.pattern.frequent) {
    entries.push_back(Entry(OperationOutcome("information", "informational", "FREQUENT_ATTENDANCE", PatternWords(answer.pattern)),
                            "outcome"));
  }
}

json::object SearchSet(size_t total, json::array entries, const BundleContext& context) {
  return {{"resourceType", "Bundle"},
          {"type", "searchset"},
          {"total", total},
          {"link", json::array{json::object{{"relation", "self"}, {"url", context.self}}}},
          {"entry", std::move(entries)}};
}

}  // namespace cpis::edge::http
