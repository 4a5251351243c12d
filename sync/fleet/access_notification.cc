// SPDX-License-Identifier: Apache-2.0
//
// REPC_MT000004GB01: how an authority hears that somebody it has flagged was attended.
#include <algorithm>
#include <array>
#include <sstream>

#include "sync/fleet/intake.h"
#include "sync/fleet/xml_writer.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kJobRoleCodes = "1.2.826.0.1285.0.2.1.104";
constexpr std::string_view kStaffRoot = "1.2.826.0.1285.0.2.0.65";
constexpr std::string_view kNhsNumberRoot = "2.16.840.1.113883.2.1.4.1";

struct PersonName {
  std::string prefix;
  std::string given;
  std::string family;
};

bool IsTitle(std::string word) {
  constexpr std::array<std::string_view, 11> kTitles = {"mr",   "mrs",       "ms",     "miss", "mx", "dr",
                                                        "prof", "professor", "sister", "rev",  "sir"};
  if (word.ends_with('.')) word.pop_back();
  for (char& c : word) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c | 0x20) : c;
  return std::find(kTitles.begin(), kTitles.end(), word) != kTitles.end();
}

// "Ms Sam Crew": a known title in front of others is the prefix, the last word the family name, the rest given names.
PersonName SplitName(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  PersonName name;
  if (words.size() >= 2 && IsTitle(words.front())) {
    name.prefix = words.front();
    words.erase(words.begin());
  }
  if (words.empty()) return name;
  name.family = words.back();
  words.pop_back();
  for (const std::string& word : words) name.given += (name.given.empty() ? "" : " ") + word;
  return name;
}

std::string UpperCase(std::string text) {
  for (char& c : text) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

void WriteAuthor(XmlWriter& xml, const AccessNotification& notification) {
  constexpr std::string_view kAuthor = "COCT_TP145102GB01.AssignedAuthor";
  const Viewer& viewer = notification.viewer;
  xml.Open("author");
  xml.ContentId(kAuthor);
  xml.Open(kAuthor);
  std::string role_code = OrUnknown(viewer.role_code);
  std::erase_if(role_code, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  xml.Empty("code", {{"code", role_code}, {"codeSystem", kJobRoleCodes}, {"displayName", OrUnknown(viewer.role_name)}});
  xml.Empty("id", {{"root", kStaffRoot}, {"extension", OrUnknown(notification.viewer_staff_id)}});

  const PersonName name = SplitName(viewer.name);
  xml.Open("assignedAuthorPerson");
  xml.Open("name");
  if (!name.prefix.empty()) xml.Text("prefix", name.prefix);
  if (!name.given.empty()) xml.Text("given", name.given);
  xml.Text("family", OrUnknown(name.family));
  xml.Close();
  xml.Close();

  xml.Open("representedOrganization");
  xml.Organisation(kOrganisationRoot, viewer.organisation_code, viewer.organisation_name);
  xml.Close();
  xml.Close();
  xml.Close();
}

void WriteQuery(XmlWriter& xml, const AccessNotification& notification) {
  xml.Open("pertinentInformation2");
  xml.Open("pertinentCP-ISNHSQuery");
  xml.Empty("effectiveTime", {{"value", platform::UkSecond(notification.occurred_at)}});
  xml.Empty("id", {{"root", UpperCase(notification.query_id)}});
  WriteAuthor(xml, notification);
  xml.Open("queryByParameter");
  xml.Open("person.id");
  xml.Empty("value", {{"root", kNhsNumberRoot}, {"extension", notification.nhs_number}});
  xml.Close();
  xml.Close();
  xml.Close();
  xml.Close();
}

void WriteRecipient(XmlWriter& xml, const AccessNotification& notification) {
  constexpr std::string_view kRecipient = "COCT_TP145103GB01.IntendedRecipient";
  xml.Open("primaryInformationRecipient");
  xml.ContentId(kRecipient);
  xml.Open(kRecipient);
  xml.Open("representedSourceOrganization");
  xml.Organisation(notification.organisation_root, notification.authority.code, notification.authority.name);
  xml.Close();
  xml.Close();
  xml.Close();
}

}  // namespace

std::string WriteAccessNotification(const AccessNotification& notification) {
  XmlWriter xml("CP-ISAccessToServiceNotification");
  xml.Empty("effectiveTime", {{"value", platform::UkSecond(notification.sent_at)}});
  xml.Empty("id", {{"root", UpperCase(notification.id)}});
  xml.Open("pertinentInformation");
  xml.Open("pertinentTotalReturnedRecords");
  xml.Empty("value", {{"value", "1"}});
  xml.Close();
  xml.Close();

  xml.Open("pertinentInformation1");
  xml.Open("pertinentCP-ISRecordAccess");
  WriteQuery(xml, notification);
  xml.Open("reference");
  xml.Open("referredToLAUploadFile");
  xml.Empty("value", {{"extension", OrUnknown(notification.upload_file_id)}});
  xml.Close();
  xml.Close();
  xml.Close();
  xml.Close();
  WriteRecipient(xml, notification);
  return xml.Finish();
}

}  // namespace cpis::sync::fleet
