// SPDX-License-Identifier: Apache-2.0
//
// A vehicle's crew that looks and attends, and authorities that say later what they know.
#pragma once

#include "sync/fleet/alert_desk.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {

inline const std::string kChild = Number(1);
inline const std::string kOther = Number(2);
inline const std::string kCrew = "555021935107";

// A fleet of one vehicle, and authorities that have not said anything of kChild yet.
struct Night : World {
  Night() : vehicle(Enrols("NWAS-A101", {kLancashire})) {
    REQUIRE(roll->PutStaff({kCrew, "Ms Sam Crew", "R1070", "B0107", "2468"}).ok());
    Imports({.records = {sample::CppRecord(kOther)}});
    Imports({.authority = kWarrington, .file_id = "WARR-001", .records = {sample::CppRecord(kOther)}});
    REQUIRE(alerts().JudgeDue().ok());
  }

  Event Look(Instant at, Outcome outcome = Outcome::kCannotSay, const std::string& incident = "INC-1") {
    Event event;
    event.kind = EntryKind::kAudit;
    event.action = "lookup";
    event.id = crypto::NewUuidV7(at.time_since_epoch().count());
    event.nhs_number = kChild;
    event.occurred_at = event.recorded_at = at;
    event.staff = kCrew;
    event.incident = incident;
    event.outcome_at_node = outcome;
    return event;
  }
  Event Attendance(Instant at, Outcome outcome = Outcome::kCannotSay, const std::string& incident = "INC-1") {
    Event event = Look(at, outcome, incident);
    event.kind = EntryKind::kAttendance;
    event.action.clear();
    return event;
  }
  void Arrives(const Event& event, const Node& from) {
    const Envelope envelope{from.id, ++sequence, event.kind, event.id, crypto::SealTo(keys.box.public_key, EncodeEvent(event))};
    auto receipt = desk->Deliver(from.id, EncodeEnvelope(envelope, from.signing));
    REQUIRE(receipt.ok());
    REQUIRE(DecodeReceipt(*receipt, keys.freshness.public_key)->verdict == Verdict::kAccepted);
  }
  void Arrives(const Event& event) { Arrives(event, vehicle); }

  // The authority puts the child on a plan, or takes it off again. Each file is new.
  void Protects(const std::string& authority = kLancashire) { Says(authority, sample::CppRecord(kChild)); }
  void Deletes(const std::string& authority = kLancashire) {
    Says(authority, sample::Record(sample::Cpp({"202603010900", "", "202611200900"}) + sample::Child(kChild)));
  }
  void Says(const std::string& authority, const std::string& record) {
    const std::string day = std::to_string(20261121000000 + ++files);
    REQUIRE(Imports({.authority = authority, .file_id = "FILE-" + day, .records = {record}, .created = day}).loaded == 1);
  }

  AlertDesk alerts() { return {*store, *mailbox}; }
  std::vector<AlertRow> Raised() {
    std::vector<AlertRow> rows;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(rows, s.records().Alerts());
                    return Status::Ok();
                  }).ok());
    return rows;
  }
  // How many entries the vehicle's topic has beside its grant and its ring, or the order that came in its place.
  size_t OnVehicle(const Node& node) { return SizeOf(Topic::Node(node.id)) - 2; }
  size_t OnVehicle() { return OnVehicle(vehicle); }
  // The entry of an alert, as only this vehicle with somebody signed in can open it.
  Alert Opens(const AlertRow& row) {
    std::optional<Alert> alert;
    REQUIRE(store->Read([&](Store& s) -> Status {
                    CPIS_ASSIGN(const auto parts, s.publisher().Since(Topic::Node(vehicle.id), {}));
                    for (const auto& part : parts) {
                      CPIS_ASSIGN(const Segment segment, DecodeSegment(platform::AsBytes(*part), keys.policy.public_key));
                      for (const EntryView& entry : segment.entries) {
                        if (entry.index != KeyOf("alert/" + row.id)) continue;
                        CPIS_ASSIGN(const crypto::Secret boxed, crypto::OpenBox(vehicle.box, entry.body));
                        CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(keys.directory_key, "alert", boxed.Reveal()));
                        CPIS_ASSIGN(alert, DecodeAlert(plain.Reveal()));
                      }
                    }
                    return Status::Ok();
                  }).ok());
    REQUIRE(alert.has_value());
    return *alert;
  }
  std::vector<std::string> Notifications() {
    std::vector<std::string> names;
    for (const std::string& name : FilesInOut()) {
      if (name.find("access") != std::string::npos) names.push_back(name);
    }
    return names;
  }

  Node vehicle;
  uint64_t sequence = 0;
  int files = 0;
};

}  // namespace cpis::sync::fleet
