// SPDX-License-Identifier: Apache-2.0
//
// cpis-edged: the node daemon. Reads its configuration, opens the node, serves the unix socket and HTTP, waits for
// SIGTERM.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>

#include "crypto/lan_names.h"
#include "crypto/secret.h"
#include "edge/http/lan_listener.h"
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
  std::string lan{};                        // empty: no LAN is served
  std::vector<std::string> lan_names{};
  std::vector<std::string> allow_origins{};
};

// One line on stderr for the person who started us; the log is for what happens later.
int Refuse(int exit_code, const std::string& why) {
  std::cerr << "cpis-edged: " << why << std::endl;
  return exit_code;
}

// "a" or ["a", "b"].
bool ReadTexts(const toml::node& value, std::vector<std::string>* texts) {
  texts->clear();
  if (const auto one = value.value<std::string>(); one && value.is_string()) texts->push_back(*one);
  if (value.is_string()) return true;
  if (!value.is_array()) return false;
  for (const toml::node& item : *value.as_array()) {
    const auto text = item.value<std::string>();
    if (!item.is_string() || !text) return false;
    texts->push_back(*text);
  }
  return true;
}

// Keys of the file are the flags' names, and flags win over it; what is not one of them is an error, because a misspelt limit must
// not be ignored.
Status ReadConfig(const std::string& file, const CLI::App& flags, Settings* settings) {
  const std::map<std::string_view, std::string*> texts{
      {"state", &settings->state}, {"http", &settings->http}, {"key-store", &settings->key_store}, {"lan", &settings->lan}};
  const std::map<std::string_view, std::vector<std::string>*> lists{{"lan-name", &settings->lan_names},
                                                                    {"allow-origin", &settings->allow_origins}};
  const toml::parse_result parsed = toml::parse_file(file);
  const std::string where = "config \"" + file + "\"";
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return platform::Invalid(where + " line " + std::to_string(at.line) + ": " + std::string(parsed.error().description()));
  }
  for (const auto& [key, value] : parsed.table()) {
    const std::string name(key.str());
    const auto text = texts.find(name);
    const auto list = lists.find(name);
    std::vector<std::string> read;
    if (text == texts.end() && list == lists.end()) {
      return platform::Invalid(where + ": unknown key \"" + name + "\" (there are state, http, key-store, lan, lan-name and allow-origin)");
    }
    if (!ReadTexts(value, &read) || (list == lists.end() && !value.is_string())) {
      return platform::Invalid(where + ": \"" + name + "\" must be a string" + (list == lists.end() ? "" : ", or a list of strings"));
    }
    if (flags.count("--" + name) > 0) continue;
    if (list == lists.end()) *text->second = read.front();
    if (list != lists.end()) *list->second = std::move(read);
  }
  return Status::Ok();
}

// Gives the exit code when there is nothing to run.
std::optional<int> ReadSettings(int argc, char** argv, Settings* settings) {
  CLI::App app{"The CP-IS edge node: answers in the vehicle, with or without a connection.", "cpis-edged"};
  std::string config;
  app.add_option("--config", config, "TOML file with the same keys");
  app.add_option("--state", settings->state, "state directory (/var/lib/cpis-edge)");
  app.add_option("--http", settings->http, "HOST:PORT of the FHIR API (127.0.0.1:8750; port 0 picks one)");
  app.add_option("--key-store", settings->key_store, "auto, tpm2, systemd-creds, passphrase-file:PATH or plain (auto)");
  app.add_option("--lan", settings->lan, "HOST:PORT of the vehicle's LAN, for paired tablets, over TLS (none)");
  app.add_option("--lan-name", settings->lan_names, "what tablets call the vehicle there; once or more");
  app.add_option("--allow-origin", settings->allow_origins, "of web applications that may ask, as in https://epcr.example; once or more");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return 0;
  } catch (const CLI::Error& error) {
    return Refuse(kExitUsage, std::string(error.what()) + " (see cpis-edged --help)");
  }
  if (config.empty()) return std::nullopt;
  if (const Status read = ReadConfig(config, app, settings); !read.ok()) return Refuse(kExitConfiguration, read.message());
  return std::nullopt;
}

int ExitCodeOfStart(const Status& failure) {
  const bool configuration = failure.code() == platform::Code::kInvalid || failure.code() == platform::Code::kDenied;
  return configuration ? kExitConfiguration : kExitFailed;
}

