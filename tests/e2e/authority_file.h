// SPDX-License-Identifier: Apache-2.0
//
// Files as local authorities send them (REPC_MT000002GB01), about people who do not exist: every NHS number is from the 999
// range, which is never given out.
#pragma once

#include <string>
#include <vector>

namespace cpis::e2e {

// The n-th valid number of the 999 range, with its Modulus 11 check digit.
std::string NhsNumber(size_t n);

// "YYYYMMDDhhmm", noon of the day that many days from today.
std::string Day(int from_today);

struct Council {
  std::string code;
  std::string name;
  std::string emergency_tel;
  std::string office_tel;
};
const Council& Lancashire();
const Council& Halton();
const Council& Cumbria();

class AuthorityFile {
 public:
  AuthorityFile(const Council& council, std::string id);

  // One record each. An empty end leaves the plan open.
  AuthorityFile& Protects(const std::string& number, const std::string& start, const std::string& end = "");
  AuthorityFile& LooksAfter(const std::string& number, const std::string& start, const std::string& end = "");
  AuthorityFile& Expects(const std::string& mother, const std::string& start, const std::string& due);
  AuthorityFile& DeletesProtection(const std::string& number, const std::string& start);

  // Of the person in the records that follow.
  AuthorityFile& Named(std::string given, std::string family);
  AuthorityFile& SaysItHas(int records);     // a transmission quantity that may be wrong
  AuthorityFile& WithoutDutyPhone();

  const std::string& id() const { return id_; }
  std::string Xml() const;

 private:
  AuthorityFile& Add(const std::string& number, const std::string& plan, bool unborn);

  Council council_;
  std::string id_;
  std::string given_ = "Robin";
  std::string family_ = "Testing";
  int says_ = -1;
  bool duty_phone_ = true;
  std::vector<std::string> records_;
};

}  // namespace cpis::e2e
