// SPDX-License-Identifier: Apache-2.0
//
// A node as the property test drives it: the real replica file, replicator, trusted time, orders, inquiry and judgement. Only the
// wire and the clock are the test's.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "edge/inquiry.h"
#include "sync/fleet/hub.h"
#include "sync/node/replicator.h"
#include "tests/sync/fleet/world.h"

namespace cpis::schedules {

using namespace std::chrono_literals;
using platform::Instant;
using sync::Topic;
using std::chrono::milliseconds;

// The clock of a tablet: its wall can be wrong, it can be switched off, and a time service vouches only for a wall that is right.
class TabletClock final : public platform::Clock {
 public:
  explicit TabletClock(Instant now) : wall_(now) {}
  Instant Now() const override { return wall_; }
  milliseconds SinceBoot() const override { return since_boot_; }
  std::string BootId() const override { return "boot-" + std::to_string(boots_); }
  bool WallIsSynchronised() const override { return synchronised_; }

  void Advance(milliseconds by) { wall_ += by, since_boot_ += by; }
  void SetWall(Instant wall) { wall_ = wall, synchronised_ = false; }
  void HearTimeService(Instant truth) { wall_ = truth, synchronised_ = true; }
  // Off for so long; the wall goes on, or stands still when its battery is dead.
  void SwitchOff(milliseconds off, bool dead_rtc) {
    if (!dead_rtc) wall_ += off;
    since_boot_ = 0ms;
    ++boots_;
    synchronised_ = false;
  }

 private:
  Instant wall_;
  milliseconds since_boot_{};
  int boots_ = 1;
  bool synchronised_ = true;
};

class Tablet {
 public:
  Tablet(sync::fleet::World& world, sync::fleet::Hub& hub, const std::vector<std::string>& region)
      : world_(world), hub_(hub), self_(world.Enrols("A101", region)), clock_(world.clock.Now()) {
    identity_.node_id = self_.id;
    identity_.keys = *sync::DecodeKeySet(world.keys.signed_key_set, world.keys.root_public_key);
    identity_.box = {self_.box.secret.Clone(), self_.box.public_key};
    Starts();
  }

  TabletClock& clock() { return clock_; }
  const std::string& id() const { return self_.id; }
  std::filesystem::path file() const { return world_.state / "replica.db"; }

  // As after a kill: what was being kept of the time may not have reached the disk.
  void Starts(bool loses_last_mark = false) {
    inquiry_.reset(), orders_.reset(), replicator_.reset(), replica_.reset(), time_.reset();
    if (loses_last_mark) marks_ = marks_before_;
    auto opened = edge::Replica::Open({file(), identity_.keys.Now()->freshness, crypto::Secret::Copy(platform::Bytes(32, 7))});
    INFO(opened.status().message());
    REQUIRE(opened.ok());
    replica_ = *std::move(opened);
    time_ = std::make_unique<edge::TrustedTime>(clock_, marks_, [this](const edge::TimeMarks& marks) {
      marks_before_ = std::exchange(marks_, marks);
    });
    if (const auto as_of = replica_->CoverageOf({}).as_of) time_->AtLeast(*as_of);
    orders_ = std::make_unique<edge::Orders>(identity_, *replica_);
    inquiry_ = std::make_unique<edge::Inquiry>(*replica_, *time_);
    Dials();
  }

  // A connection that breaks before the message numbered `breaks_at` (0: before the first), or a node that is killed before it
  // adopts what came. True when all of it came.
  bool Syncs(size_t breaks_at) {
    Dials();
    size_t messages = 0;
    const auto broken = [&] { return messages++ >= breaks_at; };
    const sync::fleet::Hub::Manifests manifests = hub_.Current(self_.id);
    for (const auto& manifest : {manifests.own, manifests.region}) {
      if (!manifest || broken()) return false;
      const auto wants = replicator_->Hear(platform::AsBytes(*manifest));
      if (!wants.ok()) return false;
      time_->Heard(*replicator_->heard_at());
      for (const sync::node::Want& want : *wants) {
        for (const auto& segment : Answers(want)) {
          if (broken() || !replicator_->Take(want, platform::AsBytes(*segment)).ok()) return false;
        }
      }
      if (broken()) return false;  // killed between the last segment and the manifest
      (void)replicator_->AdoptIfComplete();
    }
    return true;
  }

  struct Said {
    edge::Answer answer;
    Instant trusted_now;
    bool trusted;
  };
  Said Looks(const std::string& number) {
    const auto orders = orders_->Current();
    if (orders != ring_orders_) {
      auto ring = orders_->OpenRing(world_.keys.ring_key);
      ring_ = ring.ok() ? std::make_unique<crypto::KeyRing>(*std::move(ring)) : nullptr;
      ring_orders_ = orders;
    }
    const edge::TrustedNow now = time_->Now();
    const auto grounds = inquiry_->About(number, *orders, ring_.get());
    REQUIRE(grounds.ok());
    return {edge::Judge(*grounds, orders->policy), now.at, now.trusted};
  }

  // What the housekeeper does each few seconds: of the time that passed no more than a last mark can be lost.
  void KeepsHouse() {
    (void)time_->Now();
    marks_before_ = marks_;
  }
  void Verifies() { (void)replica_->Verify(); }
  // Turns one bit of the replica file round, as a bad cell would, while it is open.
  void LosesABit(uint64_t where) {
    const int fd = ::open(file().c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0);
    const auto size = static_cast<uint64_t>(::lseek(fd, 0, SEEK_END));
    uint8_t byte = 0;
    if (size > 0 && ::pread(fd, &byte, 1, static_cast<off_t>(where / 8 % size)) == 1) {
      byte ^= static_cast<uint8_t>(1 << where % 8);
      REQUIRE(::pwrite(fd, &byte, 1, static_cast<off_t>(where / 8 % size)) == 1);
    }
    ::close(fd);
  }

 private:
  void Dials() {
    replicator_ = std::make_unique<sync::node::Replicator>(identity_.keys, Topic::Node(self_.id), *replica_);
  }

  std::vector<sync::fleet::SharedBytes> Answers(const sync::node::Want& want) {
    std::vector<sync::fleet::SharedBytes> segments;
    REQUIRE(world_.store->Read([&](sync::fleet::Store& store) -> sync::Status {
      if (!want.basis.empty()) {
        std::array<sync::Digest, sync::TopicSet::kBuckets> held;
        std::copy(want.basis.begin(), want.basis.end(), held.begin());
        auto repair = store.publisher().RepairOf(want.head.topic, held);
        if (repair.ok()) {
          segments.push_back(*std::move(repair));
          return sync::Status::Ok();
        }
      }
      CPIS_ASSIGN(segments, store.publisher().Since(want.head.topic, {want.from, want.snapshot_to, want.next_part}));
      return sync::Status::Ok();
    }).ok());
    return segments;
  }

  sync::fleet::World& world_;
  sync::fleet::Hub& hub_;
  const sync::fleet::Node self_;
  TabletClock clock_;
  sync::node::Identity identity_;
  std::optional<edge::TimeMarks> marks_, marks_before_;
  std::unique_ptr<edge::Replica> replica_;
  std::unique_ptr<edge::TrustedTime> time_;
  std::unique_ptr<edge::Orders> orders_;
  std::shared_ptr<const edge::Orders::Now> ring_orders_;  // that the ring is of, as in Keeper
  std::unique_ptr<crypto::KeyRing> ring_;
  std::unique_ptr<edge::Inquiry> inquiry_;
  std::unique_ptr<sync::node::Replicator> replicator_;
};

}  // namespace cpis::schedules
