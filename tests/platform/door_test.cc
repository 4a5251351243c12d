// SPDX-License-Identifier: Apache-2.0
#include "platform/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/patience.h"

namespace cpis::platform {
namespace {

using namespace std::chrono_literals;

// Whoever was let in; closes a connection when its peer, or the door, ended it, as gRPC does.
struct House {
  std::unique_ptr<Door> door;
  std::mutex mutex;
  std::vector<int> inside;
  std::atomic<bool> over = false;
  std::thread servant;

  explicit House(Door::Options options) {
    options.listen = "127.0.0.1:0";
    auto opened = Door::Open(std::move(options));
    REQUIRE(opened.ok());
    door = *std::move(opened);
    door->Start(
        [this](int fd) {
          std::lock_guard lock(mutex);
          inside.push_back(fd);
        },
        {});
    servant = std::thread([this] {
      for (; !over; std::this_thread::sleep_for(2ms)) {
        std::lock_guard lock(mutex);
        std::erase_if(inside, [](int fd) {
          char byte;
          if (::recv(fd, &byte, 1, MSG_DONTWAIT) != 0) return false;
          ::close(fd);
          return true;
        });
      }
    });
  }
  ~House() {
    door->Stop();
    over = true;
    servant.join();
    for (const int fd : inside) ::close(fd);
  }
};

struct Caller {
  int fd = -1;
  std::string name;
  Caller(const House& house, int from) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f000000u + static_cast<uint32_t>(from));
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    sockaddr_in to = address;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string there = house.door->Address();
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(there.substr(there.rfind(':') + 1))));
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    name = "127.0.0." + std::to_string(from) + ":" + std::to_string(ntohs(address.sin_port));
  }
  Caller(Caller&& other) noexcept : fd(std::exchange(other.fd, -1)), name(std::move(other.name)) {}
  ~Caller() {
    if (fd >= 0) ::close(fd);
  }
  bool IsCut() const {
    char byte;
    return ::recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
  }
};

size_t Cut(const std::vector<Caller>& callers) {
  return static_cast<size_t>(std::count_if(callers.begin(), callers.end(), [](const Caller& one) { return one.IsCut(); }));
}

TEST_CASE("a flood of strangers from one place crowds out itself, and nobody from elsewhere") {
  House house({.listen = "", .most_strangers = 8, .stranger_is_safe = 50ms});
  Caller honest(house, 2);
  REQUIRE(Eventually([&] { return house.door->Inside().strangers == 1; }));
  std::vector<Caller> flood;
  for (int i = 0; i < 40; ++i) flood.emplace_back(house, 1);
  CHECK(Eventually([&] { return Cut(flood) == 33; }));
  CHECK(house.door->Inside().strangers == 8);
  CHECK_FALSE(honest.IsCut());
  Caller late(house, 2);  // comes in beside them
  CHECK(Eventually([&] { return Cut(flood) == 34; }));
  CHECK_FALSE(late.IsCut());
  CHECK_FALSE(honest.IsCut());
}

TEST_CASE("a stranger that says nothing is sent away, a guest stays") {
  House house({.listen = "", .stranger_stays = 1s});
  Caller guest(house, 1);
  Caller stranger(house, 1);
  REQUIRE(Eventually([&] { return house.door->Inside().inside == 2; }));
  house.door->Recognise(guest.name, "node-1");
  CHECK(Eventually([&] { return stranger.IsCut(); }));
  CHECK(Eventually([&] { return house.door->Inside().inside == 1; }));
  CHECK_FALSE(guest.IsCut());
  CHECK(house.door->Inside().strangers == 0);
}

TEST_CASE("of too many connections of one guest the oldest goes, and those that ended do not count") {
  House house({.listen = "", .most_of_one_guest = 2});
  Caller other(house, 1);
  std::vector<Caller> callers;
  const auto comes = [&](const Caller& caller, const std::string& as) {
    REQUIRE(Eventually([&] { return house.door->Inside().strangers == 1; }));
    house.door->Recognise(caller.name, as);
    house.door->Recognise(caller.name, as);  // each call says it again
  };
  comes(other, "node-2");
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back(house, 1);
    comes(callers.back(), "node-1");
  }
  CHECK(Eventually([&] { return callers[0].IsCut(); }));
  CHECK(Cut(callers) == 1);
  callers.pop_back();  // hangs up
  REQUIRE(Eventually([&] { return house.door->Inside().inside == 2; }));
  callers.emplace_back(house, 1);
  comes(callers.back(), "node-1");
  CHECK_FALSE(callers[1].IsCut());
  CHECK_FALSE(other.IsCut());
}

TEST_CASE("an address that cannot be listened on is quoted") {
  House house({.listen = ""});
  const auto second = Door::Open({.listen = house.door->Address()});
  CHECK(second.status().code() == Code::kInvalid);
  CHECK(second.status().message().find(house.door->Address()) != std::string::npos);
  CHECK(Door::Open({.listen = "nowhere.invalid:1"}).status().code() == Code::kInvalid);
}

TEST_CASE("a guest that came by IPv6 is recognised, with or without its scope") {
  auto door = Door::Open({.listen = "[::1]:0"});
  if (!door.ok()) return;  // no IPv6 here
  std::atomic<int> in = -1;
  (*door)->Start([&](int fd) { in = fd; }, {});
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_addr = in6addr_loopback;
  const std::string there = (*door)->Address();
  to.sin6_port = htons(static_cast<uint16_t>(std::stoi(there.substr(there.rfind(':') + 1))));
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  socklen_t size = sizeof to;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&to), &size);
  REQUIRE(Eventually([&] { return in >= 0; }));
  (*door)->Recognise("[::1%lo]:" + std::to_string(ntohs(to.sin6_port)), "node-1");
  CHECK((*door)->Inside().strangers == 0);
  (*door)->Stop();
  ::close(in);
  ::close(fd);
}

}  // namespace
}  // namespace cpis::platform
