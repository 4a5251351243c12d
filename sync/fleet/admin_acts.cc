// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/admin_acts.h"

#include <boost/json.hpp>
#include <map>

#include "crypto/hash.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;
using platform::Corrupt;
using platform::Statement;

Bytes Position(int64_t n) {
  Bytes bytes(8);
  for (size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<uint8_t>(static_cast<uint64_t>(n) >> (8 * i));
  return bytes;
}

Bytes LinkOf(ByteView before, int64_t n, std::string_view entry) {
  return crypto::Blake2b(32, {platform::AsBytes("cpis.v1.act"), before, Position(n), platform::AsBytes(entry)});
}

// By a key that no rotation changes: nobody but this server reads it.
Bytes HeadOf(const Store& store, int64_t n, ByteView link) {
  return crypto::KeyedBlake2b(32, store.keys().index_key.Reveal(), {platform::AsBytes("cpis.v1.act-head"), Position(n), link});
}

std::string MarkOf(const Store& store, std::string_view digits) {
  return platform::Hex(crypto::KeyedBlake2b(16, store.keys().index_key.Reveal(),
                                            {platform::AsBytes("cpis.v1.act-number"), platform::AsBytes(digits)}));
}

std::string Text(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

struct Last {
  int64_t n = 0;
  Bytes link = Bytes(32);
};

// Where the chain ends.
Result<Last> LastOf(Queries& query) {
  Last last;
  CPIS_ASSIGN(Statement * find, query("SELECT n, link FROM admin_acts ORDER BY n DESC LIMIT 1"));
  CPIS_ASSIGN(const bool any, find->Step());
  if (any) last = {find->Int(0), platform::ToBytes(find->Blob(1))};
  find->Reset();
  return last;
}

Status CheckHead(Store& store, const Last& last) {
  CPIS_ASSIGN(Statement * find, store.queries()("SELECT head FROM admin_acts_head"));
  CPIS_ASSIGN(const bool any, find->Step());
  const Bytes head = any ? platform::ToBytes(find->Blob(0)) : Bytes();
  find->Reset();
  if (!any) return last.n == 0 ? Status::Ok() : Corrupt("the acts have no signed end: it was taken away");
  if (head != HeadOf(store, last.n, last.link)) {
    return Corrupt("the acts do not end at " + std::to_string(last.n) + " as they did when the last was written: some were taken away");
  }
  return Status::Ok();
}

Result<int64_t> Write(Store& store, const Last& last, const json::object& entry, std::string_view number) {
  Queries& query = store.queries();
  const int64_t n = last.n + 1;
  const std::string text = json::serialize(entry);
  const Bytes link = LinkOf(last.link, n, text);
  CPIS_ASSIGN(Statement * add, query("INSERT INTO admin_acts(n, entry, link, nhs_number) VALUES(?, ?, ?, ?)"));
  CPIS_TRY(add->Bind(n).Bind(text).Bind(ByteView(link)).Bind(number).Run());
  const Bytes head = HeadOf(store, n, link);
  CPIS_ASSIGN(Statement * keep, query("INSERT OR REPLACE INTO admin_acts_head(one, head) VALUES(1, ?)"));
  CPIS_TRY(keep->Bind(ByteView(head)).Run());
  return n;
}

// In its caller's transaction. What was cut off before must not be signed over: an end that is not as signed goes on record first.
Result<int64_t> Append(Store& store, const json::object& entry, std::string_view number) {
  CPIS_ASSIGN(Last last, LastOf(store.queries()));
  const Status whole = CheckHead(store, last);
  if (!whole.ok() && whole.code() != platform::Code::kCorrupt) return whole;
  if (!whole.ok()) {
    const json::object broken{{"at", platform::Rfc3339(store.clock().Now())}, {"broken", whole.message()}};
    CPIS_TRY(Write(store, last, broken, "").status());
    CPIS_ASSIGN(last, LastOf(store.queries()));
  }
  return Write(store, last, entry, number);
}

}  // namespace

Status AdminActs::CreateTables(platform::Database& database) {
  return database.Run(R"sql(
    CREATE TABLE IF NOT EXISTS admin_acts(
      n INTEGER PRIMARY KEY, entry TEXT NOT NULL, link BLOB NOT NULL, nhs_number TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS admin_acts_by_number ON admin_acts(nhs_number) WHERE nhs_number <> '';
    CREATE TABLE IF NOT EXISTS admin_acts_head(one INTEGER PRIMARY KEY, head BLOB NOT NULL) STRICT;
  )sql");
}

Result<int64_t> AdminActs::Begin(Store& store, const Begun& act) {
  int64_t n = 0;
  CPIS_TRY(store.Change([&](Store& in) -> Status {
    json::object entry{{"at", platform::Rfc3339(in.clock().Now())}, {"who", act.who}, {"method", act.method},
                       {"arguments", act.arguments}};
    if (!act.number.empty()) entry["number_mark"] = MarkOf(in, act.number);
    CPIS_ASSIGN(n, Append(in, entry, act.number));
    return Status::Ok();
  }));
  return n;
}

Status AdminActs::End(Store& store, int64_t act, std::string_view code) {
  return store.Change([&](Store& in) -> Status {
    return Append(in, {{"at", platform::Rfc3339(in.clock().Now())}, {"of", act}, {"outcome", code}}, "").status();
  });
}

Result<std::vector<AdminActs::Act>> AdminActs::Since(Store& store, std::optional<Instant> since) {
  std::vector<Act> acts;
  CPIS_TRY(store.Read([&](Store& in) -> Status {
    std::map<int64_t, size_t> places;
    CPIS_ASSIGN(Statement * all, in.queries()("SELECT n, entry, nhs_number FROM admin_acts ORDER BY n"));
    for (;;) {
      CPIS_ASSIGN(const bool more, all->Step());
      if (!more) return Status::Ok();
      boost::system::error_code failed;
      const json::value parsed = json::parse(all->Text(1), failed);
      const json::object entry = !failed && parsed.is_object() ? parsed.as_object() : json::object();
      if (const json::value* of = entry.if_contains("of"); of != nullptr && of->is_int64()) {
        const auto place = places.find(of->as_int64());
        if (place != places.end()) acts[place->second].outcome = Text(entry, "outcome");
        continue;
      }
      const auto at = platform::ParseRfc3339(Text(entry, "at"));
      if (since && at.ok() && *at < *since) continue;
      if (entry.if_contains("broken") != nullptr) {
        acts.push_back({all->Int(0), at.ok() ? *at : Instant{}, "cpis-fleetd", "the record was broken", "{}", "", Text(entry, "broken")});
        continue;
      }
      places[all->Int(0)] = acts.size();
      acts.push_back({all->Int(0), at.ok() ? *at : Instant{}, Text(entry, "who"), Text(entry, "method"), Text(entry, "arguments"),
                      all->Text(2), "begun"});
    }
  }));
  return acts;
}

Result<int64_t> AdminActs::Verify(Store& store) {
  Last last;
  CPIS_TRY(store.Read([&](Store& in) -> Status {
    CPIS_ASSIGN(Statement * all, in.queries()("SELECT n, entry, link, nhs_number FROM admin_acts ORDER BY n"));
    Status wrong = Status::Ok();
    for (; wrong.ok();) {
      CPIS_ASSIGN(const bool more, all->Step());
      if (!more) break;
      const int64_t n = all->Int(0);
      const std::string entry = all->Text(1);
      const std::string number = all->Text(3);
      if (n != last.n + 1) {
        wrong = Corrupt("the act " + std::to_string(last.n + 1) + " is missing");
      } else if (Bytes link = LinkOf(last.link, n, entry); link != platform::ToBytes(all->Blob(2))) {
        wrong = Corrupt("the acts were changed at " + std::to_string(n));
      } else if (!number.empty() && entry.find(MarkOf(in, number)) == std::string::npos) {
        wrong = Corrupt("the number of act " + std::to_string(n) + " was changed");
      } else if (entry.find(R"(,"broken":")") != std::string::npos && entry.find(R"("who":)") == std::string::npos) {
        wrong = Corrupt("the acts before " + std::to_string(n) + " did not end as signed when it was written");
      } else {
        last = {n, std::move(link)};
      }
    }
    all->Reset();
    CPIS_TRY(wrong);
    return CheckHead(in, last);
  }));
  return last.n;
}

}  // namespace cpis::sync::fleet
