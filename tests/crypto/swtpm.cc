// SPDX-License-Identifier: Apache-2.0
#include "tests/crypto/swtpm.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <random>
#include <stdexcept>

#include "platform/bytes.h"
#include "tests/patience.h"

namespace cpis::crypto {
namespace {

sockaddr_in Local(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Local(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int Listen(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = Local(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd, 8) == 0) return fd;
  close(fd);
  return -1;
}

// The TPM library wants the control channel at the port after the command channel's.
std::pair<int, int> ListenOnPair(uint16_t& port) {
  std::random_device random;
  for (int i = 0; i < 1000; ++i) {
    port = static_cast<uint16_t>(std::uniform_int_distribution<int>(20000, 32000)(random));
    const int first = Listen(port);
    const int second = first < 0 ? -1 : Listen(static_cast<uint16_t>(port + 1));
    if (second >= 0) return {first, second};
    if (first >= 0) close(first);
  }
  throw std::runtime_error("no two ports in a row are free");
}

constexpr uint16_t kNoSessions = 0x8001;
constexpr uint16_t kSessions = 0x8002;
constexpr uint32_t kOwner = 0x40000001;

// TPM 2.0 Library, Part 3: tag, size, command code, handles, sessions, parameters.
class RawCommand {
 public:
  RawCommand(uint16_t tag, uint32_t code) : tag_(tag), code_(code) {}
  RawCommand& U16(uint32_t value) { return U8(value >> 8).U8(value); }
  RawCommand& U32(uint32_t value) { return U16(value >> 16).U16(value); }
  RawCommand& U8(uint32_t value) {
    body_.push_back(static_cast<char>(value & 0xFF));
    return *this;
  }
  RawCommand& Sized(const std::string& text) {
    U16(static_cast<uint32_t>(text.size()));
    body_ += text;
    return *this;
  }
  RawCommand& Password(const std::string& password) {  // one session, TPM_RS_PW
    return U32(static_cast<uint32_t>(9 + password.size())).U32(0x40000009).U16(0).U8(0).Sized(password);
  }
  std::string Bytes() const {
    return RawCommand(0, 0).U16(tag_).U32(static_cast<uint32_t>(10 + body_.size())).U32(code_).body_ + body_;
  }

 private:
  uint16_t tag_;
  uint32_t code_;
  std::string body_;
};

uint32_t NumberAt(const std::string& text, size_t at) {
  return platform::ByteReader(platform::AsBytes(std::string_view(text).substr(at))).U32();
}

std::string TctiOf(uint16_t port) { return "swtpm:host=127.0.0.1,port=" + std::to_string(port); }

}  // namespace

Swtpm::Swtpm(std::filesystem::path directory) : directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  FindsPower();
}

Swtpm::~Swtpm() { LosesPower(); }

std::string Swtpm::tcti() const { return TctiOf(port_); }

void Swtpm::LosesPower() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Swtpm::Serves(uint16_t port) {
  const std::string dir = "dir=" + directory_.string();
  const std::string server = "type=tcp,bindaddr=127.0.0.1,port=" + std::to_string(port);
  const std::string control = "type=tcp,bindaddr=127.0.0.1,port=" + std::to_string(port + 1);
  const std::string log = "file=" + (directory_ / "log").string();
  const std::array<const char*, 14> arguments{"swtpm", "socket", "--tpm2", "--tpmstate", dir.c_str(), "--server", server.c_str(),
                                              "--ctrl", control.c_str(), "--flags", "not-need-init,startup-clear", "--log",
                                              log.c_str(), nullptr};
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) execvp("swtpm", const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  for (const auto end = std::chrono::steady_clock::now() + Patient(std::chrono::seconds(20)); std::chrono::steady_clock::now() < end;) {
    const int first = Connect(port);
    const int second = first < 0 ? -1 : Connect(static_cast<uint16_t>(port + 1));
    for (const int fd : {first, second}) {
      if (fd >= 0) close(fd);
    }
    if (second >= 0) return true;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) return pid_ = -1, false;
    usleep(2000);
  }
  return false;
}

void Swtpm::FindsPower() {
  if (port_ != 0 && Serves(port_)) return;
  for (int i = 0; i < 10; ++i) {
    const auto [first, second] = ListenOnPair(port_);
    close(first);
    close(second);
    if (Serves(port_)) return;
  }
  throw std::runtime_error("swtpm does not start (is it installed?)");
}

