// SPDX-License-Identifier: Apache-2.0
#include "sync/node/link_call.h"

#include "crypto/certificates.h"
#include "platform/log.h"
#include "platform/tls_floor.h"
#include "sync/node/pace.h"
#include "sync/node/tuning.h"

namespace cpis::sync::node {

std::shared_ptr<grpc::Channel> Dial(const Identity& identity) {
  grpc::SslCredentialsOptions tls{identity.ca_certificate_pem, std::string(platform::AsText(identity.tls_private_key_pem.Reveal())),
                                  identity.tls_certificate_pem};
  const auto credentials = grpc::SslCredentials(tls);  // keeps copies of its own, which are not ours to wipe
  crypto::Wipe(tls.pem_private_key);
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(crypto::kFleetServerName));
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a fresh connection, with no back-off inherited
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(std::chrono::milliseconds(kKeepalive).count()));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxSegmentBytes) + 1024);
  const std::string host = identity.server_host.find(':') == std::string::npos ? identity.server_host
                                                                               : "[" + identity.server_host + "]";
  return grpc::CreateCustomChannel(host + ":" + std::to_string(identity.server_port), credentials, arguments);
}

Status ToStatus(const grpc::Status& status, std::string_view call) {
  if (status.ok()) return Status::Ok();
  const std::string message = std::string(call) + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED: return platform::Denied(message);
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return platform::Exhausted(message);
    case grpc::StatusCode::DATA_LOSS: return platform::Corrupt(message);
    case grpc::StatusCode::CANCELLED: return platform::Cancelled(message);
    default: return platform::Unavailable(message);
  }
}

void Bell::Ring() {
  std::lock_guard lock(mutex_);
  rung_ = true;
  wake_.notify_all();
}

void Bell::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  wake_.notify_all();
}

bool Bell::Wait() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return rung_ || closed_; });
  rung_ = false;
  return !closed_;
}

bool Bell::Rest(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return closed_; });
  return !closed_;
}

Result<Bytes> Ask(v1::FleetSync::Stub& stub, Watchdog& watchdog, ByteView signed_query, std::chrono::milliseconds patience) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  Watchdog::Guard guard(watchdog, patience, [&context] { context.TryCancel(); });
  v1::Signed query;
  query.set_signed_(std::string(platform::AsText(signed_query)));
  v1::Signed reply;
  const Status asked = ToStatus(stub.Resolve(&context, query, &reply), "resolve");
  if (asked.code() == platform::Code::kCancelled) return platform::Unavailable(asked.message());  // by us: not in time
  CPIS_TRY(asked);
  return platform::ToBytes(platform::AsBytes(reply.signed_()));
}

Session::Session(const Parts& parts) : parts_(parts), channel_(Dial(parts.identity)), stub_(v1::FleetSync::NewStub(channel_)) {}

// Waits in short turns, so that the end of the link need not wait for the network.
bool Session::Connect() {
  std::atomic<bool> given_up{false};
  Watchdog::Guard guard(parts_.watchdog, kConnectPatience, [&given_up] { given_up = true; });
  while (!given_up) {
    if (channel_->WaitForConnected(std::chrono::system_clock::now() + kConnectTurn)) return true;
  }
  return false;
}

Status Session::Run() {
  if (!Connect()) return platform::Unavailable("no connection to the fleet server");
  std::thread forwarder([this] { ForwardUntilClosed(); });
  Status ended = WatchAndFetch();
  over_ = true;
  parts_.bell.Close();
  forwarder.join();
  return ended;
}

Status Session::WatchAndFetch() {
  {
    // Attendances go before everything else; they are few and small.
    std::unique_lock lock(drained_mutex_);
    drained_wake_.wait_for(lock, kAttendancesFirst, [this] { return drained_; });
  }
  grpc::ClientContext context;
  Watchdog::Guard guard(parts_.watchdog, kWatchSilence, [&context] { context.TryCancel(); });
  v1::WatchRequest request;
  request.set_key_set_version(parts_.identity.keys.Now()->version);
  request.set_adopted_manifest(std::string(platform::AsText(parts_.replica.AdoptedManifest().signed_bytes)));
  auto stream = stub_->Watch(&context, request);
  int idle = 0;
  for (v1::Signed message; stream->Read(&message);) {
    guard.Touch();
    const auto before = parts_.replicator.heard_at();
    Status heard = Hear(platform::AsBytes(message.signed_()), guard);
    idle = parts_.replicator.heard_at() == before ? idle + 1 : 0;
    if (heard.ok() && idle > kIdleManifests) heard = platform::Denied("the server says the same again and again");
    if (!heard.ok()) {
      context.TryCancel();
      stream->Finish();
      return heard;
    }
    guard.Touch();
  }
  return ToStatus(stream->Finish(), "watch");
}

Status Session::HearKeySet(ByteView signed_key_set) {
  if (!parts_.events.key_set) return platform::Unavailable("a new key set cannot be kept here");
  CPIS_ASSIGN(const bool freshness_replaced, parts_.events.key_set(signed_key_set));
  platform::LogInfo("link", "key set " + std::to_string(parts_.identity.keys.Now()->version) + " is taken over");
  if (freshness_replaced) parts_.replicator.FreshnessReplaced();
  return Status::Ok();
}

Status Session::Hear(ByteView message, Watchdog::Guard& watch) {
  if (IsKeySet(message)) return HearKeySet(message);
  CPIS_ASSIGN(const std::vector<Want> wants, parts_.replicator.Hear(message));
  parts_.online();
  if (parts_.events.heard) parts_.events.heard(*parts_.replicator.heard_at());
  for (const Want& want : wants) {
    if (MustWait(want)) continue;
    CPIS_TRY(Fetch(want, watch));
  }
  CPIS_ASSIGN(const bool complete, parts_.replicator.AdoptIfComplete());
  if (complete && parts_.events.caught_up) parts_.events.caught_up();
  return Status::Ok();
}

