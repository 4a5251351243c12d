// SPDX-License-Identifier: Apache-2.0
//
// The tree keeps its shape; and the checker that says so does see what it is there to see.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/scratch.h"
#include "tests/structure/rules.h"

namespace cpis::structure {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLicence = "// SPDX-License-Identifier: Apache-2.0\n";

// A small tree, removed at the end.
class Tree {
 public:
  Tree() {
    Plant("platform/clock.h", kLicence);
    Plant("sync/fleet/register.cc", std::string(kLicence) + "#include \"platform/clock.h\"\n");
  }

  void Plant(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  std::vector<Fault> Faults() const { return FaultsOf(root_.path()); }

 private:
  ScratchDirectory root_;
};

std::string Including(const std::string& target) { return std::string(kLicence) + "#include " + target + "\n"; }

}  // namespace

TEST_CASE("the project's own tree has no fault", "[structure]") {
  for (const auto& fault : FaultsOf(CPIS_SOURCE_DIR)) {
    FAIL_CHECK(fault.file << ":" << fault.line << ": " << fault.rule << ": " << fault.detail);
  }
}

TEST_CASE("a tree without a fault is told to have none", "[structure]") { CHECK(Tree().Faults().empty()); }

TEST_CASE("a script or a page of ours without a licence is named, and what npm brings is not ours", "[structure]") {
  const Tree tree;
  tree.Plant("tests/browser/node_modules/x/x.mjs", "export {};\n");
  CHECK(tree.Faults().empty());
  for (const char* file : {"edge/http/page/a.js", "edge/http/page/b.css", "edge/http/page/c.html", "tests/browser/d.mjs"}) {
    tree.Plant(file, "\n");
  }
  CHECK(tree.Faults().size() == 4);
}

TEST_CASE("an include that points the wrong way is named", "[structure]") {
  struct Wrong {
    const char* file;
    const char* target;
  };
  const Wrong wrong = GENERATE(Wrong{"platform/x.cc", "\"crypto/hash.h\""}, Wrong{"crypto/x.cc", "\"sync/topic.h\""},
                               Wrong{"sync/x.cc", "\"sync/node/link.h\""}, Wrong{"sync/x.h", "\"sync/fleet/register.h\""},
                               Wrong{"sync/x.cc", "\"platform/sqlite.h\""}, Wrong{"sync/node/x.cc", "\"sync/fleet/store.h\""},
                               Wrong{"sync/fleet/x.cc", "\"sync/node/link.h\""}, Wrong{"sync/fleet/x.cc", "\"edge/node.h\""},
                               Wrong{"sync/local/x.cc", "\"sync/topic.h\""}, Wrong{"edge/x.cc", "\"sync/fleet/store.h\""},
                               Wrong{"edge/x.cc", "\"edge/http/fhir.h\""}, Wrong{"edge/ctl/x.cc", "\"sync/fleet/store.h\""},
                               Wrong{"edge/http/x.cc", "\"edge/ctl/run.h\""}, Wrong{"edge/x.cc", "\"tests/e2e/relay.h\""});
  const Tree tree;
  tree.Plant(wrong.file, Including(wrong.target));
  const auto faults = tree.Faults();
  CAPTURE(wrong.file, wrong.target);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].rule == "direction");
  CHECK(faults[0].file == wrong.file);
  CHECK(faults[0].line == 2);
}

TEST_CASE("a vendor's header outside its one place is named, and inside it is not", "[structure]") {
  struct Vendor {
    const char* header;
    const char* right;
    const char* wrong;
  };
  const Vendor vendor = GENERATE(
      Vendor{"<sqlite3.h>", "platform/sqlite.cc", "edge/replica.cc"}, Vendor{"<libpq-fe.h>", nullptr, "sync/fleet/store.cc"},
      Vendor{"<sodium.h>", "crypto/seal.cc", "edge/session.cc"}, Vendor{"<grpcpp/grpcpp.h>", "sync/node/link.cc", "edge/main.cc"},
      Vendor{"\"proto/sync.grpc.pb.h\"", "sync/fleet/link_server.cc", "sync/fleet/publisher.cc"},
      Vendor{"\"proto/local.pb.h\"", "sync/local/local_service.cc", "edge/ctl/run.cc"},
      Vendor{"<boost/beast/http.hpp>", "platform/http_server.cc", "edge/http/fhir.cc"},
      Vendor{"<boost/asio.hpp>", "platform/http_client.cc", "platform/worker.cc"},
      Vendor{"<openssl/ssl.h>", "crypto/certificates.cc", "crypto/seal.cc"},
      Vendor{"<tss2/tss2_esys.h>", "crypto/tpm.cc", "crypto/tpm_key_store.cc"},
      Vendor{"<tss2/tss2_mu.h>", "crypto/tpm_library.h", "platform/key_store.h"},
      Vendor{"<pugixml.hpp>", "sync/fleet/intake.cc", "sync/records.cc"},
      Vendor{"<CLI/CLI.hpp>", "edge/ctl/main.cc", "edge/node.cc"},
      Vendor{"<toml++/toml.h>", "sync/fleet/main.cc", "platform/files.cc"},
      Vendor{"<spdlog/spdlog.h>", nullptr, "platform/log.cc"}, Vendor{"<catch2/catch.hpp>", nullptr, "edge/node.cc"});
  CAPTURE(vendor.header);
  const Tree tree;
  if (vendor.right != nullptr) {
    tree.Plant(vendor.right, Including(vendor.header));
    CHECK(tree.Faults().empty());
  }
  tree.Plant(vendor.wrong, Including(vendor.header));
  const auto faults = tree.Faults();
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].rule == "vendor");
  CHECK(faults[0].file == vendor.wrong);
}

TEST_CASE("what a file owes its reader is named when it is missing", "[structure]") {
  struct Owed {
    const char* rule;
    const char* file;
    std::string text;
  };
  std::string long_text = kLicence;
  for (int n = 0; n < 400; ++n) long_text += "\n";
  const std::string licence = kLicence;
  const std::vector<Owed> all{
      {"length", "edge/node.cc", long_text},
      {"licence", "packaging/demo.sh", "#!/usr/bin/env bash\nset -eu\n"},
      {"licence", "edge/node.h", "#pragma once\n" + std::string("\n") + licence},
      {"name", "edge/node_utils.cc", licence},
      {"name", "sync/common/topic.cc", licence},
      {"name", "platform/manager.h", licence},
      {"words", "edge/node.cc", licence + "// TO" "DO: later\n"},
      {"words", "tests/edge/node_test.cc", licence + "// FIX" "ME\n"},
      {"words", "edge/node.cc", licence + "  co_" "await x;\n"},
      {"include", "edge/node.cc", Including("\"node.h\"")},
      {"include", "edge/node.cc", Including("\"../platform/clock.h\"")},
  };
  for (const auto& owed : all) {
    CAPTURE(owed.rule, owed.file);
    const Tree tree;
    tree.Plant(owed.file, owed.text);
    const auto faults = tree.Faults();
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].rule == owed.rule);
    CHECK(faults[0].file == owed.file);
  }
}

}  // namespace cpis::structure
