// SPDX-License-Identifier: Apache-2.0
//
// What cpisctl says of a vehicle's LAN, for people.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace cpis::edge::ctl {

std::string RenderPairingCode(const boost::json::value& answer);
std::string RenderTablets(const boost::json::value& answer);
std::string RenderLanAuthority(const boost::json::value& answer);  // the certificate and nothing else, to be put in a file

}  // namespace cpis::edge::ctl
