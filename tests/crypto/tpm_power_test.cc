// SPDX-License-Identifier: Apache-2.0
//
// Power cuts: a vehicle's TPM is never shut down in order, and its computer may end at any step.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "crypto/secret.h"
#include "crypto/tpm_key_store.h"
#include "tests/scratch.h"
#include "tests/crypto/swtpm.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;
using cpis::platform::KeyStore;

namespace {

namespace fs = std::filesystem;

struct Computer {
  ScratchDirectory directory;
  Swtpm tpm{directory.path() / "tpm"};
  fs::path file = directory.path() / "key-store-tpm";

  std::unique_ptr<KeyStore> Store() const { return StoreThrough(tpm.tcti()); }
  std::unique_ptr<KeyStore> StoreThrough(const std::string& tcti) const {
    auto store = NewTpmKeyStore({file, tcti, {}});
    INFO(store.status().message());
    REQUIRE(store.ok());
    return *std::move(store);
  }
  void LosesAndFindsPower() {
    tpm.LosesPower();
    tpm.FindsPower();
  }
};

std::string Unsealed(const Computer& computer) {
  const auto secret = computer.Store()->Unseal();
  return secret.ok() ? std::string(AsText(*secret)) : secret.status().message();
}

// What is cut, and where: before or after the TPM saw the command of that number.
struct Cut {
  WireTap::Moment moment;
  size_t command;
  bool tpm_too;
};

// Runs `work` in a process of its own that is killed at `cut`. True when it was killed, false when it came to its end.
[[maybe_unused]] bool IsKilled(Computer& computer, const Cut& cut, const std::function<void(KeyStore&)>& work) {
  std::atomic<pid_t> child = -1;
  WireTap tap(computer.tpm, [&](WireTap::Moment moment, size_t number) {
    if (moment != cut.moment || number != cut.command) return;
    kill(child, SIGKILL);
    if (cut.tpm_too) computer.tpm.LosesPower();
  });
  int begin[2];
  REQUIRE(pipe(begin) == 0);
  const std::string tcti = tap.tcti();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char go = 0;
    if (read(begin[0], &go, 1) != 1) _exit(1);
    auto store = NewTpmKeyStore({computer.file, tcti, {}});
    if (!store.ok()) _exit(1);
    work(**store);
    _exit(0);
  }
  child = pid;
  REQUIRE(write(begin[1], "x", 1) == 1);
  int state = 0;
  waitpid(pid, &state, 0);
  close(begin[0]);
  close(begin[1]);
  return WIFSIGNALED(state);
}

}  // namespace

TEST_CASE("a hundred power cuts lock no TPM: nothing of ours counts against it", "[power]") {
  Computer computer;
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  for (int i = 0; i < 100; ++i) {
    const std::string at_start = Unsealed(computer);
    const auto tallied = computer.Store()->AddToTally();
    computer.LosesAndFindsPower();
    if (at_start != "secret" || !tallied.ok() || computer.tpm.LockoutCounter() != 0) FAIL("after " << i << " cuts: " << at_start);
  }
  CHECK(Unsealed(computer) == "secret");
  CHECK(computer.tpm.LockoutCounter() == 0);
}

TEST_CASE("an object without noDA does count: so the hundred cuts would have been noticed", "[power]") {
  Computer computer;
  CHECK(computer.tpm.KeepsCarelessly("secret", true) == "secret");
  computer.LosesAndFindsPower();
  CHECK(computer.tpm.LockoutCounter() == 0);

  CHECK(computer.tpm.KeepsCarelessly("secret", false) == "secret");
  computer.LosesAndFindsPower();
  CHECK(computer.tpm.LockoutCounter() > 0);
  int cuts = 1;
  try {
    for (; cuts < 100; ++cuts) {
      computer.tpm.KeepsCarelessly("secret", false);
      computer.LosesAndFindsPower();
    }
  } catch (const std::runtime_error&) {
  }
  CHECK(cuts < 100);  // locked out
  // Such a stranger on the same TPM does not lock us out.
  REQUIRE(computer.Store()->Seal(AsBytes("ours")).ok());
  CHECK(Unsealed(computer) == "ours");
}

