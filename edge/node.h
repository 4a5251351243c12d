// SPDX-License-Identifier: Apache-2.0
//
// The node as its users see it: everything that HTTP and cpisctl can ask for. All calls are thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/answer.h"
#include "platform/clock.h"
#include "platform/status.h"

namespace cpis::edge {

using platform::Result;
using platform::Status;

struct SessionInfo {
  std::string token;
  Instant expires;
};

// Of somebody who is signed in.
struct SessionShown {
  std::string staff;
  sync::Duty duty = sync::Duty::kClinician;
  sync::Right right = sync::Right::kNotify;
  std::chrono::seconds idle_limit{0};  // policy: nothing asked for as long ends the session
  std::chrono::seconds idle_left{0};
  std::chrono::seconds shift_left{0};
};

struct LookupRequest {
  std::string nhs_number{};   // as typed
  std::string incident{};     // may be empty
  bool silent = false;      // IsUnscheduledAccessEvent: false, or --silent
  bool local = false;       // the caller will not ask the fleet server: never `resolvable`
};

// A child whom somebody here looked up or attended, and of whom no plan was known then, turned out to have one.
struct AlertShown {
  std::string id;
  std::string nhs_number;
  std::string staff;                        // who looked or attended
  std::string incident;                     // may be empty
  Instant occurred_at;                      // when
  sync::Outcome outcome_at_node = sync::Outcome::kCannotSay;  // what they were told
  Instant raised_at;                        // by the fleet server
  std::vector<PlanShown> plans;
  std::string acknowledged_by;              // empty while nobody has
  std::optional<Instant> acknowledged_at;
};

struct AttendRequest {
  std::string nhs_number;
  std::string incident;                // required for attend: kInvalid if empty
  std::optional<Instant> occurred_at;  // now if absent; kInvalid when in the future
};

struct AttendReply {
  std::string id;                      // of the attendance, also of the one queued before
  Notification notification;           // kQueued or kAlreadyQueued
  Instant occurred_at;
  // What is known here of the person. Said, because the server takes whoever recorded it as FLAGGED for told. Nothing for an
  // event-only person: they are not told, and the record says so.
  std::optional<sync::Outcome> outcome;
};

enum class Freshness { kNever, kFresh, kAgeing, kExpired };
std::string_view Name(Freshness freshness);

struct PartitionStatus {
  std::string code;
  std::string name;       // empty while locked or unknown
  uint64_t rows = 0;
  uint64_t sequence = 0;
};

struct NodeStatus {
  std::string node;       // name; empty before enrolment
  std::string node_id;
  std::string trust;
  std::string version;
  bool enrolled = false;
  bool locked = true;
  bool online = false;
  Instant link_since;
  std::string link_error;
  std::optional<Instant> as_of;
  std::chrono::seconds age{0};
  Freshness freshness = Freshness::kNever;
  std::vector<PartitionStatus> region;
  uint64_t attendances_waiting = 0;
  uint64_t audit_waiting = 0;
  uint64_t quarantined = 0;
  std::optional<Instant> lease_expires;
  std::string key_store_kind;
  bool hardware_bound = false;
  struct Wiped {
    bool under_way = false;  // else all is erased
    std::string order;       // id of the fleet's order, or "local"
    Instant at;              // when it began, or was over
    bool proof = false;      // signed before the key to sign with was gone
    bool told = false;       // the fleet server has the proof
  };
  std::optional<Wiped> wiped;                     // of a node that is not enrolled
  struct LanState {
    bool open = false;
    std::string detail;             // made for people: why it is not, or how long the certificate lasts
    std::optional<Instant> expires; // of the certificate
  };
  std::optional<LanState> lan;                         // of a node that is to serve one
  uint64_t alerts = 0;                            // that nobody has acknowledged
  uint64_t england_prefixes = 0;
  std::optional<double> england_false_positives;  // rate; nothing while no index is held
  std::optional<Instant> england_as_of;
};

struct OutboxItem {
  std::string id;
  uint64_t sequence = 0;
  std::string kind;         // "attendance", "audit"
  std::string state;        // "WAITING", "QUARANTINED", "FORWARDED"
  Instant queued_at;
  std::string reason;       // of QUARANTINED
  std::optional<Instant> receipt_at;
  size_t bytes = 0;         // sealed: its content cannot be shown here
};

struct TopicVerdict {
  std::string topic;
  uint64_t entries = 0;
  bool matches = false;     // rows on disk have the signed digest
};

struct Finding {            // doctor
  std::string check;        // "link", "clock", "key_store", "memory", "disk", "data_age", "certificate", "lan"
  bool good = false;
  std::string detail;
  std::string advice;       // empty when good
};

// Of the status what every answer says or turns on: from memory, in a microsecond.
struct Brief {
  std::string version;
  bool enrolled = false;
  std::optional<Instant> as_of;
};

class Lan;  // lan.h

class Node {
 public:
  struct Options {
    std::filesystem::path state;
    std::string key_store = "auto";
    std::optional<std::vector<std::string>> lan{};  // nothing: no LAN is served; else what the vehicle is to be called there, beside its own names
    const platform::Clock* clock = nullptr;  // null: the system's
  };
  // Takes the state directory's lock and starts the link if enrolled. kDenied: another daemon holds it; kInvalid: bad
  // configuration.
  static Result<std::unique_ptr<Node>> Open(Options options);
  // Ends what waits, so that the node can be destroyed soon. Any thread.
  virtual void Stop() {}
  virtual ~Node() = default;  // stops within 5 s; what was acknowledged is durable already

