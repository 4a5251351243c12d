// SPDX-License-Identifier: Apache-2.0
//
// A fleet server's parts on a scratch directory, with a clock that tests set, and the people around it.
#pragma once

#include <catch2/catch.hpp>

#include "platform/files.h"
#include "platform/plain_key_store.h"
#include "sync/enrolment.h"
#include "sync/fleet/attendance_desk.h"
#include "sync/fleet/hub.h"
#include "sync/fleet/import_desk.h"
#include "sync/fleet/roll.h"
#include "tests/scratch.h"
#include "tests/sync/fleet/intake_sample.h"

namespace cpis::sync::fleet {

using platform::Code;

inline const Instant kNoon = *platform::ParseRfc3339("2026-11-22T12:00:00Z");
inline const std::string kLancashire = "E10000017";
inline const std::string kWarrington = "E06000007";

// The i-th valid number of the 999 range, i below 300,000.
inline std::string Number(int i) {
  for (int serial = 100 + i * 2;; ++serial) {
    const std::string body = "999" + std::to_string(1'000'000 + serial).substr(1);
    int sum = 0;
    for (size_t at = 0; at < 9; ++at) sum += (body[at] - '0') * static_cast<int>(10 - at);
    const int check = (11 - sum % 11) % 11;
    if (check != 10) return body + std::to_string(check);
  }
}
inline NhsNumber Subject(const std::string& digits) { return *NhsNumber::Parse(digits); }

struct UploadOf {
  std::string authority = kLancashire;
  std::string file_id = "LANCS-20261120-001";
  std::vector<std::string> records{};
  std::string created = "20261120020000";

  std::string Xml() const {
    std::string xml = sample::Replaced(sample::File(records), "LANCS-20261120-001", file_id);
    xml = sample::Replaced(xml, "creationTime value=\"20261120020000\"", "creationTime value=\"" + created + "\"");
    return sample::Replaced(xml, "extension=\"E10000017\"", "extension=\"" + authority + "\"");
  }
};

// A vehicle as the server meets it.
struct Node {
  std::string id;
  std::string name;
  crypto::BoxKey box = crypto::NewBoxKey();
  crypto::SigningKey signing = crypto::NewSigningKey();
  crypto::Secret tls_private_key_pem;
  std::string certificate_pem;
};

class World {
 public:
  World() : key_store_(platform::NewPlainKeyStore(state / "device")) {
    REQUIRE(MakeFleetKeys(state.path(), *key_store_, "NWAS").ok());
    auto loaded = LoadFleetKeys(state.path(), *key_store_);
    REQUIRE(loaded.ok());
    keys = *std::move(loaded);
    REQUIRE(InitialiseStore(state.path(), {"RX7", "North West Ambulance Service"}).ok());
    Start();
  }

  // As after a kill: nothing is written on the way down.
  void Restart() {
    roll.reset();
    desk.reset();
    import.reset();
    mailbox.reset();
    store.reset();
    Start();
  }

  // As a server does after a key was replaced.
  void StartsAnew() {
    roll.reset();
    desk.reset();
    import.reset();
    mailbox.reset();
    store.reset();
    auto loaded = LoadFleetKeys(state.path(), *key_store_);
    REQUIRE(loaded.ok());
    keys = *std::move(loaded);
    Start();
  }

  ImportReport ImportsXml(const std::string& xml) {
    auto report = import->Import(platform::AsBytes(xml), {});
    REQUIRE(report.ok());
    return *std::move(report);
  }
  ImportReport Imports(const UploadOf& upload) { return ImportsXml(upload.Xml()); }

  TopicHead HeadOf(const Topic& topic) {
    std::optional<TopicHead> head;
    REQUIRE(store
                ->Read([&](Store& s) {
                  head = s.publisher().HeadOf(topic);
                  return Status::Ok();
                })
                .ok());
    return *head;
  }
  uint64_t SequenceOf(const Topic& topic) { return static_cast<uint64_t>(HeadOf(topic).sequence); }
  size_t SizeOf(const Topic& topic) {
    size_t size = 0;
    REQUIRE(store
                ->Read([&](Store& s) {
                  size = s.publisher().SizeOf(topic);
                  return Status::Ok();
                })
                .ok());
    return size;
  }
  Flag FlagOf(const std::string& authority, const std::string& number) {
    Flag flag;
    REQUIRE(store
                ->Read([&](Store& s) -> Status {
                  CPIS_ASSIGN(flag, s.records().FlagOf(authority, Subject(number)));
                  return Status::Ok();
                })
                .ok());
    return flag;
  }
  std::vector<AttendanceRow> Attendances() {
    std::vector<AttendanceRow> rows;
    REQUIRE(store
                ->Read([&](Store& s) -> Status {
                  CPIS_ASSIGN(rows, s.records().Attendances(std::nullopt));
                  return Status::Ok();
                })
                .ok());
    return rows;
  }
  std::vector<std::string> FilesInOut() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(mailbox->out()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string TextOf(const std::filesystem::path& file) {
    auto bytes = platform::ReadFile(file, 1 << 20);
    REQUIRE(bytes.ok());
    return std::string(platform::AsText(*bytes));
  }

  // Adds a node, and enrols it with the code.
  Node Enrols(const std::string& name, const std::vector<std::string>& region) {
    auto added = roll->AddNode(name, region);
    REQUIRE(added.ok());
    Node node;
    auto request = crypto::NewCertificateRequest("cpis-edge node");
    REQUIRE(request.ok());
    auto grant = roll->Enrol(
        {ParseEnrolmentCode(added->code)->secret, request->request_pem, node.box.public_key, node.signing.public_key});
    REQUIRE(grant.ok());
    node.id = grant->node.id;
    node.name = name;
    node.tls_private_key_pem = std::move(request->private_key_pem);
    node.certificate_pem = grant->certificate_pem;
    return node;
  }

  ScratchDirectory state;
  platform::ManualClock clock{kNoon};
  FleetKeys keys;
  std::unique_ptr<Store> store;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<ImportDesk> import;
  std::unique_ptr<AttendanceDesk> desk;
  std::unique_ptr<Roll> roll;

 private:
  void Start() {
    // Number keys that cost nothing: what they are is tested elsewhere.
    auto opened = Store::Open(state.path(), keys, clock, {8, 1});
    REQUIRE(opened.ok());
    store = *std::move(opened);
    auto box = Mailbox::Open(state.path(), *store);
    REQUIRE(box.ok());
    mailbox = *std::move(box);
    import = std::make_unique<ImportDesk>(*store, *mailbox);
    desk = std::make_unique<AttendanceDesk>(*store, *mailbox);
    roll = std::make_unique<Roll>(*store);
  }

  std::unique_ptr<platform::KeyStore> key_store_;
};

}  // namespace cpis::sync::fleet
