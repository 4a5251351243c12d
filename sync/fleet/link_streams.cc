// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_streams.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace cpis::sync::fleet {
namespace {

// "ipv4:127.0.0.1:5000", "ipv6:%5B::1%5D:5000" → "127.0.0.1:5000", "[::1]:5000".
std::string PlainPeer(std::string peer) {
  peer.erase(0, peer.find(':') + 1);
  for (const auto& [escaped, plain] : {std::pair{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}}) {
    if (const size_t at = peer.find(escaped); at != std::string::npos) peer.replace(at, 3, plain);
  }
  return peer;
}

grpc::Status TooMuch(const char* what) { return {grpc::StatusCode::RESOURCE_EXHAUSTED, what}; }
constexpr const char* kTooManyCalls = "this node has too many calls open";

using Stream = LinkAllowances::Stream;

// A place among the node's streams; null when they are too many. Cut when the node keeps it waiting.
std::shared_ptr<Stream> PlaceFor(const std::string& node_id, grpc::CallbackServerContext& context) {
  return TheLinkAllowances().Open(node_id, [&context] { context.TryCancel(); });
}

grpc::Status NotOurs() { return {grpc::StatusCode::PERMISSION_DENIED, "this node is not enrolled, or may not have that"}; }

grpc::Status ToGrpc(const Status& status) {
  switch (status.code()) {
    case platform::Code::kOk: return grpc::Status::OK;
    case platform::Code::kDenied: return {grpc::StatusCode::PERMISSION_DENIED, status.message()};
    case platform::Code::kCorrupt: return {grpc::StatusCode::DATA_LOSS, status.message()};
    case platform::Code::kNotFound: return {grpc::StatusCode::NOT_FOUND, status.message()};
    case platform::Code::kExhausted: return {grpc::StatusCode::RESOURCE_EXHAUSTED, status.message()};
    case platform::Code::kInvalid: return {grpc::StatusCode::INVALID_ARGUMENT, status.message()};
    default: return {grpc::StatusCode::UNAVAILABLE, "the fleet server cannot do that now"};
  }
}

class Refused final : public grpc::ServerWriteReactor<v1::Signed> {
 public:
  explicit Refused(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

// Writes a manifest whenever there is a new one; holds itself until gRPC is done with it.
class WatchStream final : public grpc::ServerWriteReactor<v1::Signed>, public Hub::Watcher {
 public:
  static WatchStream* Begin(Hub& hub, const std::string& node_id, uint32_t key_set_version, std::shared_ptr<Stream> place) {
    auto stream = std::make_shared<WatchStream>(hub, node_id, std::move(place));
    stream->key_sets_ = hub.KeySetsAfter(key_set_version);
    stream->self_ = stream;
    hub.Add(node_id, stream);
    stream->Wake();
    return stream.get();
  }

  WatchStream(Hub& hub, std::string node_id, std::shared_ptr<Stream> place)
      : hub_(hub), node_id_(std::move(node_id)), place_(std::move(place)) {}

  void Wake() override { WriteIfNew(false); }
  void Close() override { End({grpc::StatusCode::UNAVAILABLE, "the fleet server stops"}); }

  void OnWriteDone(bool ok) override {
    place_->Moved();
    if (ok) {
      WriteIfNew(true);
    } else {
      End({grpc::StatusCode::UNAVAILABLE, "the node is gone"});
    }
  }
  void OnCancel() override { End({grpc::StatusCode::CANCELLED, "the node is gone"}); }
  void OnDone() override {
    place_->Ends();
    self_.reset();
  }

 private:
  // Asks the hub under the lock: of two threads here, the later one must not hold the older answer. The hub wakes watchers
  // without its own lock, so the order of the two is always this one.
  void WriteIfNew(bool write_done) {
    std::lock_guard lock(mutex_);
    if (write_done) writing_ = false;
    if (writing_ || ended_) return;
    if (next_key_set_ < key_sets_.size()) {  // who signs comes before what is signed
      Write(*key_sets_[next_key_set_++]);
      return;
    }
    const Hub::Manifests now = hub_.Current(node_id_);
    // What decides about access goes first.
    if (now.own && now.own != sent_.own) {
      sent_.own = now.own;
      Write(*now.own);
    } else if (now.region && now.region != sent_.region) {
      sent_.region = now.region;
      Write(*now.region);
    }
  }

  void Write(const std::string& bytes) {
    writing_ = true;
    message_.set_signed_(bytes);
    place_->Waits();
    StartWrite(&message_);
  }

  void End(const grpc::Status& why) {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    Finish(why);
  }

  Hub& hub_;
  const std::string node_id_;
  const std::shared_ptr<Stream> place_;
  std::shared_ptr<WatchStream> self_;  // until OnDone
  std::vector<SharedBytes> key_sets_;  // set before the stream begins

  std::mutex mutex_;
  size_t next_key_set_ = 0;  // guarded by mutex_
  Hub::Manifests sent_;    // guarded by mutex_
  v1::Signed message_;     // guarded by mutex_; gRPC reads it while writing_
  bool writing_ = false;   // guarded by mutex_
  bool ended_ = false;     // guarded by mutex_
};

// gRPC calls the reactions of one stream one after the other.
class FetchStream final : public grpc::ServerWriteReactor<v1::Signed> {
 public:
  FetchStream(std::vector<SharedBytes> segments, std::string node_id, std::shared_ptr<Stream> place)
      : segments_(std::move(segments)), node_id_(std::move(node_id)), place_(std::move(place)) {
    Next();
  }
  void OnWriteDone(bool ok) override {
    place_->Moved();
    if (ok) {
      Next();
    } else {
      Finish({grpc::StatusCode::UNAVAILABLE, "the node is gone"});
    }
  }
  void OnDone() override {
    place_->Ends();
    delete this;
  }

 private:
  void Next() {
    if (next_ == segments_.size()) {
      Finish(grpc::Status::OK);
      return;
    }
    if (!TheLinkAllowances().TakeOut(node_id_, segments_[next_]->size(), std::chrono::steady_clock::now())) {
      Finish(TooMuch("this node has fetched more than a day's worth"));
      return;
    }
    place_->Waits();
    message_.set_signed_(*segments_[next_++]);
    StartWrite(&message_);
  }

  const std::vector<SharedBytes> segments_;
  const std::string node_id_;
  const std::shared_ptr<Stream> place_;
  size_t next_ = 0;
  v1::Signed message_;
};

class ForwardStream final : public grpc::ServerBidiReactor<v1::Signed, v1::Signed> {
 public:
  ForwardStream(AttendanceDesk& desk, std::string node_id, std::shared_ptr<Stream> place)
      : desk_(desk), node_id_(std::move(node_id)), place_(std::move(place)) {
    Read();
  }

  void OnReadDone(bool ok) override {
    place_->Moved();
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    // What has no receipt stays in the node's journal.
    if (!TheLinkAllowances().TakeEnvelope(node_id_, std::chrono::steady_clock::now())) {
      Finish(TooMuch("this node forwards faster than it may"));
      return;
    }
    auto receipt = desk_.Deliver(node_id_, platform::AsBytes(envelope_.signed_()));
    if (!receipt.ok()) {
      Finish(ToGrpc(receipt.status()));
      return;
    }
    receipt_.set_signed_(std::string(platform::AsText(*receipt)));
    place_->Waits();
    StartWrite(&receipt_);
  }
  void OnWriteDone(bool ok) override {
    place_->Moved();
    if (ok) {
      Read();
    } else {
      Finish({grpc::StatusCode::UNAVAILABLE, "the node is gone"});
    }
  }
  void OnDone() override {
    place_->Ends();
    delete this;
  }

 private:
  void Read() {
    place_->Waits();
    StartRead(&envelope_);
  }

  AttendanceDesk& desk_;
  const std::string node_id_;
  const std::shared_ptr<Stream> place_;
  v1::Signed envelope_;
  v1::Signed receipt_;
};

class RefusedForward final : public grpc::ServerBidiReactor<v1::Signed, v1::Signed> {
 public:
  explicit RefusedForward(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

}  // namespace

std::string FleetSyncService::PeerOf(const grpc::CallbackServerContext& context) const {
  const auto names = context.auth_context()->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  if (names.size() != 1) return "";
  std::string node_id(names.front().data(), names.front().size());
  recognise_(PlainPeer(context.peer()), node_id);
  return node_id;
}

grpc::ServerWriteReactor<v1::Signed>* FleetSyncService::Send(grpc::CallbackServerContext& context,
                                                             std::vector<SharedBytes> segments) const {
  const std::string node_id = PeerOf(context);
  auto place = PlaceFor(node_id, context);
  if (!place) return new Refused(TooMuch(kTooManyCalls));
  return new FetchStream(std::move(segments), node_id, std::move(place));
}

grpc::ServerWriteReactor<v1::Signed>* FleetSyncService::Watch(grpc::CallbackServerContext* context,
                                                              const v1::WatchRequest* request) {
  const std::string node_id = PeerOf(*context);
  if (!hub_.MayConnect(node_id)) return new Refused(NotOurs());
  auto place = PlaceFor(node_id, *context);
  if (!place) return new Refused(TooMuch(kTooManyCalls));
  hub_.Hold(platform::AsBytes(request->adopted_manifest()));
  return WatchStream::Begin(hub_, node_id, request->key_set_version(), std::move(place));
}

grpc::ServerWriteReactor<v1::Signed>* FleetSyncService::Fetch(grpc::CallbackServerContext* context,
                                                              const v1::FetchRequest* request) {
  const auto topic = Topic::Parse(request->topic());
  if (!topic.ok()) return new Refused(ToGrpc(topic.status()));
  if (!hub_.MayFetch(PeerOf(*context), *topic)) return new Refused(NotOurs());
  std::vector<SharedBytes> segments;
  const Status read = store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(segments, store.publisher().Since(*topic, {Sequence{request->from()}, Sequence{request->snapshot_to()},
                                                           request->next_part()}));
    return Status::Ok();
  });
  if (!read.ok()) return new Refused(ToGrpc(read));
  return Send(*context, std::move(segments));
}

grpc::ServerWriteReactor<v1::Signed>* FleetSyncService::Repair(grpc::CallbackServerContext* context,
                                                               const v1::RepairRequest* request) {
  const auto topic = Topic::Parse(request->topic());
  if (!topic.ok()) return new Refused(ToGrpc(topic.status()));
  if (!hub_.MayFetch(PeerOf(*context), *topic)) return new Refused(NotOurs());
  std::array<Digest, TopicSet::kBuckets> held;
  const ByteView digests = platform::AsBytes(request->bucket_digests());
  if (digests.size() != sizeof(held)) {
    return new Refused({grpc::StatusCode::INVALID_ARGUMENT, std::to_string(digests.size()) + " bytes of digests (try " +
                                                                std::to_string(sizeof(held)) + ")"});
  }
  for (size_t bucket = 0; bucket < held.size(); ++bucket) {
    std::copy_n(digests.begin() + static_cast<std::ptrdiff_t>(bucket * sizeof(Digest)), sizeof(Digest), held[bucket].begin());
  }
  std::vector<SharedBytes> segments;
  const Status read = store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(segments.emplace_back(), store.publisher().RepairOf(*topic, held));
    return Status::Ok();
  });
  if (!read.ok()) return new Refused(ToGrpc(read));
  return Send(*context, std::move(segments));
}

