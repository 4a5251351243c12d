// SPDX-License-Identifier: Apache-2.0
//
// One replicated thing. All topics work alike: a set of entries, each an 8-byte key, a version and a body, changed by signed
// segments between sequence numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/row.h"
#include "crypto/seal.h"
#include "platform/status.h"

namespace cpis::sync {

using crypto::RowIndex;

enum class Sequence : uint64_t {};  // counts the commits that changed one topic; 0 is the empty topic
inline Sequence Next(Sequence s) { return Sequence{static_cast<uint64_t>(s) + 1}; }

class Topic {
 public:
  enum class Kind : uint8_t { kRows, kIndex, kDirectory, kRoster, kPolicy, kNode };

  static Topic Rows(std::string_view partition);
  static Topic Index();                            // the England index: entries are its buckets (england.h)
  static Topic Directory();
  static Topic Roster();
  static Topic Policy();
  static Topic Node(std::string_view node_id);
  static platform::Result<Topic> Parse(std::string_view text);  // "rows/E10000017"; kInvalid quotes it
  // What may stand for a partition or a node in a topic: 1 to 64 ASCII letters, digits, '-', '_' and '.'. Rows and Node
  // expect one; a segment or manifest that names another is refused when decoded.
  static bool IsCode(std::string_view text);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  std::string_view Partition() const;              // of a kRows topic
  crypto::Role SignedBy() const;                   // content, or policy for what orders a node about

  bool operator==(const Topic&) const = default;
  auto operator<=>(const Topic&) const = default;

 private:
  Topic(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Kind kind_;
  std::string text_;
};

// A partition that every node holds: notices about numbers of which no record may be shown (flag.h). Its name can be no
// authority's code, which has capital letters and digits only.
inline constexpr std::string_view kNotices = "notices";

// The key of an entry that has a name, in the topics that are not rows: BLAKE2b-8 of the name.
RowIndex KeyOf(std::string_view name);

}  // namespace cpis::sync
