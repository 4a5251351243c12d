// SPDX-License-Identifier: Apache-2.0
#include "platform/door.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "platform/http.h"
#include "platform/log.h"

namespace cpis::platform {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kTick = 1s;
constexpr auto kCrowded = 20ms;  // between two looks while nobody can be let in

// Address and port as text without scope; an IPv4 address that came through an IPv6 socket is an IPv4 address.
std::string NameOf(const sockaddr_storage& address, std::string* host_only = nullptr) {
  char text[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
  bool six = false;
  if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    port = ntohs(in.sin6_port);
    six = !IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
    six ? inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text)
        : inet_ntop(AF_INET, in.sin6_addr.s6_addr + 12, text, sizeof text);
  } else {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    port = ntohs(in.sin_port);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  }
  if (host_only != nullptr) *host_only = text;
  if (host_only != nullptr && six) {  // a network of which one host has every address it likes
    in6_addr network = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    std::fill(network.s6_addr + 8, network.s6_addr + 16, uint8_t{0});
    char text_of_network[INET6_ADDRSTRLEN] = "";
    *host_only = inet_ntop(AF_INET6, &network, text_of_network, sizeof text_of_network);
  }
  return (six ? "[" + std::string(text) + "]" : std::string(text)) + ":" + std::to_string(port);
}

