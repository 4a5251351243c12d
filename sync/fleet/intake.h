// SPDX-License-Identifier: Apache-2.0
//
// National CP-IS messages (HL7 v3, urn:hl7-org:v3) in and out: pure functions from bytes to values and back.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/bytes.h"
#include "platform/clock.h"
#include "platform/status.h"
#include "sync/flag.h"
#include "sync/nhs_number.h"
#include "sync/records.h"

namespace cpis::sync::fleet {

// Untrusted XML is refused past these (no DTD, no entities, no network either).
constexpr size_t kMaxUploadBytes = 64 * 1024 * 1024;
constexpr int kMaxXmlDepth = 32;
constexpr size_t kMaxNameBytes = 1024;  // any name of a person or organisation, any id
constexpr size_t kMaxRecords = 50'000;
constexpr size_t kMaxTextBytes = 64 * 1024;  // one run of text or one attribute, before anyone asks what it is
constexpr size_t kMaxXmlAttributes = 32;     // of one element; the messages need four
constexpr size_t kMaxXmlNodes =
    4'000'000;                          // bounds the parser's memory; the largest upload allowed needs about 2,500,000
constexpr size_t kMaxPhoneDigits = 20;  // E.164 has 15; room for an access code
constexpr size_t kMaxCodeBytes = 20;    // an ODS or GSS code has at most 12

// What becomes of one number under the authority. A record of the file makes one of these, or two when it carries a
// child and the mother of an unborn child.
struct PlanChange {
  PlanType type;
  Instant start;
  std::optional<Instant> end;
  bool deleted = false;  // a delete date removes the plan
};
struct UploadRecord {
  NhsNumber subject;
  std::string local_id;  // the authority's own, may be empty
  std::vector<PlanChange> changes;
};

// National response codes (CP-ISUploadRecordResponse).
struct RecordProblem {
  std::string code;      // "CPR04", "CPR07"
  std::string display;   // as the vocabulary spells it
  std::string location;  // "/File/record[3]/CP-ISRecord/subject[1]"
  std::string detail;    // one line for operations; never the number or a name
};

struct Upload {
  std::string file_id;  // any text up to kMaxNameBytes: not fit to be a file name
  Instant created_at;
  std::string organisation_root;  // 2.16.840.1.113883.2.1.3.2.4.19.1 or .2
  Authority authority;            // with both telephone numbers, "tel:" taken off
  std::string emergency_tel_uri;  // as sent, "tel:03001236722"
  // In document order. A number has each plan type once: a later record of the same file takes the place of an earlier
  // one, and both count as loaded.
  std::vector<UploadRecord> records;
  std::vector<RecordProblem> problems;  // the first of each bad record; such a record changes nothing
  int record_count = 0;                 // as in the file

  int Rejected() const { return static_cast<int>(problems.size()); }
  int Loaded() const { return record_count - Rejected(); }
};

// REPC_MT000002GB01. A failure is a file-level error (CPF01): nothing may be applied; its message quotes what was wrong
// and says what would be right. Bad records are `problems`, beside the good ones.
struct UploadFailure {
  std::string detail;
  // As far as they could be read, so that the acknowledgement can say whose file it was.
  std::string file_id;
  std::optional<Authority> authority;
  std::string organisation_root;
  int record_count = 0;
};
struct UploadResult {
  std::optional<Upload> upload;  // one of both
  std::optional<UploadFailure> failure;
};
// Why a number that is well formed cannot be taken all the same: CPR01 or CPR05.
struct NumberRefusal {
  std::string_view code;
  std::string_view detail;
};
using NumberCheck = std::function<std::optional<NumberRefusal>(std::string_view authority, const NhsNumber& number)>;
UploadResult ReadUpload(platform::ByteView xml, const NumberCheck& check = {});

// Which message a mailbox file is, by its root element: "File", "CP-ISInactiveNHSNumberNotification", or empty.
std::string RootElement(platform::ByteView xml);

// CP-ISUploadFileResponse: CPF01 file level error, CPF02 successful, CPF03 partial, CPF04 unsuccessful (every record
// bad).
std::string FileCode(const UploadResult& result);

// "CPF03" → "Partial File Upload", "CPR04" → "PDS Error - NHS Number Format Incorrect", as the national vocabulary
// spells them; empty for a code that it does not have.
std::string_view CodeDisplay(std::string_view code);

// REPC_MT000003GB01, validates against the national schema whatever is known: what is not, is written as UNKNOWN.
struct Acknowledgement {
  std::string file_id;
  std::string file_code;
  Authority authority;
  std::string organisation_root;
  int loaded = 0;
  int rejected = 0;
  int quantity = 0;
  std::vector<RecordProblem> problems;
  Instant at;
};
std::string WriteAcknowledgement(const Acknowledgement& acknowledgement);

// REPC_MT000004GB01: tells the authority that this person was attended. Validates against the national schema.
struct AccessNotification {
  std::string id;  // UUID
  Instant sent_at;
  std::string query_id;  // UUID of the attendance
  Instant occurred_at;   // the true time of the attendance
  Viewer viewer;
  std::string viewer_staff_id;
  std::string nhs_number;
  std::string upload_file_id;  // the authority's file that made the flag
  Authority authority;
  std::string organisation_root;
};
std::string WriteAccessNotification(const AccessNotification& notification);

}  // namespace cpis::sync::fleet
