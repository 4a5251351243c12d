// SPDX-License-Identifier: Apache-2.0
#include "platform/http.h"

#include <algorithm>
#include <charconv>

namespace cpis::platform {
namespace {

char Lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (SameName(header.name, name)) return header.value;
  }
  return {};
}

const std::string* HttpRequest::Query(std::string_view name) const {
  for (const HttpHeader& parameter : query) {
    if (parameter.name == name) return &parameter.value;
  }
  return nullptr;
}

Status ParseHostPort(std::string_view text, uint16_t default_port, std::string* host, uint16_t* port) {
  const std::string quoted = "server \"" + std::string(text) + "\"";
  const std::string example_port = default_port == 0 ? "PORT" : std::to_string(default_port);
  const auto foreign = [](char c) { return c <= ' ' || c == 0x7f || c == '/' || c == '@'; };
  if (std::any_of(text.begin(), text.end(), foreign)) return Invalid(quoted + " is not HOST:PORT");

  const bool bracketed = text.starts_with('[');
  const size_t closing = text.find(']');
  if (bracketed && closing == std::string_view::npos) return Invalid(quoted + " lacks a ]");
  std::string_view name = bracketed ? text.substr(1, closing - 1) : text.substr(0, text.find(':'));
  std::string_view rest = text.substr(bracketed ? closing + 1 : name.size());
  if (!bracketed && std::count(text.begin(), text.end(), ':') > 1) {
    return Invalid(quoted + " is ambiguous (try [" + std::string(text) + "]:" + example_port + ")");
  }
  if (name.empty()) return Invalid(quoted + " has no host (try 127.0.0.1:" + example_port + ")");
  uint16_t number = default_port;
  if (rest == ":" || (rest.empty() && default_port == 0)) {
    const std::string shown(text.substr(0, text.size() - rest.size()));
    return Invalid(quoted + " has no port (try " + shown + ":" + example_port + ")");
  }
  if (!rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [parsed, error] = std::from_chars(rest.data() + 1, end, number);
    if (rest[0] != ':' || error != std::errc() || parsed != end) {
      return Invalid(quoted + " has no valid port (0 to 65535)");
    }
  }
  *host = std::string(name);
  *port = number;
  return Status::Ok();
}

}  // namespace cpis::platform
