// SPDX-License-Identifier: Apache-2.0
#include "edge/answer.h"

namespace cpis::edge {

std::string_view Name(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kNotEnrolled:
      return "NOT_ENROLLED";
    case Reason::kNeverSynced:
      return "NEVER_SYNCED";
    case Reason::kStale:
      return "STALE";
    case Reason::kLeaseExpired:
      return "LEASE_EXPIRED";
    case Reason::kReplicaDamaged:
      return "REPLICA_DAMAGED";
    case Reason::kLocked:
      return "LOCKED";
    case Reason::kClockNotTrusted:
      return "CLOCK_NOT_TRUSTED";
    case Reason::kAuditUnavailable:
      return "AUDIT_UNAVAILABLE";
    case Reason::kRateLimited:
      return "RATE_LIMITED";
    case Reason::kNoEnglandIndex:
      return "NO_ENGLAND_INDEX";
    case Reason::kVerifying:
      return "VERIFYING";
    case Reason::kWithheld:
      return "WITHHELD";
    case Reason::kReplaced:
      return "NUMBER_REPLACED";
  }
  return "";
}

std::string_view Advice(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kNotEnrolled:
      return "This vehicle is not set up yet: tell operations.";
    case Reason::kNeverSynced:
      return "The list for this vehicle's region has not arrived yet: go where there is coverage.";
    case Reason::kStale:
      return "The list is too old to say that there is no plan: go where there is coverage to refresh it.";
    case Reason::kLeaseExpired:
      return "The list is too old to be used, or was withdrawn: go where there is coverage, or tell operations.";
    case Reason::kReplicaDamaged:
      return "Part of the list is damaged and is fetched again as soon as there is coverage.";
    case Reason::kLocked:
      return "The list is locked: sign in again.";
    case Reason::kClockNotTrusted:
      return "The clock of this vehicle cannot be trusted until it has had coverage once.";
    case Reason::kAuditUnavailable:
      return "The look could not be recorded, so it was not answered: tell operations that the disk of this vehicle "
             "needs help.";
    case Reason::kRateLimited:
      return "Too many numbers were looked up in a short time: no more are answered for a quarter of an hour, then it goes on "
             "by itself. Attendances are kept meanwhile.";
    case Reason::kNoEnglandIndex:
      return "There is no plan in this vehicle's region. Other parts of England are not known here.";
    case Reason::kVerifying:
      return "The list is being checked after a restart: ask again in a moment.";
    case Reason::kWithheld:
      return "What is held about this person is not shown here: phone the emergency duty team of the local authority "
             "where you are.";
    case Reason::kReplaced:
      return "This NHS number is no longer in use: find the person's present number and look that up.";
  }
  return "";
}

std::string_view Name(Source source) { return source == Source::kReplica ? "REPLICA" : "FLEET_SERVER"; }

std::string_view Name(Notification notification) {
  switch (notification) {
    case Notification::kQueued:
      return "QUEUED";
    case Notification::kAlreadyQueued:
      return "ALREADY_QUEUED";
    case Notification::kNotNeeded:
      return "NOT_NEEDED";
    case Notification::kSilent:
      return "SILENT";
  }
  return "";
}

}  // namespace cpis::edge
