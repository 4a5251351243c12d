// SPDX-License-Identifier: Apache-2.0
#include "edge/node.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "crypto/key_stores.h"
#include "edge/enrolled_node.h"
#include "edge/erasure.h"
#include "edge/node_lan.h"
#include "edge/tuning.h"
#include "platform/files.h"
#include "platform/log.h"
#include "platform/memory.h"
#include "platform/swap.h"
#include "sync/nhs_number.h"

namespace cpis::edge {
namespace {

Status NotEnrolled() { return platform::Denied("this vehicle is not enrolled (run: cpisctl node enrol --server HOST:7444 --code CODE)"); }

class NodeImpl final : public Node {
 public:
  NodeImpl(const Options& options, platform::StateLock lock, std::unique_ptr<platform::KeyStore> key_store)
      : state_(options.state), clock_(options.clock != nullptr ? *options.clock : platform::SystemClock()),
        lock_(std::move(lock)), key_store_(std::move(key_store)), since_(clock_.Now()), lan_(options.lan, [this] { return Enrolled(); }),
        erasure_(state_, *key_store_, clock_) {}

  Status Start() {
    CPIS_TRY(erasure_.Load());
    auto identity = sync::node::LoadIdentity(state_, *key_store_);
    if (erasure_.UnderWay()) {
      if (identity.ok()) erasure_.Leave(*std::move(identity));
      erasure_.Finish();
    } else if (identity.ok()) {
      CPIS_TRY(Adopt(*std::move(identity), Beginning::kOfProcess));
    } else if (identity.status().code() != platform::Code::kNotFound) {
      return std::move(identity).status();
    }
    housekeeper_ = std::thread([this] { Housekeep(); });
    return Status::Ok();
  }

  ~NodeImpl() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_asked_ = true;
    wake_.notify_all();
    if (housekeeper_.joinable()) housekeeper_.join();
    if (const auto node = Enrolled()) node->keeper().Lock();
  }

  void Stop() override {
    stop_asked_ = true;
    if (const auto node = Enrolled()) node->Stop();
  }

  Status Enrol(const std::string& server, const std::string& code) override {
    const std::lock_guard one(enrolling_);
    if (Enrolled()) return platform::Denied("this vehicle is enrolled already");
    if (erasure_.UnderWay()) return platform::Unavailable("this vehicle is being wiped (see: cpisctl node status)");
    CPIS_ASSIGN(sync::node::Identity identity, sync::node::Enrol({server, code}));
    CPIS_TRY(sync::node::SaveIdentity(state_, *key_store_, identity));
    erasure_.BeginAnew();
    return Adopt(std::move(identity), Beginning::kOfVehicle);
  }

  Status Wipe() override { return WipeBy({std::string(sync::kLocalOrder), sync::Order::Kind::kWipe, clock_.Now()}); }

  Result<SessionInfo> SignIn(const std::string& staff, const std::string& pin, const std::string& place) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->SignIn(staff, pin, place);
  }

  Status SignOut(const std::string& token) override {
    const auto node = Enrolled();
    if (!node || !node->SignOut(token)) return platform::Denied("not signed in");
    return Status::Ok();
  }

