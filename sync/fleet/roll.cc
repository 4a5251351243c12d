// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/roll.h"

#include <algorithm>
#include <array>

#include "crypto/certificates.h"
#include "crypto/pin.h"
#include "sync/enrolment.h"

namespace cpis::sync::fleet {
namespace {

using platform::Denied;
using platform::Invalid;

constexpr auto kCodeLifetime = std::chrono::hours(1);  // long enough to walk to a vehicle, too short to lose
constexpr auto kNodeCertificateLifetime = std::chrono::days(397);
constexpr size_t kMaxNodeName = 64;
constexpr size_t kMaxPersonName = 120;

bool Printable(std::string_view text, size_t longest) {
  return !text.empty() && text.size() <= longest && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

bool CodeLike(std::string_view text, size_t longest) {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

Result<std::vector<std::string>> CheckRegion(const std::vector<std::string>& region) {
  if (region.empty()) return Invalid("a region needs at least one authority code (try E10000017)");
  std::vector<std::string> codes = region;
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  for (const std::string& code : codes) {
    const bool good = code.size() >= 3 && code.size() <= 16 &&
                      std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isdigit(c) || std::isupper(c); });
    if (!good) return Invalid("\"" + code + "\" is not an authority code (capital letters and digits, as in E10000017)");
  }
  return codes;
}

Bytes HashOf(ByteView code_secret) { return crypto::Blake2b(32, {platform::AsBytes("cpis.v1.code"), code_secret}); }

bool Waits(const NodeRow& node, Instant now) {
  return node.state == "WAITING" && node.code_expires && *node.code_expires > now;
}

struct RoleEntry {
  std::string_view code;
  std::string_view name;
};
// Of the national job role list (RBAC, NHS Digital) those that crew a vehicle; `staff add` accepts any R code.
constexpr std::array kRoles{RoleEntry{"R1070", "Paramedic"}, RoleEntry{"R8000", "Clinical Practitioner Access Role"},
                            RoleEntry{"R8001", "Nurse Access Role"}, RoleEntry{"R8003", "Health Professional Access Role"}};

}  // namespace

std::string RoleName(std::string_view role_code) {
  for (const RoleEntry& role : kRoles) {
    if (role.code == role_code) return std::string(role.name);
  }
  return std::string(role_code);
}

Result<NodeAdded> Roll::AddNode(const std::string& name, const std::vector<std::string>& region) {
  if (!Printable(name, kMaxNodeName)) return Invalid("\"" + name + "\" is not a node name (1 to 64 characters, as in NWAS-A101)");
  CPIS_ASSIGN(const std::vector<std::string> codes, CheckRegion(region));
  CPIS_ASSIGN(const Bytes pin, crypto::CertificateSha256(store_.keys().authority.certificate_pem));
  const EnrolmentCode code{crypto::RandomBytes(kEnrolmentSecretBytes), {pin.begin(), pin.begin() + kEnrolmentPinBytes}};

  NodeRow node;
  node.id = "node-" + platform::Hex(crypto::RandomBytes(8));
  node.name = name;
  node.region = codes;
  node.state = "WAITING";
  node.code_hash = HashOf(code.secret);
  node.code_expires = store_.clock().Now() + kCodeLifetime;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::optional<NodeRow> taken, store.records().NodeNamed(name));
    // A vehicle that was erased may come back under its name; what the former node signed must stay verifiable.
    if (taken && (taken->state == "WIPED" || taken->state == "REVOKED")) {
      NodeRow former = *taken;
      former.name += "/" + former.id;
      CPIS_TRY(store.records().PutNode(former));
      return store.records().PutNode(node);
    }
    // A code that was lost or ran out is replaced by adding the node again.
    if (taken && taken->state != "WAITING") return Invalid("there is a node \"" + name + "\" already (choose another name)");
    return store.records().PutNode(node);
  }));
  return NodeAdded{node.id, FormatEnrolmentCode(code), *node.code_expires};
}

Result<std::vector<NodeRow>> Roll::Nodes() {
  std::vector<NodeRow> nodes;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(nodes, store.records().Nodes());
    return Status::Ok();
  }));
  return nodes;
}

Status Roll::SetRegion(const std::string& name, const std::vector<std::string>& region) {
  CPIS_ASSIGN(const std::vector<std::string> codes, CheckRegion(region));
  return store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(std::optional<NodeRow> node, store.records().NodeNamed(name));
    if (!node) return platform::NotFound("there is no node \"" + name + "\" (see \"fleet node list\")");
    if (node->region == codes) return Status::Ok();
    node->region = codes;
    CPIS_TRY(store.records().PutNode(*node));
    return node->state == "ENROLLED" ? store.PublishGrant(*node) : Status::Ok();
  });
}

Result<int> Roll::CodesOutstanding() {
  CPIS_ASSIGN(const std::vector<NodeRow> nodes, Nodes());
  const Instant now = store_.clock().Now();
  return static_cast<int>(std::count_if(nodes.begin(), nodes.end(), [&](const NodeRow& node) { return Waits(node, now); }));
}

