// SPDX-License-Identifier: Apache-2.0
//
// A daemon's answer as text for people, and as the exit code of the contract. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace cpis::edge::ctl {

// Text that ends in \n. A method without a form of its own is shown as its JSON.
std::string Render(std::string_view method, const boost::json::value& answer);

// 0; 1 failed check; 3 CANNOT_SAY or POSSIBLY_FLAGGED_ELSEWHERE; 5 loaded in part (CPF03).
int ExitCodeOf(std::string_view method, const boost::json::value& answer);

// Renderings of edge/ctl/render_lookup.cc, render_alerts.cc, render_node.cc and render_fleet.cc.
std::string RenderLookup(const boost::json::value& answer);
std::string RenderAttend(const boost::json::value& answer);
std::string RenderPlan(const boost::json::value& plan);      // four or five indented lines
std::string RenderAlerts(const boost::json::value& answer);  // a list
std::string RenderAlert(const boost::json::value& answer);   // one that was acknowledged
std::string RenderFleetAlerts(const boost::json::value& answer);
std::string RenderSession(const boost::json::value& answer);
std::string RenderNodeStatus(const boost::json::value& answer);
std::string RenderOutbox(const boost::json::value& answer);
std::string RenderOutboxItem(const boost::json::value& answer);
std::string RenderVerdicts(const boost::json::value& answer);
std::string RenderWiped(const boost::json::value& answer);
std::string RenderAudit(const boost::json::value& answer);
std::string RenderFindings(const boost::json::value& answer);
std::string RenderImport(const boost::json::value& answer);
std::string RenderAuthorities(const boost::json::value& answer);
std::string RenderNewNode(const boost::json::value& answer);
std::string RenderNodes(const boost::json::value& answer);
std::string RenderStaff(const boost::json::value& answer);
std::string RenderKeys(const boost::json::value& answer);
std::string RenderSensitive(const boost::json::value& answer);
std::string RenderAttendances(const boost::json::value& answer);
std::string RenderLooks(const boost::json::value& answer);         // render_audit.cc, as the next two
std::string RenderFleetAudit(const boost::json::value& answer);
std::string RenderSecurity(const boost::json::value& answer);
std::string RenderActs(const boost::json::value& answer);
std::string RenderFields(const boost::json::value& answer);  // any object: one aligned line a key

}  // namespace cpis::edge::ctl
