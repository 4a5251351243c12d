// SPDX-License-Identifier: Apache-2.0
//
// What any program on the vehicle's network may send over HTTP: the parts of a request, and whole requests to a node that gives
// every kind of answer.
#include <algorithm>
#include <boost/json.hpp>

#include "edge/http/format.h"
#include "edge/http/prefer.h"
#include "edge/http/search.h"
#include "edge/http/service.h"
#include "edge/http/text.h"
#include "platform/http_text.h"
#include "sync/nhs_number.h"
#include "tests/edge/http/fake_node.h"
#include "tests/fuzz/target.h"

namespace cpis::fuzz {
namespace {

using edge::http::Handling;
using platform::HttpHeader;
using platform::HttpRequest;
using platform::HttpResponse;

std::vector<Bytes> Texts(std::initializer_list<std::string> texts) {
  std::vector<Bytes> all;
  for (const std::string& text : texts) all.push_back(OfText(text));
  return all;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += "%" + platform::Hex(platform::AsBytes(std::string_view(&c, 1)));
  return escaped;
}

// What was decoded, escaped byte by byte, decodes to the same.
const Registered kQuery("HTTP query", [](ByteView bytes) {
  const auto target = platform::ParseHttpTarget(TextOf(bytes));
  if (!target.ok()) return;
  Must(target->path.starts_with('/'), "a path does not begin with /");
  std::string again = "/" + Escaped(std::string_view(target->path).substr(1)) + "?";
  for (const HttpHeader& parameter : target->query) again += Escaped(parameter.name) + "=" + Escaped(parameter.value) + "&";
  const auto same = platform::ParseHttpTarget(again);
  Must(same.ok() && same->path == target->path && same->query.size() == target->query.size(), "an address is decoded in two ways");
  for (size_t i = 0; i < same->query.size(); ++i) {
    Must(same->query[i].name == target->query[i].name && same->query[i].value == target->query[i].value, "a parameter is decoded in two ways");
  }
}, [] { return Texts({"/a%20b+c?patient%3Aidentifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018&q=a+b%26", "/?a&=b&&c="}); });

HttpRequest WithHeader(const std::string& name, ByteView value) {
  HttpRequest request;
  request.method = "GET";
  request.headers.push_back({name, TextOf(value)});
  return request;
}

const Registered kPrefer("Prefer", [](ByteView bytes) {
  HttpRequest request = WithHeader("Prefer", bytes);
  const Handling said = edge::http::PreferredHandling(request);
  const std::string lower = edge::http::LowerCase(TextOf(bytes));
  Must(said == Handling::kUnsaid || lower.find("handling") != std::string::npos, "a handling was preferred that is not there");
  request.headers.insert(request.headers.begin(), {"Prefer", "handling=lenient"});
  Must(edge::http::PreferredHandling(request) == Handling::kLenient, "a later preference counts before the first");
}, [] { return Texts({R"(return=minimal, handling="strict"; a="b,c")", "handling=lenient,handling=strict", R"(x="\",handling=strict")"}); });

const Registered kFormat("_format and Accept", [](ByteView bytes) {
  HttpRequest accept = WithHeader("Accept", bytes);
  const bool refused = edge::http::CheckFormat(accept).has_value();
  accept.headers.push_back({"Accept", "application/fhir+json"});
  Must(!edge::http::CheckFormat(accept), "what is accepted in a second header is not served");
  HttpRequest format = WithHeader("Accept", bytes);
  format.query.push_back({"_format", "json"});
  Must(!edge::http::CheckFormat(format), "_format does not stand for Accept");
  if (refused) Must(TextOf(bytes).find_first_not_of(" \t,") != std::string::npos, "who asks for nothing is refused");
  format.query.front().value = TextOf(bytes);
  (void)edge::http::CheckFormat(format);
}, [] { return Texts({"application/fhir+json; fhirVersion=4.0;q=0.9, */*;q=0.1", "text/html,application/json;q=0", R"(a/b;c="d,e;f")"}); });

const Registered kBearer("Bearer", [](ByteView bytes) {
  const std::string token = edge::http::BearerToken(WithHeader("Authorization", bytes));
  Must(TextOf(bytes).ends_with(token), "a token is not what was sent");
  std::string incident;
  const auto problem = edge::http::ReadIncident(WithHeader("X-Incident-Ref", bytes), &incident);
  Must(problem.has_value() != (incident == TextOf(bytes)) || bytes.empty(), "an incident is not what was sent");
}, [] { return Texts({"Bearer 0123456789abcdef", "bearer   x", "Basic eA=="}); });

// A node that judges a number as the real one does, and gives one kind of answer after another.
class AnyNode final : public edge::FakeNode {
 public:
  explicit AnyNode(uint8_t kind) : kind_(kind) {}
  platform::Result<edge::Answer> Lookup(const std::string&, const edge::LookupRequest& request) override {
    CPIS_ASSIGN(const auto number, sync::NhsNumber::Parse(request.nhs_number));
    using edge::Outcome;
    edge::Answer said = edge::FlaggedAnswer();
    switch (kind_ % 6) {
      case 0:
        break;
      case 1:
        said.stale = true;
        said.accesses.clear();
        said.pattern = {};
        break;
      case 2:
        said = edge::OtherAnswer(Outcome::kNotFlagged);
        break;
      case 3:
        said = edge::OtherAnswer(Outcome::kPossiblyElsewhere);
        break;
      case 4:
        said = edge::OtherAnswer(Outcome::kCannotSay, edge::Reason::kRateLimited);
        break;
      default:
        said = edge::OtherAnswer(Outcome::kCannotSay, edge::Reason::kStale);
    }
    said.nhs_number = number.digits();
    return said;
  }
  platform::Result<edge::AttendReply> Attend(const std::string& whose, const edge::AttendRequest& request) override {
    const auto number = sync::NhsNumber::Parse(request.nhs_number);
    if (!number.ok()) return number.status();
    return edge::FakeNode::Attend(whose, request);
  }

 private:
  const uint8_t kind_;
};

// METHOD, target, headers a line, an empty line, body.
bool ReadRequest(std::string text, HttpRequest* request) {
  const auto line = [&text] {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string one = text.substr(0, end);
    text.erase(0, end + 1);
    return one;
  };
  request->method = line();
  const auto target = platform::ParseHttpTarget(line());
  if (!target.ok()) return false;
  request->path = target->path;
  request->query = target->query;
  for (std::string header = line(); !header.empty(); header = line()) {
    const size_t colon = std::min(header.find(':'), header.size());
    request->headers.push_back({header.substr(0, colon), header.substr(std::min(colon + 1, header.size()))});
  }
  request->body = text;
  return true;
}

// Another number than the example of how one is written.
bool HasTenDigits(std::string text) {
  constexpr std::string_view kExample = "999 000 0018";
  if (const size_t at = text.find(kExample); at != std::string::npos) text.erase(at, kExample.size());
  size_t run = 0;
  for (const char c : text) {
    run = c >= '0' && c <= '9' ? run + 1 : (c == ' ' ? run : 0);
    if (run >= 10) return true;
  }
  return false;
}

void JudgeOutcome(const boost::json::object& outcome) {
  for (const auto& issue : outcome.at("issue").as_array()) {
    Must(!issue.at_pointer("/details/coding/0/code").as_string().empty(), "an issue has no code");
    const auto* diagnostics = issue.as_object().if_contains("diagnostics");
    Must(diagnostics == nullptr || !HasTenDigits(std::string(diagnostics->as_string())), "diagnostics repeat a number");
  }
}

void Judge(const HttpResponse& response) {
  Must(platform::HttpHead(response, platform::Persistence::kKeepAlive, platform::FromUnixSeconds(0)).ok(), "an answer cannot be sent");
  Must(std::any_of(response.headers.begin(), response.headers.end(), [](const HttpHeader& one) { return one.name == "Cache-Control"; }),
       "an answer may be stored");
  if (response.status >= 400) Must(response.content_type == "application/fhir+json", "a failure is no OperationOutcome");
  if (response.content_type != "application/fhir+json") return;
  boost::json::error_code error;
  const boost::json::value body = boost::json::parse(response.body, error);
  Must(!error && body.is_object(), "an answer is no JSON");
  const boost::json::object& resource = body.as_object();
  const std::string_view type = resource.at("resourceType").as_string();
  Must((response.status >= 400) == (type == "OperationOutcome"), "a failure is no OperationOutcome, or one is no failure");
  if (type == "OperationOutcome") return JudgeOutcome(resource);
  if (type == "CapabilityStatement") return;
  Must(type == "Bundle" && !resource.at("entry").as_array().empty(), "a Bundle is empty");
  const auto& entries = resource.at("entry").as_array();
  const bool says_something = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    const std::string_view mode = entry.at_pointer("/search/mode").as_string();
    return mode == "match" || mode == "outcome";
  });
  Must(says_something, "a Bundle says neither what was found nor that nothing was");
  for (const auto& entry : entries) {
    if (entry.at_pointer("/resource/resourceType").as_string() == "OperationOutcome") JudgeOutcome(entry.at("resource").as_object());
  }
}

const Registered kRequest("HTTP request", [](ByteView bytes) {
  if (bytes.empty()) return;
  HttpRequest request;
  if (!ReadRequest(TextOf(bytes.subspan(1)), &request)) return;
  AnyNode node(bytes[0]);
  edge::http::Gate gate;
  const edge::http::Service service(node, gate);
  const HttpResponse response = service.Answer(request);
  Judge(response);
  const bool flag_or_none = bytes[0] % 6 < 3;
  const bool search = edge::http::EndpointOf(request.path).has_value();
  Must(!search || response.status != 200 || flag_or_none, "what cannot be said is answered 200");
}, [] {
  const std::string headers = "Host:127.0.0.1:8750\nAuthorization:Bearer x\nTraceID:1\nIsUnscheduledAccessEvent:false\nX-Incident-Ref:INC-1\n";
  const std::string number = "patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018";
  std::vector<Bytes> all;
  for (const char kind : {'0', '1', '2', '3', '4', '5'}) {
    for (const std::string& request :
         {"GET\n/cpis/FHIR/R4/CareTeam?" + number + "\n" + headers + "\n",
          "GET\n/cpis/FHIR/R4/AuditEvent?" + number + "&_include=AuditEvent:entity-type&_format=json\n" + headers + "Prefer:handling=strict\n\n",
          "GET\n/patient-flags-api/FHIR/R4/PatientFlag?patient=9990000018&code=child-protection-information-sharing-flag\n" + headers + "\n",
          "POST\n/attendances\n" + headers + "\n" + R"({"nhs_number":"9990000018","incident":"INC-1","at":"2026-11-22T02:15:00Z"})",
          "POST\n/lookups\n" + headers + "\n" + R"({"nhs_number":"9990000018","incident":"INC-1"})",
          "POST\n/session\n" + headers + "\n" + R"({"staff":"1","pin":"2468"})", "GET\n/alerts\n" + headers + "\n", "GET\n/status\n" + headers + "\n"}) {
      all.push_back(OfText(kind + request));
    }
  }
  return all;
});

}  // namespace
}  // namespace cpis::fuzz
