// SPDX-License-Identifier: Apache-2.0
//
// The node's knobs that are no policy of the fleet, each with its reason.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cpis::edge {

using namespace std::chrono_literals;

// Without an incident reference, one call-out to a child rarely lasts longer; a second within it is the same
// attendance.
constexpr std::chrono::milliseconds kSameAttendance = 2h;
// Reference numbers of dispatch systems are far shorter; the cap keeps an entry small.
constexpr size_t kMaxIncidentBytes = 100;
// A tablet's clock may run a little ahead of the fleet server's.
constexpr std::chrono::milliseconds kFutureTolerance = 5min;

// Somebody who asks for a sync and has no connection is told so, rather than made to wait.
constexpr std::chrono::milliseconds kNoConnection = 5s;

// A sync that nobody waits for still gives a healthy link the time to come back.
constexpr std::chrono::milliseconds kGlance = 1s;

// Receipts answer "did it arrive?" for as long as a trust's incident review usually takes to ask.
constexpr std::chrono::hours kKeepReceipts{30 * 24};

// The first four mistakes cost nothing (gloves, a moving vehicle); from the fifth on, guessing must not pay.
constexpr int kFreeMistakes = 4;
constexpr std::array<std::chrono::milliseconds, 4> kPinDelays = {30s, 2min, 10min, 1h};
// Ten tries at a four-digit PIN are 1 in 1,000; nobody forgets their own PIN more often in a row.
constexpr int kWrongLocksPerson = 10;
// Three crews that each mistake themselves to the limit; a thief who knows many names gets no more than they.
constexpr size_t kWrongLocksNode = 30;
constexpr std::chrono::milliseconds kAttemptDay = 24h;
// Mistakes of a month ago are no guesses.
constexpr std::chrono::milliseconds kKeepAttempts = 30 * 24h;

// Long enough to make trying numbers worthless, short enough for a crew that is stopped by mistake to go on by phone.
constexpr std::chrono::milliseconds kLookHold = 15min;
// An ePCR application asks for plans and for accesses, and a crew looks at a telephone number again: one look.
constexpr std::chrono::milliseconds kSameLook = 10min;
constexpr size_t kMostSameLooks = 64;

// Time services slew both clocks alike, so only a step shows; a leap second and a first correction after a cold start stay
// below this.
constexpr std::chrono::milliseconds kClockJump = 2min;

// Idle and shift limits are enforced without calls, at most this late.
constexpr std::chrono::milliseconds kSweepEvery = 5s;
// A silent row change on disk is found within this, even if nobody asks for that row.
constexpr std::chrono::milliseconds kVerifyEvery = 1h;
// A "no" that comes while rows are still being verified waits this long: 30,000 rows take a tenth of a second.
constexpr std::chrono::milliseconds kVerifyPatience = 5s;
// Somebody who asks for a repair sees how it ended, unless the link is too slow for that.
constexpr std::chrono::milliseconds kRepairPatience = 20s;
constexpr std::chrono::milliseconds kRepairTurn = 50ms;
// Data cannot be from the future; the projection of the server's time may lag by a little.
constexpr std::chrono::seconds kAheadOfTime = 60s;
// Keys outlive the lease by this much, so that a crew back in coverage does not sign in again.
constexpr std::chrono::seconds kRingOutlivesLease = 24h;

// Attendances of a vehicle that is to be wiped are few and small; a thief should not have it for longer.
constexpr std::chrono::milliseconds kForwardBeforeWipe = 30s;
constexpr std::chrono::milliseconds kForwardTurn = 50ms;
// Its word that it is erased is sent at once where there is a link; then the keys go from memory too.
constexpr std::chrono::milliseconds kProvePatience = 3s;
constexpr int kProveTries = 5;

// A power cut may cost this much of the high-water mark; more often would wear the flash for nothing.
constexpr std::chrono::milliseconds kKeepTimeEvery = 1min;
// After a reboot nobody knows how long the machine had been on since time was kept last: a mark that was on its way to the disk,
// the minute after it, and the housekeeper's turns. That much is taken as gone, or pulling the plug each minute would stop time.
constexpr std::chrono::milliseconds kUnknownBeforeBoot = 2 * kKeepTimeEvery + 2 * kSweepEvery;
// Manifests come in bursts while an authority's files are loaded.
constexpr std::chrono::milliseconds kKeepSignedTimeEvery = 10s;

// Small page caches: rows are read once, and the vehicle's computer has other work.
constexpr int kReplicaOwnerCacheKib = 512;
constexpr int kReplicaReaderCacheKib = 256;
constexpr int kJournalCacheKib = 256;
// Rows of a replaced snapshot are deleted in steps, so that no write waits long.
constexpr int kSweepRows = 4000;

// Taking in more than this leaves memory behind that is worth giving back.
constexpr uint64_t kMuchFetched = 256 * 1024;

// A crew that stands beside a child waits so long for the fleet server, at most; what the vehicle knows is shown at once.
constexpr std::chrono::milliseconds kResolvePatience = 3s;
// An ePCR application asks for plans and accesses at once. More questions get the local answer: where the radio hangs, those
// that wait must leave threads free for the lookups that need no link.
constexpr int kMostQuestions = 2;
constexpr int kHttpThreads = 4;

// Well under the 1,024 descriptors that a process gets where nobody says otherwise: databases and the link need theirs. Nobody is kept
// out by it: connections that wait give way to new ones. With bodies that may be as large as a sign-in or an attendance never is, all of
// them together hold a few megabytes at most.
constexpr int kHttpConnections = 512;
constexpr uint64_t kHttpBody = 16 * 1024;

// About 20,000 entries of half a kilobyte, with the log that SQLite writes them through: weeks of a busy crew on a full disk.
constexpr uint64_t kReserveBytes = 16 * 1024 * 1024;
constexpr uint64_t kReserveStep = 1024 * 1024;
// Synchronisation stops growing the replica here, so that what is left of the disk is the journal's.
constexpr uint64_t kReplicaLeaves = 32 * 1024 * 1024;
// Each day of running leaves an entry in the audit, so that of two nodes from one disk image both say something.
constexpr std::chrono::milliseconds kCheckpointEvery = 24h;
// Refused sign-ins are recorded, but somebody who tries names all day must not fill the disk with them.
constexpr int kMostRefusalsADay = 50;

// Below this, the journal's way to the disk is in danger.
constexpr size_t kLowDiskBytes = 256 * 1024 * 1024;
// Renewal needs a visit to coverage and someone to act.
constexpr std::chrono::hours kCertificateWarning{30 * 24};


// A certificate for the LAN is asked for on contact; what the fleet server refuses may be put right there meanwhile.
constexpr std::chrono::milliseconds kLanPatience = 3s;
constexpr std::chrono::milliseconds kLanAskAgain = 30s;

}  // namespace cpis::edge
