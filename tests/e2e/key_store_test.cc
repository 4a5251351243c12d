// SPDX-License-Identifier: Apache-2.0
//
// Whose disk it is: daemons on a real software TPM, their disks stolen, copied and put back.
#include <catch2/catch.hpp>
#include <fstream>

#include "crypto/key_stores.h"
#include "crypto/sealed_file.h"
#include "tests/crypto/environment.h"
#include "tests/crypto/swtpm.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

namespace fs = std::filesystem;
using crypto::Swtpm;

Arguments On(const Swtpm& tpm) { return {"--key-store", "tpm2:tcti=" + tpm.tcti()}; }

// What cpis-edged says and how it ends when it is started so.
Output TriesToStart(const Path& state, const Arguments& options) {
  Arguments arguments{Program("cpis-edged"), "--state", state.string(), "--http", "127.0.0.1:0"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return Run({std::move(arguments), "", {}});
}

void Refuses(const Output& output, const std::string& why) {
  INFO(output.err);
  CHECK(output.exit_code == 78);
  CHECK(output.err.find(why) != std::string::npos);
  CHECK(std::count(output.err.begin(), output.err.end(), '\n') == 1);
}

void PutBack(const Path& copy, const Path& state) {
  fs::remove_all(state);
  fs::copy(copy, state, fs::copy_options::recursive);
}

struct Garage {
  Garage() {
    AuthorityFile lancashire(Lancashire(), "LANCS-001");
    lancashire.Protects(NhsNumber(0), Day(-200));
    REQUIRE(fleet.Imports(lancashire).exit_code == 0);
    fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
    vehicle = fleet.Equips("A101", Lancashire().code, On(tpm));
  }
  Path Copy(const std::string& name) const {
    const Path copy = fleet.directory() / name;
    fs::copy(vehicle->state(), copy, fs::copy_options::recursive | fs::copy_options::skip_symlinks);
    return copy;
  }

  TemporaryDirectory directory;
  Swtpm tpm{directory.path() / "tpm"};
  Fleet fleet;
  std::unique_ptr<Vehicle> vehicle;
};

}  // namespace

TEST_CASE("a vehicle with a TPM says what that is worth, and works again after a restart and after a power cut", "[key-store]") {
  Garage garage;
  Vehicle& vehicle = *garage.vehicle;
  CHECK(vehicle.Status().at("key_store") == json::value{{"kind", "tpm2"}, {"hardware_bound", true}});
  CHECK(vehicle.Does({"doctor"}).out.find("tpm2: the disk alone opens nothing") != std::string::npos);
  CHECK_FALSE(fs::exists(vehicle.state() / "key-store-plain"));
  CHECK(vehicle.Stops() == 0);
  vehicle.Starts();
  CHECK(vehicle.SignsIn(kSam, kSamsPin).LooksUp(NhsNumber(0)).outcome() == "FLAGGED");
  vehicle.IsKilled();
  garage.tpm.LosesPower();
  garage.tpm.FindsPower();
  vehicle.IsConfigured(On(garage.tpm));
  vehicle.Starts();
  CHECK(vehicle.SignsIn(kSam, kSamsPin).LooksUp(NhsNumber(0)).outcome() == "FLAGGED");
}

TEST_CASE("auto finds the TPM that a vehicle was enrolled with, and takes nothing else when it is gone", "[key-store]") {
  Garage garage;
  Vehicle& vehicle = *garage.vehicle;
  CHECK(vehicle.Stops() == 0);
  {
    const crypto::Environment place("CPIS_TPM_TCTI", garage.tpm.tcti());
    vehicle.IsConfigured({"--key-store", "auto"});
    vehicle.Starts();
    CHECK(vehicle.Status().at("key_store").at("kind") == "tpm2");
    CHECK(vehicle.Stops() == 0);
  }
  Refuses(TriesToStart(vehicle.state(), {"--key-store", "auto"}), "no TPM answers");
  Refuses(TriesToStart(vehicle.state(), {"--key-store", "plain"}), "key store \"plain\" does not open");
}

