// SPDX-License-Identifier: Apache-2.0
#include "platform/log.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

namespace cpis::platform {
namespace {

// What `body` writes to stderr; at most what a pipe holds.
template <typename Body>
std::string StderrOf(Body body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  body();
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::string text(65536, '\0');
  const ssize_t size = read(ends[0], text.data(), text.size());
  close(ends[0]);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return text;
}

TEST_CASE("a log line has its level, part and message") {
  CHECK(StderrOf([] { LogInfo("forward", "3 attendances sent"); }) == "<6>forward: 3 attendances sent\n");
  CHECK(StderrOf([] { LogError("store", "failed"); }) == "<3>store: failed\n");
}

TEST_CASE("a message cannot make a second line or hide in control characters") {
  CHECK(StderrOf([] { LogInfo("p", "a\n<3>forged: b\r\x1b[2J\x7f"); }) == "<6>p: a\\n<3>forged: b\\x0d\\x1b[2J\\x7f\n");
  CHECK(StderrOf([] { LogInfo("p", "Ynys Môn"); }) == "<6>p: Ynys Môn\n");
}

TEST_CASE("lines above the level are dropped") {
  CHECK(StderrOf([] { Log(Level::kDebug, "p", "detail"); }).empty());
  SetLogLevel(Level::kWarning);
  CHECK(StderrOf([] { LogInfo("p", "news"); }).empty());
  CHECK_FALSE(StderrOf([] { LogWarning("p", "trouble"); }).empty());
  SetLogLevel(Level::kInfo);
}

}  // namespace
}  // namespace cpis::platform