// As NameOf writes it: "[fe80::1%eth0]:1" loses its scope.
std::string WithoutScope(std::string_view peer) {
  std::string name(peer);
  const size_t scope = name.find('%');
  if (scope != std::string::npos) name.erase(scope, name.find(']') - scope);
  return name;
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      if (fd_ >= 0) ::close(fd_);
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Visitor {
  int fd = -1;      // not ours any more: valid while it still is `inode`
  ino_t inode = 0;  // of a socket, unique while it is open
  std::string peer;
  std::string host;
  steady_clock::time_point came;
  std::string guest;  // empty: a stranger
};

bool IsStill(int fd, ino_t inode) {
  struct stat now {};
  return ::fstat(fd, &now) == 0 && S_ISSOCK(now.st_mode) && now.st_ino == inode;
}

// Whoever has the descriptor notices that the connection is over, and closes it. A duplicate is looked at again before it is
// used, because the number may have become something else's meanwhile.
void Cut(const Visitor& visitor) {
  if (!IsStill(visitor.fd, visitor.inode)) return;
  const Descriptor own(::fcntl(visitor.fd, F_DUPFD_CLOEXEC, 0));
  if (own.get() >= 0 && IsStill(own.get(), visitor.inode)) ::shutdown(own.get(), SHUT_RDWR);
}

size_t DescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

class TcpDoor final : public Door {
 public:
  explicit TcpDoor(Options options) : options_(std::move(options)) {
    const size_t limit = DescriptorLimit();
    most_inside_ = limit > 2 * options_.reserved_descriptors ? limit - options_.reserved_descriptors : limit / 2;
    most_strangers_ = std::min(options_.most_strangers, most_inside_ / 2);
  }

  ~TcpDoor() override { Stop(); }

  void Stop() override {
    if (!thread_.joinable()) return;
    const uint64_t one = 1;
    while (::write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    thread_.join();
    listener_ = Descriptor();
  }

  Status Listen() {
    std::string host;
    uint16_t port = 0;
    CPIS_TRY(ParseHostPort(options_.listen, 0, &host, &port));
    const auto refused = [&](const std::string& why) {
      return Invalid("cannot listen on \"" + options_.listen + "\": " + why + " (try 127.0.0.1:7443; is the port free?)");
    };
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return refused("not an address");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    listener_ = Descriptor(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
    const int yes = 1;
    const int no = 0;
    if (found->ai_family == AF_INET6) ::setsockopt(listener_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (listener_.get() < 0 || stop_.get() < 0 ||
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(listener_.get(), found->ai_addr, found->ai_addrlen) != 0 || ::listen(listener_.get(), SOMAXCONN) != 0) {
      return refused(std::strerror(errno));
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return refused(std::strerror(errno));
    const std::string name = NameOf(bound);
    address_ = options_.listen.substr(0, options_.listen.rfind(':')) + name.substr(name.rfind(':'));
    return Status::Ok();
  }

  void Start(Admit admit, Tick tick) override {
    admit_ = std::move(admit);
    tick_ = std::move(tick);
    thread_ = std::thread([this] { Serve(); });
  }

  std::string Address() const override { return address_; }

  void Recognise(std::string_view peer, const std::string& guest) override {
    std::lock_guard lock(mutex_);
    const auto found = by_peer_.find(WithoutScope(peer));
    if (found == by_peer_.end() || found->second->guest == guest) return;
    found->second->guest = guest;
    strangers_.erase(found->second->fd);
    auto& theirs = by_guest_[guest];
    theirs.push_back(found->second->fd);
    // Those that have gone by themselves first.
    std::erase_if(theirs, [&](int fd) { return !Held(fd, guest); });
    while (theirs.size() > options_.most_of_one_guest) {
      Cut(inside_.at(theirs.front()));
      theirs.pop_front();
    }
  }

  Count Inside() override {
    std::lock_guard lock(mutex_);
    ForgetTheGone();
    return {strangers_.size(), inside_.size()};
  }

 private:
  void Serve() {
    auto tick_due = steady_clock::now() + kTick;
    bool crowded = false;
    for (;;) {
      pollfd waits[] = {{stop_.get(), POLLIN, 0}, {crowded ? -1 : listener_.get(), POLLIN, 0}};
      const auto until = crowded ? kCrowded : std::chrono::ceil<std::chrono::milliseconds>(tick_due - steady_clock::now());
      ::poll(waits, 2, static_cast<int>(std::max<int64_t>(until.count(), 0)));
      if (waits[0].revents != 0) return;
      if (steady_clock::now() >= tick_due) {
        tick_due = steady_clock::now() + kTick;
        {
          std::lock_guard lock(mutex_);
          ForgetTheGone();
          SendAwayTheSilent();
        }
        if (tick_) tick_();
      }
      crowded = !LetIn();
    }
  }

  // Until nobody waits outside; false when there is no room now.
  bool LetIn() {
    for (;;) {
      pollfd outside{listener_.get(), POLLIN, 0};
      if (::poll(&outside, 1, 0) == 0) return true;
      {
        std::lock_guard lock(mutex_);
        if (!MakeRoom()) return false;
      }
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const int fd = ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (fd < 0) return errno == EAGAIN || errno == EWOULDBLOCK;  // otherwise out of descriptors or memory: soon again
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      struct stat is {};
      if (::fstat(fd, &is) != 0) {
        ::close(fd);
        continue;
      }
      {
        std::lock_guard lock(mutex_);
        Forget(fd);  // the number was another's
        Visitor visitor{fd, is.st_ino, "", "", steady_clock::now(), ""};
        visitor.peer = NameOf(from, &visitor.host);
        const auto [there, _] = inside_.emplace(fd, std::move(visitor));
        by_peer_[there->second.peer] = &there->second;
        strangers_.emplace(fd, &there->second);
      }
      admit_(fd);
    }
  }

  bool Held(int fd, const std::string& guest) const {
    const auto found = inside_.find(fd);
    return found != inside_.end() && found->second.guest == guest && IsStill(fd, found->second.inode);
  }

  void Forget(int fd) {
    const auto found = inside_.find(fd);
    if (found == inside_.end()) return;
    const auto by_peer = by_peer_.find(found->second.peer);
    if (by_peer != by_peer_.end() && by_peer->second == &found->second) by_peer_.erase(by_peer);
    const auto theirs = by_guest_.find(found->second.guest);
    if (theirs != by_guest_.end()) {
      std::erase(theirs->second, fd);
      if (theirs->second.empty()) by_guest_.erase(theirs);
    }
    strangers_.erase(fd);
    inside_.erase(found);
  }

  void ForgetTheGone() {
    std::vector<int> gone;
    for (const auto& [fd, visitor] : inside_) {
      if (!IsStill(fd, visitor.inode)) gone.push_back(fd);
    }
    for (const int fd : gone) Forget(fd);
  }

  void SendAwayTheSilent() {
    const auto now = steady_clock::now();
    for (const auto& [fd, visitor] : strangers_) {
      if (now - visitor->came >= options_.stranger_stays) Cut(*visitor);
    }
  }

  // Of the host with the most strangers the one that came first goes, if it has had its time: a flood from one place crowds out
  // itself.
  bool MakeRoom() {
    if (strangers_.size() < most_strangers_ && inside_.size() < most_inside_) return true;
    ForgetTheGone();
    if (strangers_.size() < most_strangers_ && inside_.size() < most_inside_) return true;
    std::map<std::string_view, size_t> hosts;
    for (const auto& [fd, visitor] : strangers_) ++hosts[visitor->host];
    const Visitor* last = nullptr;
    for (const auto& [fd, visitor] : strangers_) {
      const bool worse = last == nullptr || hosts[visitor->host] > hosts[last->host] ||
                         (hosts[visitor->host] == hosts[last->host] && visitor->came < last->came);
      if (worse) last = visitor;
    }
    if (last == nullptr || steady_clock::now() - last->came < options_.stranger_is_safe) return false;
    Cut(*last);
    Forget(last->fd);
    return true;
  }

  const Options options_;
  size_t most_inside_ = 0;
  size_t most_strangers_ = 0;
  std::string address_;
  Descriptor listener_;
  Descriptor stop_;
  Admit admit_;
  Tick tick_;

  std::mutex mutex_;                               // guards all below
  std::map<int, Visitor> inside_;                  // by descriptor; a map, because others point into it
  std::map<std::string, Visitor*, std::less<>> by_peer_;
  std::map<int, Visitor*> strangers_;
  std::map<std::string, std::list<int>> by_guest_;  // the oldest first

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Door>> Door::Open(Options options) {
  auto door = std::make_unique<TcpDoor>(std::move(options));
  CPIS_TRY(door->Listen());
  return std::unique_ptr<Door>(std::move(door));
}

}  // namespace cpis::platform
