// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/admin_record.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "crypto/hash.h"
#include "platform/log.h"
#include "sync/fleet/admin_acts.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;

// Figures of the service, and no word of a person. Whatever is not named here is recorded.
constexpr std::array<std::string_view, 6> kNotPersonal{"fleet.keys.show", "fleet.lan-ca", "fleet.status", "fleet.authorities", "fleet.node.list", "fleet.policy.show"};
// Of arguments, what nobody may read later; anything that looks like one is left out too.
constexpr std::array<std::string_view, 5> kSecret{"pin", "code", "token", "passphrase", "secret"};
constexpr size_t kLongestText = 200;
constexpr size_t kLongestMethod = 64;
constexpr size_t kMostArguments = 4096;

bool IsSecret(std::string_view key) {
  return std::any_of(kSecret.begin(), kSecret.end(), [&](std::string_view word) { return key.find(word) != std::string_view::npos; });
}

void ShortenTexts(json::value& value) {
  if (value.is_string() && value.as_string().size() > kLongestText) value.as_string().resize(kLongestText);
  if (value.is_array()) {
    for (json::value& item : value.as_array()) ShortenTexts(item);
  }
}

AdminActs::Begun Describe(const LocalCall& call) {
  AdminActs::Begun act{call.caller, call.method.substr(0, kLongestMethod), "{}", ""};
  boost::system::error_code failed;
  const json::value parsed = json::parse(call.json.empty() ? "{}" : call.json, failed);
  if (failed || !parsed.is_object()) return act;
  json::object shown;
  for (const auto& [key, value] : parsed.as_object()) {
    if (IsSecret(key)) continue;
    if (key == "nhs_number") {
      const auto number = value.is_string() ? NhsNumber::Parse(std::string(value.as_string())) : NhsNumber::Parse("");
      if (number.ok()) act.number = number->digits();
      continue;  // what is no number is no number of anybody, and may be a slip of one
    }
    const bool slip = value.is_string() && NhsNumber::Parse(std::string(value.as_string())).ok();  // a number in the wrong place
    if (slip || value.is_object()) continue;                                                       // no method takes an object
    json::value copy = value;
    ShortenTexts(copy);
    shown[key] = std::move(copy);
  }
  if (!call.attachment.empty()) {
    shown["file_bytes"] = call.attachment.size();
    shown["file_blake2b"] = platform::Hex(crypto::Blake2b(32, {call.attachment}));
  }
  act.arguments = json::serialize(shown);
  if (act.arguments.size() > kMostArguments) act.arguments = json::serialize(json::object{{"bytes", act.arguments.size()}});
  return act;
}

Result<std::string> List(Store& store, const LocalCall& call) {
  std::optional<Instant> since;
  boost::system::error_code failed;
  const json::value arguments = json::parse(call.json.empty() ? "{}" : call.json, failed);
  const json::value* text = failed || !arguments.is_object() ? nullptr : arguments.as_object().if_contains("since");
  if (text != nullptr && text->is_string() && !text->as_string().empty()) {
    const std::string typed(text->as_string());
    const auto parsed = platform::ParseRfc3339(typed);
    if (!parsed.ok()) return platform::Invalid("\"" + typed + "\" is " + parsed.status().message());
    since = *parsed;
  }
  CPIS_ASSIGN(const std::vector<AdminActs::Act> acts, AdminActs::Since(store, since));
  json::array list;
  for (const AdminActs::Act& act : acts) {
    json::value arguments_of = json::parse(act.arguments, failed);
    list.push_back({{"id", act.id},
                    {"at", platform::Rfc3339(act.at)},
                    {"who", act.who},
                    {"method", act.method},
                    {"arguments", failed ? json::value(nullptr) : std::move(arguments_of)},
                    {"nhs_number", act.number.empty() ? json::value(nullptr) : json::value(act.number)},
                    {"outcome", act.outcome}});
  }
  return json::serialize(list);
}

Result<std::string> Answer(Store& store, const LocalHandler& methods, const LocalCall& call, const LocalProgress& progress) {
  if (call.method == "fleet.acts") return List(store, call);
  if (call.method == "fleet.acts.verify") {
    CPIS_ASSIGN(const int64_t entries, AdminActs::Verify(store));
    return json::serialize(json::object{{"entries", entries}, {"intact", true}});
  }
  return methods(call, progress);
}

}  // namespace

LocalHandler Recorded(Store& store, LocalHandler methods) {
  return [&store, methods = std::move(methods)](const LocalCall& call, const LocalProgress& progress) -> Result<std::string> {
    if (std::find(kNotPersonal.begin(), kNotPersonal.end(), call.method) != kNotPersonal.end()) return methods(call, progress);
    const auto begun = AdminActs::Begin(store, Describe(call));
    if (!begun.ok()) {
      platform::LogError("acts", begun.status().message());
      return platform::Internal("the act could not be recorded, so it was not done (see the fleet server's log)");
    }
    auto answer = Answer(store, methods, call, progress);
    const Status ended = AdminActs::End(store, *begun, answer.ok() ? "ok" : platform::Name(answer.status().code()));
    if (!ended.ok()) {
      platform::LogError("acts", ended.message());
      return platform::Internal("the act was begun, but how it ended could not be recorded (see the fleet server's log)");
    }
    return answer;
  };
}

}  // namespace cpis::sync::fleet
