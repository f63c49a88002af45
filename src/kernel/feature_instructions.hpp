// Programs by which a kernel shows that it understands an instruction set, in the encoding of RFC
// 9669 (what is newer: include/uapi/linux/bpf.h).
#pragma once

#include <span>

#include "isa/instruction.hpp"
#include "platform/instruction_sets.hpp"

namespace skep::kernel {

// Programs that only a kernel with that instruction set loads; they return 0.
inline constexpr isa::Slot kV2[] = {
    {0xb7, 0, 0, 0}, {0xa5, 0, 1, 1}, {0xb7, 0, 0, 1}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kV3[] = {
    {0xb7, 0, 0, 0}, {0x16, 0, 1, 0}, {0xb7, 0, 0, 1}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kV4[] = {
    {0xb7, 0, 0, 0}, {0xbf, 0x01, 8, 0}, {0x95, 0, 0, 0}};  // r1 = (s8) r0
inline constexpr isa::Slot kLocalCall[] = {
    {0x85, 0x10, 0, 1}, {0x95, 0, 0, 0}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kFetch[] = {
    {0x7a, 0x0a, -8, 0}, {0xb7, 1, 0, 1}, {0xdb, 0x1a, -8, 1}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kMayGoto[] = {{0xb7, 0, 0, 0}, {0xe5, 0, 0, 0}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kLoadAcquire[] = {
    {0x7a, 0x0a, -8, 0}, {0xdb, 0xa0, -8, 0x100}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
inline constexpr isa::Slot kLoop[] = {
    {0xb7, 0, 0, 0}, {0x07, 0, 0, 1}, {0xa5, 0, -2, 10}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};

struct InstructionTrial {
  platform::InstructionSet set;
  std::span<const isa::Slot> code;
};
inline constexpr InstructionTrial kInstructionTrials[] = {
    {platform::InstructionSet::v1, {}},
    {platform::InstructionSet::v2, kV2},
    {platform::InstructionSet::local_calls, kLocalCall},
    {platform::InstructionSet::v3, kV3},
    {platform::InstructionSet::fetching_atomics, kFetch},
    {platform::InstructionSet::v4, kV4},
    {platform::InstructionSet::may_goto, kMayGoto},
    {platform::InstructionSet::ordered_accesses, kLoadAcquire},
};

}  // namespace skep::kernel
