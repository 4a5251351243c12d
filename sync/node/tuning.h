// SPDX-License-Identifier: Apache-2.0
//
// The knobs of the node's link, each with its reason.
#pragma once

#include <chrono>

namespace cpis::sync::node {

using namespace std::chrono_literals;

constexpr auto kFirstRetry = 1s;            // radio gaps are short
constexpr auto kLongestRetry = 120s;        // a vehicle in a depot without cover must not drain its battery
constexpr auto kNoProgress = 20s;           // a call that says nothing for so long is dead: gRPC can hang with the cable out
constexpr auto kFetchPatience = 120s;       // and a second more for each kFewestBytesASecond: who drips must not hold a node up
constexpr size_t kFewestBytesASecond = 512; // half of what GPRS gives at the edge of cover
constexpr size_t kIdleBytes = 4 * 1024 * 1024;  // of one fetch that change nothing: index changes that come too early are some
constexpr int kIdleManifests = 1000;            // in a row that are not newer: an honest server's clock may have been set back
constexpr size_t kIdleMessage = 16 * 1024;      // what the least of them counts as
constexpr auto kWatchSilence = 90s;         // the server speaks at least each minute; half as much again for a slow link
constexpr auto kConnectPatience = 10s;      // TCP and TLS over a poor mobile link
constexpr auto kConnectTurn = 100ms;        // how late a link that is connecting notices that it must end
constexpr auto kAttendancesFirst = 10s;     // how long data waits for attendances that are being forwarded
constexpr auto kKeepalive = 20s;            // finds a dead path under an idle watch
constexpr auto kForwardRetry = 2s;          // the server may be busy with an import
constexpr size_t kForwardBatch = 64;        // envelopes in flight; each is some 400 bytes
constexpr auto kEnrolmentPatience = 20s;

}  // namespace cpis::sync::node
