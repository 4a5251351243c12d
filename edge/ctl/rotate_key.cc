// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/rotate_key.h"

#include <chrono>
#include <thread>

#include "edge/ctl/render.h"
#include "edge/ctl/words.h"
#include "platform/files.h"
#include "sync/manifest.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;
using platform::Bytes;
using platform::Result;
using platform::Status;

constexpr auto kBackAgain = std::chrono::seconds(30);     // a server with a large register reads all of it when it starts
constexpr auto kAskAgain = std::chrono::milliseconds(100);
constexpr uint64_t kMostKeyBytes = 1024;
constexpr uint64_t kMostAppointmentBytes = 4096;

// Beside a root key that replaced another: the key set that named it.
std::string AppointmentOf(const std::string& root_file) { return root_file + ".appointed"; }

Result<crypto::SigningKey> ReadRoot(const std::string& file) {
  CPIS_ASSIGN(Bytes raw, platform::ReadFile(file, kMostKeyBytes));
  auto key = crypto::SigningKeyFromSecret(crypto::Secret::Copy(raw));
  crypto::Wipe(raw);
  if (!key.ok()) return platform::Invalid("\"" + file + "\" is no root key (it is the root.key that \"fleet init\" made)");
  return key;
}

// Written before anything names it: a root that nobody has would be the end of all changes of keys.
Result<crypto::SigningKey> MakeRoot(const std::string& file) {
  if (file.empty()) return platform::Invalid("a new root key needs a place (try --new-root /media/usb/root.key)");
  if (std::filesystem::exists(file)) return platform::Invalid("\"" + file + "\" is there already (choose another --new-root)");
  crypto::SigningKey key = crypto::NewSigningKey();
  CPIS_TRY(platform::WriteFileDurably(file, key.secret.Reveal()));
  return key;
}

Result<json::value> Ask(const Command& command, const Surroundings& around, const sync::LocalCall& call) {
  const sync::LocalAnswer reply = around.call(command.Socket(), call, {});
  if (reply.failure.code != platform::Code::kOk) return Status(reply.failure.code, reply.failure.message);
  json::error_code error;
  json::value answer = json::parse(reply.json, error);
  if (error) return platform::Internal("the daemon's answer is not JSON (is cpisctl of the same version?)");
  return answer;
}

Result<sync::KeySet> ReadProposal(const json::value& proposal) {
  sync::KeySet next;
  next.version = static_cast<uint32_t>(Number(proposal, "version"));
  const std::pair<std::string_view, Bytes*> fields[] = {{"content", &next.content}, {"freshness", &next.freshness},
                                                        {"policy", &next.policy},   {"box", &next.fleet_box},
                                                        {"root", &next.root}};
  for (const auto& [name, key] : fields) {
    CPIS_ASSIGN(*key, platform::ParseBase64Url(Text(proposal, name)));
    if (key->size() != 32) return platform::Corrupt("the proposed key set has no " + std::string(name) + " key");
  }
  return next;
}

// The present key set, as this root signed it; or, where it is new, as its predecessor did when it was appointed here.
Result<sync::KeySet> ReadPresent(const json::value& proposal, const crypto::SigningKey& root, const std::string& root_file) {
  CPIS_ASSIGN(const Bytes present, platform::ParseBase64Url(Text(proposal, "present")));
  if (auto ours = sync::DecodeKeySet(present, root.public_key); ours.ok()) return ours;
  const auto appointed = platform::ReadFile(AppointmentOf(root_file), kMostAppointmentBytes);
  CPIS_ASSIGN(const Bytes signer, platform::ParseBase64Url(Text(proposal, "signed_by")));
  if (appointed.ok() && *appointed == present) return sync::DecodeKeySet(present, signer);
  return platform::Denied("\"" + root_file + "\" is not what the fleet's present keys are signed with (is --root the right file, with "
                          "the .appointed that was made with it beside it?)");
}

// Root vouches for what was asked for and for nothing else: a server that was taken over must not get another key signed with it.
Status CheckProposal(const sync::KeySet& next, sync::KeySet present, std::string_view which, const json::object& wanted) {
  ++present.version;
  if (which == "content") present.content = next.content;
  if (which == "freshness") present.freshness = next.freshness;
  if (which == "policy") present.policy = next.policy;
  if (which == "box") present.fleet_box = next.fleet_box;
  if (which == "root") {
    CPIS_ASSIGN(present.root, platform::ParseBase64Url(Text(wanted, "new_root")));
  }
  if (next == present) return Status::Ok();
  return platform::Denied("the server proposes more than another " + std::string(which) + " key: nothing was signed");
}

Result<json::value> AwaitVersion(const Command& command, const Surroundings& around, int64_t version) {
  for (const auto end = std::chrono::steady_clock::now() + kBackAgain; std::chrono::steady_clock::now() < end;) {
    const auto shown = Ask(command, around, {"fleet.keys.show", "{}", {}});
    if (shown.ok() && Number(*shown, "version") >= version) return *shown;
    std::this_thread::sleep_for(kAskAgain);
  }
  return platform::Unavailable("the new key set is kept, but the server is not back yet (see its log)");
}

Result<json::value> Rotate(const Command& command, const Surroundings& around) {
  const json::value typed = command.arguments;
  const std::string which = Text(typed, "key");
  CPIS_ASSIGN(const crypto::SigningKey root, ReadRoot(Text(typed, "root_file")));
  json::object wanted{{"key", which}};
  if (which == "root") {
    CPIS_ASSIGN(const crypto::SigningKey next, MakeRoot(Text(typed, "new_root_file")));
    wanted["new_root"] = platform::Base64Url(next.public_key);
  }
  CPIS_ASSIGN(const json::value proposal, Ask(command, around, {"fleet.keys.propose", json::serialize(wanted), {}}));
  CPIS_ASSIGN(const sync::KeySet next, ReadProposal(proposal));
  CPIS_ASSIGN(sync::KeySet present, ReadPresent(proposal, root, Text(typed, "root_file")));
  CPIS_TRY(CheckProposal(next, std::move(present), which, wanted));
  const Bytes signed_next = sync::EncodeKeySet(next, root);
  if (which == "root") CPIS_TRY(platform::WriteFileDurably(AppointmentOf(Text(typed, "new_root_file")), signed_next));
  CPIS_TRY(Ask(command, around, {"fleet.keys.adopt", "{}", signed_next}).status());
  return AwaitVersion(command, around, next.version);
}

}  // namespace

int RotateKey(const Command& command, const Surroundings& around) {
  const auto shown = Rotate(command, around);
  if (!shown.ok()) {
    PrintError(*around.err, shown.status().message());
    return sync::ExitCodeFor(shown.status().code());
  }
  *around.out << (command.json ? json::serialize(*shown) + "\n" : Render("fleet.keys.show", *shown)) << std::flush;
  return 0;
}

}  // namespace cpis::edge::ctl
