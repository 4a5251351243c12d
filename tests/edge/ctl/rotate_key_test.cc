// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/rotate_key.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "platform/files.h"
#include "sync/manifest.h"
#include "tests/scratch.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

// A daemon that proposes and adopts, and the root key on a stick.
struct Desk {
  ScratchDirectory stick;
  crypto::SigningKey root = crypto::NewSigningKey();
  std::vector<sync::LocalCall> calls;
  // Of the desk: what it says root has signed, and what it proposes after that.
  sync::KeySet present{1, platform::Bytes(32, 1), platform::Bytes(32, 2), platform::Bytes(32, 3), platform::Bytes(32, 4), {}};
  std::optional<platform::Bytes> signed_present;
  sync::KeySet proposed{2, platform::Bytes(32, 1), platform::Bytes(32, 2), platform::Bytes(32, 3), platform::Bytes(32, 4), {}};
  std::optional<sync::KeySet> adopted;
  std::ostringstream out, err;

  Desk() {
    present.root = proposed.root = root.public_key;
    proposed.content = platform::Bytes(32, 9);
    REQUIRE(platform::WriteFileDurably(stick / "root.key", root.secret.Reveal()).ok());
  }
  sync::LocalAnswer Answers(const sync::LocalCall& call) {
    calls.push_back(call);
    const json::value arguments = json::parse(call.json);
    if (call.method == "fleet.keys.propose") {
      if (arguments.at("key") != "content") proposed.content = present.content;
      if (const auto* key = arguments.as_object().if_contains("new_root")) {
        proposed.root = *platform::ParseBase64Url(std::string(key->as_string()));
      }
      const auto text = [](const platform::Bytes& key) { return platform::Base64Url(key); };
      return {json::serialize(json::object{{"present", text(signed_present.value_or(sync::EncodeKeySet(present, root)))},
                                           {"signed_by", text(root.public_key)},
                                           {"version", proposed.version}, {"content", text(proposed.content)},
                                           {"freshness", text(proposed.freshness)}, {"policy", text(proposed.policy)},
                                           {"box", text(proposed.fleet_box)}, {"root", text(proposed.root)}})};
    }
    if (call.method == "fleet.keys.adopt") {
      const auto set = sync::DecodeKeySet(call.attachment, root.public_key);
      if (!set.ok()) return {"", {platform::Code::kDenied, "not signed by root", 4}};
      adopted = *set;
      return {"{}"};
    }
    return {json::serialize(json::object{{"version", adopted ? adopted->version : 1}, {"keys", json::array()}})};
  }
  int Rotates(const std::string& key, json::object more = {}) {
    Command command;
    command.method = "fleet.keys.rotate";
    command.state = stick.path();
    command.arguments = std::move(more);
    command.arguments["key"] = key;
    command.arguments.emplace("root_file", (stick / "root.key").string());
    Surroundings around;
    around.out = &out;
    around.err = &err;
    around.call = [this](const auto&, const sync::LocalCall& call, const auto&) { return Answers(call); };
    return RotateKey(command, around);
  }
};

TEST_CASE("root signs here, and its secret is in nothing that is sent") {
  Desk desk;
  REQUIRE(desk.Rotates("content") == 0);
  REQUIRE(desk.adopted);
  CHECK(*desk.adopted == desk.proposed);
  const std::string secret(platform::AsText(desk.root.secret.Reveal()).substr(0, 32));
  for (const sync::LocalCall& call : desk.calls) {
    CHECK(call.json.find(platform::Base64Url(platform::AsBytes(secret))) == std::string::npos);
    CHECK(platform::AsText(call.attachment).find(secret) == std::string_view::npos);
    CHECK(call.json.find("root_file") == std::string::npos);
  }
  CHECK(desk.out.str().find("Key set 2") != std::string::npos);
}

TEST_CASE("a new root is written down before the server hears of it, and replaces no file") {
  Desk desk;
  CHECK(desk.Rotates("root") == 2);
  CHECK(desk.err.str().find("--new-root") != std::string::npos);
  CHECK(desk.Rotates("root", {{"new_root_file", (desk.stick / "root.key").string()}}) == 2);
  CHECK(desk.calls.empty());
  REQUIRE(desk.Rotates("root", {{"new_root_file", (desk.stick / "next.key").string()}}) == 0);
  const auto written = platform::ReadFile(desk.stick / "next.key", 1024);
  REQUIRE(written.ok());
  CHECK(crypto::SigningKeyFromSecret(crypto::Secret::Copy(*written))->public_key == desk.adopted->root);
}

TEST_CASE("what is no root key, or another fleet's, replaces nothing") {
  Desk desk;
  std::ofstream(desk.stick / "note.txt") << "not a key";
  CHECK(desk.Rotates("content", {{"root_file", (desk.stick / "note.txt").string()}}) == 2);
  CHECK(desk.Rotates("content", {{"root_file", (desk.stick / "nowhere").string()}}) == 1);
  const crypto::SigningKey other = crypto::NewSigningKey();
  REQUIRE(platform::WriteFileDurably(desk.stick / "other.key", other.secret.Reveal()).ok());
  CHECK(desk.Rotates("content", {{"root_file", (desk.stick / "other.key").string()}}) == 4);
  CHECK_FALSE(desk.adopted);
}

TEST_CASE("root signs the key that was asked for, and no other that the server slips in") {
  Desk desk;
  SECTION("another policy key") { desk.proposed.policy = platform::Bytes(32, 8); }
  SECTION("another root") { desk.proposed.root = crypto::NewSigningKey().public_key; }
  SECTION("a later version") { desk.proposed.version = 3; }
  SECTION("on top of a key set that root never signed") {
    sync::KeySet invented = desk.present;
    invented.policy = desk.proposed.policy = platform::Bytes(32, 8);
    desk.signed_present = sync::EncodeKeySet(invented, crypto::NewSigningKey());
  }
  CHECK(desk.Rotates("content") == 4);
  CHECK_FALSE(desk.adopted);
}

TEST_CASE("a root that was appointed knows the key set that named it, and no other of its predecessor's") {
  Desk desk;
  const std::string next = (desk.stick / "next.key").string();
  REQUIRE(desk.Rotates("root", {{"new_root_file", next}}) == 0);
  desk.signed_present = sync::EncodeKeySet(*desk.adopted, desk.root);
  REQUIRE(*platform::ReadFile(next + ".appointed", 4096) == *desk.signed_present);
  desk.present = *desk.adopted;
  desk.proposed = desk.present;
  desk.proposed.version = 3;
  desk.proposed.content = platform::Bytes(32, 7);
  SECTION("its own") {
    desk.Rotates("content", {{"root_file", next}});
    CHECK(desk.calls.back().method == "fleet.keys.adopt");
  }
  SECTION("another") {
    sync::KeySet other = desk.present;
    other.policy = desk.proposed.policy = platform::Bytes(32, 8);
    desk.signed_present = sync::EncodeKeySet(other, desk.root);
    CHECK(desk.Rotates("content", {{"root_file", next}}) == 4);
    CHECK(desk.calls.back().method == "fleet.keys.propose");
  }
}

}  // namespace
}  // namespace cpis::edge::ctl
