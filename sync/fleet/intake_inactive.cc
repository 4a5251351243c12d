// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_inactive.h"

#include <algorithm>
#include <map>
#include <set>

#include "sync/fleet/intake_quote.h"
#include "sync/fleet/intake_values.h"
#include "sync/fleet/intake_xml.h"

namespace cpis::sync::fleet {
namespace {

using platform::Invalid;

constexpr std::string_view kRoot = "CP-ISInactiveNHSNumberNotification";
constexpr std::string_view kRecipient = "COCT_TP145103GB01.IntendedRecipient";

Result<std::string> ReadMessageId(const Element& message) {
  CPIS_ASSIGN(const Element id, message.Only("id"));
  const std::string_view uuid = id.Attribute("root").value_or("");
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f') || c == '-';
  };
  if (uuid.size() != 36 || !std::all_of(uuid.begin(), uuid.end(), fits)) {
    return Invalid("the message's id root is " + QuoteText(uuid) + ", a UUID is needed");
  }
  return std::string(uuid);
}

Result<Instant> ReadEffectiveTime(const Element& message) {
  CPIS_ASSIGN(const Element element, message.Only("effectiveTime"));
  const std::string_view value = element.Attribute("value").value_or("");
  const std::optional<Instant> at = ParseTimeStamp(value);
  if (!at)
    return Invalid("effectiveTime is " + QuoteDigits(value) + ", a time that exists as YYYYMMDDhhmmss is needed");
  return *at;
}

Result<std::string> ReadAuthority(const Element& message) {
  CPIS_ASSIGN(const Element holder, message.Only("primaryInformationRecipient"));
  const std::vector<Element> announced = holder.Children(kLocalisation, "contentId");
  if (announced.size() != 1 || announced[0].Attribute("root").value_or("") != kContentRoot ||
      announced[0].Attribute("extension").value_or("") != kRecipient) {
    return Invalid("primaryInformationRecipient needs one contentId that announces " + std::string(kRecipient));
  }
  CPIS_ASSIGN(const Element recipient, holder.Only(kRecipient));
  CPIS_ASSIGN(const Element organisation, recipient.Only("representedSourceOrganization"));
  CPIS_ASSIGN(const Element id, organisation.Only("id"));
  if (std::string fault = OrganisationRootFault(id.Attribute("root").value_or("")); !fault.empty())
    return Invalid(fault);
  const std::string_view code = id.Attribute("extension").value_or("");
  if (std::string fault = OrganisationCodeFault(code); !fault.empty()) return Invalid(fault);
  return std::string(code);
}

// The one id that is an NHS number; another one beside it is a local id.
Result<NhsNumber> ReadInactive(const Element& patient) {
  const std::vector<Element> ids = patient.Children(kHl7, "id");
  if (ids.empty() || ids.size() > 2) return Invalid(std::to_string(ids.size()) + " ids, 1 or 2 are needed");
  std::optional<std::string_view> number;
  for (const Element& id : ids) {
    if (id.Attribute("root").value_or("") != kNhsNumberRoot) continue;
    if (number) return Invalid("two NHS numbers, 1 is needed");
    number = id.Attribute("extension").value_or("");
  }
  if (!number) return Invalid("no NHS number: an id with root " + std::string(kNhsNumberRoot) + " is needed");
  return ReadNumber(*number);
}

// None when there is no replacedBy, or when it or its newVersion is nil. What is half said is refused: to read it as
// "not replaced" would erase a child.
Result<std::optional<NhsNumber>> ReadReplacement(const Element& patient) {
  const std::vector<Element> replaced = patient.Children(kHl7, "replacedBy");
  if (replaced.empty()) return std::optional<NhsNumber>();
  if (replaced.size() > 1) return Invalid("replacedBy is there " + std::to_string(replaced.size()) + " times");
  Element holder = replaced[0];
  if (!holder.IsNil()) {
    CPIS_ASSIGN(holder, holder.Only("newVersion"));
  }
  if (holder.IsNil()) {
    if (!holder.Children(kHl7).empty()) return Invalid("a replacement is nil and has content; leave one of both out");
    return std::optional<NhsNumber>();
  }
  std::set<std::string_view> numbers;
  for (const Element& id : holder.Children(kHl7, "id")) {
    if (id.Attribute("root").value_or(kNhsNumberRoot) != kNhsNumberRoot)
      return Invalid("newVersion: an id whose root is not known");
    numbers.insert(id.Attribute("extension").value_or(""));
  }
  if (numbers.size() != 1) return Invalid("newVersion has " + std::to_string(numbers.size()) + " numbers, 1 is needed");
  CPIS_ASSIGN(NhsNumber number, ReadNumber(*numbers.begin()));
  return std::optional<NhsNumber>(std::move(number));
}

Result<InactiveNumber> ReadSubject(const Element& subject) {
  CPIS_ASSIGN(const Element patient, subject.Only("pDSInactivePatient"));
  for (const Element& child : patient.Children()) {
    const bool known = child.Namespace() == kHl7 && (child.LocalName() == "id" || child.LocalName() == "replacedBy" ||
                                                     child.LocalName() == "subjectOf");
    if (!known) return Invalid("pDSInactivePatient has an element that is not known; it may be a replacement");
  }
  CPIS_ASSIGN(NhsNumber number, ReadInactive(patient));
  CPIS_ASSIGN(std::optional<NhsNumber> replacement, ReadReplacement(patient));
  CPIS_ASSIGN(const Element about, patient.Only("subjectOf"));
  CPIS_ASSIGN(const Element upload, about.Only("lAUploadFile"));
  CPIS_TRY(upload.Only("value").status());
  return InactiveNumber{std::move(number), std::move(replacement)};
}

Status ReadSubjects(const Element& root, InactiveMessage* message) {
  const std::vector<Element> subjects = root.Children(kHl7, "subject");
  if (subjects.empty()) return Invalid("the message has no subject, at least 1 is needed");
  if (subjects.size() > kMaxRecords) {
    return Invalid("the message has " + std::to_string(subjects.size()) + " subjects, at most " +
                   std::to_string(kMaxRecords) + " are accepted; split it");
  }
  std::map<NhsNumber, std::optional<NhsNumber>> said;
  for (size_t i = 0; i < subjects.size(); ++i) {
    const std::string place = "subject[" + std::to_string(i + 1) + "]";
    auto read = ReadSubject(subjects[i]);
    if (!read.ok()) return std::move(read).status().In(place);
    const auto [before, is_new] = said.emplace(read->number, read->replacement);
    if (is_new) {
      message->numbers.push_back(*std::move(read));
    } else if (before->second != read->replacement) {
      return Invalid(place + ": a number is there twice, and what became of it differs");
    }
  }
  for (const auto& [number, replacement] : said) {
    const auto target = replacement ? said.find(*replacement) : said.end();
    if (target != said.end() && !target->second) return Invalid("a number is erased and stands for another at once");
  }
  return Status::Ok();
}

}  // namespace

bool IsInactiveMessage(platform::ByteView xml) {
  const std::string root = RootElement(xml);
  return root.empty() ? platform::AsText(xml).find(kRoot) != std::string_view::npos : root == kRoot;
}

Result<InactiveMessage> ReadInactiveNumbers(platform::ByteView xml) {
  CPIS_ASSIGN(const Document document, Document::Parse(xml));
  const Element root = document.Root();
  if (!root.Is(kHl7, kRoot))
    return Invalid("the root element is not " + std::string(kRoot) + " of urn:hl7-org:v3 (REPC_MT000005GB01)");
  InactiveMessage message;
  CPIS_ASSIGN(message.id, ReadMessageId(root));
  CPIS_ASSIGN(message.effective_at, ReadEffectiveTime(root));
  CPIS_ASSIGN(message.authority, ReadAuthority(root));
  CPIS_TRY(ReadSubjects(root, &message));
  return message;
}

}  // namespace cpis::sync::fleet
