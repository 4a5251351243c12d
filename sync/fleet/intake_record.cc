// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_record.h"

#include <algorithm>
#include <array>

#include "sync/fleet/intake_quote.h"
#include "sync/fleet/intake_values.h"

namespace cpis::sync::fleet {
namespace {

using platform::Invalid;
using platform::Overlap;

constexpr std::string_view kLocalIdRoot = "2.16.840.1.113883.2.1.3.2.4.18.24";
constexpr std::string_view kChild = "COCT_TP145101GB01.Child";
constexpr std::string_view kUnbornChild = "COCT_TP145100GB01.UnbornChild";

constexpr std::string_view kNumberWrong = "CPR04";
constexpr std::string_view kUnsuccessful = "CPR07";

// COCT_TP146100GB01, COCT_TP146101GB01, COCT_TP146102GB01.
struct PlanForm {
  std::string_view element;
  PlanType type;
  std::string_view start;
  std::string_view end;
  std::string_view deletion;
};
constexpr std::array<PlanForm, 3> kPlanForms = {{
    {"COCT_TP146100GB01.LACInformation", PlanType::kLac, "lACStartDate", "lACEndDate", "lACDeleteDate"},
    {"COCT_TP146101GB01.CPPInformation", PlanType::kCpp, "cPPStartDate", "cPPEndDate", "cPPDeleteDate"},
    {"COCT_TP146102GB01.UCPInformation", PlanType::kUcpp, "uCPStartDate", "uCPEndDate", "uCPDeleteDate"},
}};

std::string Indexed(const std::string& path, std::string_view name, size_t index) {
  return path + "/" + std::string(name) + "[" + std::to_string(index + 1) + "]";
}

std::string Under(const std::string& path, std::string_view name) { return path + "/" + std::string(name); }

// HL7 v3 TS as its schema has it, loosely: how old somebody is decides nothing here.
bool LooksLikeTimeStamp(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 14) return false;
  std::string_view rest = text.substr(digits);
  if (digits == 14 && rest.starts_with('.')) {
    const size_t fraction = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (fraction < 2) return false;
    rest.remove_prefix(fraction);
  }
  if (rest.empty()) return true;
  if (digits < 9 || (rest[0] != '+' && rest[0] != '-')) return false;
  return rest.size() >= 2 && rest.size() <= 5 && AllDigits(rest.substr(1));
}

// The subject of a record, still without plans.
struct Subject {
  std::string path;
  std::optional<UploadRecord> record;
  explicit operator bool() const { return record.has_value(); }
};

// Reads one record. A method that fails has left the problem behind; its Status only unwinds.
class RecordReader {
 public:
  RecordReader(int position, const RecordCheck& refuses)
      : refuses_(refuses), path_("/File/record[" + std::to_string(position) + "]") {}

  Status Read(const Element& record) {
    CPIS_TRY(Take(record.Only("CP-ISRecord"), path_, &cpis_record_));
    path_ += "/CP-ISRecord";
    CPIS_TRY(ReadSubjects());
    CPIS_TRY(ReadPlans());
    for (Subject* subject : {&child_, &mother_}) {
      if (!*subject) continue;
      if (subject->record->changes.empty()) return Fail(subject->path, "no plan in this record is about this subject");
      records_.push_back(std::move(*subject->record));
    }
    return Status::Ok();
  }

  std::vector<UploadRecord> TakeRecords() { return std::move(records_); }
  RecordProblem TakeProblem() { return std::move(problem_); }

 private:
  Status Fail(std::string location, std::string detail, std::string_view code = kUnsuccessful) {
    problem_ = {std::string(code), std::string(CodeDisplay(code)), std::move(location), std::move(detail)};
    return Invalid(problem_.detail);
  }

  Status Take(Result<Element> element, const std::string& location, Element* out) {
    if (!element.ok()) return Fail(location, element.status().message());
    *out = *element;
    return Status::Ok();
  }

  // The one element inside `holder`, announced by its npfitlc:contentId.
  Status ReadContent(const Element& holder, const std::string& path, Element* content) {
    const std::vector<Element> announced = holder.Children(kLocalisation, "contentId");
    const std::vector<Element> inside = holder.Children(kHl7);
    if (announced.size() != 1) return Fail(path, std::to_string(announced.size()) + " contentId, 1 is needed");
    if (inside.size() != 1) return Fail(path, std::to_string(inside.size()) + " elements after contentId, 1 is needed");
    const std::string_view root = announced[0].Attribute("root").value_or("");
    if (root != kContentRoot)
      return Fail(path, "contentId root is " + QuoteText(root) + ", " + std::string(kContentRoot) + " is needed");
    if (announced[0].Attribute("extension").value_or("") != inside[0].LocalName()) {
      return Fail(path, "contentId extension is not the name of the element that follows");
    }
    *content = inside[0];
    return Status::Ok();
  }

