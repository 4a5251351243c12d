// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/inactive_numbers.h"

#include <algorithm>

#include "sync/fleet/alert_desk.h"

namespace cpis::sync::fleet {
namespace {

constexpr size_t kMarkBytes = 16;
constexpr std::string_view kEverywhere;  // no authority has this code

// Under one authority, while another still holds the number; or everywhere.
Bytes ErasureMark(const FleetKeys& keys, std::string_view authority, const NhsNumber& number) {
  const crypto::Secret key = crypto::DeriveSecret(keys.index_key, {platform::AsBytes("erased numbers")});
  return crypto::KeyedBlake2b(
      kMarkBytes, key.Reveal(),
      {platform::AsBytes(authority), platform::AsBytes("/"), platform::AsBytes(number.digits())});
}

// One message, subject by subject.
class Renumberer {
 public:
  Renumberer(Store& store, const InactiveMessage& message, std::set<Bytes> erased)
      : store_(store),
        records_(store.records()),
        authority_(message.authority),
        at_(std::min(message.effective_at, store.clock().Now())),
        erased_(std::move(erased)) {}

  Status Replace(const NhsNumber& old, const NhsNumber& by) {
    // To note what an erased number became would undo the erasing.
    if (old == by || IsErased(old)) return Unknown();
    CPIS_ASSIGN(const auto known, records_.ReplacementOf(old));
    CPIS_ASSIGN(const Flag flag, records_.FlagOf(authority_, old));
    CPIS_ASSIGN(const std::vector<std::string> holders, records_.AuthoritiesOf(old));
    // The message tells of the national number, so it counts for every authority; but it must be addressed to one that holds it.
    if (flag.plans.empty() && !known && !holders.empty()) return Unknown();
    CPIS_ASSIGN(const NhsNumber end, records_.CurrentNumber(by));
    if (end == old) {
      CPIS_ASSIGN(const auto back, records_.ReplacementOf(by));
      if (!back || back->at >= at_) return Unknown();
      CPIS_TRY(records_.ForgetReplacement(by));  // it is in use again
    }
    if (!known || known->at <= at_) CPIS_TRY(records_.PutReplacement(old, {by, at_}));
    CPIS_ASSIGN(const NhsNumber current, records_.CurrentNumber(old));
    CPIS_TRY(TakeBack(current));
    CPIS_ASSIGN(const bool sensitive, records_.IsSensitive(old));
    if (sensitive) CPIS_TRY(Withhold(current));
    for (const std::string& holder : holders) {
      CPIS_ASSIGN(const Register::Moved moved, records_.MovePlans(holder, old, current));
      if (moved.plans) CPIS_TRY(store_.PublishFlags(holder, {old}));
      if (moved.target) CPIS_TRY(store_.PublishFlags(holder, {current}));
    }
    for (const NhsNumber& number : {old, by, current}) CPIS_TRY(store_.RefreshNotice(number));
    CPIS_TRY(JudgeAgain(store_, {current}));
    ++(holders.empty() ? done_.unknown : done_.replaced);
    return Status::Ok();
  }

  Status Erase(const NhsNumber& number) {
    CPIS_ASSIGN(const Flag flag, records_.FlagOf(authority_, number));
    const Instant now = store_.clock().Now();
    const bool shown = std::any_of(flag.plans.begin(), flag.plans.end(),
                                   [&](const Plan& plan) { return StateAt(plan, now) != PlanState::kGone; });
    const bool had = !flag.plans.empty();
    CPIS_ASSIGN(const NhsNumber current, records_.CurrentNumber(number));
    // Whoever never held it speaks for nobody else, and the present number of an old one may be flagged.
    if (!had || current != number) {
      CPIS_TRY(Mark(authority_, number));
    } else {
      CPIS_TRY(WithdrawEverywhere(number));
      // What it was called before is the same person.
      CPIS_ASSIGN(const std::set<NhsNumber> former, records_.FormerNumbers(number));
      CPIS_TRY(EraseEverywhere(number));
      for (const NhsNumber& one : former) {
        CPIS_TRY(WithdrawEverywhere(one));
        CPIS_TRY(EraseEverywhere(one));
      }
    }
    done_.ending += shown ? 1 : 0;
    ++(had ? done_.erased : done_.unknown);
    return Status::Ok();
  }

