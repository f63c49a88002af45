// The main function of test programs that are made of several files: `test_btf --file
// btf_raw_test.cpp` runs the tests of one of them, so that ctest lists, times and runs files, and
// the compiler reads their headers once. Without it, or with GoogleTest's own filter, the program
// is as any other.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <string_view>

namespace {

// GoogleTest's filter for the tests that stand in the file; empty when there are none.
std::string filter_of(std::string_view file) {
  std::string out;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int suite = 0; suite < all.total_test_suite_count(); ++suite) {
    const testing::TestSuite& tests = *all.GetTestSuite(suite);
    for (int at = 0; at < tests.total_test_count(); ++at) {
      const testing::TestInfo& test = *tests.GetTestInfo(at);
      if (!std::string_view(test.file()).ends_with("/" + std::string(file))) continue;
      out += (out.empty() ? "" : ":") + std::string(test.test_suite_name()) + "." + test.name();
    }
  }
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  if (count == 1) return RUN_ALL_TESTS();
  if (count != 3 || std::string_view(arguments[1]) != "--file") {
    std::cerr << "usage: " << arguments[0] << " [--file NAME_test.cpp] [GoogleTest's options]\n";
    return 2;
  }
  const std::string filter = filter_of(arguments[2]);
  if (filter.empty()) {
    std::cerr << arguments[0] << ": no test stands in a file " << arguments[2] << '\n';
    return 2;
  }
  if (testing::GTEST_FLAG(filter) == "*") testing::GTEST_FLAG(filter) = filter;
  return RUN_ALL_TESTS();
}
