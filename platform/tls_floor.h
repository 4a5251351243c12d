// SPDX-License-Identifier: Apache-2.0
//
// TLS 1.3 and nothing older for gRPC. Its 1.51 has no setting for that, but takes the suites of older versions from the
// environment: a suite of shared keys, which nobody has, leaves those of TLS 1.3, which this list does not concern.
// Include where credentials are made.
#pragma once

#include <cstdlib>

namespace cpis::platform {

// Before main, where there is one thread; whatever the environment said.
inline const bool kGrpcSpeaksTls13Only = ::setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES128-GCM-SHA256", 1) == 0;

}  // namespace cpis::platform
