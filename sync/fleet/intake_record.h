// SPDX-License-Identifier: Apache-2.0
//
// One <record> of an upload: the rules for plans, dates and subjects.
#pragma once

#include <functional>
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
using RecordCheck = std::function<std::optional<NumberRefusal>(const NhsNumber&)>;
// `position` from 1, as XPath counts.
RecordReading ReadRecord(const Element& record, int position, const RecordCheck& refuses);

}  // namespace cpis::sync::fleet
