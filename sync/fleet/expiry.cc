// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/expiry.h"

#include "platform/log.h"
#include "sync/fleet/alert_desk.h"

namespace cpis::sync::fleet {

Status RemoveGonePlans(Store& store) {
  size_t flags = 0;
  CPIS_TRY(store.Change([&](Store& in) -> Status {
    CPIS_ASSIGN(const auto gone, in.records().ExpirePlans(in.clock().Now()));
    for (const auto& [authority, numbers] : gone) {
      CPIS_TRY(in.PublishFlags(authority, numbers));
      CPIS_TRY(JudgeAgain(in, numbers));
      flags += numbers.size();
    }
    return Status::Ok();
  }));
  if (flags > 0) platform::LogInfo("expiry", std::to_string(flags) + " flags had plans whose history window is over");
  return Status::Ok();
}

}  // namespace cpis::sync::fleet
