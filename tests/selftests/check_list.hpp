// A list of differences as a test: what is new, gone or not explained is a failure; UPDATE=1 writes
// it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "selftests/verdict_table.hpp"

namespace skep::selftests {

// What the list says where the kernel is not the one that it was made with.
enum class Elsewhere : u8 {
  compare_ours,  // the programs are the same: our verdicts must be those of the list
  nothing,       // the programs are others
};

// Why verdicts were not compared with the kernel's, to skip with; else empty.
// `refused`: why the kernel was not asked; else empty.
inline std::string check_list(const std::string& path, const std::vector<Comparison>& all,
                              Elsewhere elsewhere,
                              const std::string& refused = kernel_test::refusal()) {
  const std::string release = kernel_release();
  if (std::getenv("UPDATE") != nullptr && refused.empty()) {
    EXPECT_TRUE(Differences::read(path).value().write(path, release, all).ok());
  }
  const Differences list = Differences::read(path).value();
  const bool is_its_kernel = refused.empty() && list.release() == release;
  const auto judge = is_its_kernel ? Differences::Judge::kernel : Differences::Judge::file;
  if (is_its_kernel || elsewhere == Elsewhere::compare_ours) {
    for (const std::string& each : list.complaints(all, judge)) ADD_FAILURE() << each;
  }
  if (!refused.empty()) return refused;
  if (is_its_kernel) return {};
  return format("{} is of kernel {}, this is {}", path, list.release(), release);
}

}  // namespace skep::selftests
