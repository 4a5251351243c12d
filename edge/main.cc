// SPDX-License-Identifier: Apache-2.0
//
// cpis-edged: the node daemon. Reads its configuration, opens the node, serves the unix socket and HTTP, waits for
// SIGTERM.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>

#include "crypto/secret.h"
#include "edge/http/service.h"
#include "edge/local_methods.h"
#include "edge/node.h"
#include "edge/tuning.h"
#include "platform/http.h"
#include "platform/log.h"
#include "platform/memory.h"
#include "platform/swap.h"
#include "platform/worker.h"
#include "sync/local/local_service.h"

namespace {

using namespace cpis;
using platform::Result;
using platform::Status;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitConfiguration = 78;

struct Settings {
  std::string state = "/var/lib/cpis-edge";
  std::string http = "127.0.0.1:8750";
  std::string key_store = "auto";
};

// One line on stderr for the person who started us; the log is for what happens later.
int Refuse(int exit_code, const std::string& why) {
  std::cerr << "cpis-edged: " << why << std::endl;
  return exit_code;
}

// Keys of the file are the flags' names; what is not one of them is an error, because a misspelt limit must not be
// ignored.
Status ReadConfig(const std::string& file, Settings* settings) {
  const toml::parse_result parsed = toml::parse_file(file);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return platform::Invalid("config \"" + file + "\" line " + std::to_string(at.line) + ": " +
                             std::string(parsed.error().description()));
  }
  for (const auto& [key, value] : parsed.table()) {
    std::string* setting = key == "state"       ? &settings->state
                           : key == "http"      ? &settings->http
                           : key == "key-store" ? &settings->key_store
                                                : nullptr;
    const std::string name(key.str());
    if (!setting) {
      return platform::Invalid("config \"" + file + "\": unknown key \"" + name +
                               "\" (there are state, http and key-store)");
    }
    const auto text = value.value<std::string>();
    if (!value.is_string() || !text)
      return platform::Invalid("config \"" + file + "\": \"" + name + "\" must be a string");
    *setting = *text;
  }
  return Status::Ok();
}

// Flags win over the file. Gives the exit code when there is nothing to run.
std::optional<int> ReadSettings(int argc, char** argv, Settings* settings) {
  CLI::App app{"The CP-IS edge node: answers in the vehicle, with or without a connection.", "cpis-edged"};
  std::string config;
  Settings flags;
  app.add_option("--config", config, "TOML file with the same keys");
  const auto* state = app.add_option("--state", flags.state, "state directory (/var/lib/cpis-edge)");
  const auto* http =
      app.add_option("--http", flags.http, "HOST:PORT of the FHIR API (127.0.0.1:8750; port 0 picks one)");
  const auto* key_store =
      app.add_option("--key-store", flags.key_store, "auto, tpm2, systemd-creds, passphrase-file:PATH or plain (auto)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return 0;
  } catch (const CLI::Error& error) {
    return Refuse(kExitUsage, std::string(error.what()) + " (see cpis-edged --help)");
  }
  if (!config.empty()) {
    if (const Status read = ReadConfig(config, settings); !read.ok()) return Refuse(kExitConfiguration, read.message());
  }
  if (state->count() > 0) settings->state = flags.state;
  if (http->count() > 0) settings->http = flags.http;
  if (key_store->count() > 0) settings->key_store = flags.key_store;
  return std::nullopt;
}

int ExitCodeOfStart(const Status& failure) {
  const bool configuration = failure.code() == platform::Code::kInvalid || failure.code() == platform::Code::kDenied;
  return configuration ? kExitConfiguration : kExitFailed;
}

void SayReady(const edge::NodeStatus& status, const std::string& address, const std::filesystem::path& socket) {
  const boost::json::object ready{
      {"ready", true},
      {"http", address},
      {"listen", address},
      {"socket", socket.string()},
      {"enrolled", status.enrolled},
      {"key_store", boost::json::object{{"kind", status.key_store_kind}, {"hardware_bound", status.hardware_bound}}}};
  std::cout << boost::json::serialize(ready) << std::endl;
}

int Serve(const Settings& settings, platform::StopSignal& stop) {
  edge::Node::Options options;
  options.state = settings.state;
  options.key_store = settings.key_store;
  Result<std::unique_ptr<edge::Node>> opened = edge::Node::Open(std::move(options));
  if (!opened.ok()) return Refuse(ExitCodeOfStart(opened.status()), opened.status().message());
  edge::Node& node = **opened;

  const std::filesystem::path socket = std::filesystem::path(settings.state) / "edged.sock";
  const auto local =
      sync::LocalServer::Start(socket, [&node](const sync::LocalCall& call, const sync::LocalProgress& progress) {
        return edge::HandleLocal(node, call, progress);
      });
  if (!local.ok()) return Refuse(ExitCodeOfStart(local.status()), local.status().message());

  const edge::http::Service service(node, settings.http);
  platform::HttpServer::Options http;
  http.listen = settings.http;
  http.threads = edge::kHttpThreads;
  http.max_connections = edge::kHttpConnections;
  http.max_body = edge::kHttpBody;
  const auto server = platform::HttpServer::Start(
      std::move(http), [&service](const platform::HttpRequest& request) { return service.Answer(request); },
      edge::http::Refuse);
  if (!server.ok()) return Refuse(ExitCodeOfStart(server.status()), server.status().message());

  const edge::NodeStatus status = node.GetStatus();
  if (!status.hardware_bound) {
    platform::LogWarning("node", "key store " + status.key_store_kind + " is NOT HARDWARE BOUND (see cpisctl node doctor)");
  }
  SayReady(status, (*server)->Address(), socket);
  stop.Wait();
  platform::LogInfo("node", "stopping");
  node.Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (const auto exit_code = ReadSettings(argc, argv, &settings)) return *exit_code;
  platform::KeepMemorySmall();
  platform::LockMemory();
  std::signal(SIGPIPE, SIG_IGN);
  platform::StopSignal stop;  // before any thread: it blocks the signals it waits for
  crypto::StartCrypto();
  return Serve(settings, stop);
}