  // Bytes fetched so far; `total` is 0, for nobody knows before the last segment has come.
  using Progress = std::function<void(uint64_t done, uint64_t total)>;
  virtual Status Enrol(const std::string& server, const std::string& code) = 0;

  // Forwards what waits if there is a link, for 30 s at most, then erases keys and rows; what could not be forwarded stays,
  // sealed to the fleet server. Once it has begun it is finished by the next start, whatever happens. kDenied: not enrolled.
  virtual Status Wipe() = 0;

  // kDenied: unknown or wrong (the message does not say which), waiting out a delay (says how long), or locked out.
  // `place`: where it begins, and works (place.h); the tokens below are as TokenAt makes them.
  virtual Result<SessionInfo> SignIn(const std::string& staff, const std::string& pin, const std::string& place = "") = 0;
  virtual Status SignOut(const std::string& token) = 0;
  // Who is signed in, and for how long yet. Asking is no use of the session, unless `use` says that somebody is there. kDenied.
  virtual Result<SessionShown> ShowSession(const std::string& token, bool use) = 0;

  // kDenied: no such session; kForbidden: not what this person may do (rights.h); kInvalid: not an NHS number. Everything else is
  // an Answer.
  virtual Result<Answer> Lookup(const std::string& token, const LookupRequest& request) = 0;
  // Asks the fleet server what England knows of this number, within 3 s; the answer, from FLEET_SERVER, is recorded as a lookup's
  // is, and nothing of it is kept. For answers with `resolvable`. kUnavailable: no link, or not in time: the local answer stands.
  virtual Result<Answer> Resolve(const std::string& token, const LookupRequest& request) = 0;
  // Newest first; those that were acknowledged stay until the server has heard of it. kDenied: no such session; kUnavailable:
  // locked.
  virtual Result<std::vector<AlertShown>> Alerts(const std::string& token) = 0;
  // The alert, as acknowledged; durable when it returns. kNotFound: no such alert. The first to acknowledge it stands.
  virtual Result<AlertShown> AcknowledgeAlert(const std::string& token, const std::string& id) = 0;
  // Returns once the attendance is durable. kDenied; kForbidden; kInvalid; kExhausted or kInternal when it could not be kept.
  virtual Result<AttendReply> Attend(const std::string& token, const AttendRequest& request) = 0;

  virtual NodeStatus GetStatus() = 0;
  virtual Brief GetBrief() = 0;
  // Asks the link to try now; with `wait` > 0 waits until caught up and nothing is left to forward. kUnavailable in time.
  virtual Status SyncNow(std::chrono::milliseconds wait, const Progress& progress) = 0;
  virtual Result<std::vector<OutboxItem>> ListOutbox() = 0;
  virtual Result<OutboxItem> ShowOutbox(const std::string& id) = 0;       // kNotFound; receipts are kept 30 days
  virtual Status RestoreOutbox(const std::string& id) = 0;               // quarantined → waiting
  virtual Result<std::vector<TopicVerdict>> Verify(bool repair) = 0;     // repair: damaged topics are fetched again
  virtual Result<std::string> VerifyAudit() = 0;                         // "1024 entries, chain unbroken"; kCorrupt
  virtual std::vector<Finding> Doctor() = 0;

  // The vehicle's LAN and its tablets.
  virtual Lan* lan() { return nullptr; }
};

}  // namespace cpis::edge
