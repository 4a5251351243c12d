// SPDX-License-Identifier: Apache-2.0
//
// Random schedules of everything that can happen to a node, its fleet server, the link and the clocks, against a plain model.
// After every step every number is looked up. Never may an answer be
//
//   NOT_FLAGGED for a number that was flagged in England at its `as_of`, that is withheld, or that was replaced by another;
//   NOT_FLAGGED when more true time has passed since `as_of` than fresh_for, whatever the tablet's clock says;
//   FLAGGED with a plan whose window was over, or that no authority ever had, or past the lease.
//
// CPIS_SCHEDULES says how many; CPIS_SEED replays from a printed seed. Keys that decide what collides come from the seed too.
#include <cstdlib>
#include <iostream>
#include <random>

#include "sync/fleet/expiry.h"
#include "sync/fleet/inactive_numbers.h"
#include "sync/fleet/sensitive_numbers.h"
#include "tests/schedules/tablet.h"
#include "tests/schedules/truth.h"

namespace cpis::schedules {
namespace {

using platform::Rfc3339;
using sync::fleet::Number;
using sync::fleet::Subject;

constexpr int kStepsASchedule = 12;
constexpr int kSchedulesAFleet = 25;  // then another fleet begins, with nothing known
constexpr int kNumbers = 12;
const std::vector<std::string> kAuthorities{"E10000017", "E06000007", "E08000012"};
const std::vector<std::vector<std::string>> kRegions{
    {"E10000017"}, {"E10000017", "E06000007"}, {"E06000007", "E08000012"}, {"E10000017", "E06000007", "E08000012"}};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Counts {
  uint64_t answers = 0, flagged = 0, not_flagged = 0, possibly = 0, cannot_say = 0;
};

class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed) {
    for (crypto::Secret* key : {&world_.keys.pepper, &world_.keys.index_key, &world_.keys.england_key}) *key = Seeded(key->size());
    world_.Restart();  // so that nothing was made with the keys before
    OpensOffice();
    tablet_ = std::make_unique<Tablet>(world_, *hub_, kRegions[1]);
    TellsHub();
    for (const std::string& authority : kAuthorities) Imports(authority);  // who never sent a file vouches for nobody
  }
  ~Life() { world_.store->OnPublished({}); }

