// What JsonWriter writes, for the inputs that break writers: quotes, control characters, bytes that
// are not UTF-8, numbers beyond 2^53 and numbers that are none.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json.hpp"

namespace skep {
namespace {

TEST(Json, NestsWithCommasWhereTheyBelong) {
  JsonWriter json;
  json.begin_object().member("a", 1).key("b").begin_array().value("x").value(true).null();
  json.begin_object().end_object().end_array().member("c", -2).end_object();
  EXPECT_EQ(json.take(), R"({"a":1,"b":["x",true,null,{}],"c":-2})");
  EXPECT_EQ(json.begin_array().end_array().take(), "[]") << "the writer starts again";
}

TEST(Json, KeepsEveryDigitOfLargeIntegers) {
  JsonWriter json;
  json.begin_array().value(std::numeric_limits<u64>::max()).value(std::numeric_limits<s64>::min());
  EXPECT_EQ(json.end_array().take(), "[18446744073709551615,-9223372036854775808]");
}

TEST(Json, WritesDoublesShortestAndNoInfinities) {
  JsonWriter json;
  json.begin_array().value(0.1).value(1e300).value(std::nan("")).value(HUGE_VAL).rounded(21.44, 1);
  EXPECT_EQ(json.end_array().take(), "[0.1,1e+300,null,null,21.4]");
}

struct QuotedCase {
  std::string_view text;
  std::string_view json;
};

TEST(Json, EscapesWhatMustBe) {
  using namespace std::string_view_literals;
  const QuotedCase cases[] = {
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\n\r\t\b\f", R"("\n\r\t\b\f")"},
      {"\0\x1f\x7f"sv, R"("\u0000\u001f\u007f")"},
      {"é€😀", R"("é€😀")"},
      {"\xff", R"("\u00ff")"},
      {"\xc3", R"("\u00c3")"},            // cut
      {"\xc0\xaf", R"("\u00c0\u00af")"},  // too long a form
      {"\xe0\x80\x80", R"("\u00e0\u0080\u0080")"},
      {"\xed\xa0\x80", R"("\u00ed\u00a0\u0080")"},            // a surrogate
      {"\xf4\x90\x80\x80", R"("\u00f4\u0090\u0080\u0080")"},  // beyond U+10FFFF
      {"é\xff", "\"é\\u00ff\""},
  };
  for (const QuotedCase& each : cases) EXPECT_EQ(json_quoted(each.text), each.json);
}

}  // namespace
}  // namespace skep
