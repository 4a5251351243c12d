// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/england_register.h"

#include "sync/segment.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

crypto::EnglandHash HashOf(World& w, const std::string& number) {
  const auto key = crypto::NumberKeys(w.keys.pepper.Clone(), w.store->hardness()).Derive(number);
  REQUIRE(key.ok());
  return crypto::EnglandHashOf(w.keys.england_key, *key);
}

England IndexOf(World& w) {
  England index;
  REQUIRE(w.store->Read([&](Store& s) { return index = s.england(), Status::Ok(); }).ok());
  return index;
}

// The index as a node puts it together that has heard every segment since `from`.
England AsHeard(World& w, Sequence from, England index) {
  std::vector<SharedBytes> segments;
  REQUIRE(w.store->Read([&](Store& s) -> Status {
    CPIS_ASSIGN(segments, s.publisher().Since(Topic::Index(), {from, Sequence{0}, 0}));
    return Status::Ok();
  }).ok());
  for (const SharedBytes& bytes : segments) {
    const auto segment = DecodeSegment(platform::AsBytes(*bytes), w.keys.content.public_key);
    REQUIRE(segment.ok());
    if (segment->kind == SegmentKind::kPatch) {
      REQUIRE(index.Apply(segment->patch).ok());
      continue;
    }
    std::vector<England::BucketView> buckets;
    for (const EntryView& entry : segment->entries) {
      if (!entry.body.empty()) buckets.push_back({entry.index, entry.body});
    }
    auto assembled = England::Assemble(buckets);
    REQUIRE(assembled.ok());
    index = *std::move(assembled);
  }
  return index;
}

bool Same(const England& a, const England& b) {
  const auto one = a.Buckets(), other = b.Buckets();
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const auto& x, const auto& y) { return x.index == y.index && x.body == y.body; });
}

std::string Deleted(const std::string& number) {
  return sample::Record(sample::Cpp({"202603010900", "", "202611200900"}) + sample::Child(number));
}

