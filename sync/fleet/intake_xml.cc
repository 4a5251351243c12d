// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_xml.h"

#include <pugixml.hpp>

#include "sync/fleet/xml_guard.h"

namespace cpis::sync::fleet {
namespace {

using platform::Invalid;
using platform::Result;

constexpr std::string_view kSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

// "npfitlc:contentId" → {"npfitlc", "contentId"}
struct QualifiedName {
  std::string_view prefix;
  std::string_view local;
};
QualifiedName Split(std::string_view name) {
  const size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {{}, name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

bool Declares(std::string_view attribute, std::string_view prefix) {
  if (prefix.empty()) return attribute == "xmlns";
  const QualifiedName name = Split(attribute);
  return name.prefix == "xmlns" && name.local == prefix;
}

std::string_view Resolve(pugi::xml_node scope, std::string_view prefix) {
  for (; scope; scope = scope.parent()) {
    for (const pugi::xml_attribute attribute : scope.attributes()) {
      if (Declares(attribute.name(), prefix)) return attribute.value();
    }
  }
  return {};
}

}  // namespace

std::string_view Element::LocalName() const { return Split(pugi::xml_node(node_).name()).local; }

std::string_view Element::Namespace() const {
  const pugi::xml_node node(node_);
  return Resolve(node, Split(node.name()).prefix);
}

bool Element::Is(std::string_view name_space, std::string_view local_name) const {
  return LocalName() == local_name && Namespace() == name_space;
}

std::vector<Element> Element::Children() const {
  std::vector<Element> found;
  for (const pugi::xml_node child : pugi::xml_node(node_).children()) {
    if (child.type() == pugi::node_element) found.push_back(Element(child.internal_object()));
  }
  return found;
}

std::vector<Element> Element::Children(std::string_view name_space) const {
  std::vector<Element> found = Children();
  std::erase_if(found, [&](const Element& element) { return element.Namespace() != name_space; });
  return found;
}

std::vector<Element> Element::Children(std::string_view name_space, std::string_view local_name) const {
  std::vector<Element> found = Children();
  std::erase_if(found, [&](const Element& element) { return !element.Is(name_space, local_name); });
  return found;
}

Result<Element> Element::Only(std::string_view local_name) const {
  const std::vector<Element> found = Children(kHl7, local_name);
  if (found.size() == 1) return found.front();
  const std::string name(local_name);
  if (found.empty()) return Invalid(name + " is missing");
  return Invalid(name + " is there " + std::to_string(found.size()) + " times, 1 is needed");
}

std::optional<std::string_view> Element::Attribute(std::string_view name) const {
  for (const pugi::xml_attribute attribute : pugi::xml_node(node_).attributes()) {
    if (attribute.name() == name) return attribute.value();
  }
  return std::nullopt;
}

bool Element::IsNil() const {
  const pugi::xml_node node(node_);
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const QualifiedName name = Split(attribute.name());
    if (name.local != "nil" || name.prefix.empty() || Resolve(node, name.prefix) != kSchemaInstance) continue;
    const std::string_view value = attribute.value();
    return value == "true" || value == "1";
  }
  return false;
}

std::string Element::Text() const {
  std::string text;
  bool space = false;
  for (const pugi::xml_node child : pugi::xml_node(node_).children()) {
    if (child.type() != pugi::node_pcdata && child.type() != pugi::node_cdata) continue;
    for (const char c : std::string_view(child.value())) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        space = true;
        continue;
      }
      if (space && !text.empty()) text += ' ';
      space = false;
      text += c;
    }
  }
  return text;
}

Document::Document() : document_(std::make_unique<pugi::xml_document>()) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Element Document::Root() const { return Element(document_->document_element().internal_object()); }

Result<Document> Document::Parse(platform::ByteView xml) {
  CPIS_ASSIGN(const std::string_view text, GuardXml(xml));
  Document document;
  constexpr unsigned kNoDoctypeNoComments =
      pugi::parse_escapes | pugi::parse_cdata | pugi::parse_wconv_attribute | pugi::parse_eol;
  const pugi::xml_parse_result parsed =
      document.document_->load_buffer(text.data(), text.size(), kNoDoctypeNoComments, pugi::encoding_utf8);
  if (!parsed) return Invalid(std::string("not well-formed: ") + parsed.description());
  return document;
}

}  // namespace cpis::sync::fleet
