// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"

#include <algorithm>
#include <array>

#include "edge/ctl/render_lan.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

std::string SignedOut(const json::value&) { return "Signed out.\n"; }
std::string Done(const json::value&) { return "Done.\n"; }

struct Form {
  std::string_view method;
  std::string (*render)(const json::value&);
};
constexpr std::array kForms{
    Form{"node.enrol", RenderNodeStatus},
    Form{"node.sign-in", RenderSession},
    Form{"node.sign-out", SignedOut},
    Form{"node.lookup", RenderLookup},
    Form{"node.resolve", RenderLookup},
    Form{"node.attend", RenderAttend},
    Form{"node.alerts", RenderAlerts},
    Form{"node.alerts.acknowledge", RenderAlert},
    Form{"node.status", RenderNodeStatus},
    Form{"node.sync", RenderNodeStatus},
    Form{"node.outbox.list", RenderOutbox},
    Form{"node.outbox.show", RenderOutboxItem},
    Form{"node.outbox.restore", RenderOutboxItem},
    Form{"node.verify", RenderVerdicts},
    Form{"node.audit.verify", RenderAudit},
    Form{"node.doctor", RenderFindings},
    Form{"node.tablet.add", RenderPairingCode},
    Form{"node.tablet.list", RenderTablets},
    Form{"node.tablet.remove", Done},
    Form{"fleet.lan-ca", RenderLanAuthority},
    Form{"fleet.import", RenderImport},
    Form{"fleet.authorities", RenderAuthorities},
    Form{"fleet.attendances", RenderAttendances},
    Form{"fleet.alerts", RenderFleetAlerts},
    Form{"fleet.status", RenderFields},
    Form{"fleet.rotate", RenderFields},
    Form{"fleet.keys.show", RenderKeys},
    Form{"fleet.node.add", RenderNewNode},
    Form{"fleet.node.list", RenderNodes},
    Form{"fleet.node.region", Done},
    Form{"fleet.node.revoke", Done},
    Form{"fleet.node.wipe", Done},
    Form{"node.wipe", RenderWiped},
    Form{"fleet.staff.add", Done},
    Form{"fleet.staff.list", RenderStaff},
    Form{"fleet.staff.disable", Done},
    Form{"fleet.sensitive.add", Done},
    Form{"fleet.sensitive.remove", Done},
    Form{"fleet.sensitive.list", RenderSensitive},
    Form{"fleet.audit", RenderLooks},
    Form{"fleet.audit.verify", RenderFleetAudit},
    Form{"fleet.security", RenderSecurity},
    Form{"fleet.security.acknowledge", Done},
    Form{"fleet.acts", RenderActs},
    Form{"fleet.acts.verify", RenderFields},
    Form{"fleet.policy.show", RenderFields},
    Form{"fleet.policy.set", Done},
};

bool AllTrue(const json::value& answer, std::string_view key) {
  if (!answer.is_array() || answer.as_array().empty()) return false;  // nothing was checked
  const json::array& items = answer.as_array();
  return std::all_of(items.begin(), items.end(), [key](const json::value& item) { return IsTrue(item, key); });
}

}  // namespace

std::string Render(std::string_view method, const json::value& answer) {
  for (const Form& form : kForms) {
    if (form.method == method) return form.render(answer);
  }
  return json::serialize(answer) + "\n";
}

int ExitCodeOf(std::string_view method, const json::value& answer) {
  if (method == "node.lookup" || method == "node.resolve") {
    const std::string outcome = Text(answer, "outcome");
    return outcome == "FLAGGED" || outcome == "NOT_FLAGGED" ? 0 : 3;  // what we do not know is no answer
  }
  if (method == "fleet.import") {
    const std::string code = Text(answer, "code");
    return code == "CPF02" || code == "APPLIED" ? 0 : code == "CPF03" ? 5 : 1;
  }
  if (method == "node.verify") return AllTrue(answer, "matches") ? 0 : 1;
  return 0;
}

}  // namespace cpis::edge::ctl
