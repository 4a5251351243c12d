// SPDX-License-Identifier: Apache-2.0
//
// Rows as a node would find and open them.
#pragma once

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {

inline std::optional<Bytes> OpenedEntry(World& world, const std::string& partition, const std::string& number) {
  std::optional<Bytes> found;
  const Topic topic = Topic::Rows(partition);
  auto number_key = crypto::NumberKeys(world.keys.pepper.Clone(), world.store->hardness()).Derive(number);
  const RowIndex index = crypto::IndexOf(world.keys.index_key, *number_key);
  std::vector<SharedBytes> segments;
  REQUIRE(world.store
              ->Read([&](Store& s) -> Status {
                CPIS_ASSIGN(segments, s.publisher().Since(topic, {}));
                return Status::Ok();
              })
              .ok());
  for (const SharedBytes& bytes : segments) {
    const auto segment = DecodeSegment(platform::AsBytes(*bytes), world.keys.content.public_key);
    REQUIRE(segment.ok());
    for (const EntryView& entry : segment->entries) {
      if (entry.index != index) continue;
      found.reset();
      if (entry.body.empty()) continue;
      const auto opened = crypto::OpenRow(world.keys.EpochKey(partition, segment->epoch), *number_key,
                                          {partition, index, entry.version, segment->epoch}, entry.body);
      REQUIRE(opened.ok());
      found = platform::ToBytes(opened->Reveal());
    }
  }
  return found;
}

inline std::optional<Flag> RowOf(World& world, const std::string& authority, const std::string& number) {
  const std::optional<Bytes> opened = OpenedEntry(world, authority, number);
  return opened ? std::optional<Flag>(*DecodeFlag(*opened)) : std::nullopt;
}

inline std::optional<Notice> NoticeOf(World& world, const std::string& number) {
  const std::optional<Bytes> opened = OpenedEntry(world, std::string(kNotices), number);
  return opened ? std::optional<Notice>(*DecodeNotice(*opened)) : std::nullopt;
}

}  // namespace cpis::sync::fleet
