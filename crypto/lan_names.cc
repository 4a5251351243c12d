// SPDX-License-Identifier: Apache-2.0
#include "crypto/lan_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace cpis::crypto {
namespace {

struct Network {
  int family;
  const char* address;
  const char* mask;
};
constexpr std::array kNetworks{
    Network{AF_INET, "10.0.0.0", "255.0.0.0"},       Network{AF_INET, "172.16.0.0", "255.240.0.0"},
    Network{AF_INET, "192.168.0.0", "255.255.0.0"},  Network{AF_INET, "169.254.0.0", "255.255.0.0"},
    Network{AF_INET, "127.0.0.0", "255.0.0.0"},      Network{AF_INET6, "fc00::", "fe00::"},
    Network{AF_INET6, "fe80::", "ffc0::"},
    Network{AF_INET6, "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};
constexpr std::array<std::string_view, 4> kSuffixes{"internal", "local", "lan", "home.arpa"};
constexpr size_t kMostLabel = 63;
constexpr size_t kMostName = 253;

using Address = std::array<unsigned char, sizeof(in6_addr)>;  // an IPv4 address is the first four bytes, the rest 0

std::optional<Address> ParseAddress(int family, const std::string& text) {
  Address address{};
  if (inet_pton(family, text.c_str(), address.data()) != 1) return std::nullopt;
  return address;
}

bool Within(const Network& network, int family, const Address& address) {
  if (network.family != family) return false;
  const Address base = *ParseAddress(family, network.address);
  const Address mask = *ParseAddress(family, network.mask);
  for (size_t i = 0; i < address.size(); ++i) {
    if ((address[i] & mask[i]) != base[i]) return false;
  }
  return true;
}

platform::Status Refused(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 80)) shown.push_back(c > 0x20 && c < 0x7f ? c : '?');
  return platform::Invalid("\"" + shown +
                           "\" is no name for a vehicle's LAN (try a private address, as in 192.168.8.1, or a name under .internal, "
                           ".local, .lan or .home.arpa, as in gateway.lan)");
}

bool IsLabel(std::string_view label) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !label.empty() && label.size() <= kMostLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), good);
}

bool IsPrivateName(std::string_view name) {
  const auto below = [&](std::string_view suffix) {
    return name.size() > suffix.size() + 1 && name.ends_with(suffix) && name[name.size() - suffix.size() - 1] == '.';
  };
  if (name.size() > kMostName || !std::any_of(kSuffixes.begin(), kSuffixes.end(), below)) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (!IsLabel(name.substr(begin, dot - begin))) return false;
    begin = dot + 1;
  }
  return true;
}

}  // namespace

platform::Result<LanName> ParseLanName(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower.find('\0') != std::string::npos) return Refused(text);
  for (const int family : {AF_INET, AF_INET6}) {
    const auto address = ParseAddress(family, lower);
    if (!address) continue;
    const auto holds = [&](const Network& network) { return Within(network, family, *address); };
    if (!std::any_of(kNetworks.begin(), kNetworks.end(), holds)) return Refused(text);
    return LanName{true, AddressText({address->data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)})};
  }
  if (!IsPrivateName(lower)) return Refused(text);
  return LanName{false, std::move(lower)};
}

std::string AddressText(platform::ByteView bytes) {
  std::array<char, INET6_ADDRSTRLEN> spelt{};
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  const bool fits = bytes.size() == sizeof(in_addr) || bytes.size() == sizeof(in6_addr);
  return fits && inet_ntop(family, bytes.data(), spelt.data(), spelt.size()) != nullptr ? spelt.data() : "";
}

std::string LanNameConstraints() {
  std::string text = "critical";
  for (const std::string_view suffix : kSuffixes) text += ",permitted;DNS:" + std::string(suffix);
  for (const Network& network : kNetworks) text += std::string(",permitted;IP:") + network.address + "/" + network.mask;
  return text;
}

}  // namespace cpis::crypto
