// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/enrolment_desk.h"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "tests/sync/fleet/tls_caller.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Open : World {
  std::unique_ptr<EnrolmentDesk> desk;
  std::string code;

  Open() {
    code = roll->AddNode("A101", {kLancashire})->code;
    auto opened = EnrolmentDesk::Open({"127.0.0.1:0", "", 7443}, *store, *roll, [] {});
    REQUIRE(opened.ok());
    desk = *std::move(opened);
  }
  uint16_t port() const {
    const std::string address = desk->Address();
    return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  int Tries(const Bytes& secret) {
    const auto request = crypto::NewCertificateRequest("x");
    const std::string body = json::serialize(json::object{
        {"code", platform::Base64Url(secret)},
        {"certificate_request", request->request_pem},
        {"box_key", platform::Base64Url(crypto::NewBoxKey().public_key)},
        {"signing_key", platform::Base64Url(crypto::NewSigningKey().public_key)},
    });
    const auto answer = platform::PostPinned({"127.0.0.1", port(), ParseEnrolmentCode(code)->server_pin}, kEnrolmentPath, body, 10s);
    REQUIRE(answer.ok());
    return answer->status;
  }
};

TEST_CASE("who guesses codes is soon turned away, and keeps nobody out who has a right one") {
  Open world;
  int denied = 0;
  int turned_away = 0;
  for (int i = 0; i < 60 || (turned_away == 0 && i < 1000); ++i) {  // half a guess comes back each second
    const int status = world.Tries(crypto::RandomBytes(kEnrolmentSecretBytes));
    denied += status == 403;
    turned_away += status == 429;
  }
  CHECK(denied >= EnrolmentDesk::kMostGuesses);
  CHECK(turned_away > 0);
  CHECK(world.Tries(ParseEnrolmentCode(world.code)->secret) == 200);
}

TEST_CASE("no file of the server has the code that it gave out") {
  Open world;
  const Bytes secret = ParseEnrolmentCode(world.code)->secret;
  const std::string hash = platform::Hex(crypto::Blake2b(32, {platform::AsBytes("cpis.v1.code"), secret}));
  bool hash_found = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.state.path())) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const std::string all = bytes.str();
    for (const std::string& form : {std::string(platform::AsText(secret)), platform::Hex(secret), platform::Base64Url(secret),
                                    world.code, world.code.substr(0, 13)}) {
      INFO(entry.path());
      CHECK(all.find(form) == std::string::npos);
    }
    hash_found = hash_found || platform::Hex(platform::AsBytes(all)).find(hash) != std::string::npos;
  }
  CHECK(hash_found);  // so the search does find what is there
}

TEST_CASE("a code lives an hour") {
  Open world;
  world.clock.Advance(59min);
  CHECK(*world.roll->CodesOutstanding() == 1);
  world.clock.Advance(2min);
  CHECK(*world.roll->CodesOutstanding() == 0);
  CHECK(world.Tries(ParseEnrolmentCode(world.code)->secret) == 403);
}

TEST_CASE("the enrolment listener speaks TLS 1.3 and nothing older") {
  Open world;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    CHECK_FALSE(hostile::TlsCaller(world.port(), {"", "", version}).Handshakes());
  }
  CHECK(hostile::TlsCaller(world.port(), {"", ""}).Handshakes());
}

}  // namespace
}  // namespace cpis::sync::fleet
