// SPDX-License-Identifier: Apache-2.0
//
// A thief with the certificate of an enrolled vehicle, or with none, against the real fleet server: what is sent is cut, memory stays
// bounded, and another vehicle goes on.
#include <poll.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "crypto/secret.h"
#include "sync/node/link.h"
#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"
#include "tests/sync/fleet/tls_caller.h"

namespace cpis::e2e {
namespace {

using namespace hostile;
using std::chrono::steady_clock;

constexpr size_t kMiB = 1024 * 1024;
constexpr size_t kMostMemory = 64 * kMiB;   // more than before the attack
constexpr size_t kOnTheWay = 16 * kMiB;     // sent, and never read: the sockets' buffers
constexpr size_t kDaysBytes = 64 * kMiB;    // kMostBytesIn of sync/fleet/link_allowances.h

// Papers of a vehicle that was stolen after it was enrolled.
Papers Steal(const Fleet& fleet, const std::string& name) {
  const std::string code = fleet.IssuesCode(name, Lancashire().code);
  const auto identity = sync::node::Enrol({fleet.enrol_address(), code});
  REQUIRE(identity.ok());
  return {identity->tls_certificate_pem, std::string(platform::AsText(identity->tls_private_key_pem.Reveal()))};
}

// The server beside an honest vehicle: what it may hold, and that the vehicle is served.
struct Watched {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Crew crew = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  size_t before = MemoryOf(fleet.daemon().pid(), "VmHWM");
  int round = 0;

