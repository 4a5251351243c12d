// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fhir.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;

constexpr std::string_view kStatementDate = "2026-11-23";  // changes only when a statement itself does
constexpr std::string_view kFlagCodeParameter = "https://fhir.nhs.uk/England/SearchParameter/England-FlagCode";

// One search of a resource type; `parameters` beside the patient.
struct SearchOf {
  std::string_view type;
  std::string_view patient_definition;
  std::string_view patient_form;
  json::array parameters{};
  json::array includes{};
};

json::object Parameter(std::string_view name, std::string_view type, std::string_view definition, std::string_view form) {
  return {{"name", name}, {"definition", definition}, {"type", type}, {"documentation", std::string(form) + "; required, exactly one"}};
}

// The patient is a reference in R4, which alone takes the modifier :identifier.
json::object Resource(SearchOf search) {
  json::array parameters{Parameter("patient", "reference", search.patient_definition, search.patient_form)};
  for (json::value& more : search.parameters) parameters.push_back(std::move(more));
  json::object resource{{"type", search.type},
                        {"interaction", json::array{json::object{{"code", "search-type"}}}},
                        {"versioning", "no-version"},
                        {"searchParam", std::move(parameters)}};
  if (!search.includes.empty()) resource["searchInclude"] = std::move(search.includes);
  return resource;
}

json::array Resources(Api api) {
  constexpr std::string_view kIdentifier = "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|NUMBER";
  constexpr std::string_view kClinicalPatient = "http://hl7.org/fhir/SearchParameter/clinical-patient";
  constexpr std::string_view kAuditPatient = "http://hl7.org/fhir/SearchParameter/AuditEvent-patient";
  if (api == Api::kPatientFlags) {
    const std::string code = std::string(kFlagCode) + ", or " + std::string(kFlagCodeSharing);
    return {Resource({"Flag", kClinicalPatient, "GET PatientFlag?patient=NUMBER", {Parameter("code", "token", kFlagCodeParameter, code)}})};
  }
  const json::array includes{"AuditEvent:entity-type", "AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED",
                             "AuditEvent:agent"};
  return {Resource({"CareTeam", kClinicalPatient, kIdentifier}), Resource({"AuditEvent", kAuditPatient, kIdentifier, {}, includes})};
}

}  // namespace

json::object CapabilityStatement(Api api, std::string_view software_version) {
  json::object security{
      {"description", "Authorization: Bearer, with the token that POST /session gives to a member of staff"}};
  json::object rest{
      {"mode", "server"},
      {"documentation",
       "Answers without any connection from a signed copy. 503 with an OperationOutcome means that no answer "
       "can be given: it never means that there is no flag."},
      {"security", std::move(security)},
      {"resource", Resources(api)}};
  return {{"resourceType", "CapabilityStatement"},
          {"name", api == Api::kCpis ? "CpisEdgeNode" : "CpisEdgeNodePatientFlags"},
          {"status", "active"},
          {"date", kStatementDate},
          {"kind", "instance"},
          {"software", json::object{{"name", "cpis-edged"}, {"version", software_version}}},
          {"implementation", json::object{{"description", "CP-IS answers in the vehicle"}}},
          {"fhirVersion", "4.0.1"},
          {"format", json::array{"application/fhir+json", "json"}},
          {"rest", json::array{std::move(rest)}}};
}

}  // namespace cpis::edge::http
