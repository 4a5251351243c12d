// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_frames.h"

#include <catch2/catch.hpp>

#include "sync/fleet/link_allowances.h"
#include "tests/sync/fleet/tls_caller.h"

namespace cpis::sync::fleet {
namespace {

using namespace std::chrono_literals;
using hostile::CallOf;
using hostile::Frame;
using hostile::kEndHeaders;
using hostile::Preface;
using Fault = FrameGuard::Fault;

constexpr Allowance::Time kBegin{1h};

Fault All(const std::string& bytes) {
  FrameGuard whole;
  const Fault fault = whole.Take(platform::AsBytes(bytes));
  FrameGuard pieces;  // however it arrives
  Fault last = Fault::kNone;
  for (const char byte : bytes) last = pieces.Take(platform::AsBytes(std::string_view(&byte, 1)));
  CHECK(last == fault);
  return fault;
}

TEST_CASE("what a node sends passes, in one piece or byte by byte") {
  std::string call = Preface() + Frame(1, kEndHeaders, 1, CallOf("Forward"));
  for (int i = 0; i < 50; ++i) call += Frame(0, 0, 1, std::string(400, 'x'));
  call += Frame(8, 0, 0, std::string(4, '\1')) + Frame(6, 0, 0, "12345678") + Frame(1, kEndHeaders, 3, CallOf("Watch"));
  CHECK(All(call) == Fault::kNone);
  FrameGuard guard;
  guard.Take(platform::AsBytes(call));
  const auto count = guard.TakeCount();
  CHECK(count.headers == 2);
  CHECK(count.control == 2);  // its settings and its ping
  CHECK(guard.TakeCount().headers == 0);
}

TEST_CASE("data of no bytes counts, unless it ends a call") {
  FrameGuard guard;
  guard.Take(platform::AsBytes(Preface() + Frame(1, kEndHeaders, 1, CallOf("Forward")) + Frame(0, 0, 1, "x") + Frame(0, 0, 1, "") +
                               Frame(0, 0, 1, "") + Frame(0, 1, 1, "")));
  CHECK(guard.TakeCount().control == 3);  // its settings, and two
}

TEST_CASE("a header of many frames ends at the size of one") {
  const std::string begun = Preface() + Frame(1, 0, 1, CallOf("Watch"));
  CHECK(All(begun + Frame(9, kEndHeaders, 1, std::string(500, 'x'))) == Fault::kNone);
  CHECK(All(begun + Frame(9, kEndHeaders, 1, std::string(1000, 'x'))) == Fault::kHeader);
  std::string empty = begun;
  for (int i = 0; i < 200; ++i) empty += Frame(9, 0, 1, "");
  CHECK(All(empty) == Fault::kHeader);
  CHECK(All(Preface() + Frame(1, kEndHeaders, 1, std::string(FrameGuard::kMostHeader, 'x'))) == Fault::kHeader);
}

TEST_CASE("nothing stands between a header's beginning and its end") {
  const std::string begun = Preface() + Frame(1, 0, 1, CallOf("Watch"));
  for (const char type : {0, 1, 2, 3, 4, 6, 8, 77}) CHECK(All(begun + Frame(type, kEndHeaders, 1, "")) == Fault::kHeader);
  CHECK(All(Preface() + Frame(9, kEndHeaders, 1, "")) == Fault::kHeader);
}

TEST_CASE("frames larger than HTTP/2 allows, and what is not HTTP/2, are faults that stay") {
  CHECK(All(Preface() + Frame(0, 0, 1, std::string(FrameGuard::kMostFrame, 'x'))) == Fault::kNone);
  CHECK(All(Preface() + Frame(0, 0, 1, std::string(FrameGuard::kMostFrame + 1, 'x'))) == Fault::kFrame);
  CHECK(All("GET / HTTP/1.1\r\n\r\n") == Fault::kNotHttp2);
  FrameGuard guard;
  guard.Take(platform::AsBytes("GET"));
  CHECK(guard.Take(platform::AsBytes(Preface())) == Fault::kNotHttp2);
}

TEST_CASE("an allowance gives so much at once, and the rest as time goes by") {
  Allowance allowance(100, 2);
  CHECK(allowance.Take(100, kBegin));
  CHECK_FALSE(allowance.Take(1, kBegin));
  CHECK_FALSE(allowance.Take(3, kBegin + 1s));
  CHECK(allowance.Take(2, kBegin + 1s));
  CHECK(allowance.Take(100, kBegin + 1h));
  CHECK_FALSE(allowance.Take(1, kBegin + 1h));   // no more than the most has gathered
  CHECK_FALSE(allowance.Take(1, kBegin));        // and time that goes back gives nothing
}

TEST_CASE("one node's appetite is not another's, and ends with a day's worth") {
  LinkAllowances all;
  size_t taken = 0;
  while (all.TakeIn("a", 16 * 1024, {}, kBegin)) taken += 16 * 1024;
  CHECK(taken <= static_cast<size_t>(kMostBytesIn));
  CHECK(taken > static_cast<size_t>(kMostBytesIn) - 32 * 1024);
  CHECK(all.TakeIn("b", 16 * 1024, {}, kBegin));
  CHECK(all.TakeIn("a", static_cast<size_t>(kMostBytesIn / 2) - 16 * 1024, {}, kBegin + 12h));

  int calls = 0;
  while (all.TakeIn("c", 1, {1, 0}, kBegin)) ++calls;
  CHECK(calls == static_cast<int>(kMostHeaders));
  int control = 0;
  while (all.TakeIn("d", 1, {0, 1}, kBegin)) ++control;
  CHECK(control == static_cast<int>(kMostControl));
  int envelopes = 0;
  while (all.TakeEnvelope("c", kBegin)) ++envelopes;
  CHECK(envelopes == static_cast<int>(kMostEnvelopes));
  CHECK(all.TakeEnvelope("c", kBegin + 1s));
  CHECK(all.TakeOut("c", static_cast<size_t>(kMostBytesOut), kBegin));
  CHECK_FALSE(all.TakeOut("c", 1, kBegin));
}

TEST_CASE("a node has so many streams and no more, and one that keeps the server waiting is cut") {
  LinkAllowances all;
  int cut = 0;
  std::vector<std::shared_ptr<LinkAllowances::Stream>> streams;
  for (int i = 0; i < kMostStreams; ++i) streams.push_back(all.Open("a", [&] { ++cut; }));
  for (const auto& stream : streams) REQUIRE(stream);
  CHECK_FALSE(all.Open("a", [] {}));
  CHECK(all.Open("b", [] {}));
  streams.pop_back();
  streams.push_back(all.Open("a", [&] { ++cut; }));
  REQUIRE(streams.back());

  const auto later = std::chrono::steady_clock::now() + kSilentStream + 1s;
  all.CutSilent(later);
  CHECK(cut == 0);  // nobody waits: a watch has nothing to say
  for (int i = 0; i < 3; ++i) streams[static_cast<size_t>(i)]->Waits();
  streams[1]->Moved();
  streams[2]->Ends();
  all.CutSilent(std::chrono::steady_clock::now() + kSilentStream / 2);
  CHECK(cut == 0);
  all.CutSilent(later);
  CHECK(cut == 1);
  all.CutSilent(later);
  CHECK(cut == 1);
}

}  // namespace
}  // namespace cpis::sync::fleet