  const Renumbering& done() const { return done_; }

 private:
  Status Unknown() {
    ++done_.unknown;
    return Status::Ok();
  }

  bool IsErased(const NhsNumber& number) const {
    return erased_.contains(ErasureMark(store_.keys(), kEverywhere, number)) ||
           erased_.contains(ErasureMark(store_.keys(), authority_, number));
  }

  Status Mark(std::string_view authority, const NhsNumber& number) {
    const Bytes mark = ErasureMark(store_.keys(), authority, number);
    erased_.insert(mark);
    return records_.KeepErased(mark);
  }

  // A number that a replacement leads to is in use, whatever was said before.
  Status TakeBack(const NhsNumber& number) {
    for (const std::string_view scope : {kEverywhere, std::string_view(authority_)}) {
      const Bytes mark = ErasureMark(store_.keys(), scope, number);
      if (erased_.erase(mark) > 0) CPIS_TRY(records_.ForgetErased(mark));
    }
    return Status::Ok();
  }

  // The child is as sensitive under the new number as it was under the old one.
  Status Withhold(const NhsNumber& number) {
    CPIS_ASSIGN(const bool already, records_.IsSensitive(number));
    if (already) return Status::Ok();
    CPIS_ASSIGN(const std::vector<std::string> holders, records_.AuthoritiesOf(number));
    for (const std::string& holder : holders) CPIS_TRY(store_.WithdrawFlag(holder, number));
    return records_.MarkSensitive(number, store_.clock().Now());
  }

  Status WithdrawEverywhere(const NhsNumber& number) {
    CPIS_ASSIGN(const std::vector<std::string> holders, records_.AuthoritiesOf(number));
    for (const std::string& holder : holders) {
      CPIS_TRY(records_.ForgetPlans(holder, number).status());
      CPIS_TRY(store_.PublishFlags(holder, {number}));
      store_.DropHistory(Topic::Rows(holder));
    }
    return Status::Ok();
  }

  Status EraseEverywhere(const NhsNumber& number) {
    CPIS_ASSIGN(const std::optional<Notice> notice, records_.NoticeOf(number));
    if (notice) CPIS_TRY(store_.PublishNotice(number, std::nullopt));
    CPIS_TRY(ForgetNumber(store_, number));
    CPIS_TRY(records_.BlankNumber(number));
    return Mark(kEverywhere, number);
  }

  Store& store_;
  Register& records_;
  const std::string authority_;
  const Instant at_;
  std::set<Bytes> erased_;
  Renumbering done_;
};

}  // namespace

Result<Renumbering> ApplyInactiveNumbers(Store& store, const InactiveMessage& message) {
  CPIS_ASSIGN(std::set<Bytes> erased, store.records().ErasedMarks());
  Renumberer renumberer(store, message, std::move(erased));
  for (const InactiveNumber& one : message.numbers) {
    CPIS_TRY(one.replacement ? renumberer.Replace(one.number, *one.replacement) : renumberer.Erase(one.number));
  }
  return renumberer.done();
}

Result<NumbersOutOfUse> NumbersOutOfUse::Read(Store& store) {
  NumbersOutOfUse numbers(store.keys());
  CPIS_TRY(store.Read([&](Store& in) -> Status {
    CPIS_ASSIGN(numbers.replaced_, in.records().ReplacedNumbers());
    CPIS_ASSIGN(numbers.erased_, in.records().ErasedMarks());
    return Status::Ok();
  }));
  return numbers;
}

bool NumbersOutOfUse::IsErased(std::string_view authority, const NhsNumber& number) const {
  if (erased_.empty()) return false;
  return erased_.contains(ErasureMark(*keys_, kEverywhere, number)) ||
         erased_.contains(ErasureMark(*keys_, authority, number));
}

std::optional<NumberRefusal> NumbersOutOfUse::Refuses(std::string_view authority, const NhsNumber& number) const {
  if (replaced_.contains(number)) return NumberRefusal{"CPR05", "NHS number: replaced by another, which is to be used"};
  if (IsErased(authority, number)) return NumberRefusal{"CPR01", "NHS number: no longer in use"};
  return std::nullopt;
}

}  // namespace cpis::sync::fleet
