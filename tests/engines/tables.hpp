// What the tests of the tables of src/platform ask the kernel: which types of programs it loads,
// and what it says of small programs made from slots.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "kernel/trials.hpp"
#include "kernel/types.hpp"
#include "kernel_bpf.hpp"
#include "platform/section_names.hpp"
#include "verify/verify.hpp"

namespace skep::kernel_tables {

using isa::Slot;
using platform::AttachType;
using platform::ProgramType;
using Slots = std::vector<Slot>;

// ---- programs, slot by slot
// ----------------------------------------------------------------------------------------

constexpr Slot slot(u8 opcode, u8 dst = 0, u8 src = 0, s16 offset = 0, s32 immediate = 0) {
  return {opcode, static_cast<u8>(src << 4 | dst), offset, immediate};
}
constexpr Slot set(u8 dst, s32 value) { return slot(0xb7, dst, 0, 0, value); }
constexpr Slot copy(u8 dst, u8 src) { return slot(0xbf, dst, src); }
constexpr Slot add(u8 dst, s32 value) { return slot(0x07, dst, 0, 0, value); }
constexpr Slot call(s32 helper) { return slot(0x85, 0, 0, 0, helper); }
constexpr Slot leave() { return slot(0x95); }
// The opcode bits of an access of so many bytes.
constexpr u8 width_bits(u32 bytes) {
  return bytes == 1 ? 0x10 : bytes == 2 ? 0x08 : bytes == 4 ? 0x00 : 0x18;
}
constexpr Slot load(u8 dst, u8 src, s16 offset, u32 bytes) {
  return slot(0x61 | width_bits(bytes), dst, src, offset);
}
constexpr Slot store(u8 dst, u8 src, s16 offset, u32 bytes) {
  return slot(0x63 | width_bits(bytes), dst, src, offset);
}
constexpr Slot store_zero(u8 dst, s16 offset, u32 bytes) {
  return slot(0x62 | width_bits(bytes), dst, 0, offset);
}
// `r = 0` leads to the end: returns 1 unless r is not null.
inline void leave_if_null(Slots& code, u8 r) {
  code.insert(code.end(), {slot(0x55, r, 0, 2), set(0, 1), leave()});
}
inline void append(Slots& code, std::initializer_list<Slot> more) { code.insert(code.end(), more); }

// ---- types of programs
// --------------------------------------------------------------------------------------------

// A type of programs, attached in one of its ways.
struct Cell {
  ProgramType type;
  std::optional<AttachType> attach;

  std::string name() const {
    return attach ? format("{} as {}", platform::row(type).name, platform::row(*attach).name)
                  : std::string(platform::row(type).name);
  }
  friend bool operator<(const Cell& a, const Cell& b) {
    return std::pair(a.type, a.attach) < std::pair(b.type, b.attach);
  }
};

class Kernel {
 public:
  // Those that load here, by the names of sections; the rest in `absent`.
  Kernel() {
    std::set<Cell> all;
    for (const platform::SectionName& row : platform::section_names())
      all.insert({row.type, row.attach_type});
    for (const Cell& cell : all) {
      (load(cell, {set(0, 1), leave()}).refusal == 0 ||
               load(cell, {set(0, 0), leave()}).refusal == 0
           ? cells
           : absent)
          .push_back(cell);
    }
  }

  kernel::Answer load(const Cell& cell, const Slots& code, bool wants_log = false) {
    return trials.load(
        {.type = cell.type, .attach = cell.attach, .code = code, .wants_log = wants_log});
  }
  bool accepts(const Cell& cell, const Slots& code) { return load(cell, code).refusal == 0; }

  void say_absent() const {
    std::string names;
    for (const Cell& cell : absent) names += format("{}{}", names.empty() ? "" : ", ", cell.name());
    if (!names.empty())
      std::cout << "not compared, since the kernel here does not load them: " << names << "\n";
  }

  kernel::Trials trials;
  std::vector<Cell> cells, absent;
};

// What kernel/trials.cpp has programs attached to that trace the kernel.
inline std::string target_of(const Cell& cell) {
  if (cell.attach == AttachType::trace_raw_tp) return "sched_process_exit";
  return cell.attach == AttachType::trace_iter ? "task" : "";
}

// What kernel/trials.cpp has operations stand in: tcp_congestion_ops.ssthresh, which takes no
// argument that the code of these tests reads.
inline void place_operation(platform::Program& program, std::shared_ptr<const btf::Types> types) {
  const auto structure = types->find("tcp_congestion_ops", btf::Kind::structure);
  if (!structure) return;
  platform::MapSpec map;
  map.name = "operations";
  map.kind = platform::MapKind::struct_ops;
  map.value_type = *structure;
  u32 number = 0;
  for (const btf::Member& member : types->members(*structure)) {
    if (member.name == "ssthresh") map.initial_programs = {{number, program.name}};
    ++number;
  }
  program.types = std::move(types);
  program.maps = std::make_shared<const std::vector<platform::MapSpec>>(1, std::move(map));
}

// Our verdict by the kernel's rules.
inline verify::Verdict our_verdict(const Cell& cell, const Slots& code,
                                   platform::Capabilities held = platform::kAllCapabilities) {
  static const auto types = kernel::KernelTypes().vmlinux();
  auto program = std::make_shared<platform::Program>();
  program->target.name = program->target.text = target_of(cell);
  program->name = "main";
  program->type = cell.type;
  program->attach_type = cell.attach;
  program->gpl_compatible = true;
  program->code = isa::decode(code).value();
  if (cell.type == ProgramType::struct_ops && types.ok()) place_operation(*program, *types);
  return verify::verify(program, {.rules = verify::Rules::kernel,
                                  .capabilities = held,
                                  .kernel_types = types.ok() ? types->get() : nullptr});
}

// "accepted", or why not.
inline std::string text_of(const verify::Verdict& verdict) {
  if (verdict.accepted()) return "accepted";
  return std::get<verify::Report>(verdict.outcome).message;
}

}  // namespace skep::kernel_tables
