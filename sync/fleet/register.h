// SPDX-License-Identifier: Apache-2.0
//
// The register: the plain, authoritative store of flags, with the people, nodes and attendances around them. Methods run inside
// the transaction of their caller. Store thread only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/attendance.h"
#include "sync/fleet/intake.h"
#include "sync/fleet/queries.h"
#include "sync/records.h"

namespace cpis::sync::fleet {

struct AuthorityRow {
  Authority authority;
  std::string organisation_root;
  std::string last_file;
  std::optional<Instant> last_file_at;  // when it came
  Instant created_at{};                 // when it was made, by its own word
};

struct NodeRow {
  std::string id;
  std::string name;
  std::vector<std::string> region;
  std::string state;          // "WAITING" for its code, "ENROLLED", "REVOKED"
  Bytes code_hash;            // of a waiting node
  std::optional<Instant> code_expires;
  Bytes box_key;
  Bytes signing_key;
  std::optional<Instant> enrolled_at;
};

struct AttendanceRow {
  Event event;
  std::string node;           // name
  std::string staff_name;
  std::string role;           // name of it
  Instant received_at;
  Outcome outcome_now = Outcome::kNotFlagged;
  struct Notified {
    std::string authority;
    std::string file;
  };
  std::vector<Notified> notified;
};

// A plan with the file that brought it, for notifications.
struct PlanRow {
  std::string authority;
  Plan plan;
  std::string file_id;
};

class Register {
 public:
  explicit Register(platform::Database& database) : query_(database) {}
  static Status CreateTables(platform::Database& database);

  // Flags.
  // Upserts or removes one plan; true when that changed anything. What a later file (by its creation time) said of this plan
  // stands, so that a file which comes late, or again, takes nothing back.
  struct UploadFile {
    std::string id;
    Instant created_at;
  };
  Result<bool> ApplyPlan(std::string_view authority, const NhsNumber& number, const PlanChange& change, const UploadFile& file);
  Result<Flag> FlagOf(std::string_view authority, const NhsNumber& number);
  Result<std::vector<PlanRow>> PlansOf(const NhsNumber& number);  // under every authority
  Status AddAccess(std::string_view authority, const NhsNumber& number, Access access, std::string_view attendance);
  Status ForgetAccesses(std::string_view authority, const NhsNumber& number);

  // Number keys, computed once.
  Result<std::optional<Bytes>> NumberKeyOf(const NhsNumber& number);
  Status KeepNumberKey(const NhsNumber& number, ByteView key);

  // Authorities and viewers. True when the directory must say something new; an older file than the last says nothing.
  Result<bool> PutAuthority(const AuthorityRow& row);
  Result<std::vector<AuthorityRow>> Authorities();
  Result<Viewer> ViewerFor(const StaffMember& staff, std::string_view trust_code, std::string_view trust_name, bool* is_new);

  // Nodes.
  Status PutNode(const NodeRow& node);
  Result<std::vector<NodeRow>> Nodes();
  Result<std::optional<NodeRow>> NodeNamed(std::string_view name);
  Result<std::optional<NodeRow>> NodeWithId(std::string_view id);

  // Staff.
  Status PutStaff(const StaffMember& staff);
  Result<std::vector<StaffMember>> Staff();
  Result<std::optional<StaffMember>> StaffWithId(std::string_view id);

  // Policy and other settings, by name.
  Status PutSetting(std::string_view key, std::string_view value);
  Result<std::vector<Setting>> Settings(std::string_view prefix);

  // What vehicles reported.
  // By id alone: a node whose disk went back in time uses its sequences again, for attendances that are new.
  Result<bool> Knows(std::string_view id);
  Status KeepAttendance(const AttendanceRow& row, std::string_view node_id, uint64_t node_sequence);
  Status KeepAudit(const Event& event, std::string_view node_id, uint64_t node_sequence, Instant received_at);
  Result<std::vector<AttendanceRow>> Attendances(std::optional<Instant> since);
  Result<uint64_t> CountAttendances();

  // Files for the mailbox that are not written yet: durable with the change they speak of.
  struct OutgoingFile {
    std::string name;
    std::string content;
  };
  Status QueueFile(const OutgoingFile& file);
  Result<std::vector<OutgoingFile>> QueuedFiles();
  Status ForgetFile(std::string_view name);

 private:
  Result<std::vector<NodeRow>> ReadNodes(platform::Statement& statement);
  Result<std::vector<StaffMember>> ReadStaff(platform::Statement& statement);

  Queries query_;
};

std::string JoinRegion(const std::vector<std::string>& region);  // "E06000006,E10000017"
std::vector<std::string> SplitRegion(std::string_view text);

}  // namespace cpis::sync::fleet
