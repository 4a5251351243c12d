// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fhir.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;

constexpr std::string_view kStatementDate = "2026-11-22";  // changes only when the statement itself does

json::object SearchResource(std::string_view type, json::array includes) {
  json::object resource{
      {"type", type},
      {"interaction", json::array{json::object{{"code", "search-type"}}}},
      {"searchParam", json::array{json::object{
                          {"name", "patient:identifier"},
                          {"type", "token"},
                          {"documentation", "https://fhir.nhs.uk/Id/nhs-number|NUMBER; required, exactly one"}}}}};
  if (!includes.empty()) resource["searchInclude"] = std::move(includes);
  return resource;
}

}  // namespace

json::object CapabilityStatement(std::string_view software_version) {
  json::object security{
      {"description", "Authorization: Bearer, with the token that POST /session gives to a member of staff"}};
  json::object rest{
      {"mode", "server"},
      {"documentation",
       "Answers without any connection from a signed copy. 503 with an OperationOutcome means that no answer "
       "can be given: it never means that there is no flag."},
      {"security", std::move(security)},
      {"resource",
       json::array{SearchResource("CareTeam", {}), SearchResource("AuditEvent", {"AuditEvent:entity-type"})}}};
  return {{"resourceType", "CapabilityStatement"},
          {"name", "CpisEdgeNode"},
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
