// A token through the C++ interface: an unprivileged user of a user namespace loads and runs what
// is delegated to it.
#include "engines/api_kernel.hpp"
#include "engines/user_namespace.hpp"

namespace skep::api_test {
namespace {

using kernel_test::in_user_namespace;
using kernel_test::kEverything;

const std::string kFilter = SKEP_TOKEN_OBJECT;

std::string run_with(const LoadOptions& options) {
  const auto object = Object::open(kFilter);
  if (!object.ok()) return object.error().message;
  auto app = engine("kernel").load(*object, options);
  if (!app.ok()) return app.error().message + " | " + app.error().hint;
  const std::vector<std::byte> packet(100);
  const auto run = app->program("by_length").run(packet);
  return run.ok() ? "ran on " + std::to_string(run->return_value) + " bytes" : run.error().message;
}

TEST_F(ApiKernel, ATokenLoadsWhatIsDelegated) {
  if (!kernel_test::can_delegate())
    GTEST_SKIP() << "this kernel has no tokens: those of Linux 6.9 do";
  const auto with = [](const std::string& folder) { return run_with({.token = folder}); };
  EXPECT_EQ(in_user_namespace(kEverything, with), "ran on 86 bytes");
  const auto without = [](const std::string&) { return run_with({}); };
  EXPECT_NE(in_user_namespace(kEverything, without).find("Operation not permitted"),
            std::string::npos);
  const auto little = in_user_namespace({{"delegate_cmds", "btf_load:prog_load"}}, with);
  EXPECT_NE(little.find("delegate_cmds=map_create"), std::string::npos) << little;
  expect_refusal(engine("kernel").load(Object::open(kFilter).value(), {.token = "/nowhere"}),
                 Fault::absent, "/nowhere");
  expect_refusal(engine("user").load(Object::open(kFilter).value(), {.token = "/nowhere"}),
                 Fault::unsupported, "LoadOptions::token is for the kernel engine");
}

}  // namespace
}  // namespace skep::api_test