Result<EnrolmentGrant> Roll::Enrol(const EnrolmentOffer& offer) {
  // A grant is sealed to this key for as long as the node lives: one that nothing can be sealed to must not get in.
  if (!crypto::IsBoxPublicKey(offer.box_key)) return Invalid("the node's box key is not an X25519 public key");
  if (offer.signing_key.size() != 32) return Invalid("the node's signing key has not 32 bytes");
  const Bytes hash = HashOf(offer.code_secret);
  EnrolmentGrant grant;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<NodeRow> nodes, store.records().Nodes());
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const NodeRow& candidate) {
      return Waits(candidate, store.clock().Now()) && crypto::ConstantTimeEqual(candidate.code_hash, hash);
    });
    if (node == nodes.end()) {
      return Denied("the enrolment code is wrong, used or expired (\"fleet node add\" gives a new one)");
    }
    grant.node = *node;
    CPIS_ASSIGN(grant.certificate_pem,
                crypto::SignNodeCertificate(store.keys().authority, offer.certificate_request_pem, node->id,
                                            kNodeCertificateLifetime));
    grant.node.state = "ENROLLED";
    grant.node.code_hash.clear();
    grant.node.code_expires.reset();
    grant.node.box_key = offer.box_key;
    grant.node.signing_key = offer.signing_key;
    grant.node.enrolled_at = store.clock().Now();
    CPIS_TRY(store.records().PutNode(grant.node));
    return store.PublishGrant(grant.node);
  }));
  return grant;
}

Status Roll::PutStaff(const NewStaff& staff) {
  if (!CodeLike(staff.id, 32)) {
    return Invalid("\"" + staff.id + "\" is not a staff id (letters, digits, \".\", \"-\", \"_\", as in 555021935107)");
  }
  if (!Printable(staff.name, kMaxPersonName)) return Invalid("the name is empty, too long or has control characters");
  const bool role_good = staff.role.size() >= 4 && staff.role.size() <= 8 && staff.role[0] == 'R' &&
                         std::all_of(staff.role.begin() + 1, staff.role.end(), [](unsigned char c) { return std::isdigit(c); });
  if (!role_good) return Invalid("\"" + staff.role + "\" is not a job role code (R and digits, as in R1070)");
  if (!staff.right.empty() && staff.right != "B0107" && staff.right != "B0170") {
    return Invalid("\"" + staff.right + "\" is not a right (B0107 looks and notifies, B0170 looks silently)");
  }
  StaffMember member{staff.id, staff.name, staff.role, RoleName(staff.role),
                     staff.right == "B0170" ? Right::kSilent : Right::kNotify, false, {}};
  if (!staff.duty.empty()) {
    CPIS_ASSIGN(member.duty, ParseDuty(staff.duty));
  }
  if (member.duty == Duty::kEventOnly && member.right == Right::kSilent) {
    return Invalid("right \"B0170\" notifies nobody, and an event-only person does nothing else (use B0107)");
  }
  // Who looks nobody up has a PIN that opens nothing, so that there is nothing to be had from them.
  const crypto::Secret nothing = crypto::Secret::Random(32);
  const crypto::Secret& opened = member.duty == Duty::kClinician ? store_.keys().ring_key : nothing;
  CPIS_ASSIGN(member.pin_record, crypto::MakePinRecord(staff.pin, opened));
  return store_.Change([&](Store& store) -> Status {
    CPIS_TRY(store.records().PutStaff(member));
    return store.PublishStaff(member);
  });
}

Status Roll::DisableStaff(const std::string& id) {
  return store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(std::optional<StaffMember> member, store.records().StaffWithId(id));
    if (!member) return platform::NotFound("there is nobody with staff id \"" + id + "\" (see \"fleet staff list\")");
    if (member->disabled) return Status::Ok();
    member->disabled = true;
    CPIS_TRY(store.records().PutStaff(*member));
    return store.PublishStaff(*member);
  });
}

Result<std::vector<StaffMember>> Roll::Staff() {
  std::vector<StaffMember> staff;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(staff, store.records().Staff());
    return Status::Ok();
  }));
  return staff;
}

Result<Policy> Roll::CurrentPolicy() {
  Policy policy;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(policy, store.CurrentPolicy());
    return Status::Ok();
  }));
  return policy;
}

Status Roll::SetPolicy(const std::vector<std::string>& settings) {
  CPIS_ASSIGN(Policy policy, CurrentPolicy());
  std::map<std::string, std::string> changes;
  for (const std::string& text : settings) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) return Invalid("\"" + text + "\" has no value (try fresh_for_hours=24)");
    const std::string key = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    CPIS_TRY(policy.Set(key, value));
    changes[key] = value;
  }
  return store_.Change([&](Store& store) -> Status {
    for (const auto& [key, value] : changes) {
      CPIS_TRY(store.records().PutSetting(std::string(kPolicyPrefix) + key, value));
    }
    return store.PublishSettings(changes);
  });
}

}  // namespace cpis::sync::fleet
