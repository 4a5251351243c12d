// SPDX-License-Identifier: Apache-2.0
#include "edge/wipe.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "edge/former_journals.h"
#include "edge/replica.h"
#include "fleet_fixture.h"
#include "platform/plain_key_store.h"
#include "platform/sqlite.h"

namespace cpis::edge {
namespace {

using test::At;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");

std::string EveryByte(const std::filesystem::path& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(in), {});
  }
  return bytes;
}

// The state directory of a vehicle with rows, keys and two attendances that wait; its daemon does not run.
struct Parked {
  Parked() {
    fleet.StartsWork();
    identity.tls_private_key_pem = crypto::Secret::Copy(platform::AsBytes("-----BEGIN PRIVATE KEY----- not one"));
    REQUIRE(sync::node::SaveIdentity(state, *key_store, identity).ok());
    auto replica = Replica::Open({state / "replica.db", identity.keys.Now()->freshness, identity.journal_key.Clone()});
    REQUIRE(replica.ok());
    REQUIRE(fleet.Feed(**replica, kNow).ok());
    auto journal = Journal::Open(state / "journal.db", identity);
    REQUIRE(journal.ok());
    for (const char* incident : {"INC-1", "INC-2"}) {
      Journal::Record record;
      record.audit.action = "attend";
      record.audit.nhs_number = std::string(TestFleet::kChild);
      record.audit.incident = incident;
      record.audit.occurred_at = record.audit.recorded_at = kNow;
      record.attendance = record.audit;
      REQUIRE((*journal)->Append(std::move(record)).ok());
    }
    for (const char* name : {"identity", "device"}) sealed.push_back(BytesOf(name));
    const auto rows = fleet.Snapshot(sync::Topic::Rows(TestFleet::kLancashire), 100);
    for (const auto& entry : rows.front().entries) sealed.emplace_back(platform::AsText(entry.body));
    sealed.emplace_back(platform::AsText(fleet.wrapped_ring()));
  }
  std::string BytesOf(const std::string& name) const {
    std::ifstream in(state / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t Hits() const {
    const std::string bytes = EveryByte(state);
    size_t hits = 0;
    for (const std::string& one : sealed) {
      bool hit = false;
      for (size_t at = 0; at + 16 <= one.size(); at += 16) hit = hit || bytes.find(one.substr(at, 16)) != std::string::npos;
      hits += hit ? 1 : 0;
    }
    return hits;
  }
  WipeRecord Begins() {
    WipeRecord record;
    record.node = identity.node_id;
    record.order = "order-1";
    record.began_at = record.erased_at = kNow;
    REQUIRE(SaveWipe(state, record).ok());
    return record;
  }

  test::TemporaryDirectory directory;
  const std::filesystem::path state = directory.path();
  TestFleet fleet;
  sync::node::Identity identity = fleet.Identity();
  std::unique_ptr<platform::KeyStore> key_store = platform::NewPlainKeyStore(state / "device");
  platform::ManualClock clock{kNow};
  std::vector<std::string> sealed;
};

TEST_CASE("vector: the record of a wipe") {
  WipeRecord record;
  record.state = WipeRecord::State::kErased;
  record.node = "n";
  record.order = "local";
  record.began_at = Instant(std::chrono::milliseconds(0x0102));
  record.erased_at = Instant(std::chrono::milliseconds(0x0103));
  record.proof = {7, 8};
  const Bytes bytes = Encode(record);
  CHECK(platform::Hex(bytes) == "01" "02" "016e" "056c6f63616c" "0000000000000102" "0000000000000103" "020708");
  const auto read = DecodeWipeRecord(bytes);
  REQUIRE(read.ok());
  CHECK(read->proof == record.proof);
  CHECK(read->erased_at == record.erased_at);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(DecodeWipeRecord(ByteView(bytes).first(size)).ok());
}

TEST_CASE("wiping leaves no byte of keys or rows, a proof that verifies, and what was queued") {
  Parked vehicle;
  REQUIRE(vehicle.Hits() == vehicle.sealed.size());
  const auto wiped = FinishWipe({vehicle.state, *vehicle.key_store, vehicle.clock, &vehicle.identity}, vehicle.Begins());
  REQUIRE(wiped.ok());
  CHECK(vehicle.Hits() == 0);
  const auto erasure = sync::DecodeErasure(wiped->proof, vehicle.identity.signing.public_key);
  REQUIRE(erasure.ok());
  CHECK(*erasure == sync::Erasure{vehicle.identity.node_id, "order-1", sync::Erasure::What::kKeysAndRows, kNow, kNow});
  CHECK((*LoadWipe(vehicle.state))->state == WipeRecord::State::kErased);
  CHECK(sync::node::LoadIdentity(vehicle.state, *vehicle.key_store).status().code() == platform::Code::kNotFound);
  FormerJournals former(vehicle.state);
  CHECK(former.Count()->attendances_waiting == 2);
  CHECK(former.Count()->audit_waiting == 2);
}

TEST_CASE("a wipe that is killed before any step is finished by the next start, and says honestly what was signed") {
  int unsigned_ones = 0, keys_only = 0;
  for (int stop_at = 0;; ++stop_at) {
    INFO("killed before step " << stop_at);
    Parked vehicle;
    const WipeRecord record = vehicle.Begins();
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int steps = 0;
      (void)FinishWipe({vehicle.state, *vehicle.key_store, vehicle.clock, &vehicle.identity,
                        [&] { if (steps++ == stop_at) ::kill(::getpid(), SIGKILL); }}, record);
      ::_exit(0);
    }
    int how = 0;
    REQUIRE(waitpid(child, &how, 0) == child);
    const bool killed = WIFSIGNALED(how);
    auto left = LoadWipe(vehicle.state);
    REQUIRE(left.ok());
    REQUIRE(*left);
    CHECK(((*left)->state == WipeRecord::State::kUnderWay) == killed);
    if (!killed) {
      REQUIRE(stop_at > 4);
      break;
    }
    auto identity = sync::node::LoadIdentity(vehicle.state, *vehicle.key_store);
    const auto finished =
        FinishWipe({vehicle.state, *vehicle.key_store, vehicle.clock, identity.ok() ? &*identity : nullptr}, **left);
    REQUIRE(finished.ok());
    CHECK(vehicle.Hits() == 0);
    CHECK(FormerJournals(vehicle.state).Count()->attendances_waiting == 2);
    if (finished->proof.empty()) {
      ++unsigned_ones;
      continue;
    }
    const auto erasure = sync::DecodeErasure(finished->proof, vehicle.identity.signing.public_key);
    REQUIRE(erasure.ok());
    if (erasure->erased == sync::Erasure::What::kKeys) ++keys_only;
    if (identity.ok()) CHECK(erasure->erased == sync::Erasure::What::kKeysAndRows);
  }
  CHECK(unsigned_ones > 0);
  CHECK(keys_only > 0);
}

TEST_CASE("a record that cannot be read is a wipe that began") {
  Parked vehicle;
  CHECK_FALSE(*LoadWipe(vehicle.state));
  std::ofstream(vehicle.state / "wipe") << "torn";
  const auto left = LoadWipe(vehicle.state);
  REQUIRE(*left);
  CHECK((*left)->state == WipeRecord::State::kUnderWay);
  REQUIRE(FinishWipe({vehicle.state, *vehicle.key_store, vehicle.clock}, **left).ok());
  CHECK(vehicle.Hits() == 0);
  CHECK(FormerJournals(vehicle.state).Count()->attendances_waiting == 2);
}

TEST_CASE("a key store that will not forget stops nothing else, and the wipe is not over") {
  struct Stubborn final : platform::KeyStore {
    std::string_view Kind() const override { return "stubborn"; }
    bool HardwareBound() const override { return true; }
    Status Seal(ByteView) override { return Status::Ok(); }
    Result<Bytes> Unseal() override { return platform::NotFound("nothing"); }
    Status Forget() override { return platform::Unavailable("busy"); }
  } stubborn;
  Parked vehicle;
  CHECK_FALSE(FinishWipe({vehicle.state, stubborn, vehicle.clock, &vehicle.identity}, vehicle.Begins()).ok());
  CHECK((*LoadWipe(vehicle.state))->state == WipeRecord::State::kUnderWay);
  CHECK(vehicle.BytesOf("identity").empty());
  CHECK(vehicle.BytesOf("replica.db").empty());
}

TEST_CASE("what former nodes left goes out behind what waits now, and a journal that is empty is removed") {
  Parked vehicle;
  REQUIRE(FinishWipe({vehicle.state, *vehicle.key_store, vehicle.clock, &vehicle.identity}, vehicle.Begins()).ok());
  TestFleet other;
  sync::node::Identity now = other.Identity();
  now.node_id = "node-fedcba9876543210";
  auto journal = Journal::Open(vehicle.state / "journal.db", now);
  REQUIRE(journal.ok());
  FormerJournals former(vehicle.state);
  WholeOutbox outbox(**journal, former);
  Journal::Record record;
  record.audit.action = "lookup";
  record.audit.occurred_at = record.audit.recorded_at = kNow;
  REQUIRE((*journal)->Append(std::move(record)).ok());

  auto items = outbox.Oldest(64);
  REQUIRE(items.ok());
  REQUIRE(items->size() == 1);
  const auto settle = [&](const sync::node::Outbox::Item& item, const std::string& node, sync::Verdict verdict) {
    const sync::Receipt receipt{node, item.node_sequence, item.id, verdict, kNow, verdict == sync::Verdict::kQuarantined ? "why" : ""};
    REQUIRE(outbox.Settle(receipt, sync::EncodeReceipt(receipt, other.freshness())).ok());
  };
  settle(items->front(), now.node_id, sync::Verdict::kAccepted);
  items = outbox.Oldest(64);
  REQUIRE(items->size() == 4);
  CHECK(vehicle.fleet.Read(items->front())->kind == sync::EntryKind::kAttendance);
  settle(items->front(), "node-0000000000000000", sync::Verdict::kAccepted);  // a stranger's receipt changes nothing
  CHECK(former.Count()->attendances_waiting == 2);
  for (size_t i = 0; i < 3; ++i) settle(items->at(i), vehicle.identity.node_id, sync::Verdict::kAccepted);
  settle(items->at(3), vehicle.identity.node_id, sync::Verdict::kQuarantined);
  CHECK(former.Count()->quarantined == 1);
  CHECK(outbox.Oldest(64)->empty());
  settle(items->at(3), vehicle.identity.node_id, sync::Verdict::kAccepted);
  CHECK_FALSE(std::filesystem::exists(vehicle.state / ("journal-" + vehicle.identity.node_id + ".db")));
}

// A vehicle that was wiped, and is another node now; and a fleet server that ends the stream at what it refuses, as the real one.
struct Returned : Parked {
  Returned() {
    REQUIRE(FinishWipe({state, *key_store, clock, &identity}, Begins()).ok());
    now.node_id = "node-fedcba9876543210";
    journal = *Journal::Open(state / "journal.db", now);
    former = std::make_unique<FormerJournals>(state);
    outbox = std::make_unique<WholeOutbox>(*journal, *former);
  }
  void Damages(const std::string& condition) {
    auto database = platform::Database::Open(state / ("journal-" + identity.node_id + ".db"));
    REQUIRE(database.ok());
    REQUIRE(database->Run("UPDATE entries SET envelope = substr(envelope, 1, 60) || x'5a5a' || substr(envelope, 63) WHERE " + condition).ok());
  }
  void Settles(const sync::node::Outbox::Item& item, const std::string& node) {
    const sync::Receipt receipt{node, item.node_sequence, item.id, sync::Verdict::kAccepted, kNow, ""};
    REQUIRE(outbox->Settle(receipt, sync::EncodeReceipt(receipt, other.freshness())).ok());
  }
  // One stream, of so many batches at most. How many envelopes were sent.
  size_t Forwards(int batches = 1000) {
    size_t sent = 0;
    for (; batches > 0; --batches) {
      const auto items = outbox->Oldest(64);
      REQUIRE(items.ok());
      if (items->empty()) return sent;
      sent += items->size();
      for (const auto& item : *items) {
        const bool own = sync::DecodeEnvelope(item.envelope, now.signing.public_key).ok() && item.id == own_id;
        if (!own && (refuses_former || !sync::DecodeEnvelope(item.envelope, identity.signing.public_key).ok())) return sent;
        Settles(item, own ? now.node_id : identity.node_id);
      }
    }
    return sent;
  }
  void Looks() {
    Journal::Record record;
    record.audit.action = "lookup";
    record.audit.occurred_at = record.audit.recorded_at = kNow;
    REQUIRE(journal->Append(std::move(record)).ok());
    own_id = journal->Oldest(1)->front().id;
  }

