// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fhir.h"

#include <algorithm>
#include <vector>

#include "crypto/hash.h"
#include "edge/http/fhir_parts.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;
using platform::Rfc3339;

constexpr std::string_view kNationalCodes = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SpineErrorOrWarningCode";
constexpr std::string_view kOurCodes = "urn:x-cpis-edge:outcome";
constexpr std::string_view kJobRoleSystem = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode";
constexpr std::string_view kOdsSystem = "https://fhir.nhs.uk/Id/ods-organization-code";
constexpr std::string_view kRoleClassSystem = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";

// FHIR has no empty text.
std::string_view Stated(std::string_view text) { return text.empty() ? "not stated" : text; }

std::string ViewerId(const AccessShown& access, const crypto::Secret& key) {
  const sync::Viewer& viewer = access.viewer;
  return ResourceId(key, {"PractitionerRole", viewer.name, viewer.role_code, viewer.organisation_code});
}

json::object ViewerRole(const sync::Viewer& viewer) {
  const std::string_view name = Stated(viewer.role_name);
  json::object coding{{"display", name}};  // where the guide's clients look for it
  if (!viewer.role_code.empty()) coding = Coding(kJobRoleSystem, viewer.role_code, name);
  return {{"coding", json::array{std::move(coding)}}, {"text", name}};
}

json::object PractitionerRole(const AccessShown& access, const std::string& id) {
  const sync::Viewer& viewer = access.viewer;
  json::object organisation{{"display", Stated(viewer.organisation_name)}};
  if (!viewer.organisation_code.empty()) organisation["identifier"] = Identifier(kOdsSystem, viewer.organisation_code);
  return {{"resourceType", "PractitionerRole"},
          {"id", id},
          {"practitioner", json::object{{"display", Stated(viewer.name)}}},
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
  json::object who{{"type", "PractitionerRole"}, {"display", Stated(access.viewer.name)}};
  if (context.include_viewers) who["reference"] = "urn:uuid:" + ViewerId(access, *context.id_key);

  json::object agent{{"role", json::array{ViewerRole(access.viewer)}},
                     {"who", who},
                     {"name", Stated(access.viewer.name)},
                     {"requestor", true}};
  json::object patient{
      {"what", Subject(answer)},
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

// The display that the national code system has for a code; empty for a code of ours.
std::string_view NationalDisplay(std::string_view code) {
  if (code == "INVALID_SEARCH_DATA") return "Invalid search data";
  if (code == "PRECONDITION_FAILED") return "Precondition failed";
  if (code == "ACCESS_DENIED") return "Access has been denied to process this request";
  return "";
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
  const std::string_view national = NationalDisplay(code);
  json::object details = Concept(Coding(national.empty() ? kOurCodes : kNationalCodes, code, national));
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
