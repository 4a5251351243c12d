// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/authority_file.h"

#include <ctime>

namespace cpis::e2e {
namespace {

constexpr const char* kContent = "<npfitlc:contentId root=\"2.16.840.1.113883.2.1.3.2.4.18.16\" extension=\"";

// The check digit of nine digits, 10 where there is none (NHS Data Dictionary, NHS NUMBER).
int CheckDigit(const std::string& nine) {
  int sum = 0;
  for (size_t i = 0; i < 9; ++i) sum += (nine[i] - '0') * static_cast<int>(10 - i);
  return (11 - sum % 11) % 11;
}

std::string DateIn(const std::string& component, const std::string& element, const std::string& date) {
  return "<" + component + "><" + element + "><value value=\"" + date + "\"/></" + element + "></" + component + ">";
}

// One plan: template, element prefix, dates.
std::string Plan(const std::string& name, const std::string& prefix, const std::string& start, const std::string& end,
                 const std::string& deleted) {
  std::string dates = DateIn("component", prefix + "StartDate", start);
  if (!end.empty()) dates += DateIn("component1", prefix + "EndDate", end);
  if (!deleted.empty()) dates += DateIn("component2", prefix + "DeleteDate", deleted);
  return "<pertinentInformation>" + std::string(kContent) + name + "\"/><" + name + ">" + dates + "</" + name +
         "></pertinentInformation>";
}

std::string Stamp(std::time_t at, const char* form) {
  std::tm civil{};
  gmtime_r(&at, &civil);
  char text[32];
  return {text, std::strftime(text, sizeof text, form, &civil)};
}

}  // namespace

std::string NhsNumber(size_t n) {
  for (int serial = 1;; ++serial) {
    const std::string digits = std::to_string(1000000 + serial);
    const std::string nine = "999" + digits.substr(1);
    const int check = CheckDigit(nine);
    if (check != 10 && n-- == 0) return nine + std::to_string(check);
  }
}

std::string Day(int from_today) { return Stamp(std::time(nullptr) + from_today * 86400, "%Y%m%d1200"); }

const Council& Lancashire() {
  static const Council council{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
  return council;
}
const Council& Halton() {
  static const Council council{"E06000006", "Halton Borough Council", "03455050148", "01519078305"};
  return council;
}
const Council& Cumbria() {
  static const Council council{"E06000063", "Cumberland Council", "03332401727", "03003733730"};
  return council;
}

AuthorityFile::AuthorityFile(const Council& council, std::string id) : council_(council), id_(std::move(id)) {}

AuthorityFile& AuthorityFile::Protects(const std::string& number, const std::string& start, const std::string& end) {
  return Add(number, Plan("COCT_TP146101GB01.CPPInformation", "cPP", start, end, ""), false);
}
AuthorityFile& AuthorityFile::LooksAfter(const std::string& number, const std::string& start, const std::string& end) {
  return Add(number, Plan("COCT_TP146100GB01.LACInformation", "lAC", start, end, ""), false);
}
AuthorityFile& AuthorityFile::Expects(const std::string& mother, const std::string& start, const std::string& due) {
  return Add(mother, Plan("COCT_TP146102GB01.UCPInformation", "uCP", start, due, ""), true);
}
AuthorityFile& AuthorityFile::DeletesProtection(const std::string& number, const std::string& start) {
  return Add(number, Plan("COCT_TP146101GB01.CPPInformation", "cPP", start, "", Day(0)), false);
}

AuthorityFile& AuthorityFile::Named(std::string given, std::string family) {
  given_ = std::move(given);
  family_ = std::move(family);
  return *this;
}
AuthorityFile& AuthorityFile::SaysItHas(int records) {
  says_ = records;
  return *this;
}
AuthorityFile& AuthorityFile::WithoutDutyPhone() {
  duty_phone_ = false;
  return *this;
}

AuthorityFile& AuthorityFile::Add(const std::string& number, const std::string& plan, bool unborn) {
  const std::string ids = "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"" + number +
                          "\"/><id root=\"2.16.840.1.113883.2.1.3.2.4.18.24\" extension=\"LA-" +
                          std::to_string(records_.size() + 1) + "\" assigningAuthorityName=\"" + council_.code + "\"/>";
  const std::string person = std::string("<birthTime value=\"") + (unborn ? "19980214" : "20190401") + "\"/><name><given>" +
                             given_ + "</given><family>" + family_ + "</family></name>";
  const std::string name = unborn ? "COCT_TP145100GB01.UnbornChild" : "COCT_TP145101GB01.Child";
  const std::string subject =
      unborn ? "<parentMotherPerson>" + person + "<playedMother>" + ids + "</playedMother></parentMotherPerson>"
             : ids + "<childPerson>" + person + "</childPerson>";
  records_.push_back("<record><CP-ISRecord>" + plan + "<subject>" + kContent + name + "\"/><" + name + ">" + subject + "</" +
                     name + "></subject></CP-ISRecord></record>\n");
  return *this;
}

std::string AuthorityFile::Xml() const {
  const std::string quantity = std::to_string(says_ < 0 ? records_.size() : static_cast<size_t>(says_));
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<File xmlns=\"urn:hl7-org:v3\" "
                    "xmlns:npfitlc=\"NPFIT:HL7:Localisation\"><creationTime value=\"" +
                    Stamp(std::time(nullptr), "%Y%m%d%H%M%S") + "\"/><id extension=\"" + id_ +
                    "\"/><transmissionQuantity value=\"" + quantity +
                    "\"/><communicationFunctionSnd><organisation><id root=\"2.16.840.1.113883.2.1.3.2.4.19.1\" extension=\"" +
                    council_.code + "\"/><name>" + council_.name + "</name>";
  if (duty_phone_) xml += "<telecom use=\"EC\" value=\"tel:" + council_.emergency_tel + "\"/>";
  xml += "<telecom use=\"WP\" value=\"tel:" + council_.office_tel + "\"/></organisation></communicationFunctionSnd>\n";
  for (const auto& record : records_) xml += record;
  return xml + "</File>\n";
}

}  // namespace cpis::e2e
