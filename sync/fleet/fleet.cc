// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/fleet.h"

#include <algorithm>

#include "crypto/key_stores.h"
#include "platform/log.h"
#include "sync/fleet/admin.h"
#include "sync/fleet/admin_record.h"
#include "sync/fleet/epochs.h"
#include "sync/fleet/expiry.h"
#include "sync/fleet/metrics.h"

namespace cpis::sync::fleet {
namespace {

using namespace std::chrono_literals;

constexpr auto kMailboxPoll = 500ms;   // a file must be there, and not grow, for one poll
constexpr auto kTick = 45s;            // manifests are promised at least every 60 s
constexpr auto kCodeCheck = 5s;        // how long the listener may outlive a code
constexpr auto kExpiry = 60s;         // plans go to the minute

}  // namespace

Status InitialiseFleet(const std::filesystem::path& state, const Trust& trust, std::string_view key_store) {
  const bool good_code = trust.code.size() >= 2 && trust.code.size() <= 16 &&
                         std::all_of(trust.code.begin(), trust.code.end(), [](unsigned char c) { return std::isalnum(c); });
  if (!good_code) return platform::Invalid("\"" + trust.code + "\" is not an ODS code (letters and digits, as in RX7)");
  if (trust.name.empty()) return platform::Invalid("the trust has no name (try --name \"North West Ambulance Service\")");
  CPIS_ASSIGN(const platform::StateLock lock, platform::StateLock::Take(state));
  CPIS_ASSIGN(const std::unique_ptr<platform::KeyStore> keys, crypto::OpenKeyStore(key_store, state));
  // The keys come last: they make a fleet of the directory, and are refused where there is one.
  if (!std::filesystem::exists(state / "keys")) CPIS_TRY(InitialiseStore(state, trust));
  return MakeFleetKeys(state, *keys, trust.name);
}

Result<std::unique_ptr<Fleet>> Fleet::Open(const FleetOptions& options) {
  if (!std::filesystem::exists(options.state / "keys")) {
    return platform::NotFound("\"" + options.state.string() +
                              "\" holds no fleet (run: cpisctl fleet init --state DIR --trust CODE --name NAME)");
  }
  CPIS_ASSIGN(platform::StateLock lock, platform::StateLock::Take(options.state));
  std::unique_ptr<Fleet> fleet(new Fleet(std::move(lock)));
  CPIS_TRY(fleet->Load(options));
  CPIS_TRY(fleet->Listen(options));
  fleet->housekeeper_ = std::thread([raw = fleet.get()] { raw->Housekeep(); });
  return fleet;
}

Status Fleet::Load(const FleetOptions& options) {
  state_ = options.state;
  start_anew_ = options.start_anew;
  CPIS_ASSIGN(key_store_, crypto::OpenKeyStore(options.key_store, options.state));
  CPIS_ASSIGN(keys_, LoadFleetKeys(options.state, *key_store_));
  key_rotation_ = std::make_unique<KeyRotation>(state_, keys_, *key_store_);
  if (RootKeyIsHere()) {
    platform::LogWarning("keys", "root.key lies in the state directory: whoever copies it can replace every key of the fleet "
                                 "(move it to removable media; only \"fleet keys rotate\" needs it)");
  }
  CPIS_ASSIGN(store_, Store::Open(options.state, keys_, platform::SystemClock()));
  CPIS_ASSIGN(mailbox_, Mailbox::Open(options.state, *store_));
  hub_ = std::make_unique<Hub>(keys_, platform::SystemClock(), store_->epoch());
  hub_->OnAhead([this](const Manifest& manifest) {
    std::lock_guard lock(mutex_);
    ahead_ = manifest;
    wake_.notify_all();
  });
  roll_ = std::make_unique<Roll>(*store_);
  auditors_ = std::make_unique<AuditorGate>([this] { return roll_->Staff(); }, platform::SystemClock());
  import_desk_ = std::make_unique<ImportDesk>(*store_, *mailbox_);
  attendance_desk_ = std::make_unique<AttendanceDesk>(*store_, *mailbox_);
  attendance_desk_->OnCutOff([this] {
    if (Status told = TellHub(); !told.ok()) platform::LogError("security", told.message());
  });
  resolve_desk_ = std::make_unique<ResolveDesk>(*store_);
  lan_desk_ = std::make_unique<LanDesk>(*store_);
  alert_desk_ = std::make_unique<AlertDesk>(*store_, *mailbox_);
  CPIS_TRY(mailbox_->WriteQueued());
  TidyUp();
  store_->OnBroken([this, broken = options.broken] {
    platform::LogError("store", "a commit failed: the server ends, to be started anew on what the disk really holds");
    if (broken) broken();
  });
  store_->OnPublished([this](const std::vector<TopicHead>& heads) {
    hub_->SetEpoch(store_->epoch());
    hub_->Update(heads);
  });
  CPIS_TRY(store_->Read([&](Store& store) -> Status {
    hub_->Update(store.publisher().Heads());
    return Status::Ok();
  }));
  return TellHub();
}

Status Fleet::Listen(const FleetOptions& options) {
  const auto erasures = [this](ByteView proof) -> Status {
    CPIS_TRY(roll_->RecordErasure(proof).status());
    return TellHub();
  };
  CPIS_ASSIGN(link_, LinkServer::Start(options.listen, *store_, *hub_, {*attendance_desk_, *resolve_desk_, erasures, lan_desk_.get()}));

  EnrolmentDesk::Options enrolment{options.enrol_listen, "", 0};
  std::string host;
  CPIS_TRY(platform::ParseHostPort(options.advertise.empty() ? link_->Address() : options.advertise, 0, &host,
                                   &enrolment.sync_port));
  if (!options.advertise.empty()) enrolment.sync_host = host;
  // The last code may have been used: the housekeeper closes the listener, for a listener cannot close itself.
  const auto enrolled = [this] {
    if (Status told = TellHub(); !told.ok()) platform::LogError("enrolment", told.message());
    std::lock_guard lock(mutex_);
    nodes_changed_ = true;
    wake_.notify_all();
  };
  CPIS_ASSIGN(enrolment_desk_, EnrolmentDesk::Open(std::move(enrolment), *store_, *roll_, enrolled));

  platform::HttpServer::Options http;
  http.listen = options.http;
  http.threads = 1;
  http.max_connections = 64;  // who asks for metrics is few
  CPIS_ASSIGN(http_, platform::HttpServer::Start(
                         std::move(http), [this](const platform::HttpRequest& request) { return Answer(request); },
                         [](int status, std::string_view why) {
                           return platform::HttpResponse{status, "text/plain; charset=utf-8", {}, std::string(why) + "\n"};
                         }));
  CPIS_ASSIGN(local_, LocalServer::Start(options.state / "fleetd.sock", Recorded(*store_, AdminMethods(*this))));
  return Status::Ok();
}

Fleet::~Fleet() {
  if (import_desk_) import_desk_->Stop();
  local_.reset();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (housekeeper_.joinable()) housekeeper_.join();
  http_.reset();
  enrolment_desk_.reset();
  link_.reset();
  if (store_) store_->OnPublished({});
}

Status Fleet::TellHub() {
  std::lock_guard lock(telling_);
  CPIS_ASSIGN(const std::vector<NodeRow> nodes, roll_->Nodes());
  hub_->SetNodes(nodes);
  return Status::Ok();
}

Status Fleet::NodesChanged() {
  CPIS_TRY(TellHub());
  return enrolment_desk_->Refresh();
}

Mailbox::Folder Fleet::TakeFromMailbox(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  auto incoming = Mailbox::Read(file);
  if (!incoming.ok()) {
    platform::LogError("mailbox", "a file could not be read and stays: " + incoming.status().message());
    return Mailbox::Folder::kIn;
  }
  // A file past the cap is answered like any other that cannot be read: as one file-level error.
  auto report = import_desk_->Import(incoming->content, {}, {.release = false, .taken = incoming->file});
  if (!report.ok()) {
    platform::LogError("mailbox", name + " could not be imported and stays: " + report.status().message());
    return Mailbox::Folder::kIn;
  }
  platform::LogInfo("mailbox", name + " imported: " + report->code);
  return report->code == "HELD" || report->code == "REFUSED" ? Mailbox::Folder::kHeld : Mailbox::Folder::kDone;
}

void Fleet::TidyUp() {
  if (Status removed = RemoveGonePlans(*store_); !removed.ok()) platform::LogError("expiry", removed.message());
  if (Status forgot = mailbox_->ForgetMissing(); !forgot.ok()) platform::LogError("mailbox", forgot.message());
}

void Fleet::ReturnIfAhead() {
  std::optional<Manifest> future;
  {
    std::lock_guard lock(mutex_);
    future.swap(ahead_);
  }
  if (!future) return;
  if (Status returned = ReturnFromBackup(*store_, *future); !returned.ok()) platform::LogError("epoch", returned.message());
}

void Fleet::Housekeep() {
  auto tick_due = std::chrono::steady_clock::now() + kTick;
  auto expiry_due = std::chrono::steady_clock::now() + kExpiry;
  auto codes_due = std::chrono::steady_clock::now() + kCodeCheck;
  for (;;) {
    bool refresh = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kMailboxPoll, [this] { return stopping_ || nodes_changed_ || ahead_; });
      if (stopping_) return;
      refresh = std::exchange(nodes_changed_, false);
    }
    ReturnIfAhead();
    const auto now = std::chrono::steady_clock::now();
    if (now >= codes_due) refresh = true;
    if (refresh) {
      codes_due = now + kCodeCheck;
      if (Status written = mailbox_->WriteQueued(); !written.ok()) platform::LogError("mailbox", written.message());
      if (Status refreshed = enrolment_desk_->Refresh(); !refreshed.ok()) platform::LogError("enrolment", refreshed.message());
    }
    if (now >= expiry_due) {
      expiry_due = now + kExpiry;
      TidyUp();
    }
    if (now >= tick_due) {
      tick_due = now + kTick;
      hub_->Tick();
    }
    if (Status judged = alert_desk_->JudgeDue(); !judged.ok()) platform::LogError("alerts", judged.message());
    mailbox_->Collect([this](const std::filesystem::path& file) { return TakeFromMailbox(file); });
  }
}

platform::HttpResponse Fleet::Answer(const platform::HttpRequest& request) {
  if (request.path == "/healthz") return {200, "text/plain; charset=utf-8", {}, "ok\n"};
  if (request.path == "/metrics") return {200, "text/plain; version=0.0.4", {}, MetricsText(*this)};
  return {404, "text/plain; charset=utf-8", {}, "here are /healthz and /metrics\n"};
}

}  // namespace cpis::sync::fleet