TEST_CASE("a stolen disk does not start in another computer, and the vehicle it was copied from goes on", "[key-store]") {
  Garage garage;
  Vehicle& vehicle = *garage.vehicle;
  CHECK(vehicle.Stops() == 0);
  const Path copy = garage.Copy("stolen");
  const Swtpm thief(garage.directory.path() / "thief");
  Refuses(TriesToStart(copy, On(thief)), "another TPM sealed it");
  vehicle.Starts();
  CHECK(vehicle.Status().at("enrolled").as_bool());
}

TEST_CASE("a disk put back as it was before its identity was sealed anew does not start", "[key-store]") {
  Garage garage;
  Vehicle& vehicle = *garage.vehicle;
  CHECK(vehicle.Stops() == 0);
  const Path old = garage.Copy("old");
  {
    auto store = crypto::OpenKeyStore(On(garage.tpm).back(), vehicle.state());
    REQUIRE(store.ok());
    const crypto::SealedFile identity{vehicle.state() / "identity", "cpis.v1.identity"};
    const auto plain = crypto::ReadSealedFile(identity, **store);
    REQUIRE(plain.ok());
    REQUIRE(crypto::WriteSealedFile(identity, **store, *plain).ok());
  }
  const Path now = garage.Copy("now");
  PutBack(old, vehicle.state());
  Refuses(TriesToStart(vehicle.state(), On(garage.tpm)), "older copy");
  PutBack(now, vehicle.state());
  vehicle.Starts();
  CHECK(vehicle.Status().at("enrolled").as_bool());
}

TEST_CASE("a key store that is asked for and not there is 78 and one line, and nothing is put in its place", "[key-store]") {
  const TemporaryDirectory directory;
  const Path state = directory.path() / "state";
  const crypto::Environment nowhere("CPIS_TPM_TCTI", "device:/dev/no-such-tpm");
  Refuses(TriesToStart(state, {"--key-store", "tpm2"}), "no TPM answers at \"device:/dev/no-such-tpm\"");
  Refuses(TriesToStart(state, {"--key-store", "systemd-creds:tpm2"}), "systemd-creds cannot seal");
  CHECK_FALSE(fs::exists(state / "identity"));
  CHECK_FALSE(fs::exists(state / "key-store-plain"));
}

TEST_CASE("a fleet server's keys rest in the TPM too: with another one it does not start", "[key-store]") {
  const TemporaryDirectory directory;
  const Swtpm tpm(directory.path() / "tpm");
  Fleet fleet(On(tpm));
  CHECK(fleet.daemon().ready().at("key_store") == json::value{{"kind", "tpm2"}, {"hardware_bound", true}});
  CHECK(fleet.Stops() == 0);
  const Swtpm thief(directory.path() / "thief");
  const auto starts = [&](const Arguments& options) {
    Arguments arguments{Program("cpis-fleetd"), "--state", fleet.state().string(), "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Run({std::move(arguments), "", {}});
  };
  Refuses(starts(On(thief)), "another TPM sealed it");
  Refuses(starts({"--key-store", "plain"}), "does not open");
  fleet.Starts();
  CHECK(fleet.Does({"status"}).exit_code == 0);
}

TEST_CASE("a fleet server made without a TPM says so in its log, and one with a host key opens it again by itself", "[key-store]") {
  const TemporaryDirectory directory;
  const crypto::Environment host("SYSTEMD_CREDENTIAL_SECRET", (directory.path() / "host.secret").string());
  Fleet fleet({"--key-store", "systemd-creds:host"});
  CHECK(fleet.daemon().ready().at("key_store") == json::value{{"kind", "systemd-creds"}, {"hardware_bound", false}});
  CHECK(fleet.Stops() == 0);
  Daemon again({Program("cpis-fleetd"), "--state", fleet.state().string(), "--listen", "127.0.0.1:0", "--enrol-listen",
                "127.0.0.1:0", "--http", "127.0.0.1:0"},
               directory.path() / "again");
  REQUIRE(again.BecomesReady());
  CHECK(again.ready().at("key_store").at("kind") == "systemd-creds");
  again.Kill();
  std::ifstream log(directory.path() / "again.err");
  CHECK(std::string(std::istreambuf_iterator<char>(log), {}).find("NOT HARDWARE BOUND") != std::string::npos);
}

}  // namespace cpis::e2e