// A process that AddressSanitizer watches may hang when it forks beside threads: these are for the release build.
#ifndef __SANITIZE_ADDRESS__

TEST_CASE("cut off at any step, a new secret has replaced the old one or it has not", "[power]") {
  const bool tpm_too = GENERATE(false, true);
  const auto moment = GENERATE(WireTap::Moment::kBefore, WireTap::Moment::kAfter);
  Computer computer;
  std::map<std::string, int> found;
  std::string kept = "secret 0";
  REQUIRE(computer.Store()->Seal(AsBytes(kept)).ok());
  bool killed = true;
  for (size_t command = 0; killed; ++command) {
    const std::string next = "secret " + std::to_string(command + 1);
    killed = IsKilled(computer, {moment, command, tpm_too}, [&](KeyStore& store) { std::ignore = store.Seal(AsBytes(next)); });
    if (tpm_too && killed) computer.tpm.FindsPower();
    const std::string now = Unsealed(computer);
    if (now != kept && now != next) FAIL("killed at command " << command << ": " << now);
    ++found[now == next ? "new" : "old"];
    kept = now;
  }
  CHECK(found["old"] > 10);
  CHECK(found["new"] >= 2);  // the last ones: counted, but not renamed; and the one that was not killed
  CHECK(computer.tpm.Counters() == 2);
  CHECK(computer.tpm.LockoutCounter() == 0);
  CHECK_FALSE(fs::exists(computer.file.string() + ".next"));
}

TEST_CASE("a first secret that was cut off is not there or whole, and leaves no counter that nobody knows of", "[power]") {
  bool killed = true;
  size_t whole = 0;
  for (size_t command = 0; killed; ++command) {
    Computer computer;
    killed = IsKilled(computer, {WireTap::Moment::kAfter, command, false},
                      [](KeyStore& store) { std::ignore = store.Seal(AsBytes("first")); });
    const auto there = computer.Store()->Unseal();
    INFO("killed at command " << command << ": " << there.status().message());
    CHECK((there.ok() || there.status().code() == Code::kNotFound));
    whole += there.ok() ? 1 : 0;
    REQUIRE(computer.Store()->Seal(AsBytes("second")).ok());
    CHECK(Unsealed(computer) == "second");
    CHECK(computer.tpm.Counters() == 2);
    REQUIRE(computer.Store()->Forget().ok());
    CHECK(computer.tpm.Counters() == 0);
  }
  CHECK(whole >= 4);  // counted; and what follows that
}

TEST_CASE("forgetting that was cut off can be done again, and never leaves a copy that opens after it", "[power]") {
  bool killed = true;
  for (size_t command = 0; killed; ++command) {
    Computer computer;
    REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
    const fs::path copy = computer.directory.path() / "copy";
    fs::copy_file(computer.file, copy);
    killed = IsKilled(computer, {WireTap::Moment::kAfter, command, true}, [](KeyStore& store) { std::ignore = store.Forget(); });
    if (killed) computer.tpm.FindsPower();
    REQUIRE(computer.Store()->Forget().ok());
    CHECK(computer.tpm.Counters() == 0);
    CHECK(computer.Store()->Unseal().status().code() == Code::kNotFound);
    CHECK((*NewTpmKeyStore({copy, computer.tpm.tcti(), {}}))->Unseal().status().code() == Code::kDenied);
  }
}

TEST_CASE("users that are killed do not fill the TPM", "[power]") {
  Computer computer;
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  size_t kills = 0;
  for (size_t i = 0; i < 100; ++i) {
    kills += IsKilled(computer, {WireTap::Moment::kAfter, 4 + i % 8, false}, [](KeyStore& store) { std::ignore = store.Unseal(); });
  }
  CHECK(kills > 90);
  CHECK(Unsealed(computer) == "secret");
}

#endif
