// How an object says what its programs are: by the names of their sections.
//
// One row a name that libbpf knows, in its order. "kprobe+" stands for "kprobe" and for
// "kprobe/TARGET"; a '?' in front of a name keeps the program from being loaded unless asked for.
// parse_target() reads what stands behind the name; its forms are those of libbpf's attach
// functions (docs/program_types.rst of libbpf).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/attach_types.hpp"
#include "platform/program_types.hpp"
#include "skep/result.hpp"

namespace skep::platform {

// What a program is attached to, and so how the text behind its section's name reads.
enum class TargetKind : u8 {
  none,             // nothing, or nothing that the object says
  kernel_function,  // FUNCTION, FUNCTION+OFFSET or MODULE:FUNCTION
  kernel_pattern,   // functions that match a pattern with * and ?
  user_function,    // PATH:FUNCTION or PATH:FUNCTION+OFFSET
  user_pattern,     // PATH:PATTERN
  system_call,      // its name
  usdt,             // PATH:PROVIDER:NAME
  tracepoint,       // CATEGORY/NAME
  raw_tracepoint,   // NAME
  lsm_hook,         // its name
  iterator,         // what it iterates over
  program,          // a function of a program that is loaded
  operation,        // a member of a struct_ops map; the text is for people
  count_
};
std::string_view name_of(TargetKind kind);  // "kernel function"

struct Target {
  TargetKind kind = TargetKind::none;
  std::string text{};   // all of it, as it was written
  std::string place{};  // path of a binary, category of a tracepoint, or a module
  std::string provider{};
  std::string name{};
  u64 offset = 0;  // into the function, in bytes

  friend bool operator==(const Target&, const Target&) = default;
};

using SectionFlags = u8;
inline constexpr SectionFlags kSleepable = 1;           // BPF_F_SLEEPABLE
inline constexpr SectionFlags kXdpFrags = 2;            // BPF_F_XDP_HAS_FRAGS
inline constexpr SectionFlags kAttachable = 4;          // by BPF_PROG_ATTACH
inline constexpr SectionFlags kAttachTypeOptional = 8;  // kernels without it are given 0
inline constexpr SectionFlags kTargetInBtf = 16;        // the target is a BTF id at load time

struct SectionName {
  std::string_view name;  // a trailing '+' takes "/target" behind it
  ProgramType type;
  std::optional<AttachType> attach_type;
  SectionFlags flags;
  TargetKind target;

  bool has(SectionFlags flag) const { return (flags & flag) != 0; }
};
std::span<const SectionName> section_names();
// The row for `section`, or null.
const SectionName* find_section(std::string_view section);

// What stands behind the name in `section`; kind none when nothing does. Fault::malformed says how
// it is written.
Result<Target> parse_target(const SectionName& row, std::string_view section);

// What the author of an unknown section name may have meant.
std::string section_advice(std::string_view section);

}  // namespace skep::platform
