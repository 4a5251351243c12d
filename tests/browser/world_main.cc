// SPDX-License-Identifier: Apache-2.0
//
// The ambulance of the end-to-end tests (e2e/world.h) for tests that are not C++: prints one JSON line when it stands, then obeys one
// JSON array a line, ["VERB", …], and answers each with one JSON line, {"error":…} when it could not. Ends with its input.
#include <boost/json.hpp>
#include <functional>
#include <iostream>
#include <map>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

// What Ambulance holds, and a child whose authority this vehicle does not hold.
class World {
 public:
  explicit World(Arguments options) : options_(std::move(options)) {
    AuthorityFile cumbria(Cumbria(), "CUMBRIA-001");
    Expect(ambulance_.fleet.Imports(cumbria.Protects(Elsewhere(), Day(-50))));
    ambulance_.vehicle->KeepsPort();
    if (!options_.empty()) Restarts(options_);
    if (!ambulance_.vehicle->CatchesUp()) throw std::runtime_error("the vehicle does not catch up");
  }

  json::object Stands() {
    const json::object staff{{"sam", json::object{{"id", kSam}, {"pin", kSamsPin}}}, {"alex", json::object{{"id", kAlex}, {"pin", kAlexsPin}}}};
    const json::object people{{"protected", Ambulance::Protected()},   {"ended", Ambulance::Ended()},
                              {"expecting", Ambulance::Expecting()},   {"inTwoFiles", Ambulance::InTwoFiles()},
                              {"lookedAfter", Ambulance::LookedAfter()}, {"unknown", Ambulance::Unknown()},
                              {"elsewhere", Elsewhere()},              {"later", NhsNumber(150)}};
    return {{"vehicle", ambulance_.vehicle->daemon().ready()}, {"staff", staff}, {"people", people}};
  }

  json::value Obeys(const std::string& verb, const Arguments& rest) {
    const std::map<std::string, std::function<json::value()>> verbs{
        {"loses-link", [&] { return ambulance_.vehicle->LosesLink(), json::object(); }},
        {"finds-link", [&] { return ambulance_.vehicle->FindsLink(), json::object(); }},
        {"holds-link", [&] { return ambulance_.vehicle->link().Hold(), json::object(); }},
        {"catches-up", [&] { return json::object{{"done", ambulance_.vehicle->CatchesUp()}}; }},
        {"kills", [&] { return ambulance_.vehicle->IsKilled(), json::object(); }},
        {"starts", [&] { return Restarts(rest.empty() ? options_ : rest), json::value(ambulance_.vehicle->daemon().ready()); }},
        {"protects", [&] { return Protects(rest.at(0)); }},
        {"widens-limits", [&] { return ambulance_.fleet.WidensLimits(), json::object(); }},
        {"number", [&] { return json::object{{"number", NhsNumber(std::stoul(rest.at(0)))}}; }},
        {"fleet", [&] { return Heard(ambulance_.fleet.Does(rest, Input())); }},
        {"node", [&] { return Heard(ambulance_.vehicle->Does(rest, Input())); }},
        {"input", [&] { return input_ = rest.at(0), json::object(); }},
    };
    const auto known = verbs.find(verb);
    if (known == verbs.end()) throw std::runtime_error("no verb \"" + verb + "\"");
    return known->second();
  }

 private:
  static std::string Elsewhere() { return NhsNumber(50); }
  static void Expect(const Output& output) {
    if (output.exit_code != 0) throw std::runtime_error(output.err + output.out);
  }
  static json::object Heard(const Output& output) {
    return {{"exit", output.exit_code}, {"out", output.out}, {"err", output.err}};
  }
  std::string Input() { return std::exchange(input_, {}); }

  void Restarts(const Arguments& options) {
    Vehicle& vehicle = *ambulance_.vehicle;
    if (!vehicle.daemon().ExitWithin(milliseconds(0))) vehicle.Stops();
    Arguments all{"--key-store", "plain"};
    all.insert(all.end(), options.begin(), options.end());
    vehicle.IsConfigured(std::move(all));
    vehicle.Starts();
  }
  // Lancashire says today that this child is on a plan.
  json::value Protects(const std::string& number) {
    AuthorityFile file(Lancashire(), "LANCS-" + std::to_string(++files_ + 100));
    return Heard(ambulance_.fleet.Imports(file.Protects(number, Day(-1))));
  }

  Ambulance ambulance_;
  Arguments options_;
  std::string input_;  // of the next command
  int files_ = 0;
};

void Say(const json::value& value) { std::cout << json::serialize(value) << std::endl; }

int Serve(Arguments options) {
  World world(std::move(options));
  Say(world.Stands());
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const json::value said = json::parse(line);
      Arguments words;
      for (const json::value& word : said.as_array()) words.emplace_back(word.as_string());
      const std::string verb = words.at(0);
      words.erase(words.begin());
      Say(world.Obeys(verb, words));
    } catch (const std::exception& failure) {
      Say(json::object{{"error", failure.what()}});
    }
  }
  return 0;
}

}  // namespace
}  // namespace cpis::e2e

int main(int argc, char** argv) {
  try {
    return cpis::e2e::Serve({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::cerr << "world: " << failure.what() << "\n";
    return 1;
  }
}
