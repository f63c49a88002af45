#include "kernel/owner.hpp"

#include <unistd.h>

#include <atomic>

#include "base/text.hpp"

namespace skep::kernel {
namespace {
constexpr std::size_t kProgramMax =
    128;  // the kernel takes names of 256 bytes (CLS_BPF_NAME_LEN, MAX_PROG_NAME)
}

std::string owner_name(const Attachment& at, std::string_view mark) {
  static std::atomic<u32> number{0};
  const std::string_view program = at.program.entry.name;
  return format("{}{}{}.{}{}{}]", program.substr(0, kProgramMax), kOwnerMark, ::getpid(), ++number,
                mark.empty() ? "" : " ", mark);
}

}  // namespace skep::kernel
