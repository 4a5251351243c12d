// SPDX-License-Identifier: Apache-2.0
//
// Files that want to do harm, and files that were harmed: one clear error each, nothing applied.
#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "intake_sample.h"
#include "sync/fleet/intake.h"
#include "mutations.h"

namespace cpis::sync::fleet {
namespace {

using Catch::Contains;
using Catch::Equals;
using sample::CppRecord;
using sample::File;
using sample::Read;
using sample::Refusal;
using sample::Replaced;

std::string Repeated(std::string_view text, size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string WithDoctype(const std::string& doctype) { return Replaced(File(), "<File", doctype + "<File"); }

}  // namespace

TEST_CASE("a document type is refused, whatever it holds") {
  const std::string laughs = R"(<!DOCTYPE File [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>)";
  CHECK_THAT(Refusal(WithDoctype(laughs)), Contains("CPF01 line 2: <!DOCTYPE, <!ENTITY and the like are not accepted"));
  CHECK_THAT(Refusal(WithDoctype("<!DOCTYPE File SYSTEM \"file:///etc/passwd\">")), Contains("not accepted"));
  CHECK_THAT(Refusal(WithDoctype("<!DOCTYPE File [<!ENTITY x SYSTEM \"http://127.0.0.1/\">]>")),
             Contains("not accepted"));
  CHECK_THAT(Refusal(WithDoctype("<!doctype File>")), Contains("not accepted"));
  CHECK_THAT(Refusal(WithDoctype("<!ENTITY x \"y\">")), Contains("not accepted"));
  CHECK_THAT(Refusal(Replaced(File(), "Lancashire", "<!ELEMENT x>Lancashire")), Contains("not accepted"));
}

TEST_CASE("only predefined entities and numbers of characters are references") {
  for (const char* wrong : {"&x;", "&nbsp;", "& ", "&;", "&#;", "&#x;", "&#0;", "&#x1;", "&#xD800;", "&#x110000;",
                            "&#99999999999;", "&#12a;", "&AMP;", "&#X41;"}) {
    CAPTURE(wrong);
    CHECK_THAT(Refusal(Replaced(File(), "Lancashire", wrong)), Contains("line 8: ") && Contains("reference"));
    CHECK_THAT(Refusal(Replaced(File(), "LANCS", wrong)), Contains("reference"));
  }
  const UploadResult result = Read(Replaced(File(), "Lancashire", "&#76;&#x61;&amp;&lt;&gt;&quot;&apos;"));
  REQUIRE(result.upload);
  CHECK(result.upload->authority.name == "La&<>\"' County Council");
}

TEST_CASE("comments, CDATA and processing instructions are read over") {
  const std::string xml =
      Replaced(File(), "Lancashire County", "<!-- <!DOCTYPE --><![CDATA[<!DOCTYPE &x;]]><?php echo ?> County");
  const UploadResult result = Read(xml);
  REQUIRE(result.upload);
  CHECK(result.upload->authority.name == "<!DOCTYPE &x; County Council");
}

TEST_CASE("only UTF-8 is accepted, with or without its mark") {
  const std::string xml = File();
  CHECK(Read("\xEF\xBB\xBF" + xml).upload);
  std::string little, big;
  for (const char c : xml) {
    little += {c, '\0'};
    big += {'\0', c};
  }
  CHECK_THAT(Refusal("\xFF\xFE" + little), Contains("the file is UTF-16 or UTF-32; save it as UTF-8"));
  CHECK_THAT(Refusal("\xFE\xFF" + big), Contains("UTF-16"));
  CHECK_THAT(Refusal(little), Contains("UTF-16"));
  CHECK_THAT(Refusal(big), Contains("UTF-16"));
  CHECK_THAT(Refusal(std::string("\0\0\xFE\xFF", 4)), Contains("UTF-32"));
  for (const char* other : {"ISO-8859-1", "UTF-16", "windows-1252", "utf8"}) {
    CHECK_THAT(Refusal(Replaced(xml, "UTF-8", other)), Contains("the declared encoding is not UTF-8"));
  }
  CHECK(Read(Replaced(xml, "\"UTF-8\"", "'utf-8'")).upload);
  CHECK(Read(Replaced(xml, " encoding=\"UTF-8\"", "")).upload);
  CHECK_THAT(Refusal(Replaced(xml, "1.0", "1.1")), Contains("the XML version is not 1.0"));
  CHECK_THAT(Refusal("\n" + xml), Contains("an XML declaration that is not at the start"));
  for (const char* wrong : {"\xE9", "\xC0\xAF", "\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\xAF", "\xFF"}) {
    CHECK_THAT(Refusal(Replaced(xml, "Lancashire", wrong)), Contains("line 8: bytes that are not UTF-8"));
  }
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", "\x01")), Contains("a control character"));
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", "\xEF\xBF\xBF")), Contains("a control character"));
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", std::string_view("\0", 1))), Contains("line 8: a NUL byte"));
  CHECK(Read(Replaced(xml, "Lancashire", "Llŷn é 漢 😀")).upload->authority.name == "Llŷn é 漢 😀 County Council");
}

TEST_CASE("an empty or truncated file is refused") {
  CHECK_THAT(Refusal(""), Equals("CPF01 the file is empty"));
  CHECK_THAT(Refusal(" \n"), Contains("no element"));
  CHECK_THAT(Refusal("hello"), Contains("text outside the root element"));
  const std::string xml = File();
  CHECK_THAT(Refusal(xml.substr(0, xml.size() - 8)), Contains("the file ends inside <File>; it is truncated"));
  const size_t end = xml.rfind('>');
  for (size_t size = 0; size < end; ++size) {
    const UploadResult result = Read(std::string_view(xml).substr(0, size));
    REQUIRE_FALSE(result.upload);
    REQUIRE_FALSE(result.failure->detail.empty());
  }
}

TEST_CASE("XML that is not well-formed is refused") {
  const std::string xml = File();
  CHECK_THAT(Refusal(xml + "<File/>"), Contains("a second root element <File>"));
  CHECK_THAT(Refusal(xml + "x"), Contains("text outside the root element"));
  CHECK_THAT(Refusal(xml + "</File>"), Contains("nothing opened"));
  CHECK_THAT(Refusal(Replaced(xml, "</name>", "</nome>")), Contains("an end tag for <…> where <name> is open"));
  CHECK_THAT(Refusal(Replaced(xml, "<id extension", "<id extension=\"1\" extension")),
             Contains("<id> has an attribute twice"));
  CHECK_THAT(Refusal(Replaced(xml, "use=\"EC\" ", "use=\"EC\"")), Contains("no space before an attribute"));
  CHECK_THAT(Refusal(Replaced(xml, "use=\"EC\"", "use=EC")), Contains("without quotes"));
  CHECK_THAT(Refusal(Replaced(xml, "use=\"EC\"", "use")), Contains("without a value"));
  CHECK_THAT(Refusal(Replaced(xml, "LANCS", "<LANCS")), Contains("\"<\" in an attribute"));
  CHECK_THAT(Refusal(Replaced(xml, "<given>Aisha", "<given:Aisha")), !Contains("Aisha"));
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", "a < b")), Contains("starts no name"));
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", "]]>")), Contains("outside CDATA"));
  CHECK_THAT(Refusal(Replaced(xml, "Lancashire", "<!-- a -- b -->")), Contains("inside a comment"));
}

