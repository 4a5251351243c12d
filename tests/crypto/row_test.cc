// SPDX-License-Identifier: Apache-2.0
#include "crypto/row.h"

#include <catch2/catch.hpp>

#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;

namespace {

constexpr Hardness kFast{8, 1};

struct Sealed {
  Secret epoch_key = Secret::Random(32);
  Secret number_key = Secret::Random(32);
  RowPlace place{"E10000017", RowIndex{0x1122334455667788}, 42, Epoch{3}};
  Bytes row = SealRow(epoch_key, number_key, place, AsBytes("a flag"));

  Code OpenAt(const RowPlace& elsewhere) const {
    return OpenRow(epoch_key, number_key, elsewhere, row).status().code();
  }
};

}  // namespace

TEST_CASE("a row opens at its place, padded with zeros to 32 bytes") {
  const Secret epoch_key = Secret::Random(32);
  const Secret number_key = Secret::Random(32);
  const RowPlace place{"E10000017", RowIndex{7}, 42, Epoch{3}};
  for (const auto& [size, padded] : {std::pair{0, 32}, {1, 32}, {31, 32}, {32, 32}, {33, 64}, {64, 64}, {65, 96}}) {
    const std::string flag(static_cast<size_t>(size), 'f');
    const Bytes row = SealRow(epoch_key, number_key, place, AsBytes(flag));
    CHECK(row.size() == 17 + static_cast<size_t>(padded) + 16);
    const auto opened = OpenRow(epoch_key, number_key, place, row);
    REQUIRE(opened.ok());
    std::string expected = flag;
    expected.resize(static_cast<size_t>(padded), '\0');
    CHECK(AsText((*opened).Reveal()) == expected);
  }
}

TEST_CASE("a changed row is refused") {
  const Sealed sealed;
  RefusesEveryChange(
      sealed.row, [&](ByteView row) { return OpenRow(sealed.epoch_key, sealed.number_key, sealed.place, row).ok(); });
}

TEST_CASE("a row does not open at another place") {
  const Sealed sealed;
  RowPlace place = sealed.place;
  CHECK(sealed.OpenAt(place) == Code::kOk);
  place.partition = "E10000018";
  CHECK(sealed.OpenAt(place) == Code::kCorrupt);
  place = sealed.place;
  place.index = RowIndex{0x1122334455667789};
  CHECK(sealed.OpenAt(place) == Code::kCorrupt);
  place = sealed.place;
  place.version = 43;
  CHECK(sealed.OpenAt(place) == Code::kCorrupt);
  place = sealed.place;
  place.epoch = Epoch{4};
  CHECK(sealed.OpenAt(place) == Code::kCorrupt);
}

TEST_CASE("a row whose epoch was rewritten to that of the place is refused") {
  Sealed sealed;
  RowPlace place = sealed.place;
  place.epoch = Epoch{4};
  sealed.row[4] = 4;
  CHECK(sealed.OpenAt(place) == Code::kCorrupt);
}

TEST_CASE("a row needs the number key and the epoch key, both") {
  const Sealed sealed;
  CHECK(OpenRow(sealed.epoch_key, Secret::Random(32), sealed.place, sealed.row).status().code() == Code::kCorrupt);
  CHECK(OpenRow(Secret::Random(32), sealed.number_key, sealed.place, sealed.row).status().code() == Code::kCorrupt);
}

TEST_CASE("the same flag at the same place seals to the same bytes, another flag under another nonce") {
  const Sealed sealed;
  const auto seal = [&](std::string_view flag) {
    return SealRow(sealed.epoch_key, sealed.number_key, sealed.place, AsBytes(flag));
  };
  const auto nonce = [](const Bytes& row) { return Bytes(row.begin() + 5, row.begin() + 17); };
  CHECK(seal("a flag") == sealed.row);
  CHECK(nonce(seal("a flaG")) != nonce(sealed.row));
  RowPlace later = sealed.place;
  later.version = 43;
  CHECK(nonce(SealRow(sealed.epoch_key, sealed.number_key, later, AsBytes("a flag"))) != nonce(sealed.row));
}

TEST_CASE("a row says which epoch it is of; foreign bytes do not") {
  const Sealed sealed;
  const auto epoch = EpochOfRow(sealed.row);
  REQUIRE(epoch.ok());
  CHECK(*epoch == Epoch{3});
  CHECK(EpochOfRow({}).status().code() == Code::kCorrupt);
  CHECK(EpochOfRow(Bytes(64, 1)).status().code() == Code::kCorrupt);
  Bytes foreign = sealed.row;
  foreign[0] = 2;
  CHECK(EpochOfRow(foreign).status().code() == Code::kCorrupt);
}

TEST_CASE("a number key depends on the number, the pepper and the hardness") {
  const Secret pepper = Secret::Random(16);
  const auto derive = [](const Secret& salt, Hardness hardness, std::string_view number) {
    auto key = NumberKeys(salt.Clone(), hardness).Derive(number);
    REQUIRE(key.ok());
    return cpis::platform::ToBytes((*key).Reveal());
  };
  const Bytes key = derive(pepper, kFast, "9990000018");
  CHECK(key == derive(pepper, kFast, "9990000018"));
  CHECK(key != derive(pepper, kFast, "9990000026"));
  CHECK(key != derive(Secret::Random(16), kFast, "9990000018"));
  CHECK(key != derive(pepper, {8, 2}, "9990000018"));
  CHECK(key != derive(pepper, {16, 1}, "9990000018"));
}

TEST_CASE("a hardness out of bounds is refused instead of worked off") {
  for (const Hardness bad : {Hardness{7, 1}, Hardness{8, 0}, Hardness{256 * 1024 + 1, 1}, Hardness{8, 17}}) {
    CHECK(NumberKeys(Secret::Random(16), bad).Derive("9990000018").status().code() == Code::kInvalid);
  }
}

TEST_CASE("an index depends on the index key and the number key") {
  const Secret index_key = Secret::Random(32);
  const Secret number_key = Secret::Random(32);
  const RowIndex index = IndexOf(index_key, number_key);
  CHECK(index == IndexOf(index_key, number_key));
  CHECK(index != IndexOf(index_key, Secret::Random(32)));
  CHECK(index != IndexOf(Secret::Random(32), number_key));
}

TEST_CASE("an England hash depends on the England key and the number key, and is not the index") {
  const Secret england_key = Secret::Random(32);
  const Secret number_key = Secret::Random(32);
  const EnglandHash hash = EnglandHashOf(england_key, number_key);
  CHECK(hash == EnglandHashOf(england_key, number_key));
  CHECK(hash != EnglandHashOf(england_key, Secret::Random(32)));
  CHECK(hash != EnglandHashOf(Secret::Random(32), number_key));
  CHECK(static_cast<uint64_t>(hash) != static_cast<uint64_t>(IndexOf(Secret::Random(32), number_key)));
}
