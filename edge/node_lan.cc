// SPDX-License-Identifier: Apache-2.0
#include "edge/node_lan.h"

#include "crypto/certificates.h"

namespace cpis::edge {
namespace {

Status NotEnrolled() { return platform::Denied("this vehicle is not enrolled, so it has no LAN to let a tablet into"); }

}  // namespace

Result<PairingCode> NodeLan::AddTablet(const std::string& name) {
  if (!wanted_) return platform::Denied("this node serves no LAN (start cpis-edged with --lan HOST:PORT)");
  const auto node = enrolled_();
  return node ? node->tablets().Add(name) : NotEnrolled();
}

Result<PairedTablet> NodeLan::Pair(const std::string& code) {
  const auto node = enrolled_();
  return node ? node->PairTablet(code) : NotEnrolled();
}

Status NodeLan::RemoveTablet(const std::string& name) {
  const auto node = enrolled_();
  return node ? node->RemoveTablet(name) : NotEnrolled();
}

Result<std::vector<TabletShown>> NodeLan::Tablets() {
  const auto node = enrolled_();
  if (!node) return NotEnrolled();
  return node->tablets().List();
}

std::optional<TabletShown> NodeLan::TabletWith(const std::string& token) {
  const auto node = enrolled_();
  return node ? node->tablets().With(token) : std::nullopt;
}

std::shared_ptr<const LanPapers> NodeLan::Papers() {
  const auto node = enrolled_();
  return node ? node->CurrentLanPapers() : nullptr;
}

void NodeLan::Listening(const Status& status) {
  const std::lock_guard lock(mutex_);
  listening_ = status;
}

std::optional<NodeStatus::LanState> NodeLan::State() {
  if (!wanted_) return std::nullopt;
  NodeStatus::LanState state;
  const auto node = enrolled_();
  const auto papers = node ? node->CurrentLanPapers() : nullptr;
  if (!node) {
    state.detail = "not open: this vehicle is not enrolled";
  } else if (!papers) {
    state.detail = "not open: no certificate yet (" + node->LanProblem() + ")";
  } else {
    const std::lock_guard lock(mutex_);
    state.open = listening_.ok();
    const auto expires = crypto::CertificateExpiry(papers->certificate_pem);
    if (expires.ok()) state.expires = Instant(*expires);
    state.detail = listening_.ok() ? "open" : "not open: " + listening_.message();
    if (const std::string problem = node->LanProblem(); papers->asked != *wanted_ && !problem.empty()) {
      state.detail += "; the certificate is not for the names that are asked for (" + problem + ")";
    }
  }
  return state;
}

void NodeLan::Findings(std::vector<Finding>& findings) {
  const auto state = State();
  if (!state) return;
  const bool good = state->open && state->detail == "open";
  findings.push_back({"lan", good, state->detail + (state->expires ? "; certificate good until " + platform::Rfc3339(*state->expires) : ""),
                      good ? "" : "bring the vehicle into coverage; if it goes on, correct --lan and --lan-name as it says"});
}

}  // namespace cpis::edge
