// SPDX-License-Identifier: Apache-2.0
//
// How a tablet comes to be let in: it shows a one-time code once, and from then on the token it got for it; a browser by its cookie,
// an application by the header X-CPIS-Tablet.
#pragma once

#include <string>

#include "edge/lan.h"
#include "platform/http.h"

namespace cpis::edge::http {

inline constexpr std::string_view kPairingPath = "/pairing";
inline constexpr std::string_view kTabletHeader = "X-CPIS-Tablet";
inline constexpr std::string_view kTabletCookie = "__Host-cpis-tablet";  // RFC 6265bis §4.1.3.2: this host's alone, over TLS

// The token that the request shows; empty without one, or when there are several. The header goes before the cookie.
std::string TabletToken(const platform::HttpRequest& request);

// GET: {"paired": …, "tablet": NAME or null}. POST {"code"}: {"paired": true, "tablet", "token"}, and the cookie.
platform::HttpResponse AnswerPairing(const platform::HttpRequest& request, Lan& lan, const std::optional<TabletShown>& tablet);
// On this machine, where nobody needs to be paired.
platform::HttpResponse AnswerPairingHere(const platform::HttpRequest& request);

}  // namespace cpis::edge::http