TEST_CASE("a number is in the index from its first plan under any authority to its last") {
  World w;
  CHECK(IndexOf(w).size() == 0);
  w.Imports({.file_id = "L1", .records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
  CHECK(IndexOf(w).size() == 2);
  CHECK(IndexOf(w).Contains(HashOf(w, Number(1))));
  CHECK_FALSE(IndexOf(w).Contains(HashOf(w, Number(3))));

  w.Imports({.authority = kWarrington, .file_id = "W1", .records = {sample::CppRecord(Number(1))}});
  CHECK(w.SequenceOf(Topic::Index()) == 1);  // nothing new for England
  w.Imports({.file_id = "L2", .records = {Deleted(Number(1)), Deleted(Number(2))}, .created = "20261121020000"});
  CHECK(IndexOf(w).Contains(HashOf(w, Number(1))));
  CHECK_FALSE(IndexOf(w).Contains(HashOf(w, Number(2))));
  w.Imports({.authority = kWarrington, .file_id = "W2", .records = {Deleted(Number(1))}, .created = "20261121020000"});
  CHECK(IndexOf(w).size() == 0);
}

TEST_CASE("who hears the patches has the index, as who fetches it whole, and a restart changes nothing") {
  World w;
  England heard;
  Sequence at{0};
  for (int day = 0; day < 12; ++day) {
    UploadOf file{.file_id = "L" + std::to_string(day), .records = {}, .created = "202611" + std::to_string(10 + day) + "020000"};
    for (int i = 0; i < 5; ++i) {
      const std::string number = Number(day * 2 + i);
      file.records.push_back(i == 2 ? Deleted(number) : sample::CppRecord(number));
    }
    w.Imports(file);
    if (day % 3 == 0) {
      heard = AsHeard(w, at, heard);
      at = w.HeadOf(Topic::Index()).sequence;
      CHECK(Same(heard, IndexOf(w)));
    }
    if (day == 7) w.Restart();
  }
  CHECK(Same(AsHeard(w, Sequence{0}, {}), IndexOf(w)));
  CHECK(Same(AsHeard(w, at, heard), IndexOf(w)));
}

TEST_CASE("a change that is taken back takes the index back") {
  World w;
  w.Imports({.file_id = "L1", .records = {sample::CppRecord(Number(1))}});
  const England before = IndexOf(w);
  CHECK_FALSE(w.store->Change([&](Store& s) -> Status {
    CPIS_TRY(s.records().KeepNumberKey(Subject(Number(2)), Bytes(32, 7)));
    CPIS_ASSIGN(const bool put, s.records().ApplyPlan(kLancashire, Subject(Number(2)), {PlanType::kCpp, kNoon, std::nullopt},
                                                      {"L2", kNoon}));
    CHECK(put);
    CPIS_TRY(s.PublishFlags(kLancashire, {Subject(Number(2))}));
    return platform::Unavailable("the server stops");
  }).ok());
  CHECK(Same(before, IndexOf(w)));
  w.Imports({.file_id = "L3", .records = {sample::CppRecord(Number(3))}, .created = "20261121020000"});
  CHECK(IndexOf(w).size() == 2);
  CHECK(Same(AsHeard(w, Sequence{0}, {}), IndexOf(w)));
}

TEST_CASE("a small change travels as a patch of a few bytes") {
  World w;
  UploadOf many{.file_id = "L1", .records = {}};
  for (int i = 0; i < 200; ++i) many.records.push_back(sample::CppRecord(Number(i)));
  w.Imports(many);
  const Sequence from = w.HeadOf(Topic::Index()).sequence;
  w.Imports({.file_id = "L2", .records = {sample::CppRecord(Number(300))}, .created = "20261121020000"});
  std::vector<SharedBytes> segments;
  REQUIRE(w.store->Read([&](Store& s) -> Status {
    CPIS_ASSIGN(segments, s.publisher().Since(Topic::Index(), {from, Sequence{0}, 0}));
    return Status::Ok();
  }).ok());
  REQUIRE(segments.size() == 1);
  const auto segment = DecodeSegment(platform::AsBytes(*segments[0]), w.keys.content.public_key);
  REQUIRE(segment.ok());
  CHECK(segment->kind == SegmentKind::kPatch);
  CHECK(segment->patch.size() <= 8);
}

TEST_CASE("a set that outgrows its prefixes is sent anew with longer ones, and so is one whose policy changes") {
  World w;
  // Straight into the register: this many files would only cost time.
  const auto flags = [&](int first, int last) {
    REQUIRE(w.store->Change([&](Store& s) -> Status {
      std::set<NhsNumber> numbers;
      for (int i = first; i < last; ++i) {
        const NhsNumber number = Subject(Number(i));
        const auto key = crypto::NumberKeys(s.keys().pepper.Clone(), s.hardness()).Derive(number.digits());
        CPIS_TRY(s.records().KeepNumberKey(number, key->Reveal()));
        CPIS_TRY(s.records().ApplyPlan(kLancashire, number, {PlanType::kCpp, kNoon, std::nullopt}, {"L", kNoon}).status());
        numbers.insert(number);
      }
      return s.PublishFlags(kLancashire, numbers);
    }).ok());
  };
  flags(0, 300);
  CHECK(IndexOf(w).bits() == England::kFewestBits);
  flags(300, 4000);
  const int bits = IndexOf(w).bits();
  CHECK(bits > England::kFewestBits);
  CHECK(IndexOf(w).FalsePositiveRate() > 1.0 / 128);
  CHECK(IndexOf(w).FalsePositiveRate() < 1.0 / 40);
  REQUIRE(w.roll->SetPolicy({"england_false_positive_one_in=256"}).ok());
  CHECK(IndexOf(w).bits() == bits + 2);
  for (const int i : {0, 299, 3999}) CHECK(IndexOf(w).Contains(HashOf(w, Number(i))));
  CHECK(Same(AsHeard(w, Sequence{0}, {}), IndexOf(w)));
}

TEST_CASE("a state directory from before the index gets one when it is opened") {
  World w;
  w.Imports({.file_id = "L1", .records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
  w.store.reset();
  {
    auto database = platform::Database::Open(w.state / "fleet.db", {platform::Database::Mode::kOwner, 1024});
    REQUIRE(database.ok());
    REQUIRE(database->Run("DELETE FROM england; DELETE FROM topics WHERE topic = 'index'; DELETE FROM entries WHERE topic = 'index';"
                          "DELETE FROM segments WHERE topic = 'index'").ok());
  }
  w.Restart();
  CHECK(IndexOf(w).size() == 2);
  CHECK(IndexOf(w).Contains(HashOf(w, Number(2))));
}

}  // namespace
}  // namespace cpis::sync::fleet
