// Chooses the length of each jump and puts the code together.
//
// All jumps start at two bytes; those that do not reach grow, which may push others out of reach,
// until none grows. Growing only ever happens once a jump, so this ends, and the result is the
// smallest.
#include <cstring>

#include "jit/x86_64/assembler.hpp"

namespace skep::jit::x86_64 {

class Linker {
 public:
  explicit Linker(const Assembler& assembler) : in_(assembler) {
    lengths_.reserve(in_.jumps_.size());
    added_.reserve(in_.jumps_.size() + 1);
    for (const auto& jump : in_.jumps_) {
      lengths_.push_back(jump.kind == Assembler::Jump::call ? kNear : kShort);
    }
  }

  Linked run() {
    do place();
    while (grow());
    Linked out;
    write(out.code);
    in_.places_.resolve([this](const Place& each) { return offset(each); }, out.labels, out.places);
    for (const auto& [place, target] : in_.calls_) out.calls.push_back({offset(place), target});
    return out;
  }

 private:
  static constexpr u8 kShort = 2, kNear = 5, kNearConditional = 6;

  // added_[n]: bytes of the first n jumps.
  void place() {
    added_.resize(lengths_.size() + 1);
    u32 sum = 0;
    for (std::size_t at = 0; at < lengths_.size(); ++at) added_[at + 1] = sum += lengths_[at];
  }

  u32 offset(const Place& place) const { return place.at + added_[place.jumps]; }

  s64 distance(std::size_t jump) const {
    const Assembler::JumpPlace& from = in_.jumps_[jump];
    return s64{offset(in_.places_[from.label])} - (s64{from.at} + added_[jump + 1]);
  }

  bool grow() {
    bool grew = false;
    for (std::size_t at = 0; at < lengths_.size(); ++at) {
      const s64 far = distance(at);
      if (lengths_[at] != kShort || far == static_cast<s8>(far)) continue;
      lengths_[at] = in_.jumps_[at].kind == Assembler::Jump::conditional ? kNearConditional : kNear;
      grew = true;
    }
    return grew;
  }

  void write(std::vector<u8>& out) const {
    const auto size = static_cast<u32>(in_.raw_.size());
    out.resize(size + added_.back());
    u8* end = out.data();
    u32 from = 0;
    const auto copy_up_to = [&](u32 to) {
      if (from != to) std::memcpy(end, in_.raw_.data() + from, to - from);
      end += to - from;
      from = to;
    };
    for (std::size_t at = 0; at < in_.jumps_.size(); ++at) {
      copy_up_to(in_.jumps_[at].at);
      end = write_jump(at, end);
    }
    copy_up_to(size);
  }

  u8* write_jump(std::size_t at, u8* to) const {
    const Assembler::JumpPlace& jump = in_.jumps_[at];
    const auto condition = static_cast<u8>(jump.condition);
    const bool near = lengths_[at] != kShort;
    switch (jump.kind) {
      case Assembler::Jump::always: *to++ = near ? 0xe9 : 0xeb; break;
      case Assembler::Jump::call: *to++ = 0xe8; break;
      case Assembler::Jump::conditional:
        if (near) *to++ = 0x0f;
        *to++ = (near ? 0x80 : 0x70) | condition;
        break;
    }
    const auto far = static_cast<s32>(distance(at));
    std::memcpy(to, &far, near ? sizeof far : 1);
    return to + (near ? sizeof far : 1);
  }

  const Assembler& in_;
  std::vector<u8> lengths_;
  std::vector<u32> added_;
};

Linked Assembler::link() const { return Linker(*this).run(); }

// `offset` is that of a rel32.
void resolve_calls(Linked& linked, u64 address) {
  for (const OutsideCall& call : linked.calls) {
    const u64 next = address + call.offset + 4;
    const u64 distance = call.target - next;
    for (u32 at = 0; at < 4; ++at) {
      linked.code[call.offset + at] = static_cast<u8>(distance >> (8 * at));
    }
  }
}

}  // namespace skep::jit::x86_64
