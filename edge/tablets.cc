// SPDX-License-Identifier: Apache-2.0
#include "edge/tablets.h"

#include <algorithm>

#include "platform/log.h"

namespace cpis::edge {
namespace {

constexpr uint8_t kFormat = 1;
constexpr const char* kMeta = "tablets";
constexpr size_t kTokenBytes = 32;
constexpr size_t kIdBytes = 8;
constexpr size_t kDigits = 8;
constexpr size_t kMostName = 40;

void Write(platform::ByteWriter& out, Instant at) { out.U64(static_cast<uint64_t>(at.time_since_epoch().count())); }
Instant ReadInstant(platform::ByteReader& in) { return Instant(std::chrono::milliseconds(static_cast<int64_t>(in.U64()))); }

crypto::Digest ReadDigest(platform::ByteReader& in) {
  crypto::Digest digest{};
  const ByteView bytes = in.Raw(digest.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

// Evenly: what is left of 2^32 beyond whole ranges is drawn again.
std::string RandomCode() {
  constexpr uint32_t kCodes = 100'000'000;
  for (;;) {
    const Bytes random = crypto::RandomBytes(4);
    platform::ByteReader in(random);
    const uint32_t number = in.U32();
    if (number >= UINT32_MAX / kCodes * kCodes) continue;
    const std::string digits = std::to_string(number % kCodes);
    return std::string(kDigits - digits.size(), '0') + digits;
  }
}

// As people type it: in two groups, maybe.
Result<std::string> ReadCode(const std::string& typed) {
  std::string digits;
  for (const char c : typed) {
    if (c >= '0' && c <= '9') digits.push_back(c);
    else if (c != ' ' && c != '-') return platform::Invalid("a pairing code has eight digits, as in 1234 5678");
  }
  if (digits.size() != kDigits) return platform::Invalid("a pairing code has eight digits, as in 1234 5678");
  return digits;
}

Status WrongCode() {
  return platform::Denied("the pairing code is wrong, used or has run out (on the gateway, cpisctl node tablet add NAME prints another)");
}

bool GoodName(const std::string& name) {
  return !name.empty() && name.size() <= kMostName && name.front() != ' ' && name.back() != ' ' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

TabletShown Shown(const TabletBook::Tablet& tablet) {
  return {platform::Hex(ByteView(tablet.token_hash).first(kIdBytes)), tablet.name, tablet.paired_at};
}

}  // namespace

Bytes TabletBook::Encode() const {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U8(code ? 1 : 0);
  if (code) {
    out.Sized(code->name);
    out.Raw(code->hash);
    Write(out, code->expires);
    out.U8(static_cast<uint8_t>(code->wrong));
  }
  out.Varint(tablets.size());
  for (const Tablet& tablet : tablets) {
    out.Sized(tablet.name);
    out.Raw(tablet.token_hash);
    Write(out, tablet.paired_at);
  }
  return std::move(out).Take();
}

Result<TabletBook> TabletBook::Decode(ByteView bytes) {
  platform::ByteReader in(bytes);
  bool sound = in.U8() == kFormat;
  const uint8_t outstanding = in.U8();
  TabletBook book;
  if (outstanding == 1) {
    Code code;
    code.name = in.SizedText();
    code.hash = ReadDigest(in);
    code.expires = ReadInstant(in);
    code.wrong = in.U8();
    sound = sound && code.wrong < kWrongCodes;
    book.code = std::move(code);
  }
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && i < kMostTablets && in.ok(); ++i) {
    Tablet tablet;
    tablet.name = in.SizedText();
    tablet.token_hash = ReadDigest(in);
    tablet.paired_at = ReadInstant(in);
    book.tablets.push_back(std::move(tablet));
  }
  if (!sound || outstanding > 1 || count > kMostTablets || !in.AtEnd()) return platform::Corrupt("the list of tablets is not ours");
  return book;
}

Result<std::unique_ptr<Tablets>> Tablets::Open(Journal& journal, TrustedTime& time, const crypto::Secret& journal_key) {
  std::unique_ptr<Tablets> tablets(
      new Tablets(journal, time, crypto::DeriveSecret(journal_key, {platform::AsBytes("cpis.v1.tablets")}).Clone()));
  CPIS_ASSIGN(const std::optional<Bytes> sealed, journal.Meta(kMeta));
  if (!sealed) return tablets;
  const auto plain = crypto::OpenWith(tablets->key_, kMeta, *sealed);
  auto book = plain.ok() ? TabletBook::Decode(plain->Reveal()) : plain.status();
  if (book.ok()) tablets->book_ = *std::move(book);
  if (!book.ok()) platform::LogError("tablets", "the list of tablets is lost, so none is let in: " + book.status().message());
  return tablets;
}

crypto::Digest Tablets::HashOf(std::string_view what, std::string_view secret) const {
  const Bytes hash = crypto::KeyedBlake2b(32, key_.Reveal(), {platform::AsBytes(what), platform::AsBytes(secret)});
  crypto::Digest digest{};
  std::copy(hash.begin(), hash.end(), digest.begin());
  return digest;
}

Status Tablets::Keep(TabletBook next) {
  CPIS_TRY(journal_.Keep({0, {{kMeta, crypto::SealWith(key_, kMeta, next.Encode())}}}));
  book_ = std::move(next);
  return Status::Ok();
}

Result<PairingCode> Tablets::Add(const std::string& name) {
  if (!GoodName(name)) return platform::Invalid("\"" + name + "\" is not a tablet's name (1 to 40 characters, as in \"saloon\")");
  const std::lock_guard lock(mutex_);
  const auto taken = [&](const TabletBook::Tablet& tablet) { return tablet.name == name; };
  if (std::any_of(book_.tablets.begin(), book_.tablets.end(), taken)) {
    return platform::Invalid("there is a tablet \"" + name + "\" already (choose another name, or remove that one first)");
  }
  if (book_.tablets.size() >= kMostTablets) return platform::Exhausted("there are 32 tablets already (remove one first)");
  const std::string code = RandomCode();
  TabletBook next = book_;
  next.code = TabletBook::Code{name, HashOf("code", code), time_.Now().at + kCodeLasts, 0};
  const Instant expires = next.code->expires;
  CPIS_TRY(Keep(std::move(next)));
  return PairingCode{name, code, expires};
}

// A try is counted before the code is looked at, so that pulling the plug wins none.
Result<PairedTablet> Tablets::Pair(const std::string& typed) {
  CPIS_ASSIGN(const std::string code, ReadCode(typed));
  const std::lock_guard lock(mutex_);
  const Instant now = time_.Now().at;
  if (!book_.code || book_.code->expires <= now) return WrongCode();
  const TabletBook::Code pending = *book_.code;
  TabletBook counted = book_;
  if (++counted.code->wrong >= kWrongCodes) counted.code.reset();
  CPIS_TRY(Keep(std::move(counted)));
  if (!crypto::ConstantTimeEqual(HashOf("code", code), pending.hash)) {
    if (!book_.code) platform::LogWarning("tablets", "the pairing code has ended: too many wrong tries");
    return WrongCode();
  }
  const std::string token = platform::Base64Url(crypto::RandomBytes(kTokenBytes));
  TabletBook next = book_;
  next.code.reset();
  next.tablets.push_back({pending.name, HashOf("token", token), now});
  CPIS_TRY(Keep(std::move(next)));
  return PairedTablet{pending.name, token};
}

Status Tablets::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  TabletBook next = book_;
  const auto gone = std::erase_if(next.tablets, [&](const TabletBook::Tablet& tablet) { return tablet.name == name; });
  const bool code = next.code && next.code->name == name;
  if (code) next.code.reset();
  if (gone == 0 && !code) return platform::NotFound("there is no tablet \"" + name + "\" (see cpisctl node tablet list)");
  return Keep(std::move(next));
}

std::vector<TabletShown> Tablets::List() {
  const std::lock_guard lock(mutex_);
  std::vector<TabletShown> all;
  for (const TabletBook::Tablet& tablet : book_.tablets) all.push_back(Shown(tablet));
  return all;
}

std::optional<TabletShown> Tablets::With(const std::string& token) {
  const crypto::Digest hash = HashOf("token", token);
  const std::lock_guard lock(mutex_);
  for (const TabletBook::Tablet& tablet : book_.tablets) {
    if (crypto::ConstantTimeEqual(tablet.token_hash, hash)) return Shown(tablet);
  }
  return std::nullopt;
}

bool Tablets::Has(const std::string& id) {
  const std::vector<TabletShown> all = List();
  return std::any_of(all.begin(), all.end(), [&](const TabletShown& tablet) { return tablet.id == id; });
}

}  // namespace cpis::edge