  // False, with the reason said, when a promise was broken.
  bool Runs(Counts* counts) {
    for (int step = 0; step < kStepsASchedule; ++step) {
      Passes(milliseconds(Below(30'000) + 1'000));
      Step();
      for (int i = 0; i < kNumbers; ++i) {
        if (!Holds(Number(i), counts)) return false;
      }
    }
    return true;
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Chance(int one_in) { return Below(static_cast<uint64_t>(one_in)) == 0; }
  crypto::Secret Seeded(size_t size) {
    platform::Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_());
    return crypto::Secret::Copy(bytes);
  }
  Instant Now() const { return world_.clock.Now(); }

  void Passes(milliseconds time) {
    world_.clock.Advance(time);
    tablet_->clock().Advance(time);
  }
  void OpensOffice() {
    hub_ = std::make_unique<sync::fleet::Hub>(world_.keys, world_.clock, crypto::Epoch{1});
    world_.store->OnPublished([this](const auto& heads) { hub_->Update(heads); });
    REQUIRE(world_.store->Read([&](auto& store) { return hub_->Update(store.publisher().Heads()), sync::Status::Ok(); }).ok());
  }
  void TellsHub() { hub_->SetNodes(*world_.roll->Nodes()); }

  void Step() {
    switch (Below(23)) {
      case 0: case 1: case 2: case 3: case 4: return Imports(kAuthorities[Below(kAuthorities.size())]);
      case 5: case 6: case 7: case 8: case 19: case 20: case 21: return Syncs();
      case 9: return Waits();
      case 10: return tablet_->LosesABit(random_());
      case 11: return Restarts();
      case 12: return ClockJumps();
      case 13: return IsSwitchedOff();
      case 14: return Moves();
      case 15: return Withholds();
      case 16: return Renumbers();
      case 17: REQUIRE(sync::fleet::RemoveGonePlans(*world_.store).ok()); return;
      case 18: return Policy();
      default: return tablet_->Verifies();
    }
  }

  void Imports(const std::string& authority) {
    sync::fleet::UploadOf file{.authority = authority, .file_id = "F" + std::to_string(++files_), .records = {}};
    file.created = platform::UkSecond(Now());
    std::set<std::string> named;
    for (uint64_t records = 1 + Below(3); records > 0; --records) {
      const std::string number = Number(static_cast<int>(Below(kNumbers)));
      if (world_truth_.OutOfUse(number) || !named.insert(number).second) continue;
      file.records.push_back(Record(authority, number));
    }
    if (file.records.empty()) return;
    REQUIRE(world_.Imports(file).code == "CPF02");
  }

  // A whole minute, and none of the hour that October has twice: a file cannot say which of the two it means.
  static Instant Doubtless(Instant at) {
    const Instant minute = std::chrono::floor<std::chrono::minutes>(at);
    const auto read = platform::ParseUkMinute(platform::UkSecond(minute).substr(0, 12), platform::Overlap::kEarlier);
    return read.ok() && *read == minute ? minute : minute + 2h;
  }

  // What the record says goes into the truth as well.
  std::string Record(const std::string& authority, const std::string& number) {
    const auto minute = [](Instant at) { return platform::UkSecond(at).substr(0, 12); };
    const Instant start = Doubtless(Now() - 24h * static_cast<int>(400 + Below(100)));
    const auto type = static_cast<sync::PlanType>(Below(3));
    std::optional<Instant> end;
    // Around the edges of both windows, to the minute.
    const auto window = type == sync::PlanType::kUcpp ? 24h * 28 : 24h * 365;
    if (type == sync::PlanType::kUcpp || Chance(3)) {
      end = Doubtless(Now() - (Chance(3) ? 0h : window) + std::chrono::minutes(static_cast<int>(Below(120)) - 20));
    }
    const auto had = world_truth_.PlansOf(authority, number);
    const bool deletes = had.contains(type) && !Chance(3);
    sync::fleet::sample::Dates dates{minute(start), end ? minute(*end) : "", deletes ? minute(Now()) : ""};
    if (deletes) {
      world_truth_.Loses(Now(), authority, number, type);
    } else {
      world_truth_.Has(Now(), authority, number, {type, start, end});
    }
    namespace sample = sync::fleet::sample;
    if (type == sync::PlanType::kUcpp) return sample::Record(sample::Ucpp(dates) + sample::Mother(number));
    return sample::Record((type == sync::PlanType::kLac ? sample::Lac(dates) : sample::Cpp(dates)) + sample::Child(number));
  }

  void Syncs() {
    hub_->Tick();  // as the server does at least every minute
    const bool came = tablet_->Syncs(Chance(3) ? Below(12) : 1'000'000);
    if (came) heard_at_ = Now(), off_since_contact_ = false;
  }
  void Waits() {
    constexpr std::array<std::chrono::minutes, 7> kWaits{10min, 2h, 5h, 23h, 30h, 80h, 24h * 27};
    Passes(kWaits[Below(kWaits.size())]);
    tablet_->KeepsHouse();
  }
  void Restarts() {
    if (Chance(2)) return tablet_->Starts(Chance(2));
    world_.store->OnPublished({});
    world_.Restart();
    // The tablet asks through the hub it knows.
    world_.store->OnPublished([this](const auto& heads) { hub_->Update(heads); });
  }
  void ClockJumps() {
    if (Chance(3)) return tablet_->clock().HearTimeService(Now());
    tablet_->clock().SetWall(Now() + std::chrono::hours(static_cast<int>(Below(4000)) - 2000));
  }
  void IsSwitchedOff() {
    const milliseconds off = std::chrono::minutes(1 + Below(60 * 100));
    world_.clock.Advance(off);
    tablet_->clock().SwitchOff(off, Chance(2));
    off_since_contact_ = true;
    tablet_->Starts(Chance(2));
    if (Chance(3)) tablet_->clock().HearTimeService(Now());
  }
  void Moves() {
    REQUIRE(world_.roll->SetRegion("A101", kRegions[Below(kRegions.size())]).ok());
    TellsHub();
  }
  void Withholds() {
    const std::string number = Number(static_cast<int>(Below(kNumbers)));
    const bool withheld = !world_truth_.Withheld(number);
    REQUIRE((withheld ? sync::fleet::MarkSensitive(*world_.store, Subject(number))
                      : sync::fleet::UnmarkSensitive(*world_.store, Subject(number))).ok());
    world_truth_.Withholds(number, withheld);
    withheld_at_[number] = Now();
  }
  void Renumbers() {
    if (!Chance(4)) return;  // each takes a number out of use
    const int old = static_cast<int>(Below(kNumbers - 3)), by = kNumbers - 1 - static_cast<int>(Below(3));
    const std::string authority = kAuthorities[Below(kAuthorities.size())];
    // Where both have the same type of plan the later file decides, which the model does not keep.
    if (world_truth_.OutOfUse(Number(old)) || world_truth_.Withheld(Number(old)) || world_truth_.Withheld(Number(by))) return;
    for (const auto& [type, plan] : world_truth_.PlansOf(authority, Number(old))) {
      if (world_truth_.PlansOf(authority, Number(by)).contains(type)) return;
    }
    for (const std::string& other : kAuthorities) {
      if (other != authority && !world_truth_.PlansOf(other, Number(old)).empty()) return;
    }
    REQUIRE(world_.store->Change([&](sync::fleet::Store& store) -> sync::Status {
      for (const int number : {old, by}) {
        const auto key = crypto::NumberKeys(store.keys().pepper.Clone(), store.hardness()).Derive(Number(number));
        CPIS_TRY(store.records().KeepNumberKey(Subject(Number(number)), key->Reveal()));
      }
      return ApplyInactiveNumbers(store, {"M" + std::to_string(++files_), Now(), authority,
                                          {{Subject(Number(old)), Subject(Number(by))}}}).status();
    }).ok());
    world_truth_.Renumbers(Now(), authority, Number(old), Number(by));
    replaced_at_[Number(old)] = Now();
  }
  void Policy() {
    REQUIRE(world_.roll->SetPolicy({"england_false_positive_one_in=" + std::to_string(16 << Below(5))}).ok());
  }

  bool Broken(const std::string& number, const Tablet::Said& said, const std::string& what) {
    const edge::Answer& answer = said.answer;
    std::cout << number << " " << sync::Name(answer.outcome) << " as of " << (answer.as_of ? Rfc3339(*answer.as_of) : "never")
              << ", true time " << Rfc3339(Now()) << ", trusted time " << Rfc3339(said.trusted_now) << ": " << what << std::endl;
    return false;
  }

  bool Holds(const std::string& number, Counts* counts) {
    const Tablet::Said said = tablet_->Looks(number);
    const edge::Answer& answer = said.answer;
    ++counts->answers;
    switch (answer.outcome) {
      case sync::Outcome::kPossiblyElsewhere: ++counts->possibly; return true;
      case sync::Outcome::kCannotSay: ++counts->cannot_say; return true;
      case sync::Outcome::kFlagged: ++counts->flagged; return PositiveHolds(number, said);
      case sync::Outcome::kNotFlagged: ++counts->not_flagged; return NegativeHolds(number, said);
    }
    return false;
  }
  bool NegativeHolds(const std::string& number, const Tablet::Said& said) {
    const Instant as_of = *said.answer.as_of;
    const auto since = [&](const std::map<std::string, Instant>& times) {
      const auto found = times.find(number);
      return found != times.end() && found->second <= as_of;
    };
    if (world_truth_.FlaggedAt(number, as_of)) return Broken(number, said, "it was flagged then");
    if (world_truth_.Withheld(number) && since(withheld_at_)) return Broken(number, said, "it was withheld then");
    if (world_truth_.OutOfUse(number) && since(replaced_at_)) return Broken(number, said, "it had been replaced then");
    if (Now() - as_of > 24h + 1min) return Broken(number, said, "that is too long ago");
    return true;
  }
  bool PositiveHolds(const std::string& number, const Tablet::Said& said) {
    const Instant as_of = *said.answer.as_of;
    for (const edge::PlanShown& shown : said.answer.plans) {
      if (sync::StateAt(shown.plan, said.trusted_now) == sync::PlanState::kGone) return Broken(number, said, "its window was over");
      if (!off_since_contact_ && sync::StateAt(shown.plan, Now() - 1min) == sync::PlanState::kGone &&
          sync::StateAt(shown.plan, heard_at_) == sync::PlanState::kGone) {
        return Broken(number, said, "its window was over when the server was heard last");
      }
      if (!world_truth_.EverHad(shown.authority.code, number, shown.plan)) return Broken(number, said, shown.authority.code + " never had " + std::string(sync::Name(shown.plan.type)) + " from " + Rfc3339(shown.plan.start) +
                                        (shown.plan.end ? " to " + Rfc3339(*shown.plan.end) : ""));
    }
    if (said.trusted_now - as_of > 72h) return Broken(number, said, "the lease was over");
    if (!off_since_contact_ && Now() - as_of > 72h + 10min) return Broken(number, said, "the lease was over in true time");
    return true;
  }

  std::mt19937_64 random_;
  sync::fleet::World world_;
  std::unique_ptr<sync::fleet::Hub> hub_;
  std::unique_ptr<Tablet> tablet_;
  Truth world_truth_;
  std::map<std::string, Instant> withheld_at_, replaced_at_;
  Instant heard_at_{};
  bool off_since_contact_ = false;
  int files_ = 0;
};

TEST_CASE("no schedule of imports, outages, restarts, clocks and bit flips brings a false answer") {
  const uint64_t schedules = FromEnvironment("CPIS_SCHEDULES", 10'000);
  const uint64_t seed = FromEnvironment("CPIS_SEED", std::random_device{}());
  std::cout << "CPIS_SEED=" << seed << std::endl;
  REQUIRE(setenv("TMPDIR", InMemory().c_str(), 1) == 0);
  Counts counts;
  for (uint64_t done = 0; done < schedules;) {
    const uint64_t life_seed = seed + done / kSchedulesAFleet;
    INFO("replay with CPIS_SEED=" << life_seed << " CPIS_SCHEDULES=" << kSchedulesAFleet);
    Life life(life_seed);
    for (int i = 0; i < kSchedulesAFleet && done < schedules; ++i, ++done) {
      const bool held = life.Runs(&counts);
      REQUIRE(held);
    }
  }
  std::cout << schedules << " schedules, " << counts.answers << " answers: " << counts.flagged << " FLAGGED, " << counts.not_flagged
            << " NOT_FLAGGED, " << counts.possibly << " POSSIBLY_FLAGGED_ELSEWHERE, " << counts.cannot_say << " CANNOT_SAY" << std::endl;
  // A test in which nothing is ever said proves nothing.
  CHECK(counts.flagged > counts.answers / 50);
  CHECK(counts.not_flagged > counts.answers / 50);
}

}  // namespace
}  // namespace cpis::schedules
