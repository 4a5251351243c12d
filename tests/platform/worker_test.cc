// SPDX-License-Identifier: Apache-2.0
#include "platform/worker.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <vector>

namespace cpis::platform {
namespace {

TEST_CASE("work is done in the order it was posted, all of it before the worker ends") {
  std::vector<int> done;
  {
    Worker worker("test");
    for (int i = 0; i < 1000; ++i) worker.Post([&done, i] { done.push_back(i); });
  }
  REQUIRE(done.size() == 1000);
  CHECK(std::is_sorted(done.begin(), done.end()));
}

TEST_CASE("work may post more work, which is finished too") {
  int done = 0;
  {
    Worker worker("test");
    worker.Post([&] { worker.Post([&] { worker.Post([&] { ++done; }); }); });
  }
  CHECK(done == 1);
}

TEST_CASE("Run gives back what the work returned, from the worker's own thread") {
  Worker worker("test");
  CHECK(worker.Run([] { return std::this_thread::get_id(); }) != std::this_thread::get_id());
  CHECK(*worker.Run([] { return std::make_unique<int>(42); }) == 42);
  bool ran = false;
  worker.Run([&ran] { ran = true; });
  CHECK(ran);
}

int InChild(void (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    body();
    _exit(0);
  }
  int outcome = -1;
  waitpid(child, &outcome, 0);
  return outcome;
}

TEST_CASE("a stop signal is waited for, and stays given") {
  CHECK(InChild([] {
          StopSignal stop;
          kill(getpid(), SIGTERM);
          stop.Wait();
          stop.Wait();
        }) == 0);
  CHECK(InChild([] {
          StopSignal stop;
          kill(getpid(), SIGINT);
          stop.Wait();
        }) == 0);
}

TEST_CASE("another thread may ask to stop") {
  CHECK(InChild([] {
          StopSignal stop;
          std::thread other([&stop] { stop.Request(); });
          stop.Wait();
          other.join();
        }) == 0);
}

}  // namespace
}  // namespace cpis::platform
