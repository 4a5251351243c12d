// SPDX-License-Identifier: Apache-2.0
#include "platform/files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/scratch.h"

namespace cpis::platform {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& file) {
  const auto bytes = ReadFile(file, 1 << 20);
  return bytes.ok() ? std::string(AsText(*bytes)) : std::string(Name(bytes.status().code()));
}

int ModeOf(const fs::path& file) {
  struct stat facts {};
  return stat(file.c_str(), &facts) == 0 ? static_cast<int>(facts.st_mode & 07777) : -1;
}

size_t EntriesIn(const fs::path& directory) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST_CASE("a durable write makes the file with its mode and nothing beside it") {
  ScratchDirectory scratch;
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("one")).ok());
  CHECK(Read(scratch / "a") == "one");
  CHECK(ModeOf(scratch / "a") == 0600);
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("two, longer"), 0644).ok());
  CHECK(Read(scratch / "a") == "two, longer");
  CHECK(ModeOf(scratch / "a") == 0644);
  CHECK(EntriesIn(scratch.path()) == 1);
}

TEST_CASE("a reader who has the old file open keeps it whole while it is replaced") {
  ScratchDirectory scratch;
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("old")).ok());
  FILE* reader = fopen((scratch / "a").c_str(), "r");
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("new")).ok());
  char text[8] = {};
  CHECK(fread(text, 1, sizeof text, reader) == 3);
  CHECK(std::string(text) == "old");
  fclose(reader);
}

TEST_CASE("a write that finds no room leaves the old file and nothing beside it") {
  ScratchDirectory scratch;
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("old")).ok());
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(WriteFileDurably(scratch / "a", Bytes(10000, 1)).code() == Code::kExhausted ? 0 : 1);
  }
  int outcome = -1;
  waitpid(child, &outcome, 0);
  CHECK(outcome == 0);
  CHECK(Read(scratch / "a") == "old");
  CHECK(EntriesIn(scratch.path()) == 1);
}

TEST_CASE("a write into a directory that is not there says so") {
  ScratchDirectory scratch;
  CHECK(WriteFileDurably(scratch / "none/a", AsBytes("x")).code() == Code::kNotFound);
}

TEST_CASE("a file is read up to the limit, and not at all past it") {
  ScratchDirectory scratch;
  REQUIRE(WriteFileDurably(scratch / "a", AsBytes("12345")).ok());
  CHECK(ReadFile(scratch / "a", 5).ok());
  CHECK(ReadFile(scratch / "a", 4).status().code() == Code::kExhausted);
  CHECK(ReadFile(scratch / "none", 4).status().code() == Code::kNotFound);
  CHECK(ReadFile(scratch.path(), 4).status().code() == Code::kInvalid);
  CHECK(Read("/proc/self/stat").size() > 20);  // a file that claims to be empty
}

TEST_CASE("the limit holds for a file that claims to be empty") {
  CHECK(ReadFile("/proc/self/stat", 5).status().code() == Code::kExhausted);
}

TEST_CASE("reading a pipe is refused and does not wait for a writer") {
  ScratchDirectory scratch;
  REQUIRE(mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  CHECK(ReadFile(scratch / "pipe", 10).status().code() == Code::kInvalid);
}

TEST_CASE("a file moves between directories") {
  ScratchDirectory scratch;
  fs::create_directory(scratch / "in");
  fs::create_directory(scratch / "done");
  REQUIRE(WriteFileDurably(scratch / "in/a", AsBytes("x")).ok());
  REQUIRE(MoveFileDurably(scratch / "in/a", scratch / "done/b").ok());
  CHECK(Read(scratch / "done/b") == "x");
  CHECK_FALSE(fs::exists(scratch / "in/a"));
  CHECK(MoveFileDurably(scratch / "in/a", scratch / "done/b").code() == Code::kNotFound);
}

TEST_CASE("a state directory is created private and held by one at a time") {
  ScratchDirectory scratch;
  const fs::path state = scratch / "deep/state";
  {
    auto lock = StateLock::Take(state);
    REQUIRE(lock.ok());
    CHECK(ModeOf(state) == 0700);
    CHECK(StateLock::Take(state).status().code() == Code::kDenied);
    const pid_t child = fork();
    if (child == 0) _exit(StateLock::Take(state).status().code() == Code::kDenied ? 0 : 1);
    int outcome = -1;
    waitpid(child, &outcome, 0);
    CHECK(outcome == 0);
    StateLock moved = *std::move(lock);
    CHECK(StateLock::Take(state).status().code() == Code::kDenied);
  }
  CHECK(StateLock::Take(state).ok());
}

TEST_CASE("a state directory that is a file cannot be used") {
  ScratchDirectory scratch;
  REQUIRE(WriteFileDurably(scratch / "state", AsBytes("x")).ok());
  CHECK(StateLock::Take(scratch / "state").status().code() == Code::kInvalid);
}

}  // namespace
}  // namespace cpis::platform
