// SPDX-License-Identifier: Apache-2.0
//
// The node's listener on the vehicle's LAN: open while the node has a certificate for it, and changed over when that is renewed.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "edge/http/gate.h"
#include "edge/http/service.h"
#include "platform/http.h"
#include "platform/port.h"

namespace cpis::edge::http {

class LanListener {
 public:
  // Takes the port at once, and listens when there is a certificate. `node`, which has a Lan, must outlive it. kInvalid: the address
  // is none of this machine's, or taken.
  static Result<std::unique_ptr<LanListener>> Start(Node& node, const std::string& listen, Origins origins);
  ~LanListener();

  std::string Address() const { return port_.address(); }

 private:
  LanListener(Node& node, platform::PortReservation port, Origins origins);
  void Watch();
  void ChangeOver(std::shared_ptr<const LanPapers> papers);  // watcher's thread
  Status Open(const LanPapers& papers);                      // watcher's thread

  Node& node_;
  Lan& lan_;
  const platform::PortReservation port_;
  Gate gate_;
  const Service service_;
  std::shared_ptr<const LanPapers> served_;      // watcher's thread
  std::unique_ptr<platform::HttpServer> server_;  // watcher's thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread watcher_;
};

}  // namespace cpis::edge::http
