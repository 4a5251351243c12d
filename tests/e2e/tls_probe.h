// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cpis::e2e {

enum class Stranger { kPlainText, kNoCertificate, kCertificateOfItsOwn };

// Speaks HTTP/2 to 127.0.0.1:port as someone who was never enrolled. True when the server lets it in, that is, answers with
// even one byte of HTTP/2.
bool LetsIn(uint16_t port, Stranger stranger);

}  // namespace cpis::e2e
