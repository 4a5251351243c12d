// SPDX-License-Identifier: Apache-2.0
//
// The LAN of a node that may be enrolled, or not, or not any more.
#pragma once

#include <functional>
#include <mutex>

#include "edge/enrolled_node.h"
#include "edge/lan.h"

namespace cpis::edge {

// Thread-safe.
class NodeLan final : public Lan {
 public:
  using Enrolled = std::function<std::shared_ptr<EnrolledNode>()>;  // null while it is not
  NodeLan(std::optional<std::vector<std::string>> wanted, Enrolled enrolled)
      : wanted_(std::move(wanted)), enrolled_(std::move(enrolled)) {}

  Result<PairingCode> AddTablet(const std::string& name) override;
  Result<PairedTablet> Pair(const std::string& code) override;
  Status RemoveTablet(const std::string& name) override;
  Result<std::vector<TabletShown>> Tablets() override;
  std::optional<TabletShown> TabletWith(const std::string& token) override;
  std::shared_ptr<const LanPapers> Papers() override;
  void Listening(const Status& status) override;

  const std::optional<std::vector<std::string>>& wanted() const { return wanted_; }
  std::optional<NodeStatus::LanState> State();  // nothing when no LAN is served
  void Findings(std::vector<Finding>& findings);

 private:
  const std::optional<std::vector<std::string>> wanted_;
  const Enrolled enrolled_;
  std::mutex mutex_;
  Status listening_ = platform::Unavailable("not tried yet");  // guarded by mutex_
};

}  // namespace cpis::edge
