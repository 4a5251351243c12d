// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/metrics.h"

#include "sync/fleet/fleet.h"

namespace cpis::sync::fleet {

std::string MetricsText(Fleet& fleet) {
  size_t flags = 0;
  uint64_t attendances = 0;
  size_t held = 0;
  size_t refused = 0;
  SecurityRegister::Counts security;
  const Status read = fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<AuthorityRow> rows, store.records().Authorities());
    for (const AuthorityRow& row : rows) flags += store.publisher().SizeOf(Topic::Rows(row.authority.code));
    CPIS_ASSIGN(attendances, store.records().CountAttendances());
    CPIS_ASSIGN(const std::vector<HeldFile> holds, store.records().HeldFiles());
    CPIS_ASSIGN(const std::vector<RefusedMessage> messages, store.records().RefusedMessages());
    held = holds.size();
    refused = messages.size();
    CPIS_ASSIGN(security, store.security().Count());
    return Status::Ok();
  });
  const auto line = [](std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    std::string text = "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " ";
    return text + std::string(type) + "\n" + std::string(name) + " " + std::to_string(value) + "\n";
  };
  return line("cpis_fleet_up", "gauge", "1 when the register can be read", read.ok() ? 1 : 0) +
         line("cpis_fleet_nodes_connected", "gauge", "Nodes that are watching now", fleet.hub().Connected()) +
         line("cpis_fleet_flags", "gauge", "Flags in the register", flags) +
         line("cpis_fleet_files_held", "gauge", "Files that would end too much and wait for a person", held) +
         line("cpis_fleet_messages_refused", "gauge", "Messages in mailbox/held that cannot be read", refused) +
         line("cpis_fleet_security_events_open", "gauge", "Security events that nobody has acknowledged", security.open) +
         line("cpis_fleet_security_events_total", "counter", "Security events noticed", security.total) +
         line("cpis_fleet_attendances_total", "counter", "Attendances received", attendances);
}

}  // namespace cpis::sync::fleet
