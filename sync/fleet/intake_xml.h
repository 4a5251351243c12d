// SPDX-License-Identifier: Apache-2.0
//
// A guarded XML document as elements with resolved namespaces: all that the intake sees of the XML library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/bytes.h"
#include "platform/status.h"

namespace pugi {
struct xml_node_struct;
class xml_document;
}  // namespace pugi

namespace cpis::sync::fleet {

constexpr std::string_view kHl7 = "urn:hl7-org:v3";
constexpr std::string_view kLocalisation = "NPFIT:HL7:Localisation";

// A pointer into a Document, valid as long as that is. Reading an empty one gives empty values.
class Element {
 public:
  Element() = default;

  explicit operator bool() const { return node_ != nullptr; }
  std::string_view LocalName() const;  // without its prefix
  std::string_view Namespace() const;  // resolved; empty when there is none
  bool Is(std::string_view name_space, std::string_view local_name) const;

  std::vector<Element> Children() const;                             // of any namespace, in document order
  std::vector<Element> Children(std::string_view name_space) const;  // in document order
  std::vector<Element> Children(std::string_view name_space, std::string_view local_name) const;
  // The one child of urn:hl7-org:v3 with this name. kInvalid says that there is none, or how many.
  platform::Result<Element> Only(std::string_view local_name) const;

  std::optional<std::string_view> Attribute(std::string_view name) const;  // one without a prefix
  bool IsNil() const;                                                      // xsi:nil
  std::string Text() const;  // own text, white space collapsed to single spaces and none at the ends

 private:
  friend class Document;
  explicit Element(pugi::xml_node_struct* node) : node_(node) {}
  pugi::xml_node_struct* node_ = nullptr;
};

class Document {
 public:
  // Guards, then parses. kInvalid and kExhausted say what was wrong; never quotes text or values.
  static platform::Result<Document> Parse(platform::ByteView xml);
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Element Root() const;

 private:
  Document();
  std::unique_ptr<pugi::xml_document> document_;
};

}  // namespace cpis::sync::fleet
