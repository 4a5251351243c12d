// SPDX-License-Identifier: Apache-2.0
//
// Texts that must be nowhere, and the search for them in every form that a program might leave them in.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/e2e/process.h"

namespace cpis::e2e {

class Markers {
 public:
  // In ASCII, UTF-16, reversed, hexadecimal, base64 at each of three places, and for a number also grouped, as packed decimals and
  // as an integer of eight bytes in either order.
  void Add(const std::string& marker);
  size_t size() const { return count_; }
  // Every form of this marker.
  static std::vector<std::string> FormsOf(const std::string& marker);

  // "where: marker", once for each marker and place. Reads whole files; whatever cannot be read is itself a finding.
  std::vector<std::string> FindIn(const std::vector<Path>& places) const;
  // In what is mapped by a process that runs: "mapping: marker", once for each of a name. Not being able to read it is a finding.
  std::vector<std::string> FindInMemory(pid_t process) const;

 private:
  struct Form {
    std::string bytes;
    std::string marker;
  };
  void Search(std::string_view bytes, std::map<std::string, bool>* found) const;

  size_t count_ = 0;
  std::unordered_map<uint32_t, std::vector<Form>> by_start_;  // their first four bytes
};

}  // namespace cpis::e2e
