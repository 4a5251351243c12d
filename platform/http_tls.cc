// SPDX-License-Identifier: Apache-2.0
#include "platform/http_tls.h"

#include <boost/asio/buffer.hpp>
#include <cstring>

namespace cpis::platform {

Status Configure(boost::asio::ssl::context& tls, TlsIdentity& identity) {
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(tls.native_handle(), 0);
  boost::system::error_code error;
  tls.use_certificate_chain(boost::asio::buffer(identity.certificate_chain_pem), error);
  if (error) return Invalid("TLS certificate chain: " + error.message());
  tls.use_private_key(boost::asio::buffer(identity.private_key_pem), boost::asio::ssl::context::pem, error);
  explicit_bzero(identity.private_key_pem.data(), identity.private_key_pem.size());
  const bool fits = !error && SSL_CTX_check_private_key(tls.native_handle()) == 1;
  if (!fits) return Invalid("TLS private key: not a key of this certificate");
  return Status::Ok();
}

}  // namespace cpis::platform
