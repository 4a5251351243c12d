// SPDX-License-Identifier: Apache-2.0
//
// One <record> of an upload: the rules for plans, dates and subjects.
#pragma once

#include <optional>
#include <vector>

#include "sync/fleet/intake.h"
#include "sync/fleet/intake_xml.h"

namespace cpis::sync::fleet {

// All of a record or nothing of it: when there is a problem there are no records.
struct RecordReading {
  std::vector<UploadRecord> records;
  std::optional<RecordProblem> problem;
};
RecordReading ReadRecord(const Element& record, int position);  // position from 1, as XPath counts

}  // namespace cpis::sync::fleet
