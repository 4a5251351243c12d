// SPDX-License-Identifier: Apache-2.0
#include "tests/structure/rules.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <regex>

namespace cpis::structure {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr int kMaxLines = 400;

const Strings& ProductFolders() {
  static const Strings folders{"platform", "crypto", "proto", "sync", "edge"};
  return folders;
}

// Which folders of ours a folder may include beside itself. Folders that are not named fall to the longest parent that is.
const std::map<std::string, Strings>& Arrows() {
  static const std::map<std::string, Strings> arrows{
      {"platform", {}},
      {"crypto", {"platform"}},
      {"proto", {}},
      {"sync", {"crypto", "platform"}},
      {"sync/local", {"platform", "proto"}},
      {"sync/node", {"sync", "crypto", "platform", "proto"}},
      {"sync/fleet", {"sync", "sync/local", "crypto", "platform", "proto"}},
      {"edge", {"sync", "sync/node", "sync/local", "crypto", "platform"}},
      {"edge/http", {"edge", "sync", "sync/node", "crypto", "platform"}},
      {"edge/ctl", {"sync", "sync/local", "crypto", "platform"}},
      // main.cc puts the parts together.
      {"edge/main.cc", {"edge", "edge/http", "sync", "sync/node", "sync/local", "crypto", "platform"}},
  };
  return arrows;
}

// The pure kernel of sync/ does no I/O: these parts of platform/ are closed to it.
const Strings& ClosedToPureSync() {
  static const Strings headers{"platform/sqlite.h", "platform/files.h", "platform/http.h", "platform/worker.h",
                               "platform/key_store.h"};
  return headers;
}

// A vendor's headers, and the files (by regular expression) that alone may include them.
struct Vendor {
  const char* name;
  std::regex header;
  std::regex place;
};
const std::vector<Vendor>& Vendors() {
  static const std::string link = "sync/(node|fleet)/link[a-z_]*\\.(cc|h)|sync/local/[a-z_]+\\.cc";
  static const std::string command_line = "edge/ctl/[a-z_]+\\.(cc|h)|edge/main\\.cc|sync/fleet/main\\.cc";
  static const std::string http = "platform/(http_(server\\.cc|connection\\.h|client\\.cc)|handler_threads\\.h)";
  static const std::regex nowhere("(?!)");
  static const std::vector<Vendor> vendors{
      {"SQLite", std::regex("sqlite3.*"), std::regex("platform/sqlite\\.cc")},
      {"libpq", std::regex("(postgresql/)?libpq.*"), nowhere},
      {"spdlog", std::regex("(spdlog|fmt)/.*"), nowhere},
      {"libsodium", std::regex("sodium(\\.h|/.*)"), std::regex("crypto/[a-z_0-9]+\\.(cc|h)")},
      {"gRPC", std::regex("(grpc|grpcpp|google/protobuf)/.*"), std::regex(link)},
      {"generated code", std::regex("(proto/)?[a-z_]+(\\.grpc)?\\.pb\\.h"), std::regex(link)},
      {"Beast and Asio", std::regex("boost/(beast|asio).*"), std::regex(http)},
      {"tpm2-tss", std::regex("(tss2/)?tss2_.*"), std::regex("crypto/tpm(_library)?\\.(cc|h)")},
      {"OpenSSL", std::regex("openssl/.*"), std::regex("crypto/certificates\\.cc|sync/fleet/link_tls\\.cc|" + http)},
      {"pugixml", std::regex("pugi(xml|config)\\.hpp"), std::regex("sync/fleet/[a-z_]+\\.(cc|h)")},
      {"CLI11", std::regex("CLI/.*"), std::regex(command_line)},
      {"toml++", std::regex("toml\\+\\+/.*|toml\\.hpp"), std::regex(command_line)},
      {"Catch2", std::regex("catch2/.*"), nowhere},
  };
  return vendors;
}

bool Contains(const Strings& all, const std::string& one) { return std::find(all.begin(), all.end(), one) != all.end(); }

// "sync/fleet/link.cc" → "sync/fleet"; the longest folder, or file, that has arrows of its own.
std::string HomeOf(const std::string& file) {
  for (std::string home = file; !home.empty(); home.resize(home.find('/') == std::string::npos ? 0 : home.rfind('/'))) {
    if (Arrows().count(home) != 0) return home;
  }
  return "";
}

bool IsSource(const fs::path& file) {
  static const Strings kinds{".cc", ".h", ".proto", ".sh", ".js", ".mjs", ".css", ".html"};
  return Contains(kinds, file.extension().string()) || file.filename() == "run";
}

class FileCheck {
 public:
  FileCheck(const fs::path& root, const std::string& file, std::vector<Fault>* faults) : file_(file), faults_(faults) {
    std::ifstream in(root / file);
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
  }

