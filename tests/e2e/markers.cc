// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/markers.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/e2e/memory_search.h"

namespace cpis::e2e {
namespace {

constexpr size_t kOverlap = 512;  // longer than any form

std::string Hex(const std::string& text, const char* digits) {
  std::string hex;
  for (const unsigned char c : text) (hex += digits[c >> 4]) += digits[c & 15];
  return hex;
}

// The characters of RFC 4648 that the text decides alone, when it begins `skip` bytes into a group.
std::string Base64Core(const std::string& text, size_t skip, const char* letters) {
  std::string core;
  for (size_t i = (3 - skip) % 3; i + 2 < text.size(); i += 3) {
    const auto at = [&](size_t n) { return static_cast<unsigned>(static_cast<unsigned char>(text[n])); };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) core += letters[group >> shift & 63];
  }
  return core;
}

bool IsNumber(const std::string& text) {
  return text.size() == 10 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

uint32_t StartOf(const char* bytes) {
  uint32_t start = 0;
  std::memcpy(&start, bytes, sizeof start);
  return start;
}

}  // namespace

std::vector<std::string> Markers::FormsOf(const std::string& marker) {
  std::string wide, wide_big;
  for (const char c : marker) {
    (wide += c) += '\0';
    (wide_big += '\0') += c;
  }
  std::vector<std::string> forms{marker, wide, wide_big, {marker.rbegin(), marker.rend()}, Hex(marker, "0123456789abcdef"),
                                 Hex(marker, "0123456789ABCDEF")};
  if (marker.size() >= 8) {
    for (size_t skip = 0; skip < 3; ++skip) {
      forms.push_back(Base64Core(marker, skip, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
    }
  }
  if (IsNumber(marker)) {
    forms.push_back(marker.substr(0, 3) + " " + marker.substr(3, 3) + " " + marker.substr(6));
    forms.push_back(marker.substr(0, 3) + "-" + marker.substr(3, 3) + "-" + marker.substr(6));
    std::string packed;
    for (size_t i = 0; i < 10; i += 2) packed += static_cast<char>((marker[i] - '0') << 4 | (marker[i + 1] - '0'));
    forms.push_back(packed);
    const uint64_t value = std::stoull(marker);
    std::string little(reinterpret_cast<const char*>(&value), sizeof value);
    forms.push_back(little);
    forms.push_back({little.rbegin(), little.rend()});
  }
  return forms;
}

void Markers::Add(const std::string& marker) {
  ++count_;
  for (const std::string& form : FormsOf(marker)) by_start_[StartOf(form.data())].push_back({form, marker});
}

void Markers::Search(std::string_view bytes, std::map<std::string, bool>* found) const {
  for (size_t at = 0; at + 4 <= bytes.size(); ++at) {
    const auto forms = by_start_.find(StartOf(bytes.data() + at));
    if (forms == by_start_.end()) continue;
    for (const Form& form : forms->second) {
      if (bytes.substr(at, form.bytes.size()) == form.bytes) (*found)[form.marker] = true;
    }
  }
}

std::vector<std::string> Markers::FindIn(const std::vector<Path>& places) const {
  std::vector<std::string> all;
  const auto look = [&](const Path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) all.push_back(file.string() + ": cannot be read");
    std::ostringstream bytes;
    bytes << in.rdbuf();
    std::map<std::string, bool> found;
    Search(bytes.str(), &found);
    for (const auto& [marker, _] : found) all.push_back(file.filename().string() + ": " + marker);
  };
  for (const Path& place : places) {
    if (!std::filesystem::is_directory(place)) {
      look(place);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
      if (entry.is_regular_file()) look(entry.path());
    }
  }
  return all;
}

std::vector<std::string> Markers::FindInMemory(pid_t process) const {
  std::map<std::string, std::map<std::string, bool>> found;  // by mapping
  try {
    VisitMemory(process, kOverlap, [&](const std::string& mapping, std::string_view bytes) { Search(bytes, &found[mapping]); });
  } catch (const std::runtime_error& unread) {
    return {unread.what()};
  }
  std::vector<std::string> all;
  for (const auto& [mapping, markers] : found) {
    for (const auto& [marker, _] : markers) all.push_back(mapping + ": " + marker);
  }
  return all;
}

}  // namespace cpis::e2e
