// SPDX-License-Identifier: Apache-2.0
#include "sync/topic.h"

#include <algorithm>

#include "sync/quote.h"

namespace cpis::sync {
namespace {

constexpr std::string_view kRowsPrefix = "rows/";
constexpr std::string_view kNodePrefix = "node/";

}  // namespace

bool Topic::IsCode(std::string_view text) {
  constexpr size_t kLongest = 64;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
  });
}

Topic Topic::Rows(std::string_view partition) {
  return Topic(Kind::kRows, std::string(kRowsPrefix) + std::string(partition));
}
Topic Topic::Index() { return Topic(Kind::kIndex, "index"); }
Topic Topic::Directory() { return Topic(Kind::kDirectory, "directory"); }
Topic Topic::Roster() { return Topic(Kind::kRoster, "roster"); }
Topic Topic::Policy() { return Topic(Kind::kPolicy, "policy"); }
Topic Topic::Node(std::string_view node_id) {
  return Topic(Kind::kNode, std::string(kNodePrefix) + std::string(node_id));
}

platform::Result<Topic> Topic::Parse(std::string_view text) {
  for (const auto& topic : {Index(), Directory(), Roster(), Policy()}) {
    if (text == topic.text()) return topic;
  }
  if (text.starts_with(kRowsPrefix) && IsCode(text.substr(kRowsPrefix.size()))) {
    return Topic(Kind::kRows, std::string(text));
  }
  if (text.starts_with(kNodePrefix) && IsCode(text.substr(kNodePrefix.size()))) {
    return Topic(Kind::kNode, std::string(text));
  }
  return platform::Invalid(Quoted(text) + " is not a topic (try rows/CODE, index, directory, roster, policy or node/ID)");
}

std::string_view Topic::Partition() const {
  if (kind_ != Kind::kRows) return {};
  return std::string_view(text_).substr(kRowsPrefix.size());
}

crypto::Role Topic::SignedBy() const {
  switch (kind_) {
    case Kind::kRows:
    case Kind::kIndex:
    case Kind::kDirectory:
      return crypto::Role::kContent;
    case Kind::kRoster:
    case Kind::kPolicy:
    case Kind::kNode:
      return crypto::Role::kPolicy;
  }
  std::abort();
}

RowIndex KeyOf(std::string_view name) {
  const auto hash = crypto::Blake2b(sizeof(uint64_t), {platform::AsBytes(name)});
  return RowIndex{platform::ByteReader(hash).U64()};
}

}  // namespace cpis::sync
