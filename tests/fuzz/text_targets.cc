// SPDX-License-Identifier: Apache-2.0
//
// Text that people, applications and authorities send.
#include <algorithm>

#include "edge/http/body.h"
#include "edge/http/search.h"
#include "platform/clock.h"
#include "platform/http_text.h"
#include "sync/enrolment.h"
#include "sync/fleet/intake.h"
#include "sync/fleet/intake_inactive.h"
#include "sync/fleet/link_frames.h"
#include "sync/fleet/xml_guard.h"
#include "sync/nhs_number.h"
#include "sync/topic.h"
#include "tests/fuzz/target.h"
#include "tests/sync/fleet/inactive_sample.h"
#include "tests/sync/fleet/intake_sample.h"
#include "tests/sync/fleet/tls_caller.h"

namespace cpis::fuzz {
namespace {

std::vector<Bytes> Texts(std::initializer_list<std::string> texts) {
  std::vector<Bytes> all;
  for (const std::string& text : texts) all.push_back(OfText(text));
  return all;
}

const Registered kTopic("topic", [](ByteView bytes) {
  const auto topic = sync::Topic::Parse(TextOf(bytes));
  if (topic.ok()) Must(topic->text() == TextOf(bytes), "a topic has two spellings");
}, [] { return Texts({"rows/E10000017", "node/node-0123456789abcdef", "index", "policy"}); });

const Registered kNumber("NHS number", [](ByteView bytes) {
  const auto number = sync::NhsNumber::Parse(TextOf(bytes));
  if (number.ok()) Must(sync::NhsNumber::Parse(number->digits()).ok(), "a number's own digits are none");
}, [] { return Texts({"9990000018", "999 000 0018"}); });

const Registered kCode("enrolment code", [](ByteView bytes) {
  const auto code = sync::ParseEnrolmentCode(TextOf(bytes));
  if (code.ok()) Must(sync::ParseEnrolmentCode(sync::FormatEnrolmentCode(*code)).ok(), "a code's own text is none");
}, [] { return Texts({sync::FormatEnrolmentCode({Bytes(10, 200), Bytes(16, 7)})}); });

const Registered kTimes("times and encodings", [](ByteView bytes) {
  const std::string text = TextOf(bytes);
  const auto at = platform::ParseRfc3339(text);
  if (at.ok()) Must(platform::ParseRfc3339(platform::Rfc3339(*at)).ok(), "a time's own text is none");
  (void)platform::ParseUkMinute(text, platform::Overlap::kEarlier);
  const auto hex = platform::ParseHex(text);
  if (hex.ok()) Must(platform::ParseHex(platform::Hex(*hex)).ok(), "hex's own text is none");
  const auto base = platform::ParseBase64Url(text);
  if (base.ok()) Must(platform::Base64Url(*base) == text, "base64url has two spellings");
  (void)platform::ParseCrockford32(text);
}, [] { return Texts({"2026-11-22T12:00:00.123+01:00", "202611221200", "00ff10", "AAEC_w"}); });

const Registered kTarget("HTTP target", [](ByteView bytes) {
  (void)platform::ParseHttpTarget(TextOf(bytes));
  std::string host;
  uint16_t port = 0;
  (void)platform::ParseHostPort(TextOf(bytes), 7443, &host, &port);
}, [] { return Texts({"/a/b?c=d%20e&f=+", "http://host:1/x?y", "[::1]:7443"}); });

// A request as its lines: target, then headers.
const Registered kSearch("FHIR search", [](ByteView bytes) {
  platform::HttpRequest request;
  request.method = "GET";
  std::string text = TextOf(bytes);
  for (bool first = true; !text.empty(); first = false) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string line = text.substr(0, end);
    text.erase(0, end + 1);
    if (first) {
      auto target = platform::ParseHttpTarget(line);
      if (!target.ok()) return;
      request.path = target->path;
      request.query = target->query;
    } else if (const size_t colon = line.find(':'); colon != std::string::npos) {
      request.headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
    }
  }
  edge::http::Search search;
  const auto problem = edge::http::ReadSearch(request, true, &search);
  if (problem) (void)edge::http::ToResponse(*problem);
  (void)edge::http::BearerToken(request);
}, [] {
  return Texts({"/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018\nAuthorization:Bearer x\n"
                "TraceID:1\nIsUnscheduledAccessEvent:false\nX-Incident-Ref:INC-1\n",
                "/cpis/FHIR/R4/AuditEvent?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018&_include=AuditEvent:entity-type="
                "PractitionerRole\nAuthorization:Bearer x\n"});
});

const Registered kBody("JSON body", [](ByteView bytes) {
  platform::HttpRequest request;
  request.body = TextOf(bytes);
  std::map<std::string, std::string> values;
  const auto problem = edge::http::ReadBody(request, {.required = {"staff", "pin"}, .optional = {"incident"}, .flags = {"silent"}}, &values);
  if (problem) (void)edge::http::ToResponse(*problem);
}, [] { return Texts({R"({"staff":"1","pin":"2468","incident":null})", R"({"a":[[[1e9]]]})"}); });

const Registered kGuard("XML guard", [](ByteView bytes) {
  const auto guarded = sync::fleet::GuardXml(bytes);
  if (guarded.ok()) Must(sync::fleet::GuardXml(platform::AsBytes(*guarded)).ok(), "what was passed is not passed again");
}, [] { return Texts({sync::fleet::sample::File(), "<a b='c'><!-- d --><e>&amp;&#x41;</e></a>"}); });

const Registered kUpload("upload", [](ByteView bytes) {
  const auto result = sync::fleet::ReadUpload(bytes);
  Must(result.upload.has_value() != result.failure.has_value(), "an upload is read and refused");
  (void)sync::fleet::RootElement(bytes);
  sync::fleet::Acknowledgement answer;
  answer.file_code = sync::fleet::FileCode(result);
  if (result.upload) {
    answer.file_id = result.upload->file_id;
    answer.authority = result.upload->authority;
    answer.problems = result.upload->problems;
    answer.at = result.upload->created_at;
  } else {
    answer.file_id = result.failure->file_id;
    if (result.failure->authority) answer.authority = *result.failure->authority;
  }
  const std::string written = sync::fleet::WriteAcknowledgement(answer);
  Must(sync::fleet::GuardXml(platform::AsBytes(written)).ok(), "the answer to an upload is not well-formed");
}, [] {
  using namespace sync::fleet::sample;
  return Texts({File(), File({CppRecord("9990000018"), Record(Lac({"202603010900", "202604010900", ""}) + Child("9990000026"))})});
});

const Registered kInactive("inactive numbers", [](ByteView bytes) {
  (void)sync::fleet::IsInactiveMessage(bytes);
  (void)sync::fleet::ReadInactiveNumbers(bytes);
}, [] { return Texts({sync::fleet::sample::InactiveOf{{sync::fleet::sample::ReplacedNumber("9990000018", "9990000026"),
                                                 sync::fleet::sample::ErasedNumber("9990000034")}}.Xml()}); });

// No target for TOML: toml++ 3.3 has assertions that some input reaches (a key with U+FC7F; "[ ="). It reads the daemons'
// configuration, which is not a thief's to write.

const Registered kFrames("HTTP/2 frames", [](ByteView bytes) {
  sync::fleet::FrameGuard whole;
  sync::fleet::FrameGuard pieces;
  const auto fault = whole.Take(bytes);
  auto last = sync::fleet::FrameGuard::Fault::kNone;
  for (size_t i = 0; i < bytes.size(); ++i) last = pieces.Take(bytes.subspan(i, 1));
  Must(last == fault, "frames are judged by how they arrive");
}, [] {
  using namespace hostile;
  return Texts({Preface() + Frame(1, 4, 1, CallOf("Watch")) + Frame(0, 1, 1, "abc"), Preface() + Frame(1, 0, 1, "x") + Frame(9, 4, 1, "y")});
});

}  // namespace
}  // namespace cpis::fuzz