std::string Swtpm::Says(const std::string& command, uint16_t port) const {
  constexpr uint32_t kRetry = 0x922;  // it noted first that something which counts is being used
  const int fd = Connect(port != 0 ? port : port_);
  if (fd < 0 || send(fd, command.data(), command.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("the TPM is off");
  std::string answer(4096, '\0');
  const ssize_t got = read(fd, answer.data(), answer.size());
  close(fd);
  answer.resize(got > 0 ? static_cast<size_t>(got) : 0);
  if (answer.size() >= 10 && NumberAt(answer, 6) == kRetry) return Says(command, port);
  if (answer.size() < 10 || NumberAt(answer, 6) != 0) throw std::runtime_error("the TPM says no");
  return answer;
}

void Swtpm::Measures(uint32_t pcr) {
  RawCommand extend(kSessions, 0x182);
  extend.U32(pcr).Password("").U32(1).U16(0x000B);
  for (int i = 0; i < 8; ++i) extend.U32(0x5A5A5A5A);
  Says(extend.Bytes());
}

void Swtpm::GetsOwnerPassword(const std::string& password) {
  Says(RawCommand(kSessions, 0x129).U32(kOwner).Password("").Sized(password).Bytes());
}

uint32_t Swtpm::LockoutCounter() const {
  return NumberAt(Says(RawCommand(kNoSessions, 0x17A).U32(6).U32(0x20E).U32(1).Bytes()), 10 + 1 + 4 + 4 + 4);
}

size_t Swtpm::Counters() const {
  size_t counters = 0;
  for (uint32_t from = 0x01000000;;) {  // an answer has room for 254
    const std::string some = Says(RawCommand(kNoSessions, 0x17A).U32(1).U32(from).U32(200).Bytes());
    const uint32_t count = NumberAt(some, 10 + 1 + 4);
    counters += count;
    if (some[10] == 0) return counters;
    from = NumberAt(some, 10 + 1 + 4 + 4 * count) + 1;
  }
}

std::string Swtpm::KeepsCarelessly(const std::string& data, bool no_da, uint16_t through_port) const {
  const std::string sensitive = RawCommand(0, 0).Sized("password").Sized(data).Bytes().substr(10);
  const std::string form =
      RawCommand(0, 0).U16(0x0008).U16(0x000B).U32(no_da ? 0x452 : 0x052).U16(0).U16(0x0010).U16(0).Bytes().substr(10);
  const std::string made = Says(RawCommand(kSessions, 0x131).U32(kOwner).Password("").Sized(sensitive).Sized(form).U16(0).U32(0).Bytes(),
                                through_port);
  const uint32_t object = NumberAt(made, 10);
  const std::string opened = Says(RawCommand(kSessions, 0x15E).U32(object).Password("password").Bytes(), through_port);
  Says(RawCommand(kNoSessions, 0x165).U32(object).Bytes(), through_port);
  return opened.substr(10 + 4 + 2, data.size());
}

WireTap::WireTap(const Swtpm& tpm, Watcher watcher) : watcher_(std::move(watcher)) {
  const auto [commands, control] = ListenOnPair(port_);
  threads_.emplace_back([this, fd = commands, to = tpm.port()] { Accept(fd, to, true); });
  threads_.emplace_back([this, fd = control, to = static_cast<uint16_t>(tpm.port() + 1)] { Accept(fd, to, false); });
}

WireTap::~WireTap() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

std::string WireTap::tcti() const { return TctiOf(port_); }

std::string WireTap::Recorded() const {
  const std::lock_guard lock(mutex_);
  return recorded_;
}

void WireTap::Accept(int listener, uint16_t to, bool is_command_channel) {
  while (!stopping_) {
    pollfd ready{listener, POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    const int user = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int tpm = Connect(to);
    if (user >= 0 && tpm >= 0) Carry(user, tpm, is_command_channel);
    if (user >= 0) close(user);
    if (tpm >= 0) close(tpm);
  }
  close(listener);
}

// A command is answered before the next is sent, and each fits one read.
void WireTap::Carry(int user, int tpm, bool is_command_channel) {
  std::array<char, 8192> buffer;
  std::array<pollfd, 2> both{pollfd{user, POLLIN, 0}, pollfd{tpm, POLLIN, 0}};
  while (!stopping_) {
    if (poll(both.data(), both.size(), 20) <= 0) continue;
    for (size_t from = 0; from < 2; ++from) {
      if (both[from].revents == 0) continue;
      const ssize_t got = read(both[from].fd, buffer.data(), buffer.size());
      if (got <= 0) return;
      if (is_command_channel) {
        {
          const std::lock_guard lock(mutex_);
          recorded_.append(buffer.data(), static_cast<size_t>(got));
        }
        if (watcher_) watcher_(from == 0 ? Moment::kBefore : Moment::kAfter, from == 0 ? commands_.load() : commands_ - 1);
        if (from == 0) ++commands_;
      }
      if (send(both[1 - from].fd, buffer.data(), static_cast<size_t>(got), MSG_NOSIGNAL) != got) return;
    }
  }
}

}  // namespace cpis::crypto