  Status ReadSubjects() {
    const std::vector<Element> subjects = cpis_record_.Children(kHl7, "subject");
    if (subjects.empty() || subjects.size() > 2) {
      return Fail(path_, std::to_string(subjects.size()) + " subjects, 1 or 2 are needed");
    }
    for (size_t i = 0; i < subjects.size(); ++i) {
      const std::string path = Indexed(path_, "subject", i);
      Element content;
      CPIS_TRY(ReadContent(subjects[i], path, &content));
      if (content.LocalName() == kChild) {
        CPIS_TRY(ReadChild(content, path));
      } else if (content.LocalName() == kUnbornChild) {
        CPIS_TRY(ReadUnbornChild(content, path));
      } else {
        return Fail(path, "a subject of a kind that is not known; Child or UnbornChild is needed");
      }
    }
    return Status::Ok();
  }

  Status ReadChild(const Element& child, const std::string& path) {
    Element person;
    CPIS_TRY(Take(child.Only("childPerson"), path, &person));
    CPIS_TRY(CheckPerson(person, path));
    return ReadIds(child, path, &child_);
  }

  // The mother: she has the number.
  Status ReadUnbornChild(const Element& unborn, const std::string& path) {
    Element person, played;
    CPIS_TRY(Take(unborn.Only("parentMotherPerson"), path, &person));
    CPIS_TRY(CheckPerson(person, path));
    CPIS_TRY(Take(person.Only("playedMother"), path, &played));
    return ReadIds(played, path, &mother_);
  }

  // Mandatory by the schema, kept nowhere. Given and family name may be empty: a new-born child may have none yet.
  Status CheckPerson(const Element& person, const std::string& path) {
    Element birth, name;
    CPIS_TRY(Take(person.Only("birthTime"), path, &birth));
    CPIS_TRY(Take(person.Only("name"), path, &name));
    if (!LooksLikeTimeStamp(birth.Attribute("value").value_or(""))) {
      return Fail(path, "birthTime is not a date, YYYYMMDD is needed");
    }
    for (const std::string_view part : {"given", "family"}) {
      Element words;
      CPIS_TRY(Take(name.Only(part), path, &words));
      const size_t size = words.Text().size();
      if (size > kMaxNameBytes) return Fail(path, std::string(part) + TooLong(size));
    }
    return Status::Ok();
  }

  static std::string TooLong(size_t size) {
    return " is " + std::to_string(size) + " bytes long, at most " + std::to_string(kMaxNameBytes) + " are accepted";
  }

  Status ReadIds(const Element& holder, const std::string& path, Subject* subject) {
    if (*subject) return Fail(path, "a second subject of the same kind in one record");
    std::optional<std::string_view> number, local_id;
    for (const Element& id : holder.Children(kHl7, "id")) {
      const std::string_view root = id.Attribute("root").value_or("");
      if (root != kNhsNumberRoot && root != kLocalIdRoot) return Fail(path, "an id whose root is not known");
      std::optional<std::string_view>& slot = root == kNhsNumberRoot ? number : local_id;
      if (slot) return Fail(path, "the same kind of id twice");
      slot = id.Attribute("extension").value_or("");
    }
    if (!number) return Fail(path, "no NHS number: an id with root " + std::string(kNhsNumberRoot) + " is needed");
    if (local_id && local_id->size() > kMaxNameBytes) return Fail(path, "local id" + TooLong(local_id->size()));

    Result<NhsNumber> parsed = ReadNumber(*number);
    if (!parsed.ok()) return Fail(path, parsed.status().message(), kNumberWrong);
    if (const std::optional<NumberRefusal> refusal = refuses_(*parsed)) {
      return Fail(path, std::string(refusal->detail), refusal->code);
    }
    *subject = {path, UploadRecord{*std::move(parsed), std::string(local_id.value_or("")), {}}};
    return Status::Ok();
  }

  Status ReadPlans() {
    const std::vector<Element> plans = cpis_record_.Children(kHl7, "pertinentInformation");
    if (plans.empty() || plans.size() > 3) {
      return Fail(path_, std::to_string(plans.size()) + " pertinentInformation, 1 to 3 are needed");
    }
    for (size_t i = 0; i < plans.size(); ++i) CPIS_TRY(ReadPlan(plans[i], Indexed(path_, "pertinentInformation", i)));
    return Status::Ok();
  }

