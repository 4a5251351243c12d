// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/hub.h"

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

NodeRow Row(const std::string& id, std::vector<std::string> region, const std::string& state = "ENROLLED") {
  NodeRow row;
  row.id = row.name = id;
  row.region = std::move(region);
  row.state = state;
  return row;
}

struct Ears final : Hub::Watcher {
  int woken = 0;
  bool closed = false;
  void Wake() override { ++woken; }
  void Close() override { closed = true; }
};

struct Bench : World {
  Hub hub{keys, clock, crypto::Epoch{1}};
  Bench() {
    hub.SetNodes({Row("a", {kLancashire}), Row("b", {kLancashire}), Row("c", {kWarrington}),
                  Row("w", {kLancashire}, "WAITING")});
  }
  Manifest Read(const SharedBytes& bytes) {
    auto manifest = DecodeManifest(platform::AsBytes(*bytes), keys.freshness.public_key);
    REQUIRE(manifest.ok());
    return *std::move(manifest);
  }
  TopicHead Head(const Topic& topic, uint64_t sequence) { return {topic, Sequence{sequence}, {}}; }
};

TEST_CASE("the nodes of one region hear the same bytes, those of another hear others") {
  Bench w;
  const SharedBytes a = w.hub.Current("a").region;
  CHECK(a == w.hub.Current("b").region);
  CHECK(a != w.hub.Current("c").region);
  const Manifest manifest = w.Read(a);
  CHECK(manifest.heads.size() == 6);
  CHECK(manifest.Find(Topic::Index()) != nullptr);
  CHECK(manifest.Find(Topic::Rows(kNotices)) != nullptr);
  CHECK(manifest.Find(Topic::Rows(kLancashire)) != nullptr);
  CHECK(manifest.Find(Topic::Rows(kWarrington)) == nullptr);
  CHECK(manifest.Find(Topic::Node("a")) == nullptr);

  const SharedBytes own = w.hub.Current("a").own;
  CHECK(own != w.hub.Current("b").own);
  REQUIRE(w.Read(own).heads.size() == 1);
  CHECK(w.Read(own).heads.front().topic == Topic::Node("a"));
}

TEST_CASE("nothing is signed anew until something is new for that region") {
  Bench w;
  const auto a = w.hub.Current("a");
  const auto c = w.hub.Current("c");
  w.clock.Advance(std::chrono::seconds(1));
  CHECK(w.hub.Current("a").region == a.region);
  w.hub.Update({w.Head(Topic::Rows(kWarrington), 1)});
  CHECK(w.hub.Current("a").region == a.region);
  CHECK(w.hub.Current("c").region != c.region);
  CHECK(w.hub.Current("c").own == c.own);
  w.hub.Tick();
  CHECK(w.hub.Current("a").region != a.region);
  CHECK(w.Read(w.hub.Current("a").region).server_time == w.clock.Now());
}

TEST_CASE("many nodes are told to come back over a while after an outage, a few at once") {
  Bench w;
  std::vector<std::shared_ptr<Ears>> fleet;
  const auto Connect = [&](size_t count) {
    while (fleet.size() < count) w.hub.Add("a", fleet.emplace_back(std::make_shared<Ears>()));
    w.hub.Tick();
    return w.Read(w.hub.Current("a").region).reconnect_window_seconds;
  };
  CHECK(Connect(10) == 0);
  CHECK(Connect(1000) == 5);
}

TEST_CASE("time as nodes hear it never goes back when the clock does") {
  Bench w;
  const Instant before = w.Read(w.hub.Current("a").region).server_time;
  w.clock.SetWall(kNoon - std::chrono::hours(5));
  w.hub.Tick();
  CHECK(w.Read(w.hub.Current("a").region).server_time == before);
  w.clock.SetWall(kNoon + std::chrono::hours(1));
  w.hub.Tick();
  CHECK(w.Read(w.hub.Current("a").region).server_time == kNoon + std::chrono::hours(1));
}

