// SPDX-License-Identifier: Apache-2.0
//
// The bars of the first node, with the real programs: import, first sync, bytes on the wire, memory, and lookups over HTTP with
// the link cut. Takes about a minute.
#include <atomic>
#include <iostream>
#include <thread>

#include "crypto/row.h"
#include "tests/bench/measure.h"
#include "tests/bench/seed.h"
#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace {

using namespace cpis;
using e2e::Arguments;

constexpr size_t kImported = 1'000;
constexpr size_t kFirstImported = 100'000;  // of the numbers, past those that are seeded
constexpr size_t kLookups = 500;

double ResidentMegabytes(pid_t pid) { return static_cast<double>(e2e::MemoryOf(pid, "VmRSS")) / (1024 * 1024); }

// The floor of an import: as many number keys, on all cores, and nothing else.
double NumberKeySeconds(size_t count) {
  const crypto::NumberKeys deriver(crypto::Secret::Random(16), {});
  std::atomic<size_t> next{0};
  const auto derive = [&] {
    for (size_t i = next++; i < count; i = next++) {
      if (!deriver.Derive(e2e::NhsNumber(i)).ok()) std::exit(1);
    }
  };
  const auto start = bench::Clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(derive);
  for (std::thread& thread : threads) thread.join();
  return bench::SecondsSince(start);
}

void Import(e2e::Fleet& fleet) {
  e2e::AuthorityFile file(e2e::Halton(), "BENCH-1");
  for (size_t i = 0; i < kImported; ++i) file.Protects(e2e::NhsNumber(kFirstImported + i), e2e::Day(-30));
  const double keys = NumberKeySeconds(kImported);
  const auto start = bench::Clock::now();
  const e2e::Output imported = fleet.Imports(file);
  const double seconds = bench::SecondsSince(start);
  if (imported.exit_code != 0) std::exit(1);
  const double again = NumberKeySeconds(kImported);
  const double floor = (keys + again) / 2;
  bench::Line("import of 1,000 records", seconds, "s", "number keys alone " + std::to_string(floor) + " s: " +
                                                          std::to_string(seconds / floor) + " x (bar 1.2)");
}

void FirstSync(e2e::Fleet& fleet, e2e::Vehicle& vehicle, const std::string& name) {
  const std::string code = fleet.IssuesCode(name, "E10000017");
  const uint64_t before = vehicle.link().bytes_down();
  const auto start = bench::Clock::now();
  if (vehicle.Enrols(code).exit_code != 0 || !vehicle.CatchesUp()) std::exit(1);
  const double seconds = bench::SecondsSince(start);
  const auto rows = vehicle.Partition("E10000017").at("rows").to_number<double>();
  const double bytes = static_cast<double>(vehicle.link().bytes_down() - before);
  bench::Line("first sync of " + std::to_string(static_cast<int>(rows)) + " flags, with enrolment", seconds, "s", "bar 3 s");
  bench::Line("on the wire, TLS and all", bytes / rows, "bytes", "a flag (bar 150)");
}

void Lookups(const e2e::Vehicle& vehicle, const e2e::Crew& crew) {
  std::vector<double> milliseconds;
  for (size_t i = 0; i < kLookups; ++i) {
    const auto start = bench::Clock::now();
    const e2e::HttpReply reply = e2e::Ask(
        vehicle.http(), {"GET", "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|" + e2e::NhsNumber(i),
                         {{"Authorization", "Bearer " + crew.session()}, {"X-Incident-Ref", "BENCH"}}, ""});
    milliseconds.push_back(bench::SecondsSince(start) * 1000);
    if (reply.status != 200) std::exit(1);
  }
  bench::Line("lookup over HTTP, link cut, median", bench::Percentile(milliseconds, 0.5), "ms", "");
  bench::Line("lookup over HTTP, link cut, p99", bench::Percentile(milliseconds, 0.99), "ms",
              "bar 25; 8 MiB number key, audit and attendance durable");
  bench::Line("number key alone", NumberKeySeconds(200) / 200 * std::thread::hardware_concurrency() * 1000, "ms", "the floor");
}

}  // namespace

int main() {
  crypto::StartCrypto();
  e2e::Fleet fleet;
  std::printf("the first node, real programs on loopback\n");
  Import(fleet);
  fleet.Stops();
  const bench::Seed seed;
  if (const auto seeded = bench::SeedFleet(fleet.state(), seed); !seeded.ok()) {
    std::cerr << seeded.message() << "\n";
    return 1;
  }
  fleet.Starts();
  fleet.Hires(e2e::kSam, "Ms Sam Crew", e2e::kSamsPin);
  for (const char* limit : {"looks_per_hour_person", "looks_per_day_person", "looks_per_hour_node", "looks_per_day_node",
                            "misses_per_hour_person"}) {
    fleet.Sets(std::string(limit) + "=10000");
  }

  auto first = fleet.Delivers("BENCH-1");
  FirstSync(fleet, *first, "BENCH-1");
  auto second = fleet.Delivers("BENCH-2");
  FirstSync(fleet, *second, "BENCH-2");

  std::this_thread::sleep_for(std::chrono::seconds(3));  // idle is what is measured
  bench::Line("resident memory of the idle node", ResidentMegabytes(first->daemon().pid()), "MB", "bar 25");
  bench::Line("resident memory of the fleet server", ResidentMegabytes(fleet.daemon().pid()), "MB", "");
  const e2e::Crew crew = first->SignsIn(e2e::kSam, e2e::kSamsPin);
  first->LosesLink();
  Lookups(*first, crew);
  bench::Line("resident memory of the node after lookups", ResidentMegabytes(first->daemon().pid()), "MB", "");
}
