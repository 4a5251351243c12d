// SPDX-License-Identifier: Apache-2.0
//
// A broken or hostile client beside a crew: whatever it sends, the vehicle's memory stays where it was, the client hears the right
// code, and the crew's look is answered meanwhile.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <future>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

constexpr size_t kMegabyte = 1024 * 1024;
// What the vehicle's memory may grow by under any attack here: 512 connections (kHttpConnections of edge/tuning.h) with a header of
// 16 KiB, 64 KiB read ahead and a body of 16 KiB each; nothing of what they send beyond.
constexpr size_t kGrowth = 512 * (16 + 64 + 16) * 1024;
constexpr const char* kSearch = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C";

class Line {
 public:
  explicit Line(const Vehicle& vehicle) : fd_(Connect(PortOf(vehicle.http()))) {}
  Line(Line&& other) noexcept : fd_(std::exchange(other.fd_, -1)), heard_(std::move(other.heard_)) {}
  Line& operator=(Line&&) = delete;
  ~Line() {
    if (fd_ >= 0) close(fd_);
  }
  bool open() const { return fd_ >= 0; }

  // How much was taken before the vehicle ended the line, or has kept it full for two seconds.
  size_t Sends(std::string_view bytes, size_t times = 1) {
    size_t taken = 0;
    for (size_t i = 0; i < times; ++i) {
      for (std::string_view rest = bytes; !rest.empty();) {
        pollfd ready{fd_, POLLOUT, 0};
        const ssize_t sent = poll(&ready, 1, 2000) == 1 ? send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
        if (sent <= 0) return taken;
        taken += static_cast<size_t>(sent);
        rest.remove_prefix(static_cast<size_t>(sent));
      }
    }
    return taken;
  }

  // What comes until `wanted` is in it or the line ends, for ten seconds of silence at most.
  std::string Hears(std::string_view wanted = "\r\n\r\n") {
    while (heard_.find(wanted) == std::string::npos && HearsMore()) {
    }
    return std::exchange(heard_, {});
  }
  int HearsStatus() { return StatusOf(Hears()); }

  // One whole answer and its status, of those that come on a line that is kept.
  int HearsAnswer(std::string* answer = nullptr) {
    while (heard_.find("\r\n\r\n") == std::string::npos) {
      if (!HearsMore()) return 0;
    }
    const size_t length_at = heard_.find("Content-Length: ");
    const size_t size = heard_.find("\r\n\r\n") + 4 + (length_at == std::string::npos ? 0 : std::stoul(heard_.substr(length_at + 16)));
    while (heard_.size() < size) {
      if (!HearsMore()) return 0;
    }
    const std::string one = heard_.substr(0, size);
    heard_.erase(0, size);
    if (answer) *answer = one;
    return StatusOf(one);
  }

 private:
  static int StatusOf(const std::string& answer) { return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0; }
  bool HearsMore() {
    std::array<char, 8192> part{};
    pollfd ready{fd_, POLLIN, 0};
    const ssize_t got = poll(&ready, 1, static_cast<int>(Patient(seconds(10)).count())) == 1 ? recv(fd_, part.data(), part.size(), 0) : 0;
    if (got > 0) heard_.append(part.data(), static_cast<size_t>(got));
    return got > 0;
  }

  int fd_;
  std::string heard_;
};

// A crew member with an ePCR application, a client that means no good, and the vehicle between them.
struct Scene {
  Scene() {
    const rlimit many{4096, 4096};
    ::setrlimit(RLIMIT_NOFILE, &many);
    for (int i = 0; i < 8; ++i) CrewIsAnswered();  // every handler's thread has done its work once
    settled_ = Memory("VmRSS");
  }

  bool CrewIsAnswered() {
    const auto start = std::chrono::steady_clock::now();
    const HttpReply reply = Ask(vehicle.http(), {"GET", kSearch + Ambulance::Protected(), {{"Authorization", "Bearer " + sam.session()}}, ""});
    return reply.status == 200 && std::chrono::steady_clock::now() - start < Patient(seconds(1));
  }

