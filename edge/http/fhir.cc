// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fhir.h"

#include <algorithm>
#include <vector>

#include "crypto/hash.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;
using platform::Rfc3339;

constexpr std::string_view kSnomedSystem = "http://snomed.info/sct";
constexpr std::string_view kNationalCodes = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SpineErrorOrWarningCode";
constexpr std::string_view kOurCodes = "urn:x-cpis-edge:outcome";
constexpr std::string_view kJobRoleSystem = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode";
constexpr std::string_view kOdsSystem = "https://fhir.nhs.uk/Id/ods-organization-code";
constexpr std::string_view kRoleClassSystem = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";

json::object Coding(std::string_view system, std::string_view code, std::string_view display) {
  json::object coding{{"system", system}, {"code", code}};
  if (!display.empty()) coding["display"] = display;
  return coding;
}

json::object Concept(json::object coding) { return {{"coding", json::array{std::move(coding)}}}; }

json::object Identifier(std::string_view system, std::string_view value) {
  return {{"system", system}, {"value", value}};
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

json::object Phone(std::string_view use, std::string_view number) {
  return {{"system", "phone"}, {"value", number}, {"use", use}};
}

json::object CareTeam(const Answer& answer, const PlanShown& shown, const crypto::Secret& key) {
  const sync::Plan& plan = shown.plan;
  json::object period{{"start", Rfc3339(plan.start)}};
  if (plan.end) period["end"] = Rfc3339(*plan.end);
  json::array telecom;
  if (!shown.authority.office_hours_tel.empty()) telecom.push_back(Phone("work", shown.authority.office_hours_tel));
  if (!shown.authority.emergency_duty_tel.empty())
    telecom.push_back(Phone("mobile", shown.authority.emergency_duty_tel));

  json::object team{
      {"resourceType", "CareTeam"},
      {"id", ResourceId(key, {"CareTeam", answer.nhs_number, shown.authority.code, sync::Name(plan.type)})},
      {"status", shown.state == sync::PlanState::kCurrent ? "active" : "inactive"},
      {"category", json::array{Concept(Coding(kSnomedSystem, sync::Snomed(plan.type), sync::Meaning(plan.type)))}},
      {"name", shown.authority.name},
      {"subject", json::object{{"type", "Patient"}, {"identifier", Identifier(kNhsNumberSystem, answer.nhs_number)}}},
      {"period", std::move(period)}};
  if (!telecom.empty()) team["telecom"] = std::move(telecom);
  return team;
}

std::string ViewerId(const AccessShown& access, const crypto::Secret& key) {
  const sync::Viewer& viewer = access.viewer;
  return ResourceId(key, {"PractitionerRole", viewer.name, viewer.role_code, viewer.organisation_code});
}

json::object ViewerRole(const sync::Viewer& viewer) {
  json::object role{{"text", viewer.role_name}};
  if (!viewer.role_code.empty()) {
    role["coding"] = json::array{Coding(kJobRoleSystem, viewer.role_code, viewer.role_name)};
  }
  return role;
}

json::object PractitionerRole(const AccessShown& access, const std::string& id) {
  const sync::Viewer& viewer = access.viewer;
  json::object organisation{{"display", viewer.organisation_name}};
  if (!viewer.organisation_code.empty()) organisation["identifier"] = Identifier(kOdsSystem, viewer.organisation_code);
  return {{"resourceType", "PractitionerRole"},
          {"id", id},
          {"practitioner", json::object{{"display", viewer.name}}},
          {"organization", std::move(organisation)},
          {"code", json::array{ViewerRole(viewer)}}};
}

// Two looks of one person within one second are two events: the older ones keep their id when a newer one arrives.
std::string AccessId(const Answer& answer, size_t position, const crypto::Secret& key) {
  const AccessShown& access = answer.accesses[position];
  size_t twins = 0;
  for (size_t older = position + 1; older < answer.accesses.size(); ++older) {
    const AccessShown& other = answer.accesses[older];
    if (Rfc3339(other.at) == Rfc3339(access.at) && other.viewer == access.viewer) ++twins;
  }
  return ResourceId(key, {"AuditEvent", answer.nhs_number, Rfc3339(access.at), access.viewer.name,
                          access.viewer.role_code, access.viewer.organisation_code, std::to_string(twins)});
}

// Codes from the value sets that R4 binds: DICOM "Query", action E (perform a query), outcome 0 (success), entity 1/1
// (person, patient). The draft guide asks for the viewer by an entity of role class ASSIGNED, so the viewer is there as
// well as the agent.
json::object AuditEvent(const Answer& answer, size_t position, const BundleContext& context) {
  const AccessShown& access = answer.accesses[position];
  json::object who{{"type", "PractitionerRole"}, {"display", access.viewer.name}};
  if (context.include_viewers) who["reference"] = "urn:uuid:" + ViewerId(access, *context.id_key);

  json::object agent{{"role", json::array{ViewerRole(access.viewer)}},
                     {"who", who},
                     {"name", access.viewer.name},
                     {"requestor", true}};
  json::object patient{
      {"what", json::object{{"type", "Patient"}, {"identifier", Identifier(kNhsNumberSystem, answer.nhs_number)}}},
      {"type", Coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1", "Person")},
      {"role", Coding("http://terminology.hl7.org/CodeSystem/object-role", "1", "Patient")}};
  json::object viewer{{"what", who}, {"type", Coding(kRoleClassSystem, "ASSIGNED", "assigned entity")}};

  return {{"resourceType", "AuditEvent"},
          {"id", AccessId(answer, position, *context.id_key)},
          {"type", Coding("http://dicom.nema.org/resources/ontology/DCM", "110112", "Query")},
          {"action", "E"},
          {"recorded", Rfc3339(access.at)},
          {"outcome", "0"},
          {"agent", json::array{std::move(agent)}},
          {"source", json::object{{"observer", json::object{{"display", "Child Protection - Information Sharing"}}}}},
          {"entity", json::array{std::move(patient), std::move(viewer)}}};
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

// What a reader must know beside the matches: that there are none and since when that is known, that they are old, or that
// there are many. Clients that do not know entries of this mode pass over them.
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

bool IsNational(std::string_view code) {
  return code == "INVALID_SEARCH_DATA" || code == "PRECONDITION_FAILED" || code == "ACCESS_DENIED";
}

}  // namespace

json::object CareTeamBundle(const Answer& answer, const BundleContext& context) {
  json::array entries;
  for (const PlanShown& shown : answer.plans)
    entries.push_back(Entry(CareTeam(answer, shown, *context.id_key), "match"));
  const size_t total = entries.size();
  AddOutcomes(answer, "no child protection information is held for this NHS number", total > 0, entries);
  return SearchSet(total, std::move(entries), context);
}

json::object AuditEventBundle(const Answer& answer, const BundleContext& context) {
  json::array entries;
  for (size_t i = 0; i < answer.accesses.size(); ++i) entries.push_back(Entry(AuditEvent(answer, i, context), "match"));
  const size_t total = entries.size();
  if (context.include_viewers) {
    std::vector<std::string> included;
    for (const AccessShown& access : answer.accesses) {
      const std::string id = ViewerId(access, *context.id_key);
      if (std::find(included.begin(), included.end(), id) != included.end()) continue;
      included.push_back(id);
      entries.push_back(Entry(PractitionerRole(access, id), "include"));
    }
  }
  const bool flagged = answer.outcome == Outcome::kFlagged;
  AddOutcomes(answer,
              flagged ? "child protection information is held for this NHS number, and nobody has looked before"
                      : "no child protection information is held for this NHS number",
              total > 0, entries);
  return SearchSet(total, std::move(entries), context);
}

json::object OperationOutcome(std::string_view severity, std::string_view issue, std::string_view code,
                              std::string_view diagnostics) {
  json::object details = Concept(Coding(IsNational(code) ? kNationalCodes : kOurCodes, code, ""));
  json::object shown{{"severity", severity}, {"code", issue}, {"details", std::move(details)}};
  if (!diagnostics.empty()) shown["diagnostics"] = diagnostics;
  return {{"resourceType", "OperationOutcome"}, {"issue", json::array{std::move(shown)}}};
}

std::string ResourceId(const crypto::Secret& key, std::initializer_list<std::string_view> parts) {
  platform::ByteWriter named;
  for (std::string_view part : parts) named.Sized(part);
  platform::Bytes id = crypto::KeyedBlake2b(16, key.Reveal(), {named.bytes()});
  id[6] = static_cast<uint8_t>((id[6] & 0x0f) | 0x80);  // version 8: our own construction (RFC 9562 §5.8)
  id[8] = static_cast<uint8_t>((id[8] & 0x3f) | 0x80);
  std::string text = platform::Hex(id);
  for (size_t hyphen : {8, 13, 18, 23}) text.insert(hyphen, "-");
  return text;
}

}  // namespace cpis::edge::http
