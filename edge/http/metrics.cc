// SPDX-License-Identifier: Apache-2.0
#include "edge/http/metrics.h"

namespace cpis::edge::http {
namespace {

void Family(std::string& out, const std::string& name, const std::string& help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n";
}

void Gauge(std::string& out, const std::string& name, const std::string& help, int64_t value) {
  Family(out, name, help);
  out += name + " " + std::to_string(value) + "\n";
}

std::string Label(const std::string& value) {
  std::string escaped;
  for (char c : value) {
    if (c == '\n') {
      escaped += "\\n";
    } else {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
  }
  return '"' + escaped + '"';
}

}  // namespace

std::string Metrics(const NodeStatus& status) {
  std::string out;
  Family(out, "cpis_node_info", "Version of the software.");
  out += "cpis_node_info{version=" + Label(status.version) + "} 1\n";
  Gauge(out, "cpis_node_enrolled", "1 when the node belongs to a fleet.", status.enrolled);
  Gauge(out, "cpis_node_locked", "1 while nobody is signed in.", status.locked);
  Gauge(out, "cpis_node_link_online", "1 while the fleet server is reached.", status.online);
  if (status.as_of) {
    Gauge(out, "cpis_node_as_of_timestamp_seconds", "Server time of the last manifest fully applied.",
          platform::ToUnixSeconds(*status.as_of));
    Gauge(out, "cpis_node_data_age_seconds", "Age of the data that answers are given from.", status.age.count());
  }
  if (status.lease_expires) {
    Gauge(out, "cpis_node_lease_expires_timestamp_seconds", "When lookups end without news from the fleet server.",
          platform::ToUnixSeconds(*status.lease_expires));
  }
  Gauge(out, "cpis_node_attendances_waiting", "Attendances not yet received by the fleet server.",
        static_cast<int64_t>(status.attendances_waiting));
  Gauge(out, "cpis_node_audit_waiting", "Audit entries not yet received by the fleet server.",
        static_cast<int64_t>(status.audit_waiting));
  Gauge(out, "cpis_node_quarantined", "Journal entries that need a person.", static_cast<int64_t>(status.quarantined));
  Gauge(out, "cpis_node_alerts", "Late alerts not yet acknowledged.", static_cast<int64_t>(status.alerts));
  Gauge(out, "cpis_node_key_hardware_bound", "1 when the device secret cannot be copied with the disk.",
        status.hardware_bound);
  Family(out, "cpis_node_partition_rows", "Sealed rows held, by authority.");
  for (const PartitionStatus& partition : status.region) {
    out += "cpis_node_partition_rows{partition=" + Label(partition.code) + "} " + std::to_string(partition.rows) + "\n";
  }
  return out;
}

}  // namespace cpis::edge::http