TEST_CASE("a node that moves to another region hears nothing older than before") {
  Bench w;
  (void)w.hub.Current("c");  // the other region was signed long ago
  w.clock.Advance(std::chrono::seconds(30));
  w.hub.Update({w.Head(Topic::Rows(kLancashire), 1)});
  const Instant before = w.Read(w.hub.Current("a").region).server_time;
  w.hub.SetNodes({Row("a", {kWarrington}), Row("c", {kWarrington})});
  CHECK(w.Read(w.hub.Current("a").region).server_time >= before);
  CHECK(w.hub.Current("a").region == w.hub.Current("c").region);
}

TEST_CASE("a revoked node hears of its own topic only, a stranger of nothing") {
  Bench w;
  w.hub.SetNodes({Row("a", {kLancashire}, "REVOKED")});
  CHECK(w.hub.Current("a").own);
  CHECK_FALSE(w.hub.Current("a").region);
  CHECK_FALSE(w.hub.Current("w").own);
  CHECK_FALSE(w.hub.Current("nobody").own);
}

TEST_CASE("who may fetch what") {
  Bench w;
  w.hub.SetNodes({Row("a", {kLancashire}), Row("gone", {kLancashire}, "REVOKED"), Row("w", {kLancashire}, "WAITING")});
  struct Case {
    std::string node;
    Topic topic;
    bool may;
  };
  const std::vector<Case> cases{
      {"a", Topic::Rows(kLancashire), true},
      {"a", Topic::Rows(kWarrington), false},
      {"a", Topic::Directory(), true},
      {"a", Topic::Roster(), true},
      {"a", Topic::Policy(), true},
      {"a", Topic::Node("a"), true},
      {"a", Topic::Node("gone"), false},
      {"gone", Topic::Node("gone"), true},
      {"gone", Topic::Rows(kLancashire), false},
      {"gone", Topic::Roster(), false},
      {"gone", Topic::Policy(), false},
      {"gone", Topic::Directory(), false},
      {"w", Topic::Node("w"), false},
      {"w", Topic::Policy(), false},
      {"nobody", Topic::Policy(), false},
      {"", Topic::Directory(), false},
  };
  for (const Case& c : cases) {
    INFO(c.node << " " << c.topic.text());
    CHECK(w.hub.MayFetch(c.node, c.topic) == c.may);
  }
  CHECK(w.hub.MayConnect("a"));
  CHECK(w.hub.MayConnect("gone"));  // to hear that it is revoked
  CHECK_FALSE(w.hub.MayConnect("w"));
  CHECK_FALSE(w.hub.MayConnect("nobody"));
}

TEST_CASE("watchers are woken by news, closed at the end and forgotten when they are gone") {
  Bench w;
  auto ears = std::make_shared<Ears>();
  w.hub.Add("a", ears);
  CHECK(w.hub.Connected() == 1);
  CHECK(w.hub.IsConnected("a"));
  CHECK_FALSE(w.hub.IsConnected("b"));
  w.hub.Update({w.Head(Topic::Policy(), 1)});
  w.hub.Tick();
  w.hub.SetNodes({Row("a", {kLancashire})});
  CHECK(ears->woken == 3);
  w.hub.CloseAll();
  CHECK(ears->closed);
  ears.reset();
  CHECK(w.hub.Connected() == 0);
  CHECK_FALSE(w.hub.IsConnected("a"));
}

TEST_CASE("a watcher may ask what is new while it is woken") {
  Bench w;
  struct Asking final : Hub::Watcher {
    explicit Asking(Hub& h) : hub(h) {}
    void Wake() override { heard = hub.Current("a").region; }
    void Close() override {}
    Hub& hub;
    SharedBytes heard;
  };
  auto watcher = std::make_shared<Asking>(w.hub);
  w.hub.Add("a", watcher);
  w.hub.Update({w.Head(Topic::Rows(kLancashire), 3)});
  REQUIRE(watcher->heard);
  CHECK(w.Read(watcher->heard).Find(Topic::Rows(kLancashire))->sequence == Sequence{3});
}

}  // namespace
}  // namespace cpis::sync::fleet
