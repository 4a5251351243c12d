// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/xml_guard.h"

#include <algorithm>
#include <array>
#include <vector>

#include "sync/fleet/intake.h"
#include "sync/fleet/xml_text.h"

namespace cpis::sync::fleet {
namespace {

using platform::ByteView;
using platform::Exhausted;
using platform::Invalid;

constexpr std::string_view kSpace = " \t\r\n";

bool IsSpace(char c) { return kSpace.find(c) != std::string_view::npos; }

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || static_cast<uint8_t>(c) >= 0x80;
}

bool IsNameCharacter(char c) { return IsNameStart(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

// Names that messages may show. Any other could be the text of a person's name that a slip has turned into a tag.
constexpr std::array<std::string_view, 21> kShownNames = {"File",
                                                          "creationTime",
                                                          "id",
                                                          "transmissionQuantity",
                                                          "communicationFunctionSnd",
                                                          "organisation",
                                                          "name",
                                                          "telecom",
                                                          "record",
                                                          "CP-ISRecord",
                                                          "pertinentInformation",
                                                          "component",
                                                          "component1",
                                                          "component2",
                                                          "value",
                                                          "npfitlc:contentId",
                                                          "subject",
                                                          "childPerson",
                                                          "playedMother",
                                                          "parentMotherPerson",
                                                          "birthTime"};

std::string Tag(std::string_view name) {
  const bool shown = std::find(kShownNames.begin(), kShownNames.end(), name) != kShownNames.end();
  return shown ? "<" + std::string(name) + ">" : "<…>";
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// The value of `key="…"` in an XML declaration, empty when it is not there.
std::string_view DeclaredValue(std::string_view declaration, std::string_view key) {
  const size_t at = declaration.find(key);
  if (at == std::string_view::npos) return {};
  const size_t open = declaration.find_first_of("'\"", at);
  if (open == std::string_view::npos) return {};
  const size_t close = declaration.find(declaration[open], open + 1);
  if (close == std::string_view::npos) return {};
  return declaration.substr(open + 1, close - open - 1);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Status Run() {
    CPIS_TRY(Characters());
    CPIS_TRY(Declaration());
    while (at_ < text_.size()) CPIS_TRY(text_[at_] == '<' ? Markup() : Text());
    if (!open_.empty()) return Fail("the file ends inside " + Tag(open_.back()) + "; it is truncated");
    if (!root_seen_) return Fail("the file has no element; a root element is needed");
    return Status::Ok();
  }

 private:
  std::string Line() const {
    return "line " + std::to_string(1 + std::count(text_.begin(), text_.begin() + at_, '\n'));
  }
  Status Fail(const std::string& what) const { return Invalid(Line() + ": " + what); }
  Status TooMuch(const std::string& what) const { return Exhausted(Line() + ": " + what); }
  Status Truncated(std::string_view inside) const {
    return Fail("the file ends inside " + std::string(inside) + "; it is truncated");
  }

  bool Sees(std::string_view token) const { return text_.substr(at_).starts_with(token); }
  bool AtEnd() const { return at_ >= text_.size(); }
  void SkipSpace() {
    while (!AtEnd() && IsSpace(text_[at_])) ++at_;
  }

  Status CountNode() {
    if (++nodes_ <= kMaxXmlNodes) return Status::Ok();
    return TooMuch("more than " + std::to_string(kMaxXmlNodes) + " elements and attributes");
  }

  // Every byte is UTF-8 of a character that XML may hold.
  Status Characters() {
    while (at_ < text_.size()) {
      const auto byte = static_cast<uint8_t>(text_[at_]);
      if (byte >= 0x20 && byte < 0x80) {
        ++at_;
        continue;
      }
      const DecodedCharacter character = DecodeUtf8(text_.substr(at_));
      if (character.size == 0) return Fail("bytes that are not UTF-8");
      if (character.code == 0) return Fail("a NUL byte; UTF-8 text is needed");
      if (!IsXmlCharacter(character.code)) return Fail("a control character that XML does not allow");
      at_ += character.size;
    }
    at_ = 0;
    return Status::Ok();
  }

  Status Declaration() {
    if (!Sees("<?xml") || text_.size() < 6 || !IsSpace(text_[5])) return Status::Ok();
    const size_t end = text_.find("?>");
    if (end == std::string_view::npos) return Truncated("the XML declaration");
    const std::string_view declaration = text_.substr(0, end);
    if (DeclaredValue(declaration, "version") != "1.0") return Fail("the XML version is not 1.0");
    const std::string_view encoding = DeclaredValue(declaration, "encoding");
    if (!encoding.empty() && !EqualsIgnoringCase(encoding, "utf-8")) {
      return Fail("the declared encoding is not UTF-8; save the file as UTF-8");
    }
    at_ = end + 2;
    return Status::Ok();
  }

  Status Markup() {
    if (Sees("<!--")) return Comment();
    if (Sees("<![CDATA[")) return Cdata();
    if (Sees("<!")) return Fail("<!DOCTYPE, <!ENTITY and the like are not accepted; leave them out");
    if (Sees("<?")) return Instruction();
    if (Sees("</")) return EndTag();
    return StartTag();
  }

  Status SkipPast(std::string_view terminator, size_t from, std::string_view inside) {
    const size_t end = text_.find(terminator, from);
    if (end == std::string_view::npos) return Truncated(inside);
    at_ = end + terminator.size();
    return Status::Ok();
  }

  Status Comment() {
    const size_t end = text_.find("--", at_ + 4);
    if (end == std::string_view::npos) return Truncated("a comment");
    if (!text_.substr(end).starts_with("-->")) return Fail("\"--\" inside a comment");
    at_ = end + 3;
    return Status::Ok();
  }

  Status Cdata() {
    if (open_.empty()) return Fail("CDATA outside the root element");
    CPIS_TRY(CountNode());
    const size_t from = at_ + 9;
    CPIS_TRY(SkipPast("]]>", from, "CDATA"));
    return TextFits(at_ - 3 - from);
  }

  Status Instruction() {
    const size_t target = at_ + 2;
    if (target >= text_.size()) return Truncated("a processing instruction");
    if (!IsNameStart(text_[target])) return Fail("a processing instruction without a name");
    const bool is_declaration = EqualsIgnoringCase(text_.substr(target, 3), "xml") &&
                                (target + 3 >= text_.size() || !IsNameCharacter(text_[target + 3]));
    if (is_declaration) {
      return Fail("an XML declaration that is not at the start");
    }
    return SkipPast("?>", target, "a processing instruction");
  }

  Status TextFits(size_t size) const {
    if (size <= kMaxTextBytes) return Status::Ok();
    return TooMuch("text of " + std::to_string(size) + " bytes; at most " + std::to_string(kMaxTextBytes) +
                   " are accepted");
  }

  Status Text() {
    const size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view run = text_.substr(at_, end - at_);
    if (open_.empty()) {
      if (run.find_first_not_of(kSpace) != std::string_view::npos) return Fail("text outside the root element");
    } else {
      CPIS_TRY(TextFits(run.size()));
      if (run.find("]]>") != std::string_view::npos) return Fail("\"]]>\" outside CDATA");
      CPIS_TRY(References(run));
      CPIS_TRY(CountNode());
    }
    at_ = end;
    return Status::Ok();
  }

  // Only the five predefined entities and numbers of characters that XML may hold.
  Status References(std::string_view run) const {
    for (size_t at = run.find('&'); at != std::string_view::npos; at = run.find('&', at + 1)) {
      const size_t end = run.find(';', at);
      if (end == std::string_view::npos) return Fail("\"&\" that starts no reference; write &amp;");
      if (!IsAllowedReference(run.substr(at + 1, end - at - 1))) {
        return Fail(
            "a reference that is not accepted; only &amp; &lt; &gt; &quot; &apos; and numbers of characters are");
      }
    }
    return Status::Ok();
  }

  static bool IsAllowedReference(std::string_view name) {
    constexpr std::array<std::string_view, 5> kPredefined = {"amp", "lt", "gt", "quot", "apos"};
    if (!name.starts_with('#')) return std::find(kPredefined.begin(), kPredefined.end(), name) != kPredefined.end();
    name.remove_prefix(1);
    const uint32_t base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    if (name.empty() || name.size() > 8) return false;
    uint32_t code = 0;
    for (const char c : name) {
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && (base == 10 || lower < 'a' || lower > 'f')) return false;
      code = code * base + static_cast<uint32_t>(digit ? c - '0' : lower - 'a' + 10);
      if (code > 0x10FFFF) return false;
    }
    return IsXmlCharacter(code);
  }

  Status Name(std::string_view* name) {
    const size_t start = at_;
    if (AtEnd()) return Truncated("a tag");
    if (!IsNameStart(text_[at_])) return Fail("\"<\" or a space that starts no name; write &lt; for the sign itself");
    while (!AtEnd() && IsNameCharacter(text_[at_])) ++at_;
    *name = text_.substr(start, at_ - start);
    if (name->size() <= kMaxNameBytes) return Status::Ok();
    return TooMuch("a name of " + std::to_string(name->size()) + " bytes; at most " + std::to_string(kMaxNameBytes));
  }

  Status StartTag() {
    ++at_;
    std::string_view name;
    CPIS_TRY(Name(&name));
    if (open_.empty() && root_seen_) return Fail("a second root element " + Tag(name));
    root_seen_ = true;
    CPIS_TRY(CountNode());
    CPIS_TRY(Attributes(name));
    if (Sees("/>")) {
      at_ += 2;
      return Status::Ok();
    }
    ++at_;  // '>', Attributes stops nowhere else
    open_.push_back(name);
    if (open_.size() <= static_cast<size_t>(kMaxXmlDepth)) return Status::Ok();
    return TooMuch("elements nested more than " + std::to_string(kMaxXmlDepth) + " deep");
  }

  Status Attributes(std::string_view element) {
    std::array<std::string_view, kMaxXmlAttributes> names;
    for (size_t count = 0;; ++count) {
      const size_t before = at_;
      SkipSpace();
      if (AtEnd()) return Truncated(Tag(element));
      if (text_[at_] == '>' || Sees("/>")) return Status::Ok();
      if (at_ == before) return Fail(Tag(element) + " has no space before an attribute");
      if (count == kMaxXmlAttributes)
        return TooMuch(Tag(element) + " has more than " + std::to_string(count) + " attributes");
      CPIS_TRY(Name(&names[count]));
      if (std::find(names.begin(), names.begin() + count, names[count]) != names.begin() + count) {
        return Fail(Tag(element) + " has an attribute twice");
      }
      CPIS_TRY(AttributeValue(element));
      CPIS_TRY(CountNode());
    }
  }

  Status AttributeValue(std::string_view element) {
    SkipSpace();
    if (AtEnd()) return Truncated(Tag(element));
    if (text_[at_] != '=') return Fail(Tag(element) + " has an attribute without a value");
    ++at_;
    SkipSpace();
    if (AtEnd()) return Truncated(Tag(element));
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') return Fail(Tag(element) + " has an attribute value without quotes");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return Truncated(Tag(element));
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    CPIS_TRY(TextFits(value.size()));
    if (value.find('<') != std::string_view::npos) return Fail(Tag(element) + " has \"<\" in an attribute; write &lt;");
    CPIS_TRY(References(value));
    at_ = end + 1;
    return Status::Ok();
  }

  Status EndTag() {
    at_ += 2;
    std::string_view name;
    CPIS_TRY(Name(&name));
    SkipSpace();
    if (AtEnd()) return Truncated("an end tag");
    if (text_[at_] != '>') return Fail("an end tag without \">\"");
    if (open_.empty()) return Fail("an end tag for " + Tag(name) + " that nothing opened");
    if (open_.back() != name) return Fail("an end tag for " + Tag(name) + " where " + Tag(open_.back()) + " is open");
    open_.pop_back();
    ++at_;
    return Status::Ok();
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t nodes_ = 0;
  bool root_seen_ = false;
  std::vector<std::string_view> open_;
};

}  // namespace

Result<std::string_view> GuardXml(ByteView xml) {
  if (xml.empty()) return Invalid("the file is empty");
  if (xml.size() > kMaxUploadBytes) {
    return Exhausted("the file has " + std::to_string(xml.size()) + " bytes; at most " +
                     std::to_string(kMaxUploadBytes) + " are accepted");
  }
  std::string_view text = platform::AsText(xml);
  // A byte order mark of UTF-16 or UTF-32, or a first "<" beside a zero byte.
  const bool wide = text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE") ||
                    text.substr(0, 2).find('\0') != std::string_view::npos;
  if (wide) return Invalid("the file is UTF-16 or UTF-32; save it as UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  CPIS_TRY(Scanner(text).Run());
  return text;
}

}  // namespace cpis::sync::fleet
