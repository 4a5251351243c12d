// SPDX-License-Identifier: Apache-2.0
#include "sync/node/watchdog.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include "tests/patience.h"

namespace cpis::sync::node {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

bool Comes(std::future<void> event) { return event.wait_for(Patient(10s)) == std::future_status::ready; }

TEST_CASE("a call that says nothing for its patience is ended, once") {
  Watchdog dog;
  std::promise<void> first;
  std::atomic<int> barks{0};
  Watchdog::Guard guard(dog, 20ms, [&] {
    if (++barks == 1) first.set_value();
  });
  REQUIRE(Comes(first.get_future()));

  std::promise<void> second;  // by when it barks, the first guard was looked at again
  Watchdog::Guard other(dog, 20ms, [&] { second.set_value(); });
  REQUIRE(Comes(second.get_future()));
  CHECK(barks == 1);
}

TEST_CASE("a call that makes progress is left alone however long it takes") {
  Watchdog dog;
  std::atomic<bool> barked{false};
  Watchdog::Guard patient(dog, 10s, [&] { barked = true; });
  const auto patience = 300ms;
  Watchdog::Guard guard(dog, patience, [&] { barked = true; });
  for (const auto end = steady_clock::now() + 2 * patience; steady_clock::now() < end;) {
    guard.Touch();
    std::this_thread::sleep_for(1ms);  // the time that passes is what is tested
  }
  CHECK_FALSE(barked);
}

TEST_CASE("a shorter patience that comes later is kept too") {
  Watchdog dog;
  Watchdog::Guard patient(dog, 1h, [] {});
  std::promise<void> barked;
  Watchdog::Guard guard(dog, 1ms, [&] { barked.set_value(); });
  CHECK(Comes(barked.get_future()));
}

TEST_CASE("after StopAll every guard barks at once, those still to come too") {
  Watchdog dog;
  std::promise<void> here;
  Watchdog::Guard guard(dog, 1h, [&] { here.set_value(); });
  dog.StopAll();
  CHECK(Comes(here.get_future()));
  std::promise<void> later;
  Watchdog::Guard late(dog, 1h, [&] { later.set_value(); });
  CHECK(Comes(later.get_future()));
}

TEST_CASE("a guard that ended does not bark") {
  Watchdog dog;
  std::atomic<bool> barked{false};
  {
    Watchdog::Guard guard(dog, 1h, [&] { barked = true; });
  }
  dog.StopAll();
  std::promise<void> later;
  Watchdog::Guard late(dog, 1h, [&] { later.set_value(); });
  REQUIRE(Comes(later.get_future()));
  CHECK_FALSE(barked);
}

}  // namespace
}  // namespace cpis::sync::node