// The names that the vehicle is to have on its LAN: those asked for, and the address served on. Nothing without --lan.
Result<std::optional<std::vector<std::string>>> LanNames(const Settings& settings) {
  std::optional<std::vector<std::string>> names;
  if (settings.lan.empty()) return names;
  std::string host;
  uint16_t port = 0;
  CPIS_TRY(platform::ParseHostPort(settings.lan, 0, &host, &port).In("--lan"));
  std::vector<std::string> wanted = settings.lan_names;
  if (host != "0.0.0.0" && host != "::") wanted.insert(wanted.begin(), host);
  names.emplace();
  for (const std::string& name : wanted) {
    CPIS_ASSIGN(const crypto::LanName parsed, crypto::ParseLanName(name));
    if (std::find(names->begin(), names->end(), parsed.text) == names->end()) names->push_back(parsed.text);
  }
  return names;
}

// Plain HTTP carries numbers and PINs: it must not leave the machine.
Status CheckHttp(const std::string& listen) {
  if (edge::http::IsLoopback(listen)) return Status::Ok();
  return platform::Invalid("--http \"" + listen +
                           "\" is not this machine's own (plain HTTP stays on 127.0.0.1; for tablets on the vehicle's LAN use --lan " +
                           listen + ")");
}

void SayReady(const edge::NodeStatus& status, const std::string& address, const std::string& lan, const std::filesystem::path& socket) {
  boost::json::object ready{
      {"ready", true},
      {"http", address},
      {"listen", address},
      {"socket", socket.string()},
      {"enrolled", status.enrolled},
      {"key_store", boost::json::object{{"kind", status.key_store_kind}, {"hardware_bound", status.hardware_bound}}}};
  if (!lan.empty()) ready["lan"] = lan;
  std::cout << boost::json::serialize(ready) << std::endl;
}

int Serve(const Settings& settings, platform::StopSignal& stop) {
  edge::Node::Options options;
  options.state = settings.state;
  options.key_store = settings.key_store;
  if (const Status plain = CheckHttp(settings.http); !plain.ok()) return Refuse(kExitConfiguration, plain.message());
  auto lan_names = LanNames(settings);
  if (!lan_names.ok()) return Refuse(kExitConfiguration, lan_names.status().message());
  options.lan = *std::move(lan_names);
  auto origins = edge::http::Origins::Parse(settings.allow_origins);
  if (!origins.ok()) return Refuse(kExitConfiguration, origins.status().message());
  Result<std::unique_ptr<edge::Node>> opened = edge::Node::Open(std::move(options));
  if (!opened.ok()) return Refuse(ExitCodeOfStart(opened.status()), opened.status().message());
  edge::Node& node = **opened;

  const std::filesystem::path socket = std::filesystem::path(settings.state) / "edged.sock";
  const auto local =
      sync::LocalServer::Start(socket, [&node](const sync::LocalCall& call, const sync::LocalProgress& progress) {
        return edge::HandleLocal(node, call, progress);
      });
  if (!local.ok()) return Refuse(ExitCodeOfStart(local.status()), local.status().message());

  edge::http::Gate gate(*origins);
  const edge::http::Service service(node, gate);
  platform::HttpServer::Options http;
  http.listen = settings.http;
  http.threads = edge::kHttpThreads;
  http.max_connections = edge::kHttpConnections;
  http.max_body = edge::kHttpBody;
  http.quick = edge::http::Service::IsQuick;
  const auto server = platform::HttpServer::Start(
      std::move(http), [&service](const platform::HttpRequest& request) { return service.Answer(request); },
      edge::http::Refuse);
  if (!server.ok()) return Refuse(ExitCodeOfStart(server.status()), server.status().message());

  std::unique_ptr<edge::http::LanListener> lan;
  if (!settings.lan.empty()) {
    auto started = edge::http::LanListener::Start(node, settings.lan, *origins);
    if (!started.ok()) return Refuse(ExitCodeOfStart(started.status()), started.status().message());
    lan = *std::move(started);
  }

  const edge::NodeStatus status = node.GetStatus();
  if (!status.hardware_bound) {
    platform::LogWarning("node", "key store " + status.key_store_kind + " is NOT HARDWARE BOUND (see cpisctl node doctor)");
  }
  SayReady(status, (*server)->Address(), lan ? lan->Address() : "", socket);
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
