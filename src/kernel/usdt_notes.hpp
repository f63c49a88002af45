// Probes that programs are built with (USDT): where they are, and where their arguments are.
//
// The notes of .note.stapsdt say for each place of a probe its address, the counter that has to be
// raised while somebody listens (semaphore), and the arguments as assembly operands. The file is
// taken to be hostile. Format: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation.
#pragma once

#include <string>
#include <vector>

#include "kernel/user_functions.hpp"

namespace skep::kernel {

inline constexpr std::size_t kUsdtArgumentsMax = 12;  // BPF_USDT_MAX_ARG_CNT of libbpf

enum class ArgumentKind : u8 { constant, in_register, in_memory };

struct UsdtArgument {
  ArgumentKind kind = ArgumentKind::constant;
  s64 value = 0;            // the constant, or what is added to the register
  u16 register_offset = 0;  // in struct pt_regs
  u8 bytes = 8;
  bool is_signed = false;
};

struct UsdtPlace {
  u64 offset = 0;     // of the probe in the file
  u64 semaphore = 0;  // of the counter in the file, or 0
  std::vector<UsdtArgument> arguments;
};

// "-4@-20(%rbp)": Fault::unsupported for operands that cannot be read: floating point, symbols,
// scaled indices.
Result<UsdtArgument> parse_argument(std::string_view text);

// All places of a probe; Fault::absent names the nearest probes of the file.
Result<std::vector<UsdtPlace>> usdt_places(const UserFile& file, std::string_view provider,
                                           std::string_view name);

}  // namespace skep::kernel