TEST_CASE("sizes, depths and counts have limits") {
  CHECK_THAT(Refusal(Replaced(File(), "Lancashire", Repeated("<a>", 40) + Repeated("</a>", 40))),
             Contains("nested more than 32 deep"));
  CHECK_THAT(Refusal(Repeated("<a>", 1'000'000)), Contains("nested more than 32 deep"));
  const std::string ten_megabytes(10 * 1024 * 1024, 'n');
  CHECK_THAT(Refusal(Replaced(File(), "Aisha", ten_megabytes)),
             Contains("text of 10485760 bytes; at most 65536 are accepted"));
  CHECK_THAT(Refusal(Replaced(File(), "LANCS", ten_megabytes)), Contains("bytes; at most 65536 are accepted"));
  CHECK_THAT(Refusal(Replaced(File(), "Aisha", "<![CDATA[" + ten_megabytes + "]]>")),
             Contains("text of 10485760 bytes"));
  CHECK_THAT(Refusal("<" + ten_megabytes + "/>"), Contains("a name of 10485760 bytes; at most 1024"));
  CHECK_THAT(Refusal("<a " + ten_megabytes + "=''/>"), Contains("a name of 10485760 bytes"));
  std::string attributes;
  for (int i = 0; i < 33; ++i) attributes += " a" + std::to_string(i) + "=''";
  CHECK_THAT(Refusal("<File" + attributes + "/>"), Contains("<File> has more than 32 attributes"));
  CHECK_THAT(Refusal(Repeated("<a/>", 1)), Contains("not File"));
  CHECK_THAT(Refusal("<a>" + Repeated("<b/>", kMaxXmlNodes) + "</a>"),
             Contains("more than 4000000 elements and attributes"));
  CHECK_THAT(Refusal(std::string(kMaxUploadBytes + 1, ' ')),
             Contains("the file has 67108865 bytes; at most 67108864 are accepted"));
  CHECK_THAT(Refusal(File(std::vector<std::string>(60'000, "<record/>"))),
             Contains("the file has 60000 records, at most 50000 are accepted; split it"));
}

TEST_CASE("a thousand records are read in a few milliseconds") {
  const std::string xml = File(std::vector<std::string>(1000, CppRecord("9990000018")));
  std::chrono::duration<double, std::milli> best = std::chrono::seconds(10);
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const UploadResult result = Read(xml);
    best = std::min<decltype(best)>(best, std::chrono::steady_clock::now() - start);
    REQUIRE(result.upload);
    REQUIRE(result.upload->Loaded() == 1000);
  }
  WARN("1,000 records, " << xml.size() / 1024 << " KiB: " << best.count() << " ms");
  CHECK(best.count() < 1000);  // far above what it takes: only a change of order of growth must fail here
}

TEST_CASE("twenty thousand mutations of a good file never crash and never yield what the rules forbid") {
  const std::string good =
      File({CppRecord("9990000018"),
            sample::Record(sample::Ucpp({"202609010900", "202701150000", ""}) + sample::Mother("9990000050"))});
  const uint64_t seed = 20261122;
  WARN("seed " << seed);
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string xml = Mutated(good, random);
    const UploadResult result = Read(xml);
    REQUIRE(result.upload.has_value() != result.failure.has_value());
    if (!result.upload) {
      REQUIRE_THAT(result.failure->detail,
                   !Equals("") && !Contains("Aisha") && !Contains("9990000018") && !Contains("9990000050"));
      continue;
    }
    ++accepted;
    REQUIRE(result.upload->record_count == 2);
    REQUIRE(result.upload->authority.emergency_duty_tel.size() >= 1);
    for (const UploadRecord& record : result.upload->records) {
      REQUIRE(NhsNumber::Parse(record.subject.digits()).ok());
      REQUIRE_FALSE(record.changes.empty());
      for (const PlanChange& change : record.changes) {
        REQUIRE((change.type != PlanType::kUcpp || change.end));
        REQUIRE((!change.end || *change.end >= change.start));
      }
    }
    for (const RecordProblem& problem : result.upload->problems) {
      REQUIRE_FALSE(problem.display.empty());
      REQUIRE_THAT(problem.detail, !Contains("Aisha") && !Contains("9990000018") && !Contains("9990000050"));
    }
  }
  CHECK(accepted > 500);  // otherwise the mutations only ever test the guard
}

}  // namespace cpis::sync::fleet
