// SPDX-License-Identifier: Apache-2.0
//
// What a stranger on the vehicle's LAN can send, and what a thief can write where the LAN's papers lie.
#include "crypto/lan_names.h"
#include "edge/http/gate.h"
#include "edge/http/pairing.h"
#include "edge/tablets.h"
#include "tests/edge/http/fake_lan.h"
#include "tests/fuzz/target.h"

namespace cpis::fuzz {
namespace {

// Method, path, then headers, an empty line and the body.
platform::HttpRequest RequestOf(std::string text) {
  platform::HttpRequest request;
  request.peer = "192.168.8.20";
  for (int line = 0; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string one = text.substr(0, end);
    text.erase(0, end + 1);
    if (line == 0) request.method = one;
    if (line == 1) request.path = one;
    if (line > 1 && one.empty()) {
      request.body = text;
      break;
    }
    if (const size_t colon = one.find(':'); line > 1 && colon != std::string::npos) {
      request.headers.push_back({one.substr(0, colon), one.substr(colon + 1)});
    }
  }
  return request;
}

const Registered kGate("gate of the LAN", [](ByteView bytes) {
  static edge::FakeLan lan;
  edge::http::Gate gate(lan, *edge::http::Origins::Parse({"https://epcr.example"}));
  gate.AnswerTo({"gateway.lan:8743"});
  const platform::HttpRequest request = RequestOf(TextOf(bytes));
  const edge::http::Gate::Visit visit = gate.Meet(request);
  const bool paired = edge::http::TabletToken(request) == edge::FakeLan::kToken;
  Must(visit.answer || visit.place.empty() || paired, "a stranger has the place of a tablet");
  Must(!visit.answer || visit.answer->status != 200 || request.path == "/pairing", "the gate answers what is not its own");
  const bool open = request.path == "/" || request.path == "/healthz" || request.path.starts_with("/page/");
  Must(visit.answer || paired || open, "a stranger is let in");
  platform::HttpResponse response;
  gate.See(request, response);
  for (const auto& header : response.headers) {
    Must(header.name != "Access-Control-Allow-Origin" || header.value == "https://epcr.example", "an origin that nobody named is let in");
  }
}, [] {
  std::vector<Bytes> seeds;
  for (const char* text : {"POST\n/pairing\nHost:gateway.lan:8743\nOrigin:https://gateway.lan:8743\n\n{\"code\":\"12345678\"}",
                           "GET\n/status\nHost:gateway.lan:8743\nCookie:a=b; __Host-cpis-tablet=device-token\n\n",
                           "GET\n/page/x\nHost:gateway.lan:8743\nX-CPIS-Tablet:device-token\n\n",
                           "OPTIONS\n/session\nHost:gateway.lan:8743\nOrigin:https://epcr.example\nAccess-Control-Request-Method:POST\n\n"}) {
    seeds.push_back(OfText(text));
  }
  return seeds;
});

const Registered kName("LAN name", [](ByteView bytes) {
  const auto name = crypto::ParseLanName(TextOf(bytes));
  if (!name.ok()) return;
  const auto again = crypto::ParseLanName(name->text);
  Must(again.ok() && again->text == name->text && again->address == name->address, "a LAN name's own text is another");
  Must(name->text.find_first_of(", \n;\"") == std::string::npos, "a LAN name could be read as two");
}, [] { return std::vector<Bytes>{OfText("gateway.lan"), OfText("192.168.8.1"), OfText("fd00::1"), OfText("a101.cpis.internal")}; });

const Registered kTablets("list of tablets", Stable(edge::TabletBook::Decode, [](const edge::TabletBook& book) { return book.Encode(); }), [] {
  edge::TabletBook book;
  book.code = edge::TabletBook::Code{"cab", {}, platform::FromUnixSeconds(1'700'000'000), 2};
  book.tablets.push_back({"saloon", {}, platform::FromUnixSeconds(1'600'000'000)});
  return std::vector<Bytes>{book.Encode(), edge::TabletBook().Encode()};
});

const Registered kPapers("papers of the LAN", Stable(edge::DecodeLanPapers, [](const edge::LanPapers& papers) {
  return platform::ToBytes(edge::Encode(papers).Reveal());
}), [] {
  const edge::LanPapers papers{crypto::Secret::Copy(platform::AsBytes("K")), "C", "A", platform::FromUnixSeconds(1'700'000'000), {"gateway.lan"}};
  return std::vector<Bytes>{platform::ToBytes(edge::Encode(papers).Reveal())};
});

}  // namespace
}  // namespace cpis::fuzz
