// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake.h"

#include <algorithm>
#include <array>
#include <set>

#include "sync/fleet/intake_quote.h"
#include "sync/fleet/intake_record.h"
#include "sync/fleet/intake_values.h"
#include "sync/fleet/intake_xml.h"

namespace cpis::sync::fleet {
namespace {

// cs_TelecommunicationAddressUse
constexpr std::array<std::string_view, 8> kTelecomUses = {"H", "HP", "HV", "WP", "AS", "EC", "PG", "MC"};
constexpr std::string_view kInactiveNumbers = "CP-ISInactiveNHSNumberNotification";

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const size_t size = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
}

// Reads what is said about the file as a whole, and notes everything that is wrong with it, not only the first.
class FileReader {
 public:
  explicit FileReader(const Element& file) : file_(file), records_(file.Children(kHl7, "record")) {
    upload_.record_count = static_cast<int>(records_.size());
  }

  void Read() {
    ReadCreationTime();
    ReadFileId();
    ReadQuantity();
    ReadOrganisation();
  }

  bool ok() const { return faults_.empty(); }
  const std::vector<Element>& records() const { return records_; }
  Upload TakeUpload() { return std::move(upload_); }

  UploadFailure TakeFailure() {
    UploadFailure failure;
    failure.detail = std::move(faults_);
    failure.file_id = std::move(upload_.file_id);
    failure.record_count = upload_.record_count;
    failure.organisation_root = std::move(upload_.organisation_root);
    if (!upload_.authority.code.empty()) failure.authority = std::move(upload_.authority);
    return failure;
  }

 private:
  void Fault(const std::string& fault) {
    if (!faults_.empty()) faults_ += "; ";
    faults_ += fault;
  }

  // The one child with this name; notes when there is none or more.
  Element Only(const Element& parent, std::string_view name) {
    const Result<Element> found = parent.Only(name);
    if (found.ok()) return *found;
    Fault(std::string(parent.LocalName()) + ": " + found.status().message());
    return {};
  }

  void ReadCreationTime() {
    const Element element = Only(file_, "creationTime");
    if (!element) return;
    const std::string_view value = element.Attribute("value").value_or("");
    if (const std::optional<Instant> at = ParseTimeStamp(value)) {
      upload_.created_at = *at;
    } else {
      Fault("creationTime is " + QuoteDigits(value) + ", a time that exists as YYYYMMDDhhmmss is needed");
    }
  }

  void ReadFileId() {
    const Element element = Only(file_, "id");
    if (!element) return;
    const std::string_view id = element.Attribute("extension").value_or("");
    if (id.find_first_not_of(' ') == std::string_view::npos) return Fault("the file's id has no extension");
    if (id.size() > kMaxNameBytes) return TooLong("the file's id", id.size());
    upload_.file_id = id;
  }

  void ReadQuantity() {
    const std::string there = std::to_string(records_.size());
    if (records_.empty()) Fault("the file has no record, at least 1 is needed");
    if (records_.size() > kMaxRecords) {
      Fault("the file has " + there + " records, at most " + std::to_string(kMaxRecords) + " are accepted; split it");
    }
    const Element element = Only(file_, "transmissionQuantity");
    if (!element) return;
    const std::string_view said = element.Attribute("value").value_or("");
    if (said.empty() || said.size() > 9 || !AllDigits(said)) {
      return Fault("transmissionQuantity is " + QuoteDigits(said) + ", the number of records (" + there +
                   ") is needed");
    }
    if (std::stoul(std::string(said)) != records_.size()) {
      Fault("transmissionQuantity says " + std::string(said) + " but the file has " + there + " records");
    }
  }

  void ReadOrganisation() {
    const Element sender = Only(file_, "communicationFunctionSnd");
    if (!sender) return;
    const Element organisation = Only(sender, "organisation");
    if (!organisation) return;
    ReadOrganisationId(organisation);
    if (const Element element = Only(organisation, "name")) {
      std::string name = element.Text();
      if (name.empty()) {
        Fault("organisation name is empty");
      } else if (name.size() > kMaxNameBytes) {
        TooLong("organisation name", name.size());
      } else {
        upload_.authority.name = std::move(name);
      }
    }
    ReadTelecoms(organisation);
  }

  void ReadOrganisationId(const Element& organisation) {
    const Element element = Only(organisation, "id");
    if (!element) return;
    const std::string_view root = element.Attribute("root").value_or("");
    if (const std::string fault = OrganisationRootFault(root); !fault.empty()) {
      Fault(fault);
    } else {
      upload_.organisation_root = root;
    }
    const std::string_view code = element.Attribute("extension").value_or("");
    if (const std::string fault = OrganisationCodeFault(code); !fault.empty()) {
      Fault(fault);
    } else {
      upload_.authority.code = code;
    }
  }

