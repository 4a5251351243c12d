// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "edge/http/fhir.h"
#include "edge/http/fhir_parts.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;
using platform::Rfc3339;

constexpr std::string_view kProfiles = "https://fhir.nhs.uk/England/StructureDefinition/";
constexpr std::string_view kDetail = "http://hl7.org/fhir/StructureDefinition/flag-detail";
constexpr std::string_view kNoneFound = "no child protection flag is held for this NHS number";

json::object Profile(std::string_view name) {
  return {{"profile", json::array{std::string(kProfiles) + std::string(name)}}};
}

bool IsCurrent(const PlanShown& shown) { return shown.state == sync::PlanState::kCurrent; }

std::string CarePlanId(const Answer& answer, const PlanShown& shown, const crypto::Secret& key) {
  return ResourceId(key, {"CarePlan", answer.nhs_number, shown.authority.code, sync::Name(shown.plan.type), Rfc3339(shown.plan.start)});
}

json::object LinkTo(std::string_view type, std::string_view id, std::string_view display) {
  json::object link{{"reference", "urn:uuid:" + std::string(id)}, {"type", type}};
  if (!display.empty()) link["display"] = display;
  return link;
}

// The profile wants a telephone number, which not every authority gave.
json::object FlagCareTeam(const Answer& answer, const PlanShown& shown, const crypto::Secret& key) {
  json::object team = CareTeam(answer, shown, key);
  if (team.contains("telecom") && team.contains("name")) team["meta"] = Profile("England-CareTeam-Flag");
  return team;
}

json::object CarePlan(const Answer& answer, const PlanShown& shown, const json::object& team, const crypto::Secret& key) {
  const std::string_view category = sync::Meaning(shown.plan.type);
  return {{"resourceType", "CarePlan"},
          {"id", CarePlanId(answer, shown, key)},
          {"meta", Profile("England-CarePlan-Flag")},
          {"status", IsCurrent(shown) ? "active" : "completed"},
          {"intent", "plan"},
          {"category", json::array{Concept(Coding(kSnomedSystem, sync::Snomed(shown.plan.type), category))}},
          {"subject", Subject(answer)},
          {"period", Period(shown.plan.start, shown.plan.end)},
          {"careTeam", json::array{LinkTo("CareTeam", team.at("id").as_string(), shown.authority.name)}}};
}

// From the first start to the last end; without an end while any plan has none.
json::object WholePeriod(const std::vector<PlanShown>& plans) {
  Instant start = plans.front().plan.start;
  std::optional<Instant> end = plans.front().plan.end;
  for (const PlanShown& shown : plans) {
    start = std::min(start, shown.plan.start);
    end = end && shown.plan.end ? std::max(end, shown.plan.end) : std::nullopt;
  }
  return Period(start, end);
}

// The code that the code system has, and beside it the other spelling for a client that looks for what it asked.
json::object FlagCode(std::string_view asked) {
  json::array codings{Coding(kFlagSystem, kFlagCode, "Child Protection Information System Flag")};
  if (asked == kFlagCodeSharing) {
    codings.push_back(Coding(kFlagSystem, kFlagCodeSharing, "Child Protection Information Sharing Flag"));
  }
  return {{"coding", std::move(codings)}};
}

json::object Flag(const Answer& answer, const BundleContext& context) {
  json::array details;
  for (const PlanShown& shown : answer.plans) {
    const std::string id = CarePlanId(answer, shown, *context.id_key);
    details.push_back(
        json::object{{"url", kDetail}, {"valueReference", LinkTo("CarePlan", id, sync::Meaning(shown.plan.type))}});
  }
  const bool active = std::any_of(answer.plans.begin(), answer.plans.end(), IsCurrent);
  return {{"resourceType", "Flag"},
          {"id", ResourceId(*context.id_key, {"Flag", answer.nhs_number})},
          {"meta", Profile("England-Flag-PatientFlag")},
          {"extension", std::move(details)},
          {"status", active ? "active" : "inactive"},
          {"code", FlagCode(context.flag_code)},
          {"subject", Subject(answer)},
          {"period", WholePeriod(answer.plans)}};
}

}  // namespace

json::object PatientFlagBundle(const Answer& answer, const BundleContext& context) {
  json::array entries;
  const bool flagged = !answer.plans.empty();
  if (flagged) entries.push_back(Entry(Flag(answer, context), "match"));
  for (const PlanShown& shown : answer.plans) {
    json::object team = FlagCareTeam(answer, shown, *context.id_key);
    entries.push_back(Entry(CarePlan(answer, shown, team, *context.id_key), "include"));
    entries.push_back(Entry(std::move(team), "include"));
  }
  AddOutcomes(answer, kNoneFound, flagged, entries);
  return SearchSet(flagged ? 1 : 0, std::move(entries), context);
}

}  // namespace cpis::edge::http
