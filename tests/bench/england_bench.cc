// SPDX-License-Identifier: Apache-2.0
//
// What the England index costs at its real size: a query, memory and bytes, beside a plain sorted vector and a hash set
// of the same prefixes, in one run, over the same questions.
#include <malloc.h>

#include <cmath>
#include <memory>
#include <random>
#include <unordered_set>

#include "sync/england.h"
#include "tests/bench/measure.h"

namespace {

using namespace cpis;
using crypto::EnglandHash;
using sync::England;

constexpr size_t kNumbers = 240'000;
constexpr size_t kQueries = 2'000'000;
constexpr size_t kChanges = 100;
constexpr size_t kTopicOverhead = 11;  // index, version and size of an entry of a snapshot
constexpr int kOneIn[] = {16, 64, 1024};

std::vector<EnglandHash> RandomHashes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<EnglandHash> hashes(count);
  for (auto& hash : hashes) hash = EnglandHash{random()};
  return hashes;
}

size_t HeapInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What it holds, and the heap that it took.
template <typename T>
struct Weighed {
  std::unique_ptr<T> held;
  double megabytes;
};
template <typename T, typename Make>
Weighed<T> Weigh(Make make) {
  const size_t before = HeapInUse();
  auto held = std::make_unique<T>(make());
  return {std::move(held), static_cast<double>(HeapInUse() - before) / 1e6};
}

// Nanoseconds a query; the median of five rounds. Half of the questions are members.
template <typename Look>
double Time(const std::vector<EnglandHash>& questions, size_t expected, Look look) {
  std::vector<double> ns;
  for (int round = 0; round < 5; ++round) {
    size_t found = 0;
    const auto start = bench::Clock::now();
    for (const EnglandHash question : questions) found += look(question) ? 1 : 0;
    ns.push_back(bench::SecondsSince(start) / static_cast<double>(questions.size()) * 1e9);
    if (found != expected) std::exit(1);  // all three agree
  }
  return bench::Percentile(ns, 0.5);
}

std::vector<EnglandHash> Questions(const std::vector<EnglandHash>& members) {
  std::mt19937_64 random(2);
  std::vector<EnglandHash> questions(kQueries);
  for (size_t i = 0; i < kQueries; ++i) {
    questions[i] = i % 2 == 0 ? members[random() % members.size()] : EnglandHash{random()};
  }
  return questions;
}

void Query(const std::vector<EnglandHash>& members, int bits) {
  const auto prefixes = [&] {
    std::vector<uint32_t> all;
    all.reserve(members.size());
    for (const EnglandHash hash : members) all.push_back(England::PrefixOf(hash, bits));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  };
  const auto england = Weigh<England>([&] { return England(members, bits); });
  const auto sorted = Weigh<std::vector<uint32_t>>(prefixes);
  const auto hashed = Weigh<std::unordered_set<uint32_t>>([&] {
    const auto all = prefixes();
    return std::unordered_set<uint32_t>(all.begin(), all.end());
  });
  const auto questions = Questions(members);
  const auto expected = static_cast<size_t>(std::count_if(
      questions.begin(), questions.end(), [&](EnglandHash hash) { return england.held->Contains(hash); }));

  const double ours = Time(questions, expected, [&](EnglandHash hash) { return england.held->Contains(hash); });
  const double vector = Time(questions, expected, [&](EnglandHash hash) {
    return std::binary_search(sorted.held->begin(), sorted.held->end(), England::PrefixOf(hash, bits));
  });
  const double set = Time(questions, expected,
                          [&](EnglandHash hash) { return hashed.held->count(England::PrefixOf(hash, bits)) != 0; });
  const auto beside = [&](double ns, double megabytes) {
    char text[80];
    std::snprintf(text, sizeof text, "%5.2f MB; %.2f x ours in time, %.2f x in memory", megabytes, ns / ours,
                  megabytes / england.megabytes);
    return std::string(text);
  };
  bench::Line("England::Contains", ours, "ns", beside(ours, england.megabytes));
  bench::Line("std::binary_search, one sorted vector", vector, "ns", beside(vector, sorted.megabytes));
  bench::Line("std::unordered_set", set, "ns", beside(set, hashed.megabytes));
}

// A patch that takes as many numbers out as it puts in.
platform::Bytes SomePatch(const std::vector<EnglandHash>& members, int bits) {
  std::unordered_set<uint32_t> toggled;
  for (size_t i = 0; toggled.size() < kChanges / 2; ++i) toggled.insert(England::PrefixOf(members[i], bits));
  std::mt19937_64 random(3);
  while (toggled.size() < kChanges) toggled.insert(England::PrefixOf(EnglandHash{random()}, bits));
  return England::EncodePatch(bits, {toggled.begin(), toggled.end()});
}

void Cost(const std::vector<EnglandHash>& members, int one_in) {
  const int bits = England::BitsFor(members.size(), one_in);
  auto start = bench::Clock::now();
  England england(members, bits);
  const double build = bench::SecondsSince(start);
  start = bench::Clock::now();
  const auto buckets = england.Buckets();
  const double encode = bench::SecondsSince(start);
  size_t bytes = 0;
  std::vector<England::BucketView> views;
  for (const auto& bucket : buckets) {
    bytes += bucket.body.size() + kTopicOverhead;
    views.push_back({bucket.index, bucket.body});
  }
  start = bench::Clock::now();
  if (!England::Assemble(views).ok()) std::exit(1);
  const double assemble = bench::SecondsSince(start);
  const auto patch = SomePatch(members, bits);
  start = bench::Clock::now();
  if (!england.Apply(patch).ok()) std::exit(1);
  const double apply = bench::SecondsSince(start);

  const auto count = static_cast<double>(members.size());
  const double gap = std::ldexp(1.0, bits) / static_cast<double>(england.size());
  const double entropy = std::log2(gap) + 1 / std::log(2.0);  // of one gap, to the first order
  std::printf("one in %d: %d bits, false-positive rate 1 / %.1f\n", one_in, bits, 1 / england.FalsePositiveRate());
  bench::Line(
      "  all buckets, as they travel", static_cast<double>(bytes) * 8 / count, "bits/key",
      std::to_string(bytes / 1000) + " KB; " + std::to_string(entropy) + " is the entropy; 32 as plain integers");
  bench::Line("  a patch of 100", static_cast<double>(patch.size()) / kChanges, "B/change", "bar 3");
  bench::Line("  build, encode", (build + encode) * 1e3, "ms", "");
  bench::Line("  assemble", assemble * 1e3, "ms", "");
  bench::Line("  apply the patch", apply * 1e3, "ms", "and encode the buckets that it changed");
}

}  // namespace

int main() {
  const auto members = RandomHashes(kNumbers, 1);
  std::printf("England index, %zu numbers, %zu queries, half of them members, medians of 5 rounds\n", kNumbers,
              kQueries);
  Query(members, England::BitsFor(kNumbers, 64));
  for (const int one_in : kOneIn) Cost(members, one_in);
}
