// What the tests of skep's looks into the kernel share: the command that was just built, and
// reasons to skip.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "kernel/bpf.hpp"
#include "support/scratch.hpp"

namespace skep::kernel {

inline const std::string kSkep = SKEP_BINARY_DIR "/skep";

inline std::string output_of(const std::string& command) {
  const test::Scratch scratch;
  return scratch.run(command);
}
inline int exit_of(const std::string& command) {
  return WEXITSTATUS(std::system((command + " >/dev/null 2>&1").c_str()));
}

class Look : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    if (!missing(kSysAdmin).empty()) GTEST_SKIP() << "ids may be asked for only with CAP_SYS_ADMIN";
    ::setenv("PATH", (std::string(std::getenv("PATH")) + ":/usr/sbin:/sbin").c_str(), 1);
  }
  void needs_bpftool() {
    if (exit_of("command -v bpftool") != 0) GTEST_SKIP() << "bpftool is not installed";
  }
};

}  // namespace skep::kernel
