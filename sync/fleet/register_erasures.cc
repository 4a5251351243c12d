// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about nodes that are erased.
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::Statement;

}  // namespace

Status Register::KeepErasure(const ErasureRow& row) {
  CPIS_ASSIGN(Statement * keep,
              query_("INSERT INTO erasures(node_id, order_id, erased, began_ms, erased_ms, received_ms, proof)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(node_id) DO UPDATE SET order_id = excluded.order_id,"
                     " erased = excluded.erased, began_ms = excluded.began_ms, erased_ms = excluded.erased_ms,"
                     " received_ms = excluded.received_ms, proof = excluded.proof WHERE excluded.erased > erasures.erased"));
  const Erasure& erasure = row.erasure;
  keep->Bind(erasure.node).Bind(erasure.order).Bind(static_cast<int64_t>(erasure.erased));
  keep->Bind(Milliseconds(erasure.began_at)).Bind(Milliseconds(erasure.erased_at)).Bind(Milliseconds(row.received_at));
  return keep->Bind(ByteView(row.proof)).Run();
}

Result<std::map<std::string, ErasureRow>> Register::Erasures() {
  CPIS_ASSIGN(Statement * all, query_("SELECT node_id, order_id, erased, began_ms, erased_ms, received_ms, proof FROM erasures"));
  std::map<std::string, ErasureRow> rows;
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) return rows;
    ErasureRow row;
    row.erasure = {all->Text(0), all->Text(1), static_cast<Erasure::What>(all->Int(2)), FromMilliseconds(all->Int(3)),
                   FromMilliseconds(all->Int(4))};
    row.received_at = FromMilliseconds(all->Int(5));
    row.proof = platform::ToBytes(all->Blob(6));
    rows.emplace(row.erasure.node, std::move(row));
  }
}

}  // namespace cpis::sync::fleet
