// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http.h"

namespace cpis::edge::http {

enum class Handling { kUnsaid, kLenient, kStrict };

// What the Prefer headers of a request say of parameters that nobody defined (FHIR R4, RESTful API §3.1.1.3). Headers are
// read as RFC 7240 has them: several headers, several preferences in one, any case of the name, quoted values, parameters
// after a semicolon; of a preference given twice the first counts. A value that is neither is as if nothing were said.
Handling PreferredHandling(const platform::HttpRequest& request);

}  // namespace cpis::edge::http
