// SPDX-License-Identifier: Apache-2.0
#include "sync/local/local_service.h"

#include <grpcpp/grpcpp.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "platform/memory.h"
#include "proto/local.grpc.pb.h"

namespace cpis::sync {
namespace {

using platform::Code;
using platform::Result;

constexpr int kMaxMessageBytes = 80 * 1024 * 1024;  // an upload at its size cap, with room for its envelope
constexpr auto kLongestCall = std::chrono::minutes(60);
constexpr size_t kLongestCaller = 128;
constexpr auto kStopGrace = std::chrono::seconds(2);

Code CodeFromName(std::string_view name) {
  for (Code code : {Code::kInvalid, Code::kNotFound, Code::kDenied, Code::kForbidden, Code::kCorrupt, Code::kUnavailable, Code::kExhausted,
                    Code::kCancelled}) {
    if (platform::Name(code) == name) return code;
  }
  return Code::kInternal;
}

class LocalServiceImpl final : public v1::Local::Service {
 public:
  explicit LocalServiceImpl(LocalHandler handler) : handler_(std::move(handler)) {}

  grpc::Status Call(grpc::ServerContext*, const v1::LocalRequest* request,
                    grpc::ServerWriter<v1::LocalReply>* writer) override {
    Answer(request, writer);
    platform::ScrubStack();
    return grpc::Status::OK;
  }

 private:
  void Answer(const v1::LocalRequest* request, grpc::ServerWriter<v1::LocalReply>* writer) {
    LocalCall call{request->method(), request->json(), platform::ToBytes(platform::AsBytes(request->attachment())),
                   request->caller().substr(0, kLongestCaller)};
    LocalProgress progress = [writer](std::string_view what, uint64_t done, uint64_t total) {
      v1::LocalReply reply;
      reply.mutable_progress()->set_what(std::string(what));
      reply.mutable_progress()->set_done(done);
      reply.mutable_progress()->set_total(total);
      writer->Write(reply);
    };
    Result<std::string> answer = handler_(call, progress);
    v1::LocalReply reply;
    if (answer.ok()) {
      reply.set_json(*answer);
    } else {
      const platform::Status failure = answer.status();
      reply.mutable_failure()->set_code(std::string(platform::Name(failure.code())));
      reply.mutable_failure()->set_message(failure.message());
      reply.mutable_failure()->set_exit_code(ExitCodeFor(failure.code()));
    }
    writer->Write(reply);
  }

  LocalHandler handler_;
};

class GrpcLocalServer final : public LocalServer {
 public:
  GrpcLocalServer(std::filesystem::path socket, LocalHandler handler)
      : socket_(std::move(socket)), service_(std::move(handler)) {}

  platform::Status Listen() {
    std::error_code ignored;
    std::filesystem::remove(socket_, ignored);
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
    builder.AddListeningPort("unix:" + socket_.string(), grpc::InsecureServerCredentials());
    const mode_t before = ::umask(0117);  // the socket is born 0660: nobody else can connect in between
    server_ = builder.BuildAndStart();
    ::umask(before);
    if (!server_) return platform::Invalid("cannot listen on \"" + socket_.string() + "\" (is the path short enough and writable?)");
    return platform::Status::Ok();
  }

  ~GrpcLocalServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
    std::error_code ignored;
    std::filesystem::remove(socket_, ignored);
  }

 private:
  std::filesystem::path socket_;
  LocalServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
};

// "alice (uid 1000)", and for whom: "root (uid 0), sudo of alice".
std::string ThisUser() {
  const uid_t uid = ::geteuid();
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  std::string user = ::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr ? found->pw_name : "?";
  user += " (uid " + std::to_string(uid) + ")";
  const char* sudo = std::getenv("SUDO_USER");
  return sudo != nullptr && *sudo != '\0' ? user + ", sudo of " + sudo : user;
}

LocalAnswer NobodyAnswers(const std::filesystem::path& socket) {
  if (::faccessat(AT_FDCWD, socket.c_str(), W_OK, AT_EACCESS) != 0 && errno == EACCES) {
    return {"",
            {Code::kForbidden, "\"" + socket.string() + "\" is not for " + ThisUser() + " (be its owner, or in its group)",
             ExitCodeFor(Code::kForbidden)}};
  }
  const bool fleet = socket.filename() == "fleetd.sock";
  return {"",
          {Code::kUnavailable,
           "no daemon answers on \"" + socket.string() + "\" (is " + (fleet ? "cpis-fleetd" : "cpis-edged") +
               " running, and is --state right?)",
           ExitCodeFor(Code::kUnavailable)}};
}

}  // namespace

int ExitCodeFor(Code code) {
  switch (code) {
    case Code::kOk: return 0;
    case Code::kInvalid: return 2;
    case Code::kDenied:
    case Code::kForbidden: return 4;
    case Code::kUnavailable: return 75;
    default: return 1;
  }
}

Result<std::unique_ptr<LocalServer>> LocalServer::Start(const std::filesystem::path& socket, LocalHandler handler) {
  auto server = std::make_unique<GrpcLocalServer>(socket, std::move(handler));
  CPIS_TRY(server->Listen());
  return std::unique_ptr<LocalServer>(std::move(server));
}

LocalAnswer CallLocal(const std::filesystem::path& socket, const LocalCall& call, const LocalProgress& progress) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  auto channel = grpc::CreateCustomChannel("unix:" + std::filesystem::absolute(socket).string(),
                                           grpc::InsecureChannelCredentials(), arguments);
  auto stub = v1::Local::NewStub(channel);

  v1::LocalRequest request;
  request.set_method(call.method);
  request.set_json(call.json);
  request.set_attachment(std::string(platform::AsText(call.attachment)));
  request.set_caller(call.caller.empty() ? ThisUser() : call.caller);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLongestCall);
  auto reader = stub->Call(&context, request);

  LocalAnswer answer;
  bool answered = false;
  for (v1::LocalReply reply; reader->Read(&reply);) {
    if (reply.has_progress()) {
      if (progress) progress(reply.progress().what(), reply.progress().done(), reply.progress().total());
    } else if (reply.has_failure()) {
      answer.failure = {CodeFromName(reply.failure().code()), reply.failure().message(), reply.failure().exit_code()};
      answered = true;
    } else {
      answer.json = reply.json();
      answered = true;
    }
  }
  const grpc::Status ended = reader->Finish();
  if (answered) return answer;
  if (ended.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    return {"", {Code::kExhausted, "the file is too large for one call", 1}};
  }
  return NobodyAnswers(socket);
}

}  // namespace cpis::sync
