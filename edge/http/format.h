// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "edge/http/problem.h"

namespace cpis::edge::http {

// 406 unless the client takes FHIR R4 as JSON. `_format`, where it is given, stands for the Accept headers (FHIR R4, RESTful
// API §3.1.0.1.11); without either anything goes.
std::optional<Problem> CheckFormat(const platform::HttpRequest& request);

}  // namespace cpis::edge::http
