// SPDX-License-Identifier: Apache-2.0
//
// What an enrolled node does for the vehicle's LAN: it gets a certificate and keeps it good, and knows the tablets.
#include "crypto/certificates.h"
#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {

void EnrolledNode::WantLan(std::optional<std::vector<std::string>> names) {
  auto papers = names ? LoadLanPapers(state_, identity_.journal_key) : platform::NotFound("no LAN is served");
  if (!papers.ok() && papers.status().code() != platform::Code::kNotFound) {
    platform::LogWarning("lan", "the certificate that is kept is not used: " + papers.status().message());
  }
  const std::lock_guard lock(lan_mutex_);
  lan_names_ = std::move(names);
  lan_problem_ = "the fleet server has not been asked yet";
  if (papers.ok()) lan_papers_ = std::make_shared<const LanPapers>(*std::move(papers));
}

std::shared_ptr<const LanPapers> EnrolledNode::CurrentLanPapers() {
  const std::lock_guard lock(lan_mutex_);
  return lan_papers_;
}

std::string EnrolledNode::LanProblem() {
  const std::lock_guard lock(lan_mutex_);
  return lan_problem_;
}

// Housekeeper's thread. The old certificate serves until there is another.
void EnrolledNode::RenewLanPapers() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(lan_mutex_);
    if (!lan_names_ || clock_.SinceBoot() < lan_ask_at_) return;
    if (lan_papers_ && !lan_papers_->RenewalDue(*lan_names_, time_->Now().at)) return;
    names = *lan_names_;
  }
  auto papers = AskLanPapers(names);
  const Status kept = papers.ok() ? SaveLanPapers(state_, identity_.journal_key, *papers) : papers.status();
  const std::lock_guard lock(lan_mutex_);
  if (kept.ok()) {
    lan_papers_ = std::make_shared<const LanPapers>(*std::move(papers));
    lan_problem_.clear();
    platform::LogInfo("lan", "there is a new certificate");
    return;
  }
  if (lan_problem_ != kept.message()) platform::LogWarning("lan", "no new certificate: " + kept.message());
  lan_problem_ = kept.message();
  // Off line it is asked for as soon as there is a link; an answer is not asked for again at once.
  if (CurrentLink()->State().online) lan_ask_at_ = clock_.SinceBoot() + kLanAskAgain;
}

Result<LanPapers> EnrolledNode::AskLanPapers(const std::vector<std::string>& names) {
  const auto link = CurrentLink();
  if (!link->State().online) return platform::Unavailable("off line");
  CPIS_ASSIGN(crypto::KeyAndRequest key, crypto::NewCertificateRequest("cpis-edge vehicle LAN"));
  CPIS_ASSIGN(sync::node::LanCertificate certificate, link->CertifyLan({key.request_pem, names}, kLanPatience));
  return LanPapers{std::move(key.private_key_pem), std::move(certificate.certificate_pem), std::move(certificate.authority_pem),
                   time_->Now().at, names};
}

Result<PairedTablet> EnrolledNode::PairTablet(const std::string& code) {
  CPIS_ASSIGN(PairedTablet paired, tablets_->Pair(code));
  Note("tablet-paired", "");
  return paired;
}

Status EnrolledNode::RemoveTablet(const std::string& name) {
  CPIS_TRY(tablets_->Remove(name));
  EndSessionsOfRemoved();
  Note("tablet-removed", "");
  return Status::Ok();
}

void EnrolledNode::EndSessionsOfRemoved() {
  keeper_->EndWhere([this](const std::string& place) { return !place.empty() && !tablets_->Has(place); });
}

}  // namespace cpis::edge
