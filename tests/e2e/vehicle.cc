// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <stdexcept>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

Said Heard(const Output& output) {
  boost::system::error_code error;
  const json::value value = json::parse(output.out, error);
  return {output.exit_code, !error && value.is_object() ? value.as_object() : json::object(), output.err};
}

}  // namespace

std::string Said::Text(const char* key) const {
  const json::value* value = json.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

Said Crew::Does(Arguments arguments) const { return Heard(vehicle_.Does(std::move(arguments), "", session_)); }

Said Crew::LooksUp(const std::string& number, const Arguments& more) const {
  Arguments arguments{"lookup", number};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Does(std::move(arguments));
}

Said Crew::Attends(const std::string& number, const std::string& incident, const Arguments& more) const {
  Arguments arguments{"attend", number, "--incident", incident};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Does(std::move(arguments));
}

Vehicle::Vehicle(Fleet& fleet, std::string name, std::unique_ptr<Relay> link, Arguments options)
    : fleet_(fleet), name_(std::move(name)), link_(std::move(link)), options_(std::move(options)) {
  if (options_.empty()) options_ = {"--key-store", "plain"};
}

std::unique_ptr<Daemon> Vehicle::Launch() const {
  Arguments arguments{Program("cpis-edged"), "--state", state().string(), "--http", port_};
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  return std::make_unique<Daemon>(std::move(arguments), log());
}

void Vehicle::Adopt(std::unique_ptr<Daemon> daemon) {
  daemon_ = std::move(daemon);
  if (!daemon_->BecomesReady()) throw std::runtime_error(name_ + " does not come up");
}

void Vehicle::Starts() { Adopt(Launch()); }
void Vehicle::IsKilled() { daemon_->Kill(); }

int Vehicle::Stops() {
  daemon_->Signal(SIGTERM);
  return daemon_->ExitWithin(seconds(5)).value_or(-1);
}

Output Vehicle::Does(Arguments arguments, const std::string& input, const std::string& session) const {
  arguments.insert(arguments.begin(), {Program("cpisctl"), "node"});
  arguments.insert(arguments.end(), {"--state", state().string(), "--json"});
  const std::string home = fleet_.directory().string();
  std::vector<std::string> environment{"HOME=" + home, "XDG_RUNTIME_DIR=" + home};
  if (!session.empty()) environment.push_back("CPIS_SESSION=" + session);
  return Run({std::move(arguments), input, std::move(environment)});
}

Output Vehicle::Enrols(const std::string& code) const {
  return Does({"enrol", "--server", fleet_.enrol_address(), "--code", code});
}

bool Vehicle::CatchesUp() const {
  return Eventually([&] { return Does({"sync", "--wait"}).exit_code == 0; }, seconds(30));
}

Output Vehicle::TriesToSignIn(const std::string& id, const std::string& pin) const {
  return Does({"sign-in", "--staff", id, "--pin-stdin"}, pin + "\n");
}

Crew Vehicle::SignsIn(const std::string& id, const std::string& pin) const {
  const Output signed_in = TriesToSignIn(id, pin);
  if (signed_in.exit_code != 0) throw std::runtime_error("sign-in: " + signed_in.err);
  return {*this, Text(signed_in.Json().at("token"))};
}

json::object Vehicle::Status() const { return Does({"status"}).Json().as_object(); }

json::object Vehicle::Partition(const std::string& code) const {
  const json::object status = Status();
  for (const auto& held : status.at("region").as_array()) {
    if (held.at("code").as_string() == code) return held.as_object();
  }
  return {};
}

int64_t Vehicle::SequenceOf(const std::string& partition) const {
  const json::object held = Partition(partition);
  return held.empty() ? -1 : held.at("sequence").to_number<int64_t>();
}

int64_t Vehicle::Waiting() const {
  return Status().at("journal").at("attendances_waiting").to_number<int64_t>();
}

bool Vehicle::Verifies() const {
  const Output verified = Does({"verify"});
  if (verified.exit_code != 0) return false;
  const json::array topics = verified.Json().as_array();
  for (const auto& topic : topics) {
    if (!topic.at("matches").as_bool()) return false;
  }
  return !topics.empty();
}

std::string Vehicle::http() const { return Text(daemon_->ready().at("http")); }
Path Vehicle::state() const { return fleet_.directory() / name_; }
Path Vehicle::log() const { return fleet_.directory() / (name_ + "-node"); }

Ambulance::Ambulance() {
  AuthorityFile lancashire(Lancashire(), "LANCS-001");
  lancashire.Protects(Protected(), Day(-200)).Protects(Ended(), Day(-400), Day(-30));
  lancashire.Expects(Expecting(), Day(-60), Day(60)).Protects(InTwoFiles(), Day(-100));
  AuthorityFile halton(Halton(), "HALTON-001");
  halton.LooksAfter(InTwoFiles(), Day(-90)).LooksAfter(LookedAfter(), Day(-300));
  for (const auto* file : {&lancashire, &halton}) {
    const Output imported = fleet.Imports(*file);
    if (imported.exit_code != 0) throw std::runtime_error("import: " + imported.err + imported.out);
  }
  fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
  fleet.Hires(kAlex, "Mr Alex Quiet", kAlexsPin, "B0170");
  vehicle = fleet.Equips("A101", Lancashire().code + "," + Halton().code);
}

}  // namespace cpis::e2e
