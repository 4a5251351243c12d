// SPDX-License-Identifier: Apache-2.0
#include "crypto/seal.h"

#include <catch2/catch.hpp>

#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;

TEST_CASE("what is sealed with a key opens with that key, for that purpose only") {
  const Secret key = Secret::Random(32);
  for (const std::string& text : {std::string(), std::string("x"), std::string(5000, 'y')}) {
    const Bytes sealed = SealWith(key, "purpose", AsBytes(text));
    const auto opened = OpenWith(key, "purpose", sealed);
    REQUIRE(opened.ok());
    CHECK(AsText((*opened).Reveal()) == text);
    CHECK(OpenWith(key, "purposf", sealed).status().code() == Code::kCorrupt);
    CHECK(OpenWith(Secret::Random(32), "purpose", sealed).status().code() == Code::kCorrupt);
    CHECK(OpenWith(Secret::Random(31), "purpose", sealed).status().code() == Code::kCorrupt);
  }
}

TEST_CASE("the same text is sealed differently each time") {
  const Secret key = Secret::Random(32);
  CHECK(SealWith(key, "purpose", AsBytes("text")) != SealWith(key, "purpose", AsBytes("text")));
}

TEST_CASE("a changed sealed message is refused") {
  const Secret key = Secret::Random(32);
  RefusesEveryChange(SealWith(key, "purpose", AsBytes("text")),
                     [&](ByteView sealed) { return OpenWith(key, "purpose", sealed).ok(); });
}

TEST_CASE("a box opens with the key it was sealed to and no other") {
  const BoxKey key = NewBoxKey();
  const Bytes sealed = SealTo(key.public_key, AsBytes("text"));
  const auto opened = OpenBox(key, sealed);
  REQUIRE(opened.ok());
  CHECK(AsText((*opened).Reveal()) == "text");
  CHECK(OpenBox(NewBoxKey(), sealed).status().code() == Code::kCorrupt);
  const auto again = OpenBox(BoxKeyFromSecret(key.secret.Clone()), sealed);
  REQUIRE(again.ok());
  CHECK(AsText((*again).Reveal()) == "text");
}

TEST_CASE("a changed box is refused") {
  const BoxKey key = NewBoxKey();
  RefusesEveryChange(SealTo(key.public_key, AsBytes("text")),
                     [&](ByteView sealed) { return OpenBox(key, sealed).ok(); });
}

TEST_CASE("bytes to which nothing can be sealed are told apart from a box key") {
  CHECK(IsBoxPublicKey(NewBoxKey().public_key));
  CHECK_FALSE(IsBoxPublicKey(Bytes(32, 0)));
  CHECK_FALSE(IsBoxPublicKey(Bytes(31, 9)));
  CHECK_FALSE(IsBoxPublicKey({}));
}

TEST_CASE("a signed message gives back the message") {
  const SigningKey key = NewSigningKey();
  for (const std::string& text : {std::string(), std::string("text")}) {
    const Bytes message = Sign(key, Role::kContent, "purpose", AsBytes(text));
    CHECK(message.size() == text.size() + kSignatureOverhead);
    const auto verified = Verify(key.public_key, Role::kContent, "purpose", message);
    REQUIRE(verified.ok());
    CHECK(AsText(*verified) == text);
  }
}

TEST_CASE("a signature by the wrong role is refused, though the key is the same") {
  const SigningKey key = NewSigningKey();
  Bytes message = Sign(key, Role::kContent, "purpose", AsBytes("text"));
  const auto refused = Verify(key.public_key, Role::kFreshness, "purpose", message);
  CHECK(refused.status().code() == Code::kDenied);
  CHECK(refused.status().message() == "signed as content, must be signed as freshness");
  message[4] = static_cast<uint8_t>(Role::kFreshness);
  CHECK(Verify(key.public_key, Role::kFreshness, "purpose", message).status().code() == Code::kCorrupt);
}

TEST_CASE("a signature for another purpose or by another key is refused") {
  const SigningKey key = NewSigningKey();
  const Bytes message = Sign(key, Role::kPolicy, "purpose", AsBytes("text"));
  CHECK(Verify(key.public_key, Role::kPolicy, "other", message).status().code() == Code::kCorrupt);
  CHECK(Verify(key.public_key, Role::kPolicy, "purpos", message).status().code() == Code::kCorrupt);
  CHECK(Verify(NewSigningKey().public_key, Role::kPolicy, "purpose", message).status().code() == Code::kCorrupt);
  CHECK(Verify(Bytes(31), Role::kPolicy, "purpose", message).status().code() == Code::kCorrupt);
}

TEST_CASE("purpose and message cannot trade bytes under one signature") {
  const SigningKey key = NewSigningKey();
  // Were the purpose not sized, "p" + role 1 + "\1m" and "p\1" + role 1 + "m" would be signed alike.
  const Bytes message = Sign(key, Role::kContent, "p", AsBytes("\1m"));
  Bytes moved{'m'};
  moved.insert(moved.end(), message.begin() + 2, message.end());
  CHECK_FALSE(Verify(key.public_key, Role::kContent, "p\1", moved).ok());
}

TEST_CASE("a changed signed message is refused") {
  const SigningKey key = NewSigningKey();
  RefusesEveryChange(Sign(key, Role::kNode, "purpose", AsBytes("text")),
                     [&](ByteView message) { return Verify(key.public_key, Role::kNode, "purpose", message).ok(); });
}

TEST_CASE("a signing key comes back from its secret, and only from a whole one") {
  const SigningKey key = NewSigningKey();
  const auto again = SigningKeyFromSecret(key.secret.Clone());
  REQUIRE(again.ok());
  CHECK((*again).public_key == key.public_key);
  CHECK(Verify(key.public_key, Role::kRoot, "p", Sign(*again, Role::kRoot, "p", {})).ok());

  Secret torn = key.secret.Clone();
  torn.RevealForWriting()[40] ^= 1;
  CHECK(SigningKeyFromSecret(std::move(torn)).status().code() == Code::kCorrupt);
  CHECK(SigningKeyFromSecret(Secret::Random(32)).status().code() == Code::kCorrupt);
}
