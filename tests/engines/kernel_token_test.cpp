// Tokens, for real: an unprivileged user of a user namespace loads and runs what a mount delegates
// to it, and is told what it does not.
//
// Here, and in guests: 6.12 has tokens, 6.1 has none and says so.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kernel/test_run.hpp"
#include "kernel/token.hpp"
#include "kernel_bpf.hpp"
#include "support/scratch.hpp"
#include "user_namespace.hpp"

namespace skep::kernel {
namespace {

using kernel_test::in_user_namespace;
using kernel_test::kEverything;
using kernel_test::Options;

class KernelWithoutToken : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    if (!missing(kSysAdmin).empty()) GTEST_SKIP() << "only an administrator delegates";
  }
};
class KernelToken : public KernelWithoutToken {
 protected:
  void SetUp() override {
    KernelWithoutToken::SetUp();
    if (!IsSkipped() && !kernel_test::can_delegate())
      GTEST_SKIP() << "this kernel has no tokens, which are of Linux 6.9";
  }
};

std::string text_of(const Error& error) { return format("{} ({})", error.what(), error.hint); }

// Loads the filter with the token of `folder` and runs it on a packet.
std::string load_and_run(const std::string& folder) {
  const auto token = Token::create(folder);
  if (!token.ok()) return text_of(token.error());
  auto object = object::Object::open(SKEP_TOKEN_OBJECT);
  if (!object.ok()) return text_of(object.error());
  auto app = App::load(*object, {.token = &*token});
  if (!app.ok()) return text_of(app.error());
  const std::vector<std::byte> packet(100);
  const auto ran = test_run(*app->program("by_length"), {.packet = packet});
  if (!ran.ok()) return text_of(ran.error());
  const u64 counted = app->map("lengths")->map.count();
  return format("ran on {} bytes, counted {}, {}", ran->return_value, counted,
                app->has_types() ? "with types" : "without types");
}

std::string load_without(const std::string&) {
  auto object = object::Object::open(SKEP_TOKEN_OBJECT);
  const auto app = App::load(*object, {});
  return app.ok() ? "it was loaded" : text_of(app.error());
}

std::string token_of(const std::string& folder) {
  const auto token = Token::create(folder);
  return token.ok() ? "a token" : text_of(token.error());
}

// The packet behind its Ethernet header is what a socket filter sees.
TEST_F(KernelToken, an_unprivileged_user_loads_and_runs_what_is_delegated) {
  EXPECT_EQ(in_user_namespace(kEverything, load_and_run), "ran on 86 bytes, counted 1, with types");
}

TEST_F(KernelToken, without_it_the_error_names_it) {
  const std::string said = in_user_namespace(kEverything, load_without);
  EXPECT_NE(said.find("cannot load the object's types: Operation not permitted"), said.npos)
      << said;
  EXPECT_NE(said.find("--token FOLDER"), said.npos) << said;
}

TEST_F(KernelToken, types_may_be_left_out) {
  Options options = kEverything;
  options[0].value = "map_create:prog_load";
  EXPECT_EQ(in_user_namespace(options, load_and_run), "ran on 86 bytes, counted 1, without types");
}

// What the advice says is put into the mount, and then it is enough.
TEST_F(KernelToken, what_is_left_out_is_named_as_the_option_that_helps) {
  Options options = {{"delegate_cmds", "btf_load"}};
  const auto refused = [&] { return in_user_namespace(options, load_and_run); };
  const auto expect = [&](std::string_view option) {
    const std::string said = refused();
    EXPECT_NE(said.find(format("mount that file system with {})", option)), said.npos) << said;
  };
  expect("delegate_cmds=map_create");
  options[0].value += ":map_create";
  options.push_back({"delegate_maps", "array"});
  expect("delegate_maps=hash");
  options[1].value += ":hash";
  expect("delegate_cmds=prog_load");
  options[0].value += ":prog_load";
  options.push_back({"delegate_progs", "xdp"});
  expect("delegate_progs=socket_filter");
  options[2].value += ":socket_filter";
  options.push_back({"delegate_attachs", "xdp"});
  expect("delegate_attachs=cgroup_inet_ingress");  // number 0, of those that say none
  options[3].value += ":cgroup_inet_ingress";
  EXPECT_EQ(refused(), "ran on 86 bytes, counted 1, with types");
}

TEST_F(KernelToken, folders_that_give_none_are_told_apart) {
  const auto expect = [](const std::string& said, std::string_view what) {
    EXPECT_NE(said.find(what), said.npos) << said;
  };
  expect(in_user_namespace({}, token_of), "it delegates nothing");
  expect(in_user_namespace(kEverything,
                           [](const std::string& folder) {
                             const std::string below = folder + "/below";
                             ::mkdir(below.c_str(), 0700);
                             return token_of(below);
                           }),
         "it is not the root of its file system");
  expect(token_of("/tmp"), "cannot make a token of /tmp: it is no bpf file system");
  expect(token_of("/nowhere"), "/nowhere");
}

// A process of its own, which mounts for itself and goes.
std::string in_own_mounts(const std::function<std::string(const std::string&)>& does) {
  const test::Scratch scratch;
  const std::string folder = scratch.path("bpf");
  ::chmod(scratch.path("").c_str(), 0755);
  ::mkdir(folder.c_str(), 0755);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "setup: mount";
    if (::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("bpf", folder.c_str(), "bpf", 0, nullptr) == 0)
      said = does(folder);
    scratch.write("said", said);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return scratch.read("said");
}

TEST_F(KernelWithoutToken, the_first_namespace_needs_none) {
  const std::string said = in_own_mounts(token_of);
  const bool has_tokens = kernel_test::can_delegate();
  EXPECT_NE(said.find(has_tokens ? "this is the first user namespace, which needs no token"
                                 : "this kernel has no tokens (there are tokens since Linux 6.9)"),
            said.npos)
      << said;
}

// The one that a machine has, seen from a container.
TEST_F(KernelToken, a_file_system_of_another_namespace_gives_none) {
  const std::string said = in_own_mounts([](const std::string& folder) {
    return in_user_namespace(kEverything, [&](const std::string&) { return token_of(folder); });
  });
  EXPECT_NE(said.find("it was mounted for another user namespace"), said.npos) << said;
}

}  // namespace
}  // namespace skep::kernel
