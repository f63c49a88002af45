// skep bench: our numbers beside the kernel's and libbpf's.
//
// Measuring needs peers that the command itself does not link to, so it is done by a program of its
// own, bench/skep_bench beside the command's file; this one hands over to it.
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"

namespace skep::cli {
namespace {

std::string measuring_program() {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return (self.parent_path() / "bench" / "skep_bench").string();
}

}  // namespace

Result<int> bench(const Arguments& arguments, Output& out) {
  std::string program = measuring_program();
  std::vector<std::string> words = {"skep bench"};
  if (const auto filter = arguments.text(Flag::filter)) {
    words.insert(words.end(), {"--filter", std::string(*filter)});
  }
  if (out.is_json()) words.emplace_back("-j");
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  ::execv(program.c_str(), raw.data());
  const int error = errno;
  if (error != ENOENT) return system_error("start", program, error);
  return Error(Fault::unsupported, format("there is no {} to measure with", program),
               "it is built from source by: cmake --preset release && cmake --build --preset "
               "release");
}

}  // namespace skep::cli