  void HoldsLittle() const {
    if (kMemoryTells) CHECK(Memory("VmRSS") < settled_ + kGrowth);
  }
  void HeldLittle() const {  // at any moment since it started
    if (kMemoryTells) CHECK(Memory("VmHWM") < settled_ + kGrowth);
  }

  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  Crew sam = vehicle.SignsIn(kSam, kSamsPin);

 private:
  size_t Memory(const std::string& what) const { return MemoryOf(vehicle.daemon().pid(), what); }

  size_t settled_ = 0;
};

std::string Head(const Vehicle& vehicle, const std::string& request, const std::string& more = "") {
  return request + " HTTP/1.1\r\nHost: " + vehicle.http() + "\r\n" + more + "\r\n";
}

// Enough lines that the vehicle cannot hold them all, each of which has sent `first`.
std::vector<Line> Floods(const Vehicle& vehicle, size_t count, const std::string& first) {
  std::vector<Line> lines;
  for (size_t i = 0; i < count; ++i) {
    lines.emplace_back(vehicle);
    if (lines.back().open() && !first.empty()) lines.back().Sends(first);
  }
  return lines;
}

}  // namespace

TEST_CASE("a thousand connections that wait, in silence, in a header or in a body, keep nobody out and cost little", "[http-limits]") {
  Scene scene;
  const std::string header = "GET /status HTTP/1.1\r\nHost: x\r\nX-Slow: " + std::string(12 * 1024, 'x');
  const std::string body = Head(scene.vehicle, "POST /attendances", "Content-Length: 16384\r\n") + std::string(15 * 1024, 'x');
  for (const std::string& first : {std::string(), header, body}) {
    const auto lines = Floods(scene.vehicle, 1000, first);
    for (const Line& line : lines) CHECK(line.open());
    for (int i = 0; i < 5; ++i) CHECK(scene.CrewIsAnswered());
    scene.HoldsLittle();
  }
  CHECK(scene.CrewIsAnswered());
}

TEST_CASE("an ePCR's kept connection outlives a thousand strangers", "[http-limits]") {
  Scene scene;
  Line kept(scene.vehicle);
  const std::string look = Head(scene.vehicle, "GET " + (kSearch + Ambulance::Protected()), "Authorization: Bearer " + scene.sam.session() + "\r\n");
  for (int i = 0; i < 3; ++i) {
    kept.Sends(look);
    CHECK(kept.HearsAnswer() == 200);
    Floods(scene.vehicle, 1000, "");
  }
}

TEST_CASE("bodies of 64 MiB, declared and in chunks, are answered 413 and never held", "[http-limits]") {
  Scene scene;
  const std::string kilobytes(64 * 1024, 'x');
  const std::string chunk = "10000\r\n" + kilobytes + "\r\n";
  const auto sends = [&](const std::string& head, const std::string& part) {
    Line line(scene.vehicle);
    line.Sends(head);
    line.Sends(part, 1024);
    return line.HearsStatus();
  };
  std::vector<std::future<int>> senders;
  for (int i = 0; i < 4; ++i) {
    senders.push_back(std::async(std::launch::async, sends, Head(scene.vehicle, "POST /session", "Content-Length: 67108864\r\n"), kilobytes));
    senders.push_back(std::async(std::launch::async, sends, Head(scene.vehicle, "POST /session", "Transfer-Encoding: chunked\r\n"), chunk));
  }
  while (senders.back().wait_for(milliseconds(0)) != std::future_status::ready) CHECK(scene.CrewIsAnswered());
  for (auto& sender : senders) CHECK(sender.get() == 413);
  CHECK(sends(Head(scene.vehicle, "POST /session", "Content-Length: 18446744073709551615\r\n"), "") == 413);
  CHECK(sends(Head(scene.vehicle, "POST /session", "Expect: 100-continue\r\nContent-Length: 67108864\r\n"), "") == 413);
  scene.HeldLittle();
}

