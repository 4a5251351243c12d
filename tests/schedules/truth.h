// SPDX-License-Identifier: Apache-2.0
//
// What is so, kept as simply as it can be said: which plans each authority has of each number at each moment. The property test
// holds every answer of a node against it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/flag.h"

namespace cpis::schedules {

using platform::Instant;

class Truth {
 public:
  using Plans = std::map<sync::PlanType, sync::Plan>;

  // From `at` on. Times of calls never go back.
  void Has(Instant at, const std::string& authority, const std::string& number, const sync::Plan& plan) {
    Plans plans = PlansOf(authority, number);
    plans.insert_or_assign(plan.type, plan);
    Say(at, authority, number, std::move(plans));
  }
  void Loses(Instant at, const std::string& authority, const std::string& number, sync::PlanType type) {
    Plans plans = PlansOf(authority, number);
    plans.erase(type);
    Say(at, authority, number, std::move(plans));
  }
  // One authority has been told that `old` is now `by`: what it had of both, where neither has the same type of plan.
  void Renumbers(Instant at, const std::string& authority, const std::string& old, const std::string& by) {
    Plans moved = PlansOf(authority, by);
    for (const auto& [type, plan] : PlansOf(authority, old)) moved.insert_or_assign(type, plan);
    Say(at, authority, old, {});
    Say(at, authority, by, std::move(moved));
    out_of_use_.insert(old);
  }
  void Withholds(const std::string& number, bool withheld) {
    withheld ? (void)withheld_.insert(number) : (void)withheld_.erase(number);
  }

  Plans PlansOf(const std::string& authority, const std::string& number) const {
    const auto said = said_.find({authority, number});
    return said == said_.end() ? Plans() : said->second.back().plans;
  }
  bool OutOfUse(const std::string& number) const { return out_of_use_.contains(number); }
  bool Withheld(const std::string& number) const { return withheld_.contains(number); }

  // Whether some authority had a plan of it then that was not over, with its window.
  bool FlaggedAt(const std::string& number, Instant at) const {
    for (const auto& [key, history] : said_) {
      if (key.second != number) continue;
      const Plans* plans = nullptr;
      for (const Said& said : history) {
        if (said.at <= at) plans = &said.plans;
      }
      if (plans == nullptr) continue;
      for (const auto& [type, plan] : *plans) {
        if (sync::StateAt(plan, at) != sync::PlanState::kGone) return true;
      }
    }
    return false;
  }
  // Whether the authority ever had exactly this plan: nothing else may be shown.
  bool EverHad(const std::string& authority, const std::string& number, const sync::Plan& plan) const {
    const auto said = said_.find({authority, number});
    if (said == said_.end()) return false;
    for (const Said& one : said->second) {
      const auto found = one.plans.find(plan.type);
      if (found != one.plans.end() && found->second == plan) return true;
    }
    return false;
  }

 private:
  struct Said {
    Instant at;
    Plans plans;
  };
  void Say(Instant at, const std::string& authority, const std::string& number, Plans plans) {
    said_[{authority, number}].push_back({at, std::move(plans)});
  }

  std::map<std::pair<std::string, std::string>, std::vector<Said>> said_;
  std::set<std::string> out_of_use_;
  std::set<std::string> withheld_;
};

}  // namespace cpis::schedules
