// SPDX-License-Identifier: Apache-2.0
//
// A vehicle's journal as the server meets it: envelopes with sequences and checkpoints. A copy of it is an image of its disk.
#pragma once

#include "tests/sync/fleet/night.h"

namespace cpis::sync::fleet {

struct Chain {
  Envelope Writes(Night& night, const Event& event) {
    Envelope envelope{night.vehicle.id, ++sequence, event.kind, event.id, crypto::SealTo(night.keys.box.public_key, EncodeEvent(event)), head};
    if (event.kind == EntryKind::kAudit) head = After(head, envelope.sealed_event);
    return envelope;
  }
  Envelope Looks(Night& night) { return Writes(night, night.Look(kNoon)); }
  Envelope Attends(Night& night) {
    const std::string incident = "INC-" + std::to_string(sequence);
    return Writes(night, night.Attendance(kNoon, Outcome::kFlagged, incident));
  }

  uint64_t sequence = 0;
  AuditCheckpoint head{};
};

struct Watch : Night {
  Result<Receipt> Delivers(const Envelope& envelope) {
    CPIS_ASSIGN(const Bytes receipt, desk->Deliver(vehicle.id, EncodeEnvelope(envelope, vehicle.signing)));
    return DecodeReceipt(receipt, keys.freshness.public_key);
  }
  Verdict VerdictOn(const Envelope& envelope) {
    auto receipt = Delivers(envelope);
    REQUIRE(receipt.ok());
    return receipt->verdict;
  }
  void Takes(const Envelope& envelope) { REQUIRE(VerdictOn(envelope) == Verdict::kAccepted); }
  // The next look, or attendance, of that disk.
  void TakesLook(Chain& disk) { Takes(disk.Looks(*this)); }
  void TakesAttendance(Chain& disk) { Takes(disk.Attends(*this)); }

  // "KIND×times" of every event, oldest first.
  std::vector<std::string> Noticed() {
    std::vector<std::string> kinds;
    for (const SecurityEvent& event : Events()) kinds.insert(kinds.begin(), event.kind + "×" + std::to_string(event.times));
    return kinds;
  }
  std::vector<SecurityEvent> Events() {
    std::vector<SecurityEvent> events;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(events, s.security().Latest(100));
                    return Status::Ok();
                  }).ok());
    return events;
  }
  NodeRow Vehicle() {
    std::optional<NodeRow> row;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(row, s.records().NodeWithId(vehicle.id));
                    return Status::Ok();
                  }).ok());
    REQUIRE(row.has_value());
    return *row;
  }
  AuditRegister::Verdict Verified() {
    AuditRegister::Verdict verdict;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(verdict, s.audit().Verify());
                    return Status::Ok();
                  }).ok());
    return verdict;
  }
  std::vector<AuditRegister::Look> Asks(const AuditRegister::Asked& asked) {
    std::vector<AuditRegister::Look> looks;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(looks, s.audit().Looks(asked));
                    return Status::Ok();
                  }).ok());
    return looks;
  }
  // Somebody changes fleet.db while the server is down.
  void Tamper(std::string_view sql) {
    roll.reset();
    desk.reset();
    import.reset();
    mailbox.reset();
    store.reset();
    {
      auto database = platform::Database::Open(state / "fleet.db");
      REQUIRE(database.ok());
      REQUIRE(database->Run(sql).ok());
    }
    Restart();
  }
};

}  // namespace cpis::sync::fleet
