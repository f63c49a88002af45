// Structures of operations: a congestion control for TCP is registered while its Link lives, and in
// no other way. Its name is this process's own, since all of a machine share the list: it is put
// into the object in place of the one that stands there.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;

struct OperationsCase {
  std::string file, name, since;
  friend std::ostream& operator<<(std::ostream& out, const OperationsCase& one) {
    return out << one.name;
  }
};

class Operations : public testing::TestWithParam<OperationsCase> {
 protected:
  void SetUp() override {
    const std::string why = why_not();
    if (!why.empty()) GTEST_SKIP() << why;
    if (is_older_than(GetParam().since))
      GTEST_SKIP() << GetParam().name << ": Linux has it since " << GetParam().since;
  }
  Result<App> load() const {
    const std::string path = object_path(GetParam().file);
    std::string bytes = TRY(read_text(path));
    const auto at = std::ranges::search(bytes, GetParam().name).begin();
    EXPECT_NE(at, bytes.end()) << path << " has no such name";
    std::ranges::copy(name_, at);
    const Bytes file(std::as_bytes(std::span(bytes.data(), bytes.size())));
    return App::load(TRY(object::Object::read(file, path)), {});
  }
  bool is_registered() const {
    const std::string there =
        read_text("/proc/sys/net/ipv4/tcp_available_congestion_control").value();
    return there.find(name_) != std::string::npos;
  }

 private:
  // "skep_w1234__": no other run has it. A child has its parent's.
  static std::string own_name(const std::string& pattern) {
    std::string own = format("{}{}", pattern.substr(0, 6), ::getpid());
    own.resize(std::max(own.size(), pattern.size()), '_');
    return own;
  }
  const std::string name_ = own_name(GetParam().name);
};

TEST_P(Operations, AreRegisteredWhileTheLinkLives) {
  const App app = load().value();
  {
    const auto link = kernel::attach_operations(app, 0);
    ASSERT_TRUE(link.ok()) << link.error().message << "; " << link.error().hint;
    EXPECT_EQ(link->where(), "struct tcp_congestion_ops");
    EXPECT_TRUE(is_registered());
    const App again = load().value();
    const auto second = kernel::attach_operations(again, 0);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().fault, Fault::usage) << second.error().message;
    EXPECT_NE(second.error().hint.find("another name"), std::string::npos) << second.error().hint;
    EXPECT_TRUE(is_registered()) << "the refused one took the first one away";
  }
  EXPECT_TRUE(eventually([&] { return !is_registered(); }));
  const auto after = kernel::attach_operations(app, 7);
  EXPECT_FALSE(after.ok());
  EXPECT_EQ(after.error().fault, Fault::usage);
  std::printf("ran: struct_ops %s\n", GetParam().name.c_str());
}

TEST_P(Operations, AreGoneWhenTheProcessIsKilled) {
  Child child([&]() -> u64 {
    const auto* app = new App(load().value());  // stays until the process is killed
    return (new auto(kernel::attach_operations(*app, 0)))->ok() ? 1 : 0;
  });
  EXPECT_TRUE(child.told() == 1 && is_registered());
  child.kill();
  EXPECT_TRUE(eventually([&] { return !is_registered(); }));
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, Operations,
    testing::Values(OperationsCase{"operations.bpf.o", "skep_written", "5.6"},
                    OperationsCase{"linked_operations.bpf.o", "skep_linked", "6.4"}),
    [](const testing::TestParamInfo<OperationsCase>& info) { return info.param.name; });

}  // namespace
}  // namespace skep::network_test