  void GoesOn() {
    ++round;
    const std::string incident = "INC-" + std::to_string(round);
    AuthorityFile file(Lancashire(), "LANCS-1" + std::to_string(100 + round));
    REQUIRE(fleet.Imports(file.Protects(NhsNumber(400 + round), Day(-3))).exit_code == 0);
    CHECK(Eventually([&] { return crew.LooksUp(NhsNumber(400 + round), {"--incident", incident}).outcome() == "FLAGGED"; },
                     seconds(40)));
    CHECK(crew.Attends(Ambulance::Protected(), incident).exit_code == 0);
    CHECK(Eventually([&] { return !fleet.AttendancesOf(incident).empty(); }, seconds(40)));
  }
  void HeldLittle() {
    const size_t now = MemoryOf(fleet.daemon().pid(), "VmHWM");
    UNSCOPED_INFO("peak memory grew by " << (now - before) / 1024 << " KiB");
    if (kMemoryTells) CHECK(now < before + kMostMemory);
  }
};

// Says pieces until it is cut, or has said `most`; how much it said.
size_t Floods(TlsCaller& caller, const std::function<std::string(size_t round)>& piece, size_t most) {
  size_t said = 0;
  if (!caller.Handshakes() || !caller.Says(Preface())) return 0;
  for (size_t round = 0; said < most; ++round) {
    const std::string bytes = piece(round);
    if (!caller.Says(bytes)) break;
    said += bytes.size();
  }
  return said;
}

bool IsCut(int fd) {
  char buffer[4096];
  for (;;) {
    const auto got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) continue;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
}

}  // namespace

TEST_CASE("header floods and frames without an end are cut with memory bounded, and another vehicle goes on", "[hostile]") {
  Watched world;
  const std::string begun = Frame(1, 0, 1, CallOf("Forward"));
  const auto repeat = [](const std::string& text, size_t times) {
    std::string all;
    for (size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  struct Attack {
    const char* name;
    std::function<std::string(size_t)> piece;
    size_t most;  // how much of it may be taken
  };
  const std::string sixteen(16'000, 'v');
  const std::vector<Attack> attacks{
      {"one large header", [&](size_t) { return Frame(1, kEndHeaders, 1, CallOf("Watch") + Field("a", std::string(15'000, 'b'))); }, 0},
      {"a header of ever more frames",
       [&](size_t i) { return i == 0 ? begun : Frame(9, 0, 1, Field("k" + std::to_string(i), std::string(100, 'v'))); }, 0},
      {"a string of four gigabytes",
       [&](size_t i) { return i == 0 ? Frame(1, 0, 1, CallOf("Watch") + std::string("\0\1a", 3) + Length(4'000'000'000) + "v") : Frame(9, 0, 1, sixteen); }, 0},
      {"a number of ever more bytes",
       [&](size_t i) { return i == 0 ? Frame(1, 0, 1, CallOf("Watch") + std::string("\0\x7f", 2)) : Frame(9, 0, 1, std::string(16'000, '\x80')); }, 0},
      {"an entry of the table a thousand times",
       [&](size_t i) {
         return i == 0 ? Frame(1, 5, 1, CallOf("Watch") + Field("bomb", std::string(600, 'v'), true))
                       : Frame(1, 5, static_cast<uint32_t>(2 * i + 1), CallOf("Watch") + std::string(640, '\xbe'));
       }, 2 * kMiB},
      {"calls begun and taken back",
       [&](size_t i) {
         std::string all;
         for (uint32_t n = 0; n < 100; ++n) {
           const auto stream = static_cast<uint32_t>(200 * i + 2 * n + 1);
           all += Frame(1, kEndHeaders, stream, CallOf("Forward")) + Frame(3, 0, stream, std::string("\0\0\0\x08", 4));
         }
         return all;
       }, 2 * kMiB},
      {"pings", [&](size_t) { return repeat(Frame(6, 0, 0, "12345678"), 500); }, kMiB},
      {"settings", [&](size_t) { return repeat(Frame(4, 0, 0, std::string("\0\4\0\0\xff\xff", 6)), 500); }, kMiB},
      {"priorities", [&](size_t) { return repeat(Frame(2, 0, 0x7ffffff1, std::string("\0\0\0\0\1", 5)), 500); }, kMiB},
      {"frames of no known kind", [&](size_t) { return Frame(77, 0, 0, sixteen); }, kMiB},
      {"empty data", [&](size_t i) { return i == 0 ? Frame(1, kEndHeaders, 1, CallOf("Forward")) : repeat(Frame(0, 0, 1, ""), 500); }, kMiB},
      {"a message of four gigabytes",
       [&](size_t i) { return i == 0 ? Frame(1, kEndHeaders, 1, CallOf("Forward")) + Frame(0, 0, 1, std::string("\0\xee\0\0\0", 5)) : Frame(0, 0, 1, sixteen); }, kDaysBytes},
  };
  for (const Attack& attack : attacks) {
    INFO(attack.name);
    TlsCaller thief(world.fleet.sync_port(), Steal(world.fleet, std::string("stolen: ") + attack.name));
    CHECK(Floods(thief, attack.piece, 2 * kDaysBytes) <= attack.most + kOnTheWay);
    REQUIRE_FALSE(world.fleet.daemon().ExitWithin(milliseconds(0)));
    world.HeldLittle();
  }
  world.GoesOn();
  world.HeldLittle();
}

TEST_CASE("of five gigabytes that a stolen node wants to send, over any number of connections, a day's worth is taken", "[hostile]") {
  Watched world;
  const Papers papers = Steal(world.fleet, "stolen");
  std::string piece;  // of the one frame that nothing else limits
  while (piece.size() < 16'000) piece += Frame(8, 0, 0, std::string("\0\0\0\1", 4));
  size_t sent = 0;
  int refused = 0;
  while (sent < 5120 * kMiB && refused < 10) {
    TlsCaller thief(world.fleet.sync_port(), papers);
    const size_t more = Floods(thief, [&](size_t) { return piece; }, 20 * kMiB);
    sent += more;
    refused = more < 20 * kMiB ? refused + 1 : 0;
  }
  INFO("sent " << sent / kMiB << " MiB");
  CHECK(refused == 10);
  CHECK(sent <= kDaysBytes + 10 * kOnTheWay);
  world.GoesOn();
  world.HeldLittle();
}

TEST_CASE("drips are cut: a call that says a byte a second, and a handshake that does not end", "[hostile]") {
  Watched world;
  TlsCaller call(world.fleet.sync_port(), Steal(world.fleet, "stolen"));
  REQUIRE(call.Handshakes());
  // An envelope of a thousand bytes.
  REQUIRE(call.Says(Preface() + Frame(1, kEndHeaders, 1, CallOf("Forward")) + Frame(0, 0, 1, std::string("\0\0\0\x03\xe8", 5))));
  const int handshake = Dial(world.fleet.sync_port());
  const int silent = Dial(world.fleet.sync_port());
  const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);  // of a ClientHello of 512 bytes
  ::send(handshake, hello.data(), hello.size(), MSG_NOSIGNAL);

  const auto begun = steady_clock::now();
  const std::string reset("\0\0\4\3\0\0\0\0\1", 9);  // RST_STREAM of the call
  std::string heard;
  bool ended = false;
  bool handshake_cut = false;
  bool silent_cut = false;
  while ((!ended || !handshake_cut || !silent_cut) && steady_clock::now() - begun < Patient(seconds(60))) {
    std::this_thread::sleep_for(seconds(1));
    if (!ended) call.Says(Frame(0, 0, 1, "x"));
    for (pollfd more{call.fd(), POLLIN, 0}; !ended && ::poll(&more, 1, 0) == 1;) {
      const std::string more_heard = call.Hears();
      heard += more_heard;
      ended = heard.find(reset) != std::string::npos || heard.find("grpc-status") != std::string::npos;
      if (more_heard.empty()) break;
    }
    ::send(handshake, "\0", 1, MSG_NOSIGNAL);
    handshake_cut = handshake_cut || IsCut(handshake);
    silent_cut = silent_cut || IsCut(silent);
  }
  CHECK(steady_clock::now() - begun > seconds(25));  // a slow vehicle has its time
  CHECK(handshake_cut);
  CHECK(silent_cut);
  CHECK(ended);
  ::close(handshake);
  ::close(silent);
  world.GoesOn();
  world.HeldLittle();
}

TEST_CASE("a thousand idle connections at every listener leave the vehicle's place free", "[hostile]") {
  rlimit descriptors{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &descriptors) == 0);
  descriptors.rlim_cur = descriptors.rlim_max;  // this test holds three thousand itself
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &descriptors) == 0);
  REQUIRE(descriptors.rlim_cur >= 4000);
  Watched world;
  const std::string code = world.fleet.IssuesCode("waiting", Lancashire().code);  // so that the enrolment listener is open
  std::vector<int> idle;
  const uint16_t http = PortOf(Text(world.fleet.daemon().ready().at("http")));
  for (const uint16_t port : {world.fleet.sync_port(), PortOf(world.fleet.enrol_address()), http}) {
    for (int i = 0; i < 1000; ++i) {
      const int fd = Dial(port, 2);
      if (fd >= 0) idle.push_back(fd);
    }
  }
  CHECK(idle.size() > 1000);
  world.ambulance.vehicle->LosesLink();
  world.ambulance.vehicle->FindsLink();  // it has to come in again, past all of them
  world.GoesOn();
  world.HeldLittle();
  for (const int fd : idle) ::close(fd);
  // And once they have gone, or were sent away, the others serve too.
  CHECK(Eventually([&] { return Ask("127.0.0.1:" + std::to_string(http), {"GET", "/healthz", {}, ""}).status == 200; }, seconds(30)));
  CHECK(Eventually([&] { return sync::node::Enrol({world.fleet.enrol_address(), code}).ok(); }, seconds(40)));
}

TEST_CASE("a stolen certificate holds four connections, not ten thousand", "[hostile]") {
  Watched world;
  const Papers papers = Steal(world.fleet, "stolen");
  std::vector<std::unique_ptr<TlsCaller>> callers;
  for (int i = 0; i < 40; ++i) {
    callers.push_back(std::make_unique<TlsCaller>(world.fleet.sync_port(), papers));
    REQUIRE(callers.back()->Handshakes());
    std::string calls = Preface();
    for (uint32_t stream = 1; stream < 40; stream += 2) {
      calls += Frame(1, kEndHeaders, stream, CallOf("Watch")) + Frame(0, kEndStream, stream, std::string(5, '\0'));
    }
    callers.back()->Says(calls);
    callers.back()->Hears();
  }
  const auto alive = [&] {
    return std::count_if(callers.begin(), callers.end(), [](const auto& caller) { return !IsCut(caller->fd()); });
  };
  CHECK(Eventually([&] { return alive() <= 4; }));
  CHECK(alive() >= 1);
  CHECK(world.fleet.Status().at("nodes").at("connected").to_number<int>() <= 17);  // of it 16 streams, and the honest one
  world.GoesOn();
  world.HeldLittle();
}

}  // namespace cpis::e2e
