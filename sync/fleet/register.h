// SPDX-License-Identifier: Apache-2.0
//
// The register: the plain, authoritative store of flags, with the people, nodes and attendances around them. Methods run inside
// the transaction of their caller. Store thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/attendance.h"
#include "sync/fleet/intake.h"
#include "sync/fleet/queries.h"
#include "sync/order.h"
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
  std::string state;          // "WAITING" for its code, "ENROLLED", "REVOKED", "WIPING" until it says that it is "WIPED"
  Bytes code_hash;            // of a waiting node
  std::optional<Instant> code_expires;
  Bytes box_key;
  Bytes signing_key;
  std::optional<Instant> enrolled_at;
};

// A node's word that it is erased, as it was signed.
struct ErasureRow {
  Erasure erasure;
  Instant received_at;
  Bytes proof;
};

struct AttendanceRow {
  Event event;                // kAudit: nobody recorded an attendance, but somebody looked
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

// An attendance, or an unscheduled look (`event.kind` is kAudit), that is judged again when more is known.
struct WatchedEvent {
  Event event;
  std::string node_id;
  uint64_t node_sequence = 0;
  Instant arrived_at;
  std::optional<Instant> due_at;  // of one that waits for its resolve: not judged before
};

// What the fleet remembers of an alert; its content is in the entry that the node holds.
struct AlertRow {
  std::string id;
  std::string event;
  std::string node_id;
  std::string node;             // name; read only
  std::string nhs_number;
  std::string incident;
  Instant occurred_at;          // of the event
  Instant raised_at;
  bool open = true;             // the node's topic holds it
  std::string acknowledged_by;  // staff id; empty while nobody has
  std::optional<Instant> acknowledged_at;
};

// A plan with the file that brought it, for notifications.
struct PlanRow {
  std::string authority;
  Plan plan;
  std::string file_id;
};

// As the vehicle's journal tells attendances apart (edge/tuning.h, kKeepReceipts and kSameAttendance).
constexpr std::chrono::milliseconds kSameIncident = std::chrono::days(30);
constexpr std::chrono::milliseconds kSameLook = std::chrono::hours(2);

// A file that would end or delete too much of its authority's partition, until a person releases it.
struct HeldFile {
  std::string authority;
  std::string file_id;
  Instant since{};           // when it was held first
  uint64_t ending = 0;       // flags that it would end or delete
  uint64_t flags = 0;        // that the authority had then
  std::string mailbox_file;  // its name in mailbox/held; empty when it came by hand
};

// A message in mailbox/held that could not be read.
struct RefusedMessage {
  std::string mailbox_file;
  std::string reason;
  Instant since{};
};

// A file of mailbox/in that was taken and still has to be moved.
struct TakenFile {
  std::string name;
  uint64_t size = 0;
  Bytes hash;
  std::string target;  // below the mailbox: "done/a.xml"
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
  Result<std::optional<Viewer>> ViewerWithId(PersonId id);

  // Nodes.
  Status PutNode(const NodeRow& node);
  Result<std::vector<NodeRow>> Nodes();
  Result<std::optional<NodeRow>> NodeNamed(std::string_view name);
  Result<std::optional<NodeRow>> NodeWithId(std::string_view id);
  // The first of each node stands, unless a later one says more.
  Status KeepErasure(const ErasureRow& row);
  Result<std::map<std::string, ErasureRow>> Erasures();  // by node id

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
  // `row.notified` is not kept: see KeepNotified.
  Status KeepAttendance(const AttendanceRow& row, std::string_view node_id, uint64_t node_sequence);
  Status KeepAudit(const Event& event, std::string_view node_id, uint64_t node_sequence, Instant received_at);
  Result<std::vector<AttendanceRow>> Attendances(std::optional<Instant> since);
  Result<uint64_t> CountAttendances();

  // What is judged again (register_looks.cc). Two events of one node and number are of the same case when they have the same
  // incident, within kSameIncident, or, if the first has none, when they happened within kSameLook.
  Status Watch(const WatchedEvent& event);
  Status EndWait(std::string_view id);
  // Of a number, arrived at `since` or later, that wait for nothing; oldest first.
  Result<std::vector<WatchedEvent>> WatchedOf(const NhsNumber& number, Instant since);
  // Whose wait is over. Nobody waits for longer than `longest`: a clock that was set back must not hold them.
  Result<std::vector<WatchedEvent>> WatchedDue(Instant now, std::chrono::milliseconds longest);
  Status ForgetWatched(Instant arrived_before);
  Status BlankLooks(const NhsNumber& number);  // watched ones go; alerts, none of them open, keep a blank
  // Every number that the person with this number is known by; it is the first.
  Result<std::vector<NhsNumber>> NumbersOf(const NhsNumber& number);
  // Whether the crew was told FLAGGED in the same case, or has an alert of it, or acknowledged one. An alert that was taken back
  // before anybody acknowledged it told nobody.
  Result<bool> WasTold(const WatchedEvent& event);
  // The first attendance of the same case, which carries its notifications.
  Result<std::optional<WatchedEvent>> AttendanceLike(const WatchedEvent& event);
  Result<bool> WasNotified(std::string_view authority, const WatchedEvent& event);  // of the same case
  Status KeepNotified(std::string_view attendance, const AttendanceRow::Notified& notified);
  Status MarkFlagged(std::string_view attendance);  // outcome_now

