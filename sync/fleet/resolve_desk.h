// SPDX-License-Identifier: Apache-2.0
//
// Answers what vehicles ask about one number: what every authority is known to hold about it now. Keeps nothing of it but the
// ids of queries, for a while.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "sync/fleet/store.h"
#include "sync/resolve.h"

namespace cpis::sync::fleet {

class ResolveDesk {
 public:
  explicit ResolveDesk(Store& store) : store_(store) {}

  // The signed reply, sealed to the node, to a signed query of this node. kDenied: not enrolled, or the query is of another
  // node, was answered before or was made long ago; kCorrupt: not a query; kUnavailable: this node asks too much. Failures
  // never name the number. Any thread.
  Result<Bytes> Answer(const std::string& node_id, ByteView query);

 private:
  // What a node asked lately, oldest first.
  struct Asked {
    std::deque<std::pair<Instant, std::string>> order;
    std::set<std::string> ids;
  };
  Status Admit(const ResolveQuery& query, Instant now);
  static Result<ResolveReply> Judge(Store& store, const ResolveQuery& query, Instant now);

  Store& store_;
  std::map<std::string, Asked> asked_;  // store thread only; by node id
};

}  // namespace cpis::sync::fleet