  void Run() {
    CheckWhole();
    for (size_t i = 0; i < lines_.size(); ++i) {
      CheckWords(static_cast<int>(i) + 1, lines_[i]);
      CheckInclude(static_cast<int>(i) + 1, lines_[i]);
    }
  }

 private:
  void Add(int line, const std::string& rule, const std::string& detail) { faults_->push_back({file_, line, rule, detail}); }

  bool IsProduct() const { return Contains(ProductFolders(), file_.substr(0, file_.find('/'))); }

  void CheckWhole() {
    if (static_cast<int>(lines_.size()) > kMaxLines) {
      Add(0, "length", std::to_string(lines_.size()) + " lines, at most " + std::to_string(kMaxLines));
    }
    const auto has_licence = [](const std::string& line) { return line.find("SPDX-License-Identifier: ") != std::string::npos; };
    if (std::none_of(lines_.begin(), lines_.begin() + static_cast<long>(std::min<size_t>(2, lines_.size())), has_licence)) {
      Add(1, "licence", "no SPDX line at the top");
    }
    static const std::regex says_nothing("(.*[/_])?(utils?|helpers?|managers?|common|misc)([_./].*)?");
    if (std::regex_match(file_, says_nothing)) Add(0, "name", "a name that says nothing");
  }

  void CheckWords(int number, const std::string& line) {
    // In pieces, so that this file does not name itself.
    static const std::regex left_open("\\b(TO" "DO|FIX" "ME|XX" "X)\\b");
    if (std::regex_search(line, left_open)) Add(number, "words", "work left open in a comment");
    static const std::regex coroutine("\\bco_" "(await|return|yield)\\b");
    if (std::regex_search(line, coroutine)) Add(number, "words", "a coroutine: g++ 12.2 miscompiles them");
  }

  void CheckInclude(int number, const std::string& line) {
    static const std::regex include("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
    std::smatch match;
    if (!IsProduct() || !std::regex_match(line, match, include)) return;
    const std::string target = match[2];
    for (const auto& vendor : Vendors()) {
      if (std::regex_match(target, vendor.header) && !std::regex_match(file_, vendor.place)) {
        Add(number, "vendor", std::string(vendor.name) + " is not for this file: " + target);
      }
    }
    static const std::regex generated(".*\\.pb\\.h");
    if (match[1] == "\"" && !std::regex_match(target, generated)) CheckOwnInclude(number, target);
  }

  void CheckOwnInclude(int number, const std::string& target) {
    const std::string top = target.substr(0, target.find('/'));
    if (!Contains(ProductFolders(), top)) {
      return Add(number, top == "tests" || top == "packaging" ? "direction" : "include",
                 top == "tests" || top == "packaging" ? "nothing depends on " + top : "not from the root: " + target);
    }
    const std::string home = HomeOf(file_);
    std::string to = HomeOf(target);
    if (home != to && !Contains(Arrows().at(home), to)) Add(number, "direction", home + " must not include " + target);
    if (home == "sync" && Contains(ClosedToPureSync(), target)) Add(number, "direction", "sync/ does no I/O: " + target);
  }

  std::string file_;
  std::vector<Fault>* faults_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<Fault> FaultsOf(const fs::path& root) {
  Strings files;
  for (const std::string folder : {"platform", "crypto", "proto", "sync", "edge", "tests", "packaging", ".ci"}) {
    if (!fs::exists(root / folder)) continue;
    for (auto entry = fs::recursive_directory_iterator(root / folder); entry != fs::recursive_directory_iterator(); ++entry) {
      if (entry->path().filename() == "node_modules") {
        entry.disable_recursion_pending();  // not ours
      } else if (entry->is_regular_file() && IsSource(entry->path())) {
        files.push_back(fs::relative(entry->path(), root).generic_string());
      }
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Fault> faults;
  for (const auto& file : files) FileCheck(root, file, &faults).Run();
  return faults;
}

}  // namespace cpis::structure
