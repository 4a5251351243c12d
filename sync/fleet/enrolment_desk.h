// SPDX-License-Identifier: Apache-2.0
//
// The enrolment listener: HTTPS, open only while a code is outstanding. Not gRPC, because whoever comes here has no
// certificate yet.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "platform/http.h"
#include "platform/port.h"
#include "sync/fleet/link_frames.h"
#include "sync/fleet/roll.h"

namespace cpis::sync::fleet {

class EnrolmentDesk {
 public:
  struct Options {
    std::string listen;     // HOST:PORT; port 0 picks one, which stays the same each time the listener opens
    std::string sync_host;  // where nodes are told to connect; empty: where they came to enrol
    uint16_t sync_port = 0;
  };
  // `enrolled` is called after a node was enrolled, on a listener thread.
  static Result<std::unique_ptr<EnrolmentDesk>> Open(Options options, Store& store, Roll& roll, std::function<void()> enrolled);

  // Opens or closes the listener by whether a code is outstanding. Not from a listener thread.
  Status Refresh();
  std::string Address() const { return port_->address(); }
  bool Listening() const;

  // Wrong codes, from everybody together; past them the answer is 429 and the store is not asked.
  static constexpr double kMostGuesses = 30;
  static constexpr double kGuessesEachSecond = 0.5;

 private:
  bool MayGuess();
  EnrolmentDesk(Options options, Store& store, Roll& roll, std::function<void()> enrolled)
      : options_(std::move(options)), store_(store), roll_(roll), enrolled_(std::move(enrolled)) {}
  Result<std::unique_ptr<platform::HttpServer>> Listen(const std::string& where);
  platform::HttpResponse Answer(const platform::HttpRequest& request);
  Result<std::string> Enrol(std::string_view body);

  const Options options_;
  Store& store_;
  Roll& roll_;
  const std::function<void()> enrolled_;
  std::optional<platform::PortReservation> port_;  // always there once opened

  // A code has 80 bits, so nobody guesses one; but each guess is work for the store.
  std::mutex guesses_mutex_;
  Allowance guesses_{kMostGuesses, kGuessesEachSecond};  // guarded by guesses_mutex_

  mutable std::mutex mutex_;
  std::unique_ptr<platform::HttpServer> server_;  // guarded by mutex_
};

}  // namespace cpis::sync::fleet
