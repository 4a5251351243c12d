// SPDX-License-Identifier: Apache-2.0
//
// A real software TPM (swtpm) as a process of its own, whose power can be cut, and a wire tap between it and its user.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cpis::crypto {

// Keeps its state in `directory`. Powered on by the constructor, off (SIGKILL, by its process id) by the destructor.
class Swtpm {
 public:
  explicit Swtpm(std::filesystem::path directory);
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  void LosesPower();  // SIGKILL: no TPM2_Shutdown, as when a vehicle's battery is cut
  void FindsPower();  // TPM2_Startup(CLEAR) on the state that is there; the PCRs are zero again
  uint16_t port() const { return port_; }
  std::string tcti() const;

  // As anybody does who has the TPM in their hands. Each throws when the TPM says no.
  void Measures(uint32_t pcr);                       // extends it
  void GetsOwnerPassword(const std::string& password);
  uint32_t LockoutCounter() const;                   // TPM_PT_LOCKOUT_COUNTER: failed tries, and starts that look like one
  size_t Counters() const;                           // NV indices there are
  // Seals `data` under `password` and opens it again, with or without noDA, as a careless key store would.
  std::string KeepsCarelessly(const std::string& data, bool no_da, uint16_t through_port = 0) const;

 private:
  std::string Says(const std::string& command, uint16_t port = 0) const;
  bool Serves(uint16_t port);

  std::filesystem::path directory_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// Sits between a user and a TPM: records what crosses, and tells of every command before and after the TPM has seen it.
class WireTap {
 public:
  enum class Moment { kBefore, kAfter };
  using Watcher = std::function<void(Moment, size_t number)>;  // on a thread of the tap; commands are counted from 0

  explicit WireTap(const Swtpm& tpm, Watcher watcher = {});
  ~WireTap();
  WireTap(const WireTap&) = delete;
  WireTap& operator=(const WireTap&) = delete;

  uint16_t port() const { return port_; }
  std::string tcti() const;
  std::string Recorded() const;  // both directions of the command channel
  size_t commands() const { return commands_; }

 private:
  void Accept(int listener, uint16_t to, bool is_command_channel);
  void Carry(int user, int tpm, bool is_command_channel);

  Watcher watcher_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> commands_ = 0;
  mutable std::mutex mutex_;
  std::string recorded_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace cpis::crypto
