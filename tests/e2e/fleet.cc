// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

void PrintEndOf(const Path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::cerr << "--- " << file.filename().string() << " ---\n";
  for (size_t i = lines.size() > 20 ? lines.size() - 20 : 0; i < lines.size(); ++i) std::cerr << lines[i] << "\n";
}

}  // namespace

Fleet::Fleet(Arguments key_store)
    : key_store_(std::move(key_store)), first_link_(std::make_unique<Relay>([this] { return sync_port_.load(); })) {
  Arguments init{Program("cpisctl"), "fleet", "init", "--state", state().string(), "--trust", "RX7", "--name",
                 "North West Ambulance Service NHS Trust"};
  init.insert(init.end(), key_store_.begin(), key_store_.end());
  const Output made = Run({std::move(init), "", {}});
  if (made.exit_code != 0) throw std::runtime_error("fleet init: " + made.err);
  advertised_ = first_link_->port();
  Starts();
}

Fleet::~Fleet() {
  if (std::uncaught_exceptions() == 0) return;
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    if (entry.path().extension() == ".err") PrintEndOf(entry.path());
  }
}

std::unique_ptr<Daemon> Fleet::Launch() {
  Arguments arguments{Program("cpis-fleetd"), "--state", state().string(), "--listen", "127.0.0.1:0", "--enrol-listen",
                      "127.0.0.1:0", "--http", "127.0.0.1:0", "--advertise", "127.0.0.1:" + std::to_string(advertised_)};
  arguments.insert(arguments.end(), key_store_.begin(), key_store_.end());
  return std::make_unique<Daemon>(std::move(arguments), directory() / "fleet-server");
}

void Fleet::Adopt(std::unique_ptr<Daemon> daemon) {
  daemon_ = std::move(daemon);
  if (!daemon_->BecomesReady()) throw std::runtime_error("the fleet server does not come up");
  enrol_address_ = Text(daemon_->ready().at("enrol_listen"));
  sync_port_ = PortOf(Text(daemon_->ready().at("listen")));
}

void Fleet::Starts() { Adopt(Launch()); }

void Fleet::IsKilled() {
  sync_port_ = 0;
  daemon_->Kill();
}

int Fleet::Stops() {
  sync_port_ = 0;
  daemon_->Signal(SIGTERM);
  return daemon_->ExitWithin(seconds(5)).value_or(-1);
}

// What nodes are told at enrolment is an option of the daemon: a link for each vehicle takes a restart for each.
void Fleet::Advertises(uint16_t port) {
  if (port == advertised_) return;
  advertised_ = port;
  Stops();
  Starts();
}

Output Fleet::Does(Arguments arguments, const std::string& input) const {
  arguments.insert(arguments.begin(), {Program("cpisctl"), "fleet"});
  arguments.insert(arguments.end(), {"--state", state().string(), "--json"});
  return Run({std::move(arguments), input, {"HOME=" + directory().string()}});
}

Output Fleet::ImportsText(const std::string& id, const std::string& xml) const {
  const Path file = directory() / (id + ".xml");
  std::ofstream(file) << xml;
  return Does({"import", file.string()});
}

Output Fleet::Imports(const AuthorityFile& file) const { return ImportsText(file.id(), file.Xml()); }

void Fleet::Hires(const std::string& id, const std::string& name, const std::string& pin, const std::string& right) {
  const Output hired =
      Does({"staff", "add", "--id", id, "--name", name, "--role", "R1070", "--right", right, "--pin-stdin"}, pin + "\n");
  if (hired.exit_code != 0) throw std::runtime_error("staff add: " + hired.err);
}

void Fleet::WidensLimits() {
  for (const char* wide : {"looks_per_hour_person=10000", "looks_per_day_person=100000", "looks_per_hour_node=10000",
                           "looks_per_day_node=100000", "misses_per_hour_person=10000"}) {
    Sets(wide);
  }
}

void Fleet::Sets(const std::string& setting) {
  const Output set = Does({"policy", "set", setting});
  if (set.exit_code != 0) throw std::runtime_error("policy set: " + set.err);
}

std::string Fleet::IssuesCode(const std::string& name, const std::string& region) const {
  const Output added = Does({"node", "add", name, "--region", region});
  if (added.exit_code != 0) throw std::runtime_error("node add: " + added.err);
  return Text(added.Json().at("code"));
}

std::unique_ptr<Vehicle> Fleet::Delivers(const std::string& name, Arguments options) {
  auto link = std::move(first_link_);
  if (link == nullptr) link = std::make_unique<Relay>([this] { return sync_port_.load(); });
  Advertises(link->port());
  auto vehicle = std::make_unique<Vehicle>(*this, name, std::move(link), std::move(options));
  vehicle->Starts();
  return vehicle;
}

std::unique_ptr<Vehicle> Fleet::Equips(const std::string& name, const std::string& region, Arguments options) {
  auto vehicle = Delivers(name, std::move(options));
  const Output enrolled = vehicle->Enrols(IssuesCode(name, region));
  if (enrolled.exit_code != 0) throw std::runtime_error("enrol: " + enrolled.err);
  if (!vehicle->CatchesUp()) throw std::runtime_error(name + " does not catch up");
  return vehicle;
}

json::object Fleet::Status() const { return Does({"status"}).Json().as_object(); }

json::array Fleet::Attendances() const { return Does({"attendances"}).Json().as_array(); }

json::array Fleet::AttendancesOf(const std::string& incident) const {
  json::array found;
  for (const auto& attendance : Attendances()) {
    if (attendance.at("incident").as_string() == incident) found.push_back(attendance);
  }
  return found;
}

int64_t Fleet::SequenceOf(const std::string& partition) const {
  const json::object status = Status();
  for (const auto& p : status.at("partitions").as_array()) {
    if (p.at("code").as_string() == partition) return p.at("sequence").to_number<int64_t>();
  }
  return -1;
}

}  // namespace cpis::e2e
