// SPDX-License-Identifier: Apache-2.0
#include "sync/local/local_service.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <future>

#include "tests/scratch.h"

namespace cpis::sync {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using platform::Result;

struct Daemon {
  ScratchDirectory state;
  std::filesystem::path socket = state / "edged.sock";
  std::unique_ptr<LocalServer> server;

  explicit Daemon(LocalHandler handler) {
    auto started = LocalServer::Start(socket, std::move(handler));
    REQUIRE(started.ok());
    server = *std::move(started);
  }
  LocalAnswer Call(LocalCall call, const LocalProgress& progress = {}) { return CallLocal(socket, call, progress); }
};

TEST_CASE("a call brings method and arguments to the daemon and its answer back") {
  Daemon daemon(
      [](const LocalCall& call, const LocalProgress&) -> Result<std::string> { return call.method + call.json; });
  const LocalAnswer answer = daemon.Call({"lookup", R"({"a":1})", {}});
  CHECK(answer.json == R"(lookup{"a":1})");
  CHECK(answer.failure.code == Code::kOk);
  CHECK(answer.failure.exit_code == 0);
}

TEST_CASE("progress is heard in order, before the answer") {
  Daemon daemon([](const LocalCall&, const LocalProgress& progress) -> Result<std::string> {
    for (uint64_t done = 1; done <= 3; ++done) progress("rows", done, 3);
    return std::string("{}");
  });
  std::vector<std::string> heard;
  const LocalAnswer answer = daemon.Call({"sync", "{}", {}}, [&](std::string_view what, uint64_t done, uint64_t total) {
    heard.push_back(std::string(what) + " " + std::to_string(done) + "/" + std::to_string(total));
  });
  CHECK(answer.json == "{}");
  CHECK(heard == std::vector<std::string>{"rows 1/3", "rows 2/3", "rows 3/3"});
  CHECK(daemon.Call({"sync", "{}", {}}).json == "{}");  // nobody need listen
}

TEST_CASE("a failure arrives with its code, its one line and the exit code of the contract") {
  const std::vector<std::pair<Code, int>> expected{
      {Code::kInvalid, 2},      {Code::kNotFound, 1},  {Code::kDenied, 4},    {Code::kCorrupt, 1},
      {Code::kUnavailable, 75}, {Code::kExhausted, 1}, {Code::kCancelled, 1}, {Code::kInternal, 1}};
  for (const auto& [code, exit_code] : expected) {
    Daemon daemon([code = code](const LocalCall&, const LocalProgress&) -> Result<std::string> {
      return platform::Status(code, "\"9\" is not it (try 8)");
    });
    const LocalAnswer answer = daemon.Call({"x", "{}", {}});
    CHECK(answer.json.empty());
    CHECK(answer.failure.code == code);
    CHECK(answer.failure.message == "\"9\" is not it (try 8)");
    CHECK(answer.failure.exit_code == exit_code);
  }
}

TEST_CASE("where nobody listens the answer is kUnavailable, at once, and says where and who") {
  ScratchDirectory state;
  const auto begun = std::chrono::steady_clock::now();
  const LocalAnswer edge = CallLocal(state / "edged.sock", {"status", "{}", {}}, {});
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(edge.failure.code == Code::kUnavailable);
  CHECK(edge.failure.exit_code == 75);
  CHECK(edge.failure.message == "no daemon answers on \"" + (state / "edged.sock").string() +
                                    "\" (is cpis-edged running, and is --state right?)");
  const LocalAnswer fleet = CallLocal(state / "fleetd.sock", {"status", "{}", {}}, {});
  CHECK(fleet.failure.message.find("is cpis-fleetd running") != std::string::npos);
}

TEST_CASE("the socket is for its owner and group, replaces a stale one and goes with the server") {
  ScratchDirectory state;
  const auto socket = state / "edged.sock";
  REQUIRE(LocalServer::Start(socket, {}).ok());  // gone again
  CHECK_FALSE(std::filesystem::exists(socket));
  for (int round = 0; round < 2; ++round) {
    auto server = LocalServer::Start(
        socket, [](const LocalCall&, const LocalProgress&) -> Result<std::string> { return std::string("{}"); });
    REQUIRE(server.ok());
    struct stat info {};
    REQUIRE(::stat(socket.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0660);
    CHECK(CallLocal(socket, {"x", "{}", {}}, {}).json == "{}");
    if (round == 0) {
      auto copy = state / "stale";
      std::filesystem::rename(socket, copy);  // as a killed daemon leaves it
      server = platform::Unavailable("gone");
      std::filesystem::rename(copy, socket);
    }
  }
}

TEST_CASE("an upload at its size cap fits into one call, a larger one is refused as too large") {
  Daemon daemon([](const LocalCall& call, const LocalProgress&) -> Result<std::string> {
    return std::to_string(call.attachment.size()) + " " + std::to_string(call.attachment.back());
  });
  platform::Bytes file(64 * 1024 * 1024, 7);
  CHECK(daemon.Call({"fleet.import", "{}", file}).json == "67108864 7");
  file.resize(90 * 1024 * 1024);
  const LocalAnswer refused = daemon.Call({"fleet.import", "{}", std::move(file)});
  CHECK(refused.failure.code == Code::kExhausted);
  CHECK(refused.failure.message == "the file is too large for one call");
}

TEST_CASE("a long call does not keep others waiting") {
  std::promise<void> release;
  std::promise<void> begun;
  auto gate = release.get_future().share();
  Daemon daemon([&, gate](const LocalCall& call, const LocalProgress&) -> Result<std::string> {
    if (call.method == "import") {
      begun.set_value();
      gate.wait();
    }
    return call.method;
  });
  auto slow = std::async(std::launch::async, [&] { return daemon.Call({"import", "{}", {}}).json; });
  begun.get_future().wait();
  CHECK(daemon.Call({"status", "{}", {}}).json == "status");
  release.set_value();
  CHECK(slow.get() == "import");
}

TEST_CASE("a daemon that stops answers what it has begun") {
  std::promise<void> begun;
  std::promise<void> release;
  Daemon daemon([&](const LocalCall&, const LocalProgress&) -> Result<std::string> {
    begun.set_value();
    release.get_future().wait();
    return std::string("done");
  });
  auto call = std::async(std::launch::async, [&] { return daemon.Call({"x", "{}", {}}).json; });
  begun.get_future().wait();
  auto stop = std::async(std::launch::async, [&] { daemon.server.reset(); });
  release.set_value();
  CHECK(call.get() == "done");
  stop.get();
  CHECK(daemon.Call({"x", "{}", {}}).failure.code == Code::kUnavailable);
}

}  // namespace
}  // namespace cpis::sync
