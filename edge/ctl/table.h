// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace cpis::edge::ctl {

// Columns aligned by what is seen: UTF-8 sequences count as one.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Lines that end in \n; without rows, `if_empty` and \n.
  std::string Text(const std::string& if_empty) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first holds the heads
};

}  // namespace cpis::edge::ctl
