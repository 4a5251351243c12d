// SPDX-License-Identifier: Apache-2.0
//
// How an HTTP server of ours speaks TLS: 1.3 and nothing older, and nobody resumes.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "platform/http.h"

namespace cpis::platform {

// Wipes the private key. kInvalid: no chain, or not the key of its first certificate.
Status Configure(boost::asio::ssl::context& tls, TlsIdentity& identity);

}  // namespace cpis::platform
