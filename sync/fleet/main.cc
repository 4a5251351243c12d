// SPDX-License-Identifier: Apache-2.0
//
// cpis-fleetd: the fleet sync server of one ambulance trust.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <atomic>
#include <csignal>
#include <iostream>
#include <toml++/toml.h>

#include "crypto/secret.h"
#include "platform/log.h"
#include "platform/memory.h"
#include "platform/swap.h"
#include "platform/worker.h"
#include "sync/fleet/fleet.h"

namespace {

using namespace cpis;

constexpr int kExitUsage = 2;
constexpr int kExitConfiguration = 78;

struct Arguments {
  sync::fleet::FleetOptions options;
  std::string config;
  std::string store = "sqlite";
  bool init = false;
  sync::fleet::Trust trust;
};

int Refuse(int exit_code, std::string_view message) {
  std::cerr << "cpis-fleetd: " << message << "\n";
  return exit_code;
}

// The keys of the configuration file are the long options; an option on the command line wins.
platform::Status ReadConfiguration(const CLI::App& app, Arguments& arguments) {
  toml::table table;
  try {
    table = toml::parse_file(arguments.config);
  } catch (const toml::parse_error& error) {
    return platform::Invalid("\"" + arguments.config + "\" cannot be read: " + std::string(error.description()));
  }
  const std::map<std::string_view, std::string*> known{{"listen", &arguments.options.listen},
                                                       {"enrol-listen", &arguments.options.enrol_listen},
                                                       {"http", &arguments.options.http},
                                                       {"advertise", &arguments.options.advertise},
                                                       {"key-store", &arguments.options.key_store},
                                                       {"store", &arguments.store}};
  for (const auto& [key, value] : table) {
    const auto setting = known.find(key.str());
    const auto text = value.value<std::string>();
    if (setting == known.end() || !text) {
      return platform::Invalid("\"" + std::string(key.str()) + "\" in \"" + arguments.config +
                               "\" is not a setting with text (known: advertise, enrol-listen, http, key-store, listen, store)");
    }
    if (app.get_option("--" + std::string(key.str()))->count() == 0) *setting->second = *text;
  }
  return platform::Status::Ok();
}

void SayReady(sync::fleet::Fleet& fleet, const std::filesystem::path& state, const std::string& trust) {
  const platform::KeyStore& key_store = fleet.key_store();
  std::cout << boost::json::serialize(boost::json::object{{"ready", true},
                                                          {"listen", fleet.link().Address()},
                                                          {"enrol_listen", fleet.enrolment_desk().Address()},
                                                          {"http", fleet.http().Address()},
                                                          {"socket", (state / "fleetd.sock").string()},
                                                          {"trust", trust},
                                                          {"key_store", {{"kind", key_store.Kind()},
                                                                         {"hardware_bound", key_store.HardwareBound()}}}})
            << std::endl;
}

// Once, until it is to stop or, with another key set, to start anew at the same addresses.
int Serve(sync::fleet::FleetOptions& options, bool first, bool* anew) {
  platform::StopSignal stop;  // a signal that came meanwhile still waits for it
  std::atomic<bool> broken = false;
  std::atomic<bool> start_anew = false;
  options.broken = [&] {
    broken = true;
    stop.Request();
  };
  options.start_anew = [&] {
    start_anew = true;
    stop.Request();
  };
  auto fleet = sync::fleet::Fleet::Open(options);
  if (!fleet.ok()) return Refuse(kExitConfiguration, fleet.status().message());
  options.listen = (*fleet)->link().Address();
  options.enrol_listen = (*fleet)->enrolment_desk().Address();
  options.http = (*fleet)->http().Address();
  if (first) {
    const platform::KeyStore& key_store = (*fleet)->key_store();
    if (!key_store.HardwareBound()) {
      platform::LogWarning("keys", "the fleet's keys: " + std::string(key_store.Kind()) + ", " + std::string(key_store.Worth()));
    }
    if (const platform::SwapVerdict swap = platform::WhetherKeysCanReachSwap(); !swap.safe) {
      platform::LogWarning("keys", "memory is " + swap.detail + " (set LimitMEMLOCK=infinity, or turn swap off)");
    }
    SayReady(**fleet, options.state, (*fleet)->store().trust().code);
  }
  stop.Wait();
  *anew = start_anew && !broken;
  platform::LogInfo("fleetd", *anew ? "starting anew with another key set" : "stopping");
  return broken ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"cpis-fleetd: keeps a trust's child protection register and feeds its vehicles"};
  app.add_option("--state", arguments.options.state, "state directory")->capture_default_str();
  app.add_option("--listen", arguments.options.listen, "HOST:PORT for nodes")->capture_default_str();
  app.add_option("--enrol-listen", arguments.options.enrol_listen, "HOST:PORT for enrolment")->capture_default_str();
  app.add_option("--http", arguments.options.http, "HOST:PORT for /healthz and /metrics")->capture_default_str();
  app.add_option("--advertise", arguments.options.advertise, "HOST:PORT that nodes are told to connect to");
  app.add_option("--key-store", arguments.options.key_store, "auto, tpm2, systemd-creds, passphrase-file:PATH or plain")
      ->capture_default_str();
  app.add_option("--store", arguments.store, "sqlite")->capture_default_str();
  app.add_option("--config", arguments.config, "TOML file with these options");
  app.add_flag("--init", arguments.init, "make a new fleet in the state directory, and stop");
  app.add_option("--trust", arguments.trust.code, "with --init: the trust's ODS code");
  app.add_option("--name", arguments.trust.name, "with --init: the trust's name");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  platform::KeepMemorySmall();
  platform::LockMemory();
  std::signal(SIGPIPE, SIG_IGN);
  crypto::StartCrypto();
  arguments.options.state = std::filesystem::absolute(arguments.options.state);
  if (!arguments.config.empty()) {
    if (platform::Status read = ReadConfiguration(app, arguments); !read.ok()) return Refuse(kExitConfiguration, read.message());
  }
  if (arguments.store != "sqlite") {
    return Refuse(kExitConfiguration, "--store \"" + arguments.store + "\" is not in this version (try sqlite)");
  }
  if (arguments.init) {
    const platform::Status made = sync::fleet::InitialiseFleet(arguments.options.state, arguments.trust, arguments.options.key_store);
    if (made.ok()) return 0;
    return Refuse(made.code() == platform::Code::kInvalid ? kExitUsage : 1, made.message());
  }
  int exit_code = 0;
  bool anew = true;
  for (bool first = true; anew && exit_code == 0; first = false) {
    anew = false;
    exit_code = Serve(arguments.options, first, &anew);
  }
  return exit_code;
}
