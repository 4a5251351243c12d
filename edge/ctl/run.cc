// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/run.h"

#include <cstdlib>
#include <cstring>

#include "edge/ctl/render.h"
#include "edge/ctl/rotate_key.h"
#include "edge/ctl/session_file.h"
#include "edge/ctl/terminal.h"
#include "edge/ctl/words.h"
#include "platform/files.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;
using platform::Result;
using platform::Status;

constexpr uint64_t kMaxUpload = 64 * 1024 * 1024;  // as the fleet server's own limit

bool NeedsSession(const std::string& method) {
  return method == "node.lookup" || method == "node.attend" || method == "node.sign-out" || method.starts_with("node.alerts");
}
bool NeedsPin(const Command& command) {
  if (command.method == "fleet.audit") return command.arguments.contains("auditor");
  return command.method == "node.sign-in" || command.method == "fleet.staff.add";
}

int Fail(const Surroundings& around, const Status& failure) {
  PrintError(*around.err, failure.message());
  return sync::ExitCodeFor(failure.code());
}

// --session, then CPIS_SESSION, then what sign-in kept.
Result<std::string> FindSession(const Command& command) {
  if (!command.session.empty()) return command.session;
  const char* from_environment = std::getenv("CPIS_SESSION");
  if (from_environment && *from_environment) return std::string(from_environment);
  const auto file = SessionFile::For(command.state);
  if (file.ok()) {
    Result<std::string> kept = file->Load();
    if (kept.ok()) return kept;
  }
  return platform::Denied("not signed in (cpisctl node sign-in --staff ID)");
}

Result<std::string> FindPin(const Command& command, const Surroundings& around) {
  if (command.pin_from_stdin) return around.pin_from_stdin();
  CPIS_ASSIGN(std::string pin, around.ask_pin("PIN: "));
  if (command.method == "fleet.staff.add") {
    CPIS_ASSIGN(const std::string again, around.ask_pin("PIN again: "));
    if (again != pin) return platform::Invalid("the two PINs differ (nothing was added)");
  }
  return pin;
}

Status Complete(Command& command, const Surroundings& around) {
  if (command.method == "node.wipe" && !command.arguments.contains("yes")) {
    return platform::Invalid("wiping erases this vehicle's keys and rows for good (to do it: cpisctl node wipe --yes)");
  }
  if (NeedsSession(command.method)) {
    // A lookup goes out without a session too: a node that is not enrolled can only say that, and says it to everyone.
    Result<std::string> token = FindSession(command);
    if (!token.ok() && command.method != "node.lookup") return token.status();
    command.arguments["token"] = token.ok() ? *token : "";
  }
  if (NeedsPin(command)) {
    CPIS_ASSIGN(const std::string pin, FindPin(command, around));
    command.arguments["pin"] = pin;
  }
  return Status::Ok();
}

// Calls once. Gives the daemon's line and, in `answer`, what it says; `answer` is null after a failure.
sync::LocalAnswer Call(const Command& command, const sync::LocalCall& call, const Surroundings& around, json::value* answer) {
  sync::LocalAnswer reply;
  {
    ProgressBar bar(*around.err, around.err_is_terminal);
    reply = around.call(command.Socket(), call,
                        [&bar](std::string_view what, uint64_t done, uint64_t total) { bar.Show(what, done, total); });
  }
  if (reply.failure.code != platform::Code::kOk) return reply;
  json::error_code error;
  *answer = json::parse(reply.json, error);
  if (error) reply.failure = {platform::Code::kInternal, "the daemon's answer is not JSON (is cpisctl of the same version?)", 1};
  return reply;
}

int Fail(const Surroundings& around, const sync::LocalFailure& failure) {
  PrintError(*around.err, failure.message);
  return failure.exit_code == 0 ? 1 : failure.exit_code;
}

// Calls once, prints the answer, and gives the exit code; `answer` is null after a failure.
int CallAndPrint(const Command& command, const sync::LocalCall& call, const Surroundings& around, json::value* answer) {
  const sync::LocalAnswer reply = Call(command, call, around, answer);
  if (reply.failure.code != platform::Code::kOk) return Fail(around, reply.failure);
  *around.out << (command.json ? reply.json + "\n" : Render(command.method, *answer)) << std::flush;
  return ExitCodeOf(command.method, *answer);
}

