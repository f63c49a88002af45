// What programs must keep when they call functions of the kernel (kfuncs): who may call each, and
// what its flags ask.
//
// Prototypes are in a kernel's BTF; its flags and who may call a function are not, so they are
// here, as Linux 6.18 registers them (register_btf_kfunc_id_set): functions that the configuration
// of the kernel at hand leaves out are refused before, by its BTF. The rows are compared with what
// the running kernel answers to programs that try (tests/engines/tables_functions_test.cpp). The
// flags are the KF_* of include/linux/btf.h, described in Documentation/bpf/kfuncs.rst.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "platform/program_types.hpp"

namespace skep::platform {

// A set of flags.
using KernelFlags = u16;
inline constexpr KernelFlags kAcquires = 1 << 0;          // its result is to be released
inline constexpr KernelFlags kGivesBack = 1 << 1;         // takes back what was acquired
inline constexpr KernelFlags kMayReturnNull = 1 << 2;     // its pointer
inline constexpr KernelFlags kTrustedArguments = 1 << 3;  // pointers are valid, and not null
inline constexpr KernelFlags kRcuArguments = 1 << 4;      // the same, or valid in an RCU section
inline constexpr KernelFlags kMaySleep = 1 << 5;
inline constexpr KernelFlags kInRcuSection = 1 << 6;  // is called in one (KF_RCU_PROTECTED)
inline constexpr KernelFlags kMakesIterator = 1 << 7;
inline constexpr KernelFlags kStepsIterator = 1 << 8;
inline constexpr KernelFlags kDestroysIterator = 1 << 9;
inline constexpr KernelFlags kOfDevice = 1 << 10;     // of programs that are bound to a device
inline constexpr KernelFlags kMovesPacket = 1 << 11;  // packet pointers taken before are lost

struct KernelFunctionRow {
  std::string_view name;
  ProgramTypes programs;
  KernelFlags flags = 0;

  bool has(KernelFlags flag) const { return (flags & flag) != 0; }
};

// All of them, by name.
std::span<const KernelFunctionRow> kernel_function_rows();
// The row of a function, or null. Names without "___flavour".
const KernelFunctionRow* find_kernel_function(std::string_view name);
// Whether programs of this type, attached so, may call it.
bool may_call(const KernelFunctionRow& function, ProgramType type,
              std::optional<AttachType> attach);

}  // namespace skep::platform
