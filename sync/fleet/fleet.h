// SPDX-License-Identifier: Apache-2.0
//
// The fleet server as a whole: its desks and listeners, put together. main.cc makes one.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "platform/files.h"
#include "platform/http.h"
#include "sync/fleet/alert_desk.h"
#include "sync/fleet/attendance_desk.h"
#include "sync/fleet/auditor_gate.h"
#include "sync/fleet/enrolment_desk.h"
#include "sync/fleet/hub.h"
#include "sync/fleet/import_desk.h"
#include "sync/fleet/key_rotation.h"
#include "sync/fleet/link_server.h"
#include "sync/fleet/resolve_desk.h"
#include "sync/fleet/roll.h"
#include "sync/local/local_service.h"

namespace cpis::sync::fleet {

struct FleetOptions {
  std::filesystem::path state = "/var/lib/cpis-fleet";
  std::string listen = "127.0.0.1:7443";
  std::string enrol_listen = "127.0.0.1:7444";
  std::string http = "127.0.0.1:9464";
  std::string key_store = "auto";  // crypto/key_stores.h
  std::function<void()> start_anew;  // called when a new key set was adopted: the daemon must open the fleet again
  std::function<void()> broken;  // called when the database failed: the daemon must end, and be started anew
  std::string advertise;  // HOST:PORT that nodes are told to connect to; empty: as they came, at the port of `listen`
};

// Makes keys and database of a new fleet in `state`. kDenied when there is one; kInvalid quotes a bad trust code or key store.
Status InitialiseFleet(const std::filesystem::path& state, const Trust& trust, std::string_view key_store = "auto");

class Fleet {
 public:
  // kDenied: another daemon holds the state directory; kNotFound: not initialised; kInvalid: bad configuration.
  static Result<std::unique_ptr<Fleet>> Open(const FleetOptions& options);
  ~Fleet();

  Store& store() { return *store_; }
  Hub& hub() { return *hub_; }
  Roll& roll() { return *roll_; }
  AuditorGate& auditors() { return *auditors_; }
  ImportDesk& import_desk() { return *import_desk_; }
  EnrolmentDesk& enrolment_desk() { return *enrolment_desk_; }
  const LinkServer& link() const { return *link_; }
  const platform::HttpServer& http() const { return *http_; }
  const platform::KeyStore& key_store() const { return *key_store_; }

  KeyRotation& key_rotation() { return *key_rotation_; }
  bool RootKeyIsHere() const { return std::filesystem::exists(RootKeyFile(state_)); }
  void StartAnew() const { if (start_anew_) start_anew_(); }

  // Tells hub and enrolment desk that nodes were added or changed. Not from a listener thread.
  Status NodesChanged();

 private:
  explicit Fleet(platform::StateLock lock) : lock_(std::move(lock)) {}
  Status Load(const FleetOptions& options);
  Status Listen(const FleetOptions& options);
  Status TellHub();  // any thread but the store's
  void Housekeep();
  void ReturnIfAhead();
  Mailbox::Folder TakeFromMailbox(const std::filesystem::path& file);
  void TidyUp();  // what time, or a person with a file, has settled
  platform::HttpResponse Answer(const platform::HttpRequest& request);

  platform::StateLock lock_;
  std::filesystem::path state_;
  std::function<void()> start_anew_;
  std::unique_ptr<platform::KeyStore> key_store_;
  FleetKeys keys_;
  std::unique_ptr<KeyRotation> key_rotation_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Roll> roll_;
  std::unique_ptr<AuditorGate> auditors_;
  std::unique_ptr<ImportDesk> import_desk_;
  std::unique_ptr<AttendanceDesk> attendance_desk_;
  std::unique_ptr<ResolveDesk> resolve_desk_;
  std::unique_ptr<LanDesk> lan_desk_;
  std::unique_ptr<AlertDesk> alert_desk_;
  std::unique_ptr<LinkServer> link_;
  std::unique_ptr<EnrolmentDesk> enrolment_desk_;
  std::unique_ptr<platform::HttpServer> http_;
  std::unique_ptr<LocalServer> local_;

  std::mutex telling_;         // what is read last is told last: a revocation must not be taken back
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;      // guarded by mutex_
  bool nodes_changed_ = false; // guarded by mutex_
  std::optional<Manifest> ahead_;  // guarded by mutex_; of this server's own future, that it has lost
  std::thread housekeeper_;
};

}  // namespace cpis::sync::fleet