TEST_CASE("header floods are answered 431 and never held", "[http-limits]") {
  Scene scene;
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  for (const std::string& flood : {Head(scene.vehicle, "GET /status", many), Head(scene.vehicle, "GET /" + std::string(200'000, 'x')),
                                   Head(scene.vehicle, "GET /status", "X: " + std::string(4 * kMegabyte, 'x') + "\r\n")}) {
    Line line(scene.vehicle);
    line.Sends(flood);
    CHECK(line.HearsStatus() == 431);
    CHECK(scene.CrewIsAnswered());
  }
  scene.HeldLittle();
}

TEST_CASE("pipelined requests are answered in their order, and none can be hidden in another", "[http-limits]") {
  Scene scene;
  std::string requests;
  for (int i = 0; i < 300; ++i) {
    const std::string trace = "TraceID: t" + std::to_string(i) + "\r\n";
    requests += i % 3 == 2 ? Head(scene.vehicle, "POST /session", trace + "Content-Length: 2\r\n") + "[]" : Head(scene.vehicle, "GET /healthz", trace);
  }
  Line line(scene.vehicle);
  line.Sends(requests);
  const std::string answers = line.Hears("TraceID: t299");
  size_t at = 0;
  for (int i = 0; i < 300; ++i) {
    at = answers.find("TraceID: t" + std::to_string(i) + "\r\n", at);
    REQUIRE(at != std::string::npos);
  }

  const std::string hidden = Head(scene.vehicle, "GET /healthz", "TraceID: hidden\r\n");
  for (const std::string length : {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                   "Content-Length: 0\r\nContent-Length: 5\r\n", "Transfer-Encoding: chunked, identity\r\n"}) {
    Line smuggler(scene.vehicle);
    smuggler.Sends(Head(scene.vehicle, "POST /session", length) + "0\r\n\r\n" + hidden);
    const std::string heard = smuggler.Hears("hidden");
    CHECK(heard.starts_with("HTTP/1.1 400 "));
    CHECK(heard.find("hidden") == std::string::npos);
    CHECK(heard.find("Content-Length") == heard.rfind("Content-Length"));  // one answer
  }
}

TEST_CASE("ten thousand requests within a minute, by someone who has a session, leave the crew its answers", "[http-limits]") {
  Scene scene;
  const Crew alex = scene.vehicle.SignsIn(kAlex, kAlexsPin);
  const std::string bearer = "Authorization: Bearer ";
  const auto start = std::chrono::steady_clock::now();
  std::map<int, int> heard;
  std::atomic<bool> over = false;
  auto flood = std::async(std::launch::async, [&] {
    Line line(scene.vehicle);
    for (size_t i = 0; i < 2500; ++i) {
      const std::string look = std::string("GET ") + kSearch + NhsNumber(1000 + i);
      line.Sends(Head(scene.vehicle, look, bearer + alex.session() + "\r\n") + Head(scene.vehicle, look, bearer + "made-up\r\n") +
                 Head(scene.vehicle, "GET /cpis/FHIR/R4/metadata") + Head(scene.vehicle, "GET /nowhere"));
      for (int answers = 0; answers < 4; ++answers) ++heard[line.HearsAnswer()];
    }
    over = true;
  });
  int looks = 0;
  while (!over) {
    if (looks < 15 && (looks == 0 || std::chrono::steady_clock::now() - start > looks * milliseconds(300))) {
      CHECK(scene.CrewIsAnswered());
      ++looks;
    }
    flood.wait_for(milliseconds(20));
  }
  flood.get();
  CHECK(std::chrono::steady_clock::now() - start < Patient(seconds(60)));
  CHECK(looks > 3);
  CHECK(heard[401] == 2500);
  CHECK(heard[404] == 2500);
  CHECK(heard[200] >= 2500);
  CHECK(heard[429] >= 2400);
  CHECK(heard[200] + heard[429] + heard[503] == 5000);
  scene.HoldsLittle();
}

}  // namespace cpis::e2e
