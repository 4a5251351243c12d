// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/xml_writer.h"

#include "sync/fleet/xml_text.h"

namespace cpis::sync::fleet {

XmlWriter::XmlWriter(std::string_view root) {
  out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + std::string(root) +
         " xmlns=\"urn:hl7-org:v3\" xmlns:npfitlc=\"NPFIT:HL7:Localisation\">\n";
  open_.emplace_back(root);
}

void XmlWriter::Open(std::string_view name) {
  Indent();
  out_.append("<").append(name).append(">\n");
  open_.emplace_back(name);
}

void XmlWriter::Close() {
  const std::string name = std::move(open_.back());
  open_.pop_back();
  Indent();
  out_.append("</").append(name).append(">\n");
}

void XmlWriter::Empty(std::string_view name, Attributes attributes) {
  Indent();
  out_.append("<").append(name);
  for (const auto& [key, value] : attributes)
    out_.append(" ").append(key).append("=\"").append(EscapeXml(value)).append("\"");
  out_.append("/>\n");
}

void XmlWriter::Text(std::string_view name, std::string_view text) {
  Indent();
  out_.append("<").append(name).append(">").append(EscapeXml(text)).append("</").append(name).append(">\n");
}

void XmlWriter::ContentId(std::string_view extension) {
  Empty("npfitlc:contentId", {{"root", "2.16.840.1.113883.2.1.3.2.4.18.16"}, {"extension", extension}});
}

void XmlWriter::Organisation(std::string_view root, std::string_view code, std::string_view name) {
  constexpr std::string_view kSiteRoot = "2.16.840.1.113883.2.1.3.2.4.19.2";
  Empty("id", {{"root", root == kSiteRoot ? kSiteRoot : kOrganisationRoot}, {"extension", OrUnknown(code)}});
  Text("name", OrUnknown(name));
}

std::string XmlWriter::Finish() {
  while (!open_.empty()) Close();
  return std::move(out_);
}

std::string OrUnknown(std::string_view text) {
  const bool blank = EscapeXml(text).find_first_not_of(' ') == std::string::npos;
  return std::string(blank ? kUnknown : text);
}

}  // namespace cpis::sync::fleet