  Status ReadPlan(const Element& holder, const std::string& path) {
    Element plan;
    CPIS_TRY(ReadContent(holder, path, &plan));
    const auto form = std::find_if(kPlanForms.begin(), kPlanForms.end(),
                                   [&](const PlanForm& known) { return known.element == plan.LocalName(); });
    if (form == kPlanForms.end())
      return Fail(path, "a plan type that is not known; CPP, LAC or UCP information is needed");

    const bool unborn = form->type == PlanType::kUcpp;
    Subject& subject = unborn ? mother_ : child_;
    const std::string name(Name(form->type));
    if (!subject) {
      return Fail(path, unborn ? "UCPP needs the subject UnbornChild, with the mother's number in playedMother"
                               : name + " needs the subject Child");
    }
    std::vector<PlanChange>& changes = subject.record->changes;
    const auto same_type = [&](const PlanChange& change) { return change.type == form->type; };
    if (std::any_of(changes.begin(), changes.end(), same_type)) return Fail(path, name + " twice in one record");
    PlanChange change{.type = form->type, .start = {}, .end = {}, .deleted = false};
    CPIS_TRY(ReadDates(plan, Under(path, form->element), *form, &change));
    changes.push_back(change);
    return Status::Ok();
  }

  // Where the hour repeats, a plan lasts from the earlier start to the later end: never shorter than the authority
  // meant.
  Status ReadDates(const Element& plan, const std::string& path, const PlanForm& form, PlanChange* change) {
    std::optional<Instant> start, deletion;
    CPIS_TRY(ReadDate(plan, path, {"component", form.start, Overlap::kEarlier, true}, &start));
    CPIS_TRY(
        ReadDate(plan, path, {"component1", form.end, Overlap::kLater, form.type == PlanType::kUcpp}, &change->end));
    CPIS_TRY(ReadDate(plan, path, {"component2", form.deletion, Overlap::kEarlier, false}, &deletion));
    change->start = *start;
    change->deleted = deletion.has_value();
    if (change->end && *change->end < change->start)
      return Fail(Under(path, "component1"), "the plan ends before it starts");
    return Status::Ok();
  }

  struct DateForm {
    std::string_view component;
    std::string_view name;
    Overlap overlap;
    bool mandatory;
  };

  Status ReadDate(const Element& plan, const std::string& plan_path, const DateForm& form,
                  std::optional<Instant>* date) {
    const std::string path = Under(plan_path, form.component);
    const std::vector<Element> components = plan.Children(kHl7, form.component);
    const std::string name(form.name);
    if (components.size() > 1) return Fail(path, name + " is there " + std::to_string(components.size()) + " times");
    if (components.empty()) return form.mandatory ? Fail(plan_path, name + " is missing") : Status::Ok();

    Element holder = components[0];
    if (!holder.IsNil()) CPIS_TRY(Take(holder.Only(form.name), path, &holder));
    if (holder.IsNil()) {
      if (form.mandatory) return Fail(path, name + " is nil, a date is needed");
      if (!holder.Children(kHl7).empty()) return Fail(path, name + " is nil and has content; leave one of both out");
      return Status::Ok();
    }
    Element value;
    CPIS_TRY(Take(holder.Only("value"), path, &value));
    return ParseDate(value.Attribute("value").value_or(""), path, form, date);
  }

  Status ParseDate(std::string_view text, const std::string& path, const DateForm& form, std::optional<Instant>* date) {
    const bool in_form = text.size() == 12 && AllDigits(text) && (text.starts_with("19") || text.starts_with("20"));
    if (in_form) {
      const Result<Instant> parsed = platform::ParseUkMinute(text, form.overlap);
      if (parsed.ok()) {
        *date = *parsed;
        return Status::Ok();
      }
    }
    return Fail(path, std::string(form.name) + " " + QuoteDigits(text) +
                          (in_form ? " does not exist" : " is not a date") +
                          ", YYYYMMDDhhmm in UK local time is needed");
  }

  const RecordCheck& refuses_;
  std::string path_;
  Element cpis_record_;
  Subject child_;
  Subject mother_;
  std::vector<UploadRecord> records_;
  RecordProblem problem_;
};

}  // namespace

RecordReading ReadRecord(const Element& record, int position, const RecordCheck& refuses) {
  RecordReader reader(position, refuses);
  if (!reader.Read(record).ok()) return {{}, reader.TakeProblem()};
  return {reader.TakeRecords(), std::nullopt};
}

}  // namespace cpis::sync::fleet