  TestFleet other;
  sync::node::Identity now = other.Identity();
  std::string own_id;
  bool refuses_former = false;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<FormerJournals> former;
  std::unique_ptr<WholeOutbox> outbox;
};

TEST_CASE("an entry of a former node that the disk damaged holds up none behind it, and stays") {
  const bool crew_goes_on = GENERATE(false, true);
  Returned vehicle;
  vehicle.Damages("seq = (SELECT min(seq) FROM entries WHERE kind = 1) OR seq = (SELECT min(seq) FROM entries WHERE kind = 2)");
  for (int stream = 0; stream < 20; ++stream) {
    if (crew_goes_on) vehicle.Looks();
    (void)vehicle.Forwards();
  }
  CHECK(vehicle.former->Count()->attendances_waiting == 1);
  CHECK(vehicle.former->Count()->audit_waiting == 1);
}

TEST_CASE("a file of a former node that is damaged holds up none of the others") {
  Returned vehicle;
  std::filesystem::copy(vehicle.state / ("journal-" + vehicle.identity.node_id + ".db"), vehicle.state / "journal-node-0.db");
  {
    auto database = platform::Database::Open(vehicle.state / "journal-node-0.db");
    REQUIRE(database->Run("DROP TABLE entries").ok());
  }
  (void)vehicle.Forwards();
  CHECK_FALSE(std::filesystem::exists(vehicle.state / ("journal-" + vehicle.identity.node_id + ".db")));
  CHECK(std::filesystem::exists(vehicle.state / "journal-node-0.db"));
  CHECK(vehicle.former->Count()->quarantined == 1);
}

TEST_CASE("a vehicle that was the same node twice, from an old image, gets rid of what both left") {
  Returned vehicle;
  const std::filesystem::path first = vehicle.state / ("journal-" + vehicle.identity.node_id + ".db");
  std::filesystem::copy(first, vehicle.state / "image");
  vehicle.journal.reset();
  REQUIRE(std::filesystem::remove(vehicle.state / "journal.db"));
  std::filesystem::rename(vehicle.state / "image", vehicle.state / "journal.db");
  REQUIRE(SetJournalAside(vehicle.state, vehicle.identity.node_id).ok());
  vehicle.journal = *Journal::Open(vehicle.state / "journal.db", vehicle.now);
  vehicle.outbox = std::make_unique<WholeOutbox>(*vehicle.journal, *vehicle.former);
  REQUIRE(vehicle.former->Count()->attendances_waiting == 4);
  (void)vehicle.Forwards(20);
  CHECK(vehicle.former->Count()->attendances_waiting == 0);
  CHECK_FALSE(std::filesystem::exists(first));
}

TEST_CASE("a fleet that refuses what a former node left is not asked for ever, and is asked again when it takes something") {
  Returned vehicle;
  vehicle.refuses_former = true;
  size_t sent = 0;
  for (int stream = 0; stream < 50; ++stream) sent += vehicle.Forwards();
  CHECK(sent > 0);
  CHECK(sent < 40);  // five times for each of the four, and not all of them each time
  CHECK(vehicle.Forwards() == 0);
  CHECK(vehicle.former->Count()->attendances_waiting == 2);  // kept
  vehicle.refuses_former = false;
  vehicle.Looks();
  (void)vehicle.Forwards();
  CHECK(vehicle.former->Count()->attendances_waiting == 0);
}

}  // namespace
}  // namespace cpis::edge
