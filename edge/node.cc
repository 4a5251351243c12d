// SPDX-License-Identifier: Apache-2.0
#include "edge/node.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "crypto/key_stores.h"
#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "platform/files.h"
#include "platform/log.h"
#include "sync/nhs_number.h"

namespace cpis::edge {
namespace {

Status NotEnrolled() { return platform::Denied("this vehicle is not enrolled (run: cpisctl node enrol --server HOST:7444 --code CODE)"); }

class NodeImpl final : public Node {
 public:
  NodeImpl(const Options& options, platform::StateLock lock, std::unique_ptr<platform::KeyStore> key_store)
      : state_(options.state), clock_(options.clock != nullptr ? *options.clock : platform::SystemClock()),
        lock_(std::move(lock)), key_store_(std::move(key_store)), since_(clock_.Now()) {}

  Status Start() {
    auto identity = sync::node::LoadIdentity(state_, *key_store_);
    if (identity.ok()) {
      CPIS_TRY(Adopt(*std::move(identity)));
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
    wake_.notify_all();
    if (housekeeper_.joinable()) housekeeper_.join();
    if (const auto node = Enrolled()) node->keeper().Lock();
  }

  void Stop() override {
    if (const auto node = Enrolled()) node->Stop();
  }

  Status Enrol(const std::string& server, const std::string& code) override {
    const std::lock_guard one(enrolling_);
    if (Enrolled()) return platform::Denied("this vehicle is enrolled already");
    CPIS_ASSIGN(sync::node::Identity identity, sync::node::Enrol({server, code}));
    CPIS_TRY(sync::node::SaveIdentity(state_, *key_store_, identity));
    return Adopt(std::move(identity));
  }

  Result<SessionInfo> SignIn(const std::string& staff, const std::string& pin) override {
    const auto node = Enrolled();
    if (!node) return NotEnrolled();
    return node->keeper().SignIn(staff, pin);
  }

  Status SignOut(const std::string& token) override {
    const auto node = Enrolled();
    if (!node || !node->keeper().SignOut(token)) return platform::Denied("not signed in");
    return Status::Ok();
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
    if (const auto node = Enrolled()) node->FillStatus(status);
    return status;
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
                        std::string(key_store_->Kind()) + (key_store_->HardwareBound() ? "" : ", NOT HARDWARE BOUND"),
                        key_store_->HardwareBound() ? "" : "a copy of this disk is a copy of its secrets: for development only"});
    std::error_code failed;
    const auto space = std::filesystem::space(state_, failed);
    const bool enough = !failed && space.available >= kLowDiskBytes;
    findings.push_back({"disk", enough, failed ? failed.message() : std::to_string(space.available >> 20) + " MiB free",
                        enough ? "" : "free some space: without it lookups and attendances are refused"});
    return findings;
  }

 private:
  std::shared_ptr<EnrolledNode> Enrolled() {
    const std::lock_guard lock(mutex_);
    return enrolled_;
  }

  Status Adopt(sync::node::Identity identity) {
    CPIS_ASSIGN(std::shared_ptr<EnrolledNode> node, EnrolledNode::Open(state_, std::move(identity), clock_,
                                   [this](const sync::node::Identity& next) {
                                     return sync::node::RewriteIdentity(state_, *key_store_, next);
                                   }));
    const std::lock_guard lock(mutex_);
    enrolled_ = std::move(node);
    return Status::Ok();
  }

  void Housekeep() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kSweepEvery, [this] { return stopping_; });
        if (stopping_) return;
      }
      if (const auto node = Enrolled()) node->Housekeep();
    }
  }

  const std::filesystem::path state_;
  const platform::Clock& clock_;
  const platform::StateLock lock_;
  const std::unique_ptr<platform::KeyStore> key_store_;
  const Instant since_;
  std::mutex enrolling_;

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
