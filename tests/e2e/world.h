// SPDX-License-Identifier: Apache-2.0
//
// The people and parts of an end-to-end test, with verbs: a Fleet imports and enrols, a Vehicle loses and finds its link, a
// Crew signs in, looks up and attends. Each is a real process, or a person at one, in one temporary directory.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/authority_file.h"
#include "tests/e2e/process.h"
#include "tests/e2e/relay.h"
#include "tests/scratch.h"

namespace cpis::e2e {

using Arguments = std::vector<std::string>;

using TemporaryDirectory = ScratchDirectory;

class Vehicle;

// An ambulance trust's fleet server and the people at its desk. When a test fails, the last lines of the logs are printed.
class Fleet {
 public:
  explicit Fleet(Arguments key_store = {"--key-store", "plain"});
  ~Fleet();

  // A daemon that serves. Starting again reuses nothing but the state directory.
  void Starts();
  bool TriesToStart();                 // false when it does not come to serve
  Daemon& daemon() { return *daemon_; }
  std::unique_ptr<Daemon> Launch();    // a daemon on the state directory that nobody waits for
  void Adopt(std::unique_ptr<Daemon> daemon);
  void IsKilled();                     // SIGKILL
  int Stops();                         // SIGTERM; how it ended

  Output Does(Arguments arguments, const std::string& input = "") const;  // cpisctl fleet … --state DIR --json
  Output Imports(const AuthorityFile& file) const;
  Output ImportsText(const std::string& id, const std::string& xml) const;
  void Hires(const std::string& id, const std::string& name, const std::string& pin, const std::string& right = "B0107");
  void Sets(const std::string& setting);                                  // policy, "KEY=VALUE"
  void WidensLimits();  // of looks, as far as they go: for who looks more often in a minute than crews do in a day
  // A one-time code for a vehicle of that name.
  std::string IssuesCode(const std::string& name, const std::string& region) const;
  // A vehicle that runs, has a link of its own and is not enrolled yet.
  std::unique_ptr<Vehicle> Delivers(const std::string& name, Arguments options = {});
  // A vehicle that is enrolled and has everything of its region.
  std::unique_ptr<Vehicle> Equips(const std::string& name, const std::string& region, Arguments options = {});

  json::object Status() const;
  json::array Attendances() const;
  // The attendances of one incident.
  json::array AttendancesOf(const std::string& incident) const;
  int64_t SequenceOf(const std::string& partition) const;
  Path state() const { return directory_.path() / "fleet"; }
  Path mailbox() const { return state() / "mailbox"; }
  const Path& directory() const { return directory_.path(); }
  std::string enrol_address() const { return enrol_address_; }
  uint16_t sync_port() const { return sync_port_; }

 private:
  friend class Vehicle;
  void Advertises(uint16_t port);

  TemporaryDirectory directory_;
  Arguments key_store_;
  std::unique_ptr<Relay> first_link_;  // advertised from the start, taken by the first vehicle
  uint16_t advertised_ = 0;
  std::string enrol_address_;
  std::atomic<uint16_t> sync_port_{0};  // 0 while it does not serve
  std::unique_ptr<Daemon> daemon_;
};

// What a person at the node's command line was told.
struct Said {
  int exit_code;
  json::object json;  // empty when there was none
  std::string error;

  std::string Text(const char* key) const;
  std::string outcome() const { return Text("outcome"); }
  std::string reason() const { return Text("reason"); }
  std::string notification() const { return Text("notification"); }
  const json::array& List(const char* key) const { return json.at(key).as_array(); }
};

// A person signed in at one vehicle.
class Crew {
 public:
  Crew(const Vehicle& vehicle, std::string session) : vehicle_(vehicle), session_(std::move(session)) {}

  Said LooksUp(const std::string& number, const Arguments& more = {}) const;
  Said Attends(const std::string& number, const std::string& incident, const Arguments& more = {}) const;
  const std::string& session() const { return session_; }

 private:
  Said Does(Arguments arguments) const;
  const Vehicle& vehicle_;
  std::string session_;
};

class Vehicle {
 public:
  Vehicle(Fleet& fleet, std::string name, std::unique_ptr<Relay> link, Arguments options = {});

  void Starts();
  void IsConfigured(Arguments options) { options_ = std::move(options); }  // when it starts next
  void KeepsPort() { port_ = http(); }  // of HTTP, from now on: as a browser expects
  Daemon& daemon() { return *daemon_; }
  std::unique_ptr<Daemon> Launch() const;
  void Adopt(std::unique_ptr<Daemon> daemon);
  void IsKilled();
  int Stops();

  void LosesLink() { link_->Lose(); }
  void FindsLink() { link_->Find(); }
  Relay& link() { return *link_; }

  Output Does(Arguments arguments, const std::string& input = "", const std::string& session = "") const;
  Output Enrols(const std::string& code) const;
  // Waits until it has what the server has and nothing is left to forward.
  bool CatchesUp() const;
  Output TriesToSignIn(const std::string& id, const std::string& pin) const;
  Crew SignsIn(const std::string& id, const std::string& pin) const;

  json::object Status() const;
  json::object Partition(const std::string& code) const;  // of its status; empty when it does not hold it
  int64_t SequenceOf(const std::string& partition) const;
  int64_t Waiting() const;                                // attendances in the outbox
  bool Verifies() const;                                  // every topic has the signed digest
  std::string http() const;                               // HOST:PORT
  Path state() const;
  Path log() const;

 private:
  Fleet& fleet_;
  std::string name_;
  std::unique_ptr<Relay> link_;
  Arguments options_;
  std::string port_ = "127.0.0.1:0";
  std::unique_ptr<Daemon> daemon_;
};

// Two North West authorities, a fleet, and one vehicle that holds both, with Sam (notifies) and Alex (looks silently).
struct Ambulance {
  Ambulance();
  Fleet fleet;
  std::unique_ptr<Vehicle> vehicle;

  // Who is in the files.
  static std::string Protected() { return NhsNumber(0); }      // Lancashire, CPP
  static std::string Ended() { return NhsNumber(1); }          // Lancashire, CPP that ended 30 days ago
  static std::string Expecting() { return NhsNumber(2); }      // Lancashire, UCPP
  static std::string InTwoFiles() { return NhsNumber(3); }     // Lancashire CPP and Halton LAC
  static std::string LookedAfter() { return NhsNumber(4); }    // Halton LAC
  static std::string Unknown() { return NhsNumber(100); }
};
constexpr const char* kSam = "555021935107";
constexpr const char* kSamsPin = "493817";
constexpr const char* kAlex = "555021935118";
constexpr const char* kAlexsPin = "2750462";

}  // namespace cpis::e2e