  void ReadTelecoms(const Element& organisation) {
    const std::vector<Element> telecoms = organisation.Children(kHl7, "telecom");
    int emergency = 0;
    for (const Element& telecom : telecoms) emergency += ReadTelecom(telecom);
    if (telecoms.empty() || telecoms.size() > 2) {
      Fault("organisation has " + std::to_string(telecoms.size()) + " telecom, 1 or 2 are needed");
    }
    if (emergency != 1) {
      Fault("organisation has " + std::to_string(emergency) +
            " emergency-duty phones (telecom use=\"EC\"), exactly 1 is needed");
    }
  }

  // Whether this is an emergency-duty phone.
  bool ReadTelecom(const Element& telecom) {
    const std::string_view use = telecom.Attribute("use").value_or("");
    const std::vector<std::string_view> uses = Words(use);
    const auto known = [](std::string_view word) {
      return std::find(kTelecomUses.begin(), kTelecomUses.end(), word) != kTelecomUses.end();
    };
    if (uses.empty() || !std::all_of(uses.begin(), uses.end(), known)) {
      Fault("telecom use is " + QuoteText(use) + ", EC (emergency duty) or WP (office hours) is needed");
    }
    const bool emergency = std::find(uses.begin(), uses.end(), "EC") != uses.end();

    const std::string_view uri = telecom.Attribute("value").value_or("");
    std::string_view number = uri;
    if (number.starts_with("tel:")) number.remove_prefix(4);
    const std::string_view digits = number.substr(number.starts_with('+') ? 1 : 0);
    if (!uri.starts_with("tel:") || digits.empty() || digits.size() > kMaxPhoneDigits || !AllDigits(digits)) {
      Fault("telecom value is " + QuoteText(uri) + ", \"tel:\" and digits are needed (tel:03001236722)");
      return emergency;
    }
    (emergency ? upload_.authority.emergency_duty_tel : upload_.authority.office_hours_tel) = number;
    if (emergency) upload_.emergency_tel_uri = uri;
    return emergency;
  }

  void TooLong(const std::string& what, size_t size) {
    Fault(what + " is " + std::to_string(size) + " bytes long, at most " + std::to_string(kMaxNameBytes) +
          " are accepted");
  }

  const Element file_;
  const std::vector<Element> records_;
  Upload upload_;
  std::string faults_;
};

// Keeps, for every number and plan type, only what the last record says: importing the file again then changes nothing.
void DropSuperseded(std::vector<UploadRecord>& records) {
  std::set<std::pair<NhsNumber, PlanType>> later;
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    std::erase_if(record->changes,
                  [&](const PlanChange& change) { return !later.emplace(record->subject, change.type).second; });
  }
  std::erase_if(records, [](const UploadRecord& record) { return record.changes.empty(); });
}

UploadResult Refused(std::string detail) {
  UploadResult result;
  result.failure.emplace().detail = std::move(detail);
  return result;
}

}  // namespace

UploadResult ReadUpload(platform::ByteView xml, const NumberCheck& check) {
  const Result<Document> document = Document::Parse(xml);
  if (!document.ok()) return Refused(document.status().message());
  const Element root = document->Root();
  if (!root.Is(kHl7, "File")) return Refused("the root element is not File of urn:hl7-org:v3 (REPC_MT000002GB01)");

  FileReader reader(root);
  reader.Read();
  UploadResult result;
  if (!reader.ok()) {
    result.failure = reader.TakeFailure();
    return result;
  }
  Upload& upload = result.upload.emplace(reader.TakeUpload());
  int position = 0;
  const auto refuses = [&](const NhsNumber& number) {
    return check ? check(upload.authority.code, number) : std::optional<NumberRefusal>();
  };
  for (const Element& record : reader.records()) {
    RecordReading reading = ReadRecord(record, ++position, refuses);
    std::move(reading.records.begin(), reading.records.end(), std::back_inserter(upload.records));
    if (reading.problem) upload.problems.push_back(*std::move(reading.problem));
  }
  DropSuperseded(upload.records);
  return result;
}

std::string RootElement(platform::ByteView xml) {
  const Result<Document> document = Document::Parse(xml);
  if (!document.ok()) return {};
  const Element root = document->Root();
  if (root.Is(kHl7, "File") || root.Is(kHl7, kInactiveNumbers)) return std::string(root.LocalName());
  return {};
}

std::string FileCode(const UploadResult& result) {
  if (!result.upload) return "CPF01";
  const Upload& upload = *result.upload;
  if (upload.Rejected() == 0) return "CPF02";
  return upload.Loaded() == 0 ? "CPF04" : "CPF03";
}

}  // namespace cpis::sync::fleet
