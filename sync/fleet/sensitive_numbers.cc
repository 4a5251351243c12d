// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/sensitive_numbers.h"

#include "sync/fleet/alert_desk.h"

namespace cpis::sync::fleet {

Status MarkSensitive(Store& store, const NhsNumber& number) {
  const crypto::NumberKeys deriver(store.keys().pepper.Clone(), store.hardness());
  CPIS_ASSIGN(const crypto::Secret key, deriver.Derive(number.digits()));
  return store.Change([&](Store& in) -> Status {
    CPIS_TRY(in.records().KeepNumberKey(number, key.Reveal()));
    // A person is sensitive under every number that they have had.
    CPIS_ASSIGN(const std::vector<NhsNumber> numbers, in.records().NumbersOf(number));
    for (const NhsNumber& one : numbers) {
      CPIS_ASSIGN(const bool already, in.records().IsSensitive(one));
      CPIS_ASSIGN(const std::optional<Bytes> known, in.records().NumberKeyOf(one));
      if (already || !known) continue;
      CPIS_ASSIGN(const std::vector<std::string> holders, in.records().AuthoritiesOf(one));
      for (const std::string& holder : holders) CPIS_TRY(in.WithdrawFlag(holder, one));
      CPIS_TRY(in.records().MarkSensitive(one, in.clock().Now()));
      CPIS_TRY(in.RefreshNotice(one));
    }
    return JudgeAgain(in, {number});
  });
}

Status UnmarkSensitive(Store& store, const NhsNumber& number) {
  return store.Change([&](Store& in) -> Status {
    CPIS_ASSIGN(const bool marked, in.records().IsSensitive(number));
    if (!marked)
      return platform::NotFound("this number is not marked as sensitive (see: cpisctl fleet sensitive list)");
    CPIS_TRY(in.records().UnmarkSensitive(number));
    CPIS_ASSIGN(const std::vector<std::string> holders, in.records().AuthoritiesOf(number));
    for (const std::string& holder : holders) CPIS_TRY(in.PublishFlags(holder, {number}));
    CPIS_TRY(JudgeAgain(in, {number}));
    return in.RefreshNotice(number);
  });
}

}  // namespace cpis::sync::fleet