  Status PutAlert(const AlertRow& row);
  Result<std::optional<AlertRow>> AlertWithId(std::string_view id);
  Result<std::vector<AlertRow>> Alerts();  // in the order they were raised
  Result<size_t> AlertsRaised(std::string_view node_id, Instant since);
  Result<std::vector<AlertRow>> OpenAlerts();
  Result<std::vector<AlertRow>> OpenAlertsOf(const NhsNumber& number);

  // Files for the mailbox that are not written yet: durable with the change they speak of.
  struct OutgoingFile {
    std::string name;
    std::string content;
  };
  Status QueueFile(const OutgoingFile& file);
  Result<std::vector<OutgoingFile>> QueuedFiles();
  Status ForgetFile(std::string_view name);

  // Plans that are over and their windows too, and numbers that change (register_numbers.cc).
  // Deletes plans that are gone, and says whose; what was said of them stays known, so that an old file brings none back.
  Result<std::map<std::string, std::set<NhsNumber>>> ExpirePlans(Instant now);
  Result<std::optional<Plan>> PlanOf(std::string_view authority, const NhsNumber& number, PlanType type);
  Result<uint64_t> CountFlags(std::string_view authority, Instant now);  // numbers with a plan that is not gone
  Result<std::vector<std::string>> AuthoritiesOf(const NhsNumber& number);  // that hold a plan of it
  // Everything of one number becomes the other's, under this authority. Of each plan type the one that lasts longer stands.
  struct Moved {
    bool plans = false;   // the old number had some
    bool target = false;  // the plans of the other changed
  };
  Result<Moved> MovePlans(std::string_view authority, const NhsNumber& from, const NhsNumber& to);
  Result<bool> ForgetPlans(std::string_view authority, const NhsNumber& number);  // and all else of it; true if it had one
  // Takes the number out of all that is not an authority's plans: attendances, audit and queued files keep a blank.
  Status BlankNumber(const NhsNumber& number);

  struct Replacement {
    NhsNumber number;
    Instant at;
  };
  Result<std::optional<Replacement>> ReplacementOf(const NhsNumber& number);
  Status PutReplacement(const NhsNumber& number, const Replacement& by);
  Status ForgetReplacement(const NhsNumber& number);
  Result<std::set<NhsNumber>> ReplacedNumbers();
  // The number that the person has now, at the end of every replacement; the same one when there is none.
  Result<NhsNumber> CurrentNumber(const NhsNumber& number);
  // Every number that was replaced by this one, at once or by way of others.
  Result<std::set<NhsNumber>> FormerNumbers(const NhsNumber& number);
  Status KeepErased(ByteView mark);
  Status ForgetErased(ByteView mark);
  Result<std::set<Bytes>> ErasedMarks();

  // Numbers of which no record may leave the server, and what nodes were told instead.
  struct SensitiveNumber {
    NhsNumber number;
    Instant since;
  };
  Result<bool> IsSensitive(const NhsNumber& number);
  Status MarkSensitive(const NhsNumber& number, Instant at);
  Status UnmarkSensitive(const NhsNumber& number);
  Result<std::vector<SensitiveNumber>> SensitiveNumbers();
  // Why nothing is said of this number, whatever is held of it.
  Result<std::optional<Notice>> NoticeOf(const NhsNumber& number);
  Status KeepNotice(const NhsNumber& number, std::optional<Notice> notice);

  // Files that wait for a person, or to be moved (register_files.cc).
  // Keeps the first `since` and the mailbox's name of a file that is held already; gives the row as it is now.
  Result<HeldFile> PutHeld(const HeldFile& held);
  Result<std::vector<HeldFile>> HeldFiles();  // by authority, the longest held first
  Status ForgetHeld(std::string_view authority, std::string_view file_id);
  Status PutRefused(const RefusedMessage& refused);
  Result<std::vector<RefusedMessage>> RefusedMessages();
  Status ForgetRefused(std::string_view mailbox_file);
  Status PutTaken(const TakenFile& taken);
  Result<std::optional<TakenFile>> TakenNamed(std::string_view name);
  Result<std::vector<std::string>> TakenNames();
  Status ForgetTaken(std::string_view name);

 private:
  Result<std::vector<NodeRow>> ReadNodes(platform::Statement& statement);
  Result<std::vector<StaffMember>> ReadStaff(platform::Statement& statement);
  Result<std::vector<WatchedEvent>> ReadWatched(platform::Statement& statement);
  Result<std::vector<AlertRow>> ReadAlerts(platform::Statement& statement);

  Queries query_;
};

std::string JoinRegion(const std::vector<std::string>& region);  // "E06000006,E10000017"
std::vector<std::string> SplitRegion(std::string_view text);

}  // namespace cpis::sync::fleet
