// SPDX-License-Identifier: Apache-2.0
//
// Answers as FHIR R4 (4.0.1) resources: pure functions from an edge::Answer to JSON. Mapping after the public draft
// "CP-IS API Consumer Implementation Guide" (NHS England, 2023), Design/Data mapping; every resource is valid base R4.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "crypto/secret.h"
#include "edge/answer.h"

namespace cpis::edge::http {

inline constexpr std::string_view kFhirJson = "application/fhir+json";
inline constexpr std::string_view kFhirBase = "/cpis/FHIR/R4";
inline constexpr std::string_view kFlagsBase = "/patient-flags-api/FHIR/R4";
inline constexpr std::string_view kNhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number";

// The flag of a protected child, under the code that the code system has and the one that an earlier page of the draft gave.
inline constexpr std::string_view kFlagSystem = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient";
inline constexpr std::string_view kFlagCode = "child-protection-information-system-flag";
inline constexpr std::string_view kFlagCodeSharing = "child-protection-information-sharing-flag";

// What a searchset says beside the answer.
struct BundleContext {
  std::string self;              // absolute URL of the search as understood
  bool include_viewers = false;  // _include=AuditEvent:entity-type=…
  std::string flag_code;         // of a PatientFlag search: the spelling that was asked for
  const crypto::Secret* id_key;  // 32 bytes: names resources without giving their subject away, see ResourceId
};

// searchset of one CareTeam a plan; and of one AuditEvent an access, newest first. Both take FLAGGED and NOT_FLAGGED
// answers only. When nothing matches, the data is stale or the child was looked at often, an entry of search mode
// "outcome" says so: a Bundle is never empty.
boost::json::object CareTeamBundle(const Answer& answer, const BundleContext& context);
boost::json::object AuditEventBundle(const Answer& answer, const BundleContext& context);

// The same after the draft "Patient Flag Implementation Guide (Beta)" (NHS England, 2025): one Flag for the child, and with it a
// CarePlan and a CareTeam a plan as included entries.
boost::json::object PatientFlagBundle(const Answer& answer, const BundleContext& context);

// severity: "error", "warning", "information".
boost::json::object OperationOutcome(std::string_view severity, std::string_view issue, std::string_view code,
                                     std::string_view diagnostics);

enum class Api { kCpis, kPatientFlags };
boost::json::object CapabilityStatement(Api api, std::string_view software_version);

// A UUID (version 8) for a resource: the same for the same parts under the same key. Keyed, because a plain hash of an
// NHS number can be reversed by trying them all, and ids end up in other systems' logs.
std::string ResourceId(const crypto::Secret& key, std::initializer_list<std::string_view> parts);

}  // namespace cpis::edge::http
