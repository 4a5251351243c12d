// SPDX-License-Identifier: Apache-2.0
//
// What the entries of the topics other than rows hold. Each record encodes to bytes that start with a format byte; byte
// tables are in records.cc. Decode gives kCorrupt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/attendance.h"
#include "sync/flag.h"
#include "sync/topic.h"

namespace cpis::sync {

// directory, entry "authority/CODE"
struct Authority {
  std::string code;                // ODS or GSS code, as in its uploads
  std::string name;
  std::string emergency_duty_tel;  // digits, with an optional leading +
  std::string office_hours_tel;    // may be empty
  bool operator==(const Authority&) const = default;
};

// directory, entry "person/ID": who looked, as accesses show it
struct Viewer {
  PersonId id;
  std::string name;
  std::string role_code;   // national job role code, "R1070"
  std::string role_name;   // "Paramedic"
  std::string organisation_code;
  std::string organisation_name;
  bool operator==(const Viewer&) const = default;
};

// roster, entry "staff/ID"
enum class Right : uint8_t { kNotify = 0, kSilent = 1 };  // B0107: looks notify; B0170: looks never do
std::string_view ActivityCode(Right right);               // "B0107"
// What a person does with the system, and so what may be asked with their PIN. Auditors ask the fleet server only: no vehicle
// lets them in.
enum class Duty : uint8_t { kClinician = 0, kEventOnly = 1, kEngineer = 2, kAuditor = 3 };
std::string_view Name(Duty duty);  // "clinician", "event-only", "engineer", "auditor"
Result<Duty> ParseDuty(std::string_view name);  // kInvalid quotes it
struct StaffMember {
  std::string id;
  std::string name;
  std::string role_code;
  std::string role_name;
  Right right = Right::kNotify;
  bool disabled = false;
  Bytes pin_record;  // crypto::MakePinRecord
  Duty duty = Duty::kClinician;
};

// What the fleet server does with a node of which it has two histories: it is one of two from the same disk, or was put back
// from an old image. kReEnrol revokes it and frees its name, so that the vehicle can be enrolled anew.
enum class OnClone : uint8_t { kRevoke = 0, kReEnrol = 1, kAlert = 2 };

// policy, entry NAME: text form of a value. Every knob the fleet may set, with its default.
struct Policy {
  std::chrono::seconds fresh_for = std::chrono::hours(24);    // fresh_for_hours
  std::chrono::seconds lease = std::chrono::hours(72);        // lease_hours
  std::chrono::seconds idle_limit = std::chrono::minutes(15); // idle_limit_minutes
  std::chrono::seconds shift_limit = std::chrono::hours(12);  // shift_limit_hours
  int england_one_in = 64;                                    // england_false_positive_one_in; see README, "The England index"
  int frequent_accesses = 3;                                  // frequent_accesses, in 90 days
  OnClone on_clone = OnClone::kRevoke;                        // on_clone: revoke, re-enrol, alert; the fleet server's alone
  // How many numbers may be looked up; see edge/README.md, "Limits". A hold follows the one that goes over.
  int looks_per_hour_person = 40;
  int looks_per_day_person = 100;
  int looks_per_hour_node = 60;
  int looks_per_day_node = 200;
  int misses_per_hour_person = 20;                            // of which no plan is known

  // Applies one setting. kInvalid quotes the key or value and says what would be right.
  Status Set(std::string_view key, std::string_view value);
  std::vector<std::pair<std::string, std::string>> Settings() const;  // every key with its value, by name
};

// node/<id>, entry "grant": what this node may hold. Beside it, in the entry "ring", are the keys (crypto::WrapRing): a node
// whose lease is long over destroys those and keeps the grant, so that crews can sign in and record attendances.
struct Grant {
  std::vector<std::string> region;  // partition codes
  Bytes boxed_roster_key;           // crypto::SealTo the node
  bool revoked = false;             // or to be wiped: see order.h
};
constexpr std::string_view kGrantEntry = "grant";
constexpr std::string_view kRingEntry = "ring";

// node/<id>, entry "alert/ID": somebody looked here, was told of no plan, and now there is one. Sealed to the node, and inside
// with the directory key (purpose "alert"), so that it takes the device and a person who is signed in.
struct Alert {
  std::string id;        // UUIDv7
  std::string event;     // id of the attendance or look
  std::string nhs_number;
  std::string staff;     // who looked or attended
  std::string incident;  // may be empty
  Instant occurred_at;   // when
  Outcome outcome_at_node = Outcome::kCannotSay;
  Instant raised_at;
  struct Known {
    Authority authority;
    Plan plan;
    bool operator==(const Known&) const = default;
  };
  std::vector<Known> plans;
  bool operator==(const Alert&) const = default;
};

Bytes Encode(const Authority&);
Bytes Encode(const Viewer&);
Bytes Encode(const StaffMember&);
Bytes Encode(const Grant&);
struct Setting {
  std::string key;
  std::string value;
};
Bytes Encode(const Setting&);
Bytes Encode(const Alert&);

Result<Grant> DecodeGrant(ByteView);
Result<StaffMember> DecodeStaffMember(ByteView);
Result<Setting> DecodeSetting(ByteView);
Result<Alert> DecodeAlert(ByteView);
// A directory entry is one or the other; its first byte says which.
struct DirectoryEntry {
  std::optional<Authority> authority;
  std::optional<Viewer> viewer;
};
Result<DirectoryEntry> DecodeDirectoryEntry(ByteView);

}  // namespace cpis::sync
