// SPDX-License-Identifier: Apache-2.0
#include "platform/worker.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace cpis::platform {

Worker::Worker(const char* name) : thread_([this] { Loop(); }) { pthread_setname_np(thread_.native_handle(), name); }

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::Post(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Worker::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

StopSignal::StopSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  event_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (event_fd_ < 0 || signal_fd_ < 0) std::abort();
}

StopSignal::~StopSignal() {
  close(event_fd_);
  close(signal_fd_);
}

void StopSignal::Wait() {
  // Nothing is read from either: once asked to stop, every Wait returns at once.
  pollfd waiting[] = {{event_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
  while (poll(waiting, 2, -1) <= 0) {
  }
}

void StopSignal::Request() { eventfd_write(event_fd_, 1); }

}  // namespace cpis::platform