// Grants, orders and policy are small, and decide what may be held: they come whatever the disk has left.
bool Session::MustWait(const Want& want) {
  const Topic::Kind kind = want.head.topic.kind();
  if (kind != Topic::Kind::kRows && kind != Topic::Kind::kIndex) return false;
  const Status room = parts_.replica.MayGrow();
  if (!room.ok()) platform::LogWarning("replica", "topic " + want.head.topic.text() + " is not fetched: " + room.message());
  return !room.ok();
}

Status Session::Fetch(const Want& want, Watchdog::Guard& watch) {
  if (want.basis.empty()) return FetchWhole(want, watch);
  Status repaired = Repair(want, watch);
  if (repaired.ok()) return repaired;
  // A repair is one message: a link that is too slow for it gets the whole in parts, which can be gone on with.
  platform::LogInfo("replica", "topic " + want.head.topic.text() + " is fetched whole: " + repaired.message());
  return FetchWhole(want, watch);
}

Status Session::FetchWhole(const Want& want, Watchdog::Guard& watch) {
  grpc::ClientContext context;
  Watchdog::Guard guard(parts_.watchdog, kNoProgress, [&context] { context.TryCancel(); });
  v1::FetchRequest request;
  request.set_topic(want.head.topic.text());
  request.set_from(static_cast<uint64_t>(want.from));
  request.set_snapshot_to(static_cast<uint64_t>(want.snapshot_to));
  request.set_next_part(want.next_part);
  auto stream = stub_->Fetch(&context, request);
  CPIS_TRY(TakeAll(want, *stream, context, guard, watch));
  return ToStatus(stream->Finish(), "fetch " + want.head.topic.text());
}

Status Session::Repair(const Want& want, Watchdog::Guard& watch) {
  grpc::ClientContext context;
  Watchdog::Guard guard(parts_.watchdog, kNoProgress, [&context] { context.TryCancel(); });
  v1::RepairRequest request;
  request.set_topic(want.head.topic.text());
  for (const Digest& digest : want.basis) request.mutable_bucket_digests()->append(platform::AsText(digest));
  auto stream = stub_->Repair(&context, request);
  CPIS_TRY(TakeAll(want, *stream, context, guard, watch));
  return ToStatus(stream->Finish(), "repair " + want.head.topic.text());
}

Status Session::TakeAll(const Want& want, grpc::ClientReader<v1::Signed>& stream, grpc::ClientContext& context,
                        Watchdog::Guard& call, Watchdog::Guard& watch) {
  Pace pace(Pace::Clock::now());
  for (v1::Signed message; stream.Read(&message);) {
    call.Touch();
    watch.Touch();
    Status taken = parts_.replicator.Take(want, platform::AsBytes(message.signed_()));
    if (taken.ok()) {
      const Topic& topic = want.head.topic;
      taken = pace.Took(message.signed_().size(), parts_.replica.CursorOf(topic), parts_.replica.StagedSnapshot(topic),
                        Pace::Clock::now());
    }
    if (!taken.ok()) {
      context.TryCancel();
      stream.Finish();
      return taken;
    }
    if (parts_.events.fetched) parts_.events.fetched(message.signed_().size());
  }
  return Status::Ok();
}

void Session::DrainedOnce() {
  std::lock_guard lock(drained_mutex_);
  drained_ = true;
  drained_wake_.notify_all();
}

void Session::ForwardUntilClosed() {
  while (parts_.bell.Wait() && !over_) {
    Status forwarded = ForwardOnce();
    DrainedOnce();
    if (!forwarded.ok()) {
      // Whatever has no receipt is still in the journal: try again, in this session or the next.
      platform::LogWarning("forward", forwarded.message());
      if (!parts_.bell.Rest(kForwardRetry)) break;
      parts_.bell.Ring();
    }
  }
  DrainedOnce();
}

// Sends what waits in batches until nothing does.
Status Session::ForwardOnce() {
  CPIS_ASSIGN(std::vector<Outbox::Item> items, parts_.outbox.Oldest(kForwardBatch));
  if (items.empty()) return Status::Ok();
  grpc::ClientContext context;
  Watchdog::Guard guard(parts_.watchdog, kNoProgress, [&context] { context.TryCancel(); });
  auto stream = stub_->Forward(&context);
  while (!items.empty() && !over_) {
    for (const Outbox::Item& item : items) {
      v1::Signed envelope;
      envelope.set_signed_(std::string(platform::AsText(item.envelope)));
      if (!stream->Write(envelope)) return ToStatus(stream->Finish(), "forward");
    }
    for (size_t i = 0; i < items.size(); ++i) {
      v1::Signed message;
      if (!stream->Read(&message)) return ToStatus(stream->Finish(), "forward");
      guard.Touch();
      const ByteView bytes = platform::AsBytes(message.signed_());
      auto receipt = DecodeReceipt(bytes, parts_.identity.keys.Now()->Of(crypto::Role::kFreshness));
      Status settled = receipt.ok() ? parts_.outbox.Settle(*receipt, bytes) : receipt.status();
      if (!settled.ok()) {
        context.TryCancel();
        stream->Finish();
        return settled;
      }
    }
    CPIS_ASSIGN(items, parts_.outbox.Oldest(kForwardBatch));
  }
  stream->WritesDone();
  for (v1::Signed rest; stream->Read(&rest);) {
  }
  return ToStatus(stream->Finish(), "forward");
}

}  // namespace cpis::sync::node
