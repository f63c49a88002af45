// What of a function could live in a register that it leaves over: places of its frame, and large
// constants of its loops (jit/promote.hpp).
//
// Every access is counted by what it is worth. A place is usable when all that touches it are loads
// and stores of one width, four or eight bytes, through r10, and nothing else reaches it.
#pragma once

#include <array>
#include <vector>

#include "jit/operation.hpp"

namespace skep::jit {

struct Candidate {
  s32 offset = 0;  // of a place
  u32 bytes = 0;   // 0: a constant
  s64 value = 0;
  u32 weight = 0;
  bool is_usable = true;
  Register spare = kNoRegister;
};

class Candidates {
 public:
  // The kinds of operations that are worth a look.
  static constexpr Kinds kLookedAt = kinds_of(Kind::load) | kinds_of(Kind::store) |
                                     kinds_of(Kind::fill) | kinds_of(Kind::copy) |
                                     kinds_of(Kind::constant);

  // An operation of the function; `weight` is 1 outside of loops.
  void look(const Operation& op, u32 weight);

  // Without what other pointers reach, or what must be zero at first.
  void keep_own(const verify::FrameUse& frame);

  // Those that are usable and worth that much, the best first. They stay where they are until the
  // next look.
  std::vector<Candidate*> by_weight(u32 least);

  // The register of what the operation accesses or makes.
  Register spare_of(const Operation& op) const;

 private:
  static constexpr u32 kGranule = 4;  // bytes; nothing narrower is moved
  static constexpr u8 kNobody = 0, kNotUsable = 1, kFirstId = 2;

  static u32 granule(s64 offset) {
    return static_cast<u32>(offset + s64{isa::kStackBytes}) / kGranule;
  }
  void touch(s64 offset, u32 bytes, bool usable, u32 weight);
  void count(s64 value, u32 weight);

  std::vector<Candidate> all_;
  // By granule of the frame: kFirstId + number in all_.
  std::array<u8, isa::kStackBytes / kGranule> at_{};
};

}  // namespace skep::jit
