// SPDX-License-Identifier: Apache-2.0
//
// What the Bundles of fhir.h are made of. Pure.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "edge/http/fhir.h"

namespace cpis::edge::http {

inline constexpr std::string_view kSnomedSystem = "http://snomed.info/sct";

boost::json::object Coding(std::string_view system, std::string_view code, std::string_view display);
boost::json::object Concept(boost::json::object coding);
boost::json::object Period(Instant start, std::optional<Instant> end);
boost::json::object Identifier(std::string_view system, std::string_view value);

boost::json::object Subject(const Answer& answer);  // by NHS number: no Patient can be read here

// One entry of a searchset; `mode`: "match", "include" or "outcome".
boost::json::object Entry(boost::json::object resource, std::string_view mode);

// The authority that answers for a plan.
boost::json::object CareTeam(const Answer& answer, const PlanShown& shown, const crypto::Secret& key);

// What a reader must know beside the matches: that there are none and since when that is known, that they are old, or that
// there are many. Clients that do not know entries of this mode pass over them.
void AddOutcomes(const Answer& answer, std::string_view none_found, bool any_match, boost::json::array& entries);

boost::json::object SearchSet(size_t total, boost::json::array entries, const BundleContext& context);

}  // namespace cpis::edge::http
