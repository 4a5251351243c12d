// SPDX-License-Identifier: Apache-2.0
#include "platform/http_text.h"

#include <algorithm>
#include <cstdio>

namespace cpis::platform {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// RFC 9110 §5.6.2
bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Invalid("the address has a % that two hexadecimal digits do not follow");
      decoded.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

Result<std::vector<HttpHeader>> ParseQuery(std::string_view text) {
  std::vector<HttpHeader> query;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const std::string_view name = part.substr(0, part.find('='));
    const std::string_view value = name.size() == part.size() ? std::string_view() : part.substr(name.size() + 1);
    HttpHeader parameter;
    CPIS_ASSIGN(parameter.name, PercentDecode(name, true));
    CPIS_ASSIGN(parameter.value, PercentDecode(value, true));
    query.push_back(std::move(parameter));
  }
  return query;
}

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";  // RFC 9112 §4: clients ignore it
  }
}

bool IsSafe(const HttpHeader& header) {
  return !header.name.empty() && std::all_of(header.name.begin(), header.name.end(), IsTokenCharacter) &&
         std::none_of(header.value.begin(), header.value.end(), [](char c) { return IsControl(c) && c != '\t'; });
}

void AppendField(std::string_view name, std::string_view value, std::string* head) {
  head->append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(std::min(target.find_first_of("/?", scheme.size()), target.size()));
    if (!target.starts_with('/')) return Invalid("the address has no path");
  }
  if (!target.starts_with('/')) return Invalid("the address does not start with /");
  const std::string_view raw_path = target.substr(0, target.find('?'));
  target.remove_prefix(std::min(raw_path.size() + 1, target.size()));
  HttpTarget parsed;
  CPIS_ASSIGN(parsed.path, PercentDecode(raw_path, false));
  if (std::any_of(parsed.path.begin(), parsed.path.end(), IsControl)) {
    return Invalid("the address has a control character in its path");
  }
  CPIS_ASSIGN(parsed.query, ParseQuery(target));
  return parsed;
}

bool HttpStatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string HttpDate(Instant at) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<Seconds>(at - day));
  char text[64];
  const int length =
      snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[std::chrono::weekday(day).c_encoding()],
               static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
               static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
               static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return std::string(text, static_cast<size_t>(length));
}

Result<std::string> HttpHead(const HttpResponse& response, Persistence persistence, Instant now) {
  const bool has_body = HttpStatusHasBody(response.status);
  if (response.status < 200 || response.status > 599) return Invalid("an answer cannot have this status");
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(Reason(response.status)).append("\r\n");
  AppendField("Date", HttpDate(now), &head);
  AppendField("Connection", persistence == Persistence::kClose ? "close" : "keep-alive", &head);
  const HttpHeader type{"Content-Type", response.content_type};
  if (!IsSafe(type)) return Invalid("an answer's content type has a control character");
  if (has_body && !type.value.empty()) AppendField(type.name, type.value, &head);
  if (has_body) AppendField("Content-Length", std::to_string(response.body.size()), &head);
  for (const HttpHeader& header : response.headers) {
    if (!IsSafe(header)) return Invalid("an answer's header field has a control character");
    AppendField(header.name, header.value, &head);
  }
  return head.append("\r\n");
}

}  // namespace cpis::platform