  Result<SessionShown> ShowSession(const std::string& token, bool use) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    auto shown = node->keeper().Show(token, use);
    if (!shown) return NotSignedIn();
    return *std::move(shown);
  }

  Result<Answer> Lookup(const std::string& token, const LookupRequest& request) override {
    if (const auto node = Enrolled()) return node->Lookup(token, request);
    // Nobody can be signed in here yet, and there is nothing to give away.
    CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(request.nhs_number));
    Answer answer = Judge(Grounds(), sync::Policy());
    answer.nhs_number = std::string(number.digits());
    return answer;
  }

  Result<AttendReply> Attend(const std::string& token, const AttendRequest& request) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->Attend(token, request);
  }

  Result<Answer> Resolve(const std::string& token, const LookupRequest& request) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->Resolve(token, request);
  }

  Result<std::vector<AlertShown>> Alerts(const std::string& token) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->Alerts(token);
  }

  Result<AlertShown> AcknowledgeAlert(const std::string& token, const std::string& id) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->AcknowledgeAlert(token, id);
  }

  NodeStatus GetStatus() override {
    NodeStatus status;
    status.version = CPIS_VERSION;
    status.link_since = since_;
    status.key_store_kind = std::string(key_store_->Kind());
    status.hardware_bound = key_store_->HardwareBound();
    if (const auto node = Enrolled()) {
      node->FillStatus(status);
    } else {
      erasure_.Fill(status);
    }
    status.lan = lan_.State();
    return status;
  }

  Brief GetBrief() override {
    const auto node = Enrolled();
    return {CPIS_VERSION, node != nullptr, node ? node->AsOf() : std::nullopt};
  }

  Status SyncNow(std::chrono::milliseconds wait, const Progress& progress) override {
    const auto node = Enrolled();
    return node ? node->Sync(wait, progress) : NotEnrolled();
  }

  Result<std::vector<OutboxItem>> ListOutbox() override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->journal().List();
  }
  Result<OutboxItem> ShowOutbox(const std::string& id) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->journal().Show(id);
  }
  Status RestoreOutbox(const std::string& id) override {
    const auto node = Enrolled();
    return node ? node->journal().Restore(id) : NotEnrolled();
  }
  Result<std::vector<TopicVerdict>> Verify(bool repair) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->Verify(repair);
  }
  Result<std::string> VerifyAudit() override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->journal().VerifyAudit();
  }

  std::vector<Finding> Doctor() override {
    std::vector<Finding> findings;
    if (const auto node = Enrolled()) {
      node->Findings(findings);
    } else {
      findings.push_back({"link", false, "not enrolled", "run: cpisctl node enrol --server HOST:7444 --code CODE"});
    }
    findings.push_back({"key_store", key_store_->HardwareBound(),
                        std::string(key_store_->Kind()) + ": " + std::string(key_store_->Worth()),
                        key_store_->HardwareBound() ? "" : "where there is a TPM, enrol with --key-store tpm2"});
    const platform::SwapVerdict swap = platform::WhetherKeysCanReachSwap();
    findings.push_back({"memory", swap.safe, swap.detail,
                        swap.safe ? "" : "let cpis-edged lock its memory (LimitMEMLOCK=infinity in its unit), or turn swap off"});
    findings.push_back(DiskFinding());
    lan_.Findings(findings);
    return findings;
  }

  Lan* lan() override { return &lan_; }

 private:
  std::shared_ptr<EnrolledNode> Enrolled() {
    const std::lock_guard lock(mutex_);
    return enrolled_;
  }

  Finding DiskFinding() {
    std::error_code failed;
    const auto space = std::filesystem::space(state_, failed);
    std::string detail = failed ? failed.message() : std::to_string(space.available >> 20) + " MiB free";
    bool enough = !failed && space.available >= kLowDiskBytes;
    if (const auto node = Enrolled(); node && !node->journal().reserve().whole()) {
      enough = false;
      detail += "; disk full: attendances and audit go on from their reserve, " +
                std::to_string(node->journal().reserve().left() >> 20) + " MiB of it left";
    }
    return {"disk", enough, detail, enough ? "" : "free some space: without it lookups and attendances are refused"};
  }

  Status Adopt(sync::node::Identity identity, Beginning beginning) {
    CPIS_ASSIGN(std::shared_ptr<EnrolledNode> node, EnrolledNode::Open(state_, std::move(identity), clock_,
                                   [this](const sync::node::Identity& next) {
                                     return sync::node::SaveIdentity(state_, *key_store_, next);
                                   }, beginning));
    CPIS_TRY(node->limits().CountIn(*key_store_));
    node->WantLan(lan_.wanted());
    const std::lock_guard lock(mutex_);
    enrolled_ = std::move(node);
    return Status::Ok();
  }

  // Returns when everything is erased, or will be by the next turn or start.
  Status WipeBy(const sync::Order& order) {
    const std::lock_guard one(enrolling_);
    std::shared_ptr<EnrolledNode> node = Enrolled();
    if (!node) return NotEnrolled();
    CPIS_TRY(erasure_.Begin(*node, order.id));
    {
      const std::lock_guard lock(mutex_);
      enrolled_.reset();
    }
    node->keeper().Lock();
    const auto until = std::chrono::steady_clock::now() + kForwardBeforeWipe;
    const bool online = order.kind != sync::Order::Kind::kWipe ||
                        node->ForwardsWaiting([&] { return stop_asked_ || std::chrono::steady_clock::now() > until; });
    if (!online) erasure_.GiveUpProof();
    node->Stop();
    node->keeper().Lock();  // again: somebody may have signed in while it forwarded
    // Its files close with it, when the last call that is under way has ended.
    while (node.use_count() > 1) {
      if (stop_asked_) return platform::Unavailable("the daemon is stopping: the next start finishes the wipe");
      std::this_thread::sleep_for(kForwardTurn);
    }
    node.reset();
    erasure_.Finish();
    erasure_.BringProof();
    return erasure_.UnderWay() ? platform::Internal("not everything could be erased yet: it is tried again (see the log)") : Status::Ok();
  }

  void HousekeepOnce() {
    std::optional<sync::Order> order;
    if (const auto node = Enrolled()) {
      node->Housekeep();
      order = node->Ordered();
    }
    {
      // A wipe that holds the lock waits until nobody uses the node: it must not be held here meanwhile.
      const std::lock_guard one(enrolling_);
      if (const auto node = Enrolled()) {
        erasure_.Settle(*node);
      } else {
        erasure_.Finish();
        erasure_.BringProof();
      }
    }
    if (!order) return;
    if (Status wiped = WipeBy(*order); !wiped.ok()) platform::LogError("wipe", wiped.message());
  }

  void Housekeep() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kSweepEvery, [this] { return stopping_; });
        if (stopping_) return;
      }
      HousekeepOnce();
      platform::ScrubStack();  // it may have opened the key ring anew
    }
  }

  const std::filesystem::path state_;
  const platform::Clock& clock_;
  const platform::StateLock lock_;
  const std::unique_ptr<platform::KeyStore> key_store_;
  const Instant since_;
  NodeLan lan_;
  std::mutex enrolling_;  // one enrolment or wipe at a time; taken before mutex_
  Erasure erasure_;       // what is one thread's at a time is guarded by enrolling_
  std::atomic<bool> stop_asked_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;                   // guarded by mutex_
  // Guarded by mutex_. Shared with calls that are under way when the node is enrolled or ends.
  std::shared_ptr<EnrolledNode> enrolled_;
  std::thread housekeeper_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::Open(Options options) {
  CPIS_ASSIGN(platform::StateLock lock, platform::StateLock::Take(options.state));
  CPIS_ASSIGN(std::unique_ptr<platform::KeyStore> key_store, crypto::OpenKeyStore(options.key_store, options.state));
  auto node = std::make_unique<NodeImpl>(options, std::move(lock), std::move(key_store));
  CPIS_TRY(node->Start());
  return std::unique_ptr<Node>(std::move(node));
}

}  // namespace cpis::edge
