// SPDX-License-Identifier: Apache-2.0
//
// Writes a national message: UTF-8, indented, every name and value escaped.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cpis::sync::fleet {

// Organisation identifiers, and what is written for a mandatory text that is not known.
constexpr std::string_view kOrganisationRoot = "2.16.840.1.113883.2.1.3.2.4.19.1";
constexpr std::string_view kUnknown = "UNKNOWN";

class XmlWriter {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Opens the root element in urn:hl7-org:v3, with the prefix npfitlc for the localisation namespace.
  explicit XmlWriter(std::string_view root);

  void Open(std::string_view name);
  void Close();
  void Empty(std::string_view name, Attributes attributes);  // <name a="…"/>
  void Text(std::string_view name, std::string_view text);   // <name>text</name>
  void ContentId(std::string_view extension);                // announces the element that follows
  void Organisation(std::string_view root, std::string_view code, std::string_view name);  // its id and name

  std::string Finish();  // closes what is open

 private:
  void Indent() { out_.append(2 * open_.size(), ' '); }

  std::string out_;
  std::vector<std::string> open_;
};

// The text, or UNKNOWN when nothing of it can be written.
std::string OrUnknown(std::string_view text);

}  // namespace cpis::sync::fleet