// What the fleet server says of the number; null when it cannot be asked.
json::value Resolve(const Command& command, const Surroundings& around) {
  json::object arguments = command.arguments;
  arguments.erase("local");
  json::value answer;
  const sync::LocalAnswer reply = Call(command, {"node.resolve", json::serialize(arguments), {}}, around, &answer);
  return reply.failure.code == platform::Code::kOk ? answer : json::value();
}

// People see what the vehicle knows before the fleet server is asked; scripts get one document, of the last word.
int LookUp(const Command& command, const Surroundings& around) {
  json::value local;
  const sync::LocalAnswer reply = Call(command, {command.method, json::serialize(command.arguments), {}}, around, &local);
  if (reply.failure.code != platform::Code::kOk) return Fail(around, reply.failure);
  if (!command.json) *around.out << Render(command.method, local) << std::flush;

  const bool ask = IsTrue(local, "resolvable");
  json::value resolved = ask ? Resolve(command, around) : json::value();
  const bool answered = resolved.is_object();
  json::value& last = answered ? resolved : local;
  if (command.json) {
    if (last.is_object()) last.as_object()["resolved"] = answered;
    if (answered) last.as_object()["before"] = Text(local, "outcome");
    *around.out << json::serialize(last) << "\n";
  } else if (answered) {
    *around.out << "\nThe fleet server says now:\n" << Render(command.method, resolved);
  } else if (ask) {
    *around.out << "The fleet server could not be asked just now: the answer above stands.\n";
  }
  *around.out << std::flush;
  return ExitCodeOf(command.method, last);
}

// A session that cannot be kept is still given: by --json it can be carried along.
int KeepSession(const Command& command, const json::value& answer, const Surroundings& around) {
  auto file = SessionFile::For(command.state);
  const Status kept = file.ok() ? file->Save(Text(answer, "token")) : file.status();
  if (kept.ok() || command.json) return 0;
  return Fail(around, kept);
}

// How bad an exit code is when several files are loaded: all, in part, not, no daemon.
int Severity(int exit_code) {
  switch (exit_code) {
    case 0:
      return 0;
    case 5:
      return 1;
    case 1:
      return 2;
    default:
      return 3;
  }
}

int Import(const Command& command, const Surroundings& around) {
  int worst = 0;
  for (const std::string& name : command.files) {
    int exit_code = 0;
    const std::filesystem::path file(name);
    Result<platform::Bytes> bytes = platform::ReadFile(file, kMaxUpload);
    if (!bytes.ok()) {
      exit_code = Fail(around, bytes.status());
    } else {
      json::object arguments{{"name", file.filename().string()}, {"release", IsTrue(command.arguments, "release")}};
      json::value answer;
      exit_code =
          CallAndPrint(command, {command.method, json::serialize(arguments), *std::move(bytes)}, around, &answer);
      if (const std::string why = Text(answer, "detail"); !why.empty()) PrintError(*around.err, name + ": " + why);
    }
    if (Severity(exit_code) > Severity(worst)) worst = exit_code;
    if (exit_code == sync::ExitCodeFor(platform::Code::kUnavailable))
      break;  // no daemon: the others would fare no better
  }
  return worst;
}

}  // namespace

void PrintError(std::ostream& err, const std::string& message) {
  std::string line = message;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  err << "cpisctl: " << line << std::endl;
}

int Run(Command command, const Surroundings& around) {
  if (command.method == "fleet.init") {
    const Result<int> exit_code = around.init_fleet(command);
    return exit_code.ok() ? *exit_code : Fail(around, exit_code.status());
  }
  if (command.method == "fleet.import") return Import(command, around);
  if (command.method == "fleet.keys.rotate") return RotateKey(command, around);
  if (const Status complete = Complete(command, around); !complete.ok()) return Fail(around, complete);

  if (command.method == "node.lookup") return LookUp(command, around);

  sync::LocalCall call{command.method, json::serialize(command.arguments), {}};
  json::value answer;
  const int exit_code = CallAndPrint(command, call, around, &answer);
  ::explicit_bzero(call.json.data(), call.json.size());  // it may hold a PIN
  if (exit_code != 0) return exit_code;
  if (command.method == "node.sign-in") return KeepSession(command, answer, around);
  if (command.method == "node.sign-out" || command.method == "node.wipe") {
    if (const auto file = SessionFile::For(command.state); file.ok()) file->Forget();
  }
  return 0;
}

}  // namespace cpis::edge::ctl