grpc::ServerUnaryReactor* FleetSyncService::Resolve(grpc::CallbackServerContext* context, const v1::Signed* query,
                                                    v1::Signed* reply) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = resolve_desk_.Answer(PeerOf(*context), platform::AsBytes(query->signed_()));
  if (answer.ok()) reply->set_signed_(std::string(platform::AsText(*answer)));
  reactor->Finish(ToGrpc(answer.status()));
  return reactor;
}

grpc::ServerBidiReactor<v1::Signed, v1::Signed>* FleetSyncService::Forward(grpc::CallbackServerContext* context) {
  const std::string node_id = PeerOf(*context);
  if (!hub_.MayConnect(node_id)) return new RefusedForward(NotOurs());
  auto place = PlaceFor(node_id, *context);
  if (!place) return new RefusedForward(TooMuch(kTooManyCalls));
  return new ForwardStream(desk_, node_id, std::move(place));
}

// For every certificate of this fleet: the proof says itself whose it is, and its node may be out of the fleet already.
grpc::ServerUnaryReactor* FleetSyncService::Prove(grpc::CallbackServerContext* context, const v1::Signed* proof, v1::Proved*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Status kept = erasures_ ? erasures_(platform::AsBytes(proof->signed_())) : platform::Unavailable("no proofs here");
  reactor->Finish(ToGrpc(kept));
  return reactor;
}

grpc::ServerUnaryReactor* FleetSyncService::CertifyLan(grpc::CallbackServerContext* context, const v1::LanRequest* request,
                                                       v1::LanCertificate* reply) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::string node_id = PeerOf(*context);
  if (lan_desk_ == nullptr || !hub_.MayConnect(node_id)) {
    reactor->Finish(NotOurs());
    return reactor;
  }
  auto certificate = lan_desk_->Certify(node_id, {request->request_pem(), {request->names().begin(), request->names().end()}});
  if (certificate.ok()) {
    reply->set_certificate_pem(*std::move(certificate));
    reply->set_authority_pem(store_.keys().lan_authority.certificate_pem);
  }
  reactor->Finish(ToGrpc(certificate.status()));
  return reactor;
}

}  // namespace cpis::sync::fleet
