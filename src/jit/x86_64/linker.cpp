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
    out.labels.reserve(in_.labels_.size());
    for (const Assembler::Place& label : in_.labels_) out.labels.push_back(offset(label));
    for (const auto& [place, target] : in_.calls_) out.calls.push_back({offset(place), target});
    return out;
  }

 private:
  static constexpr u8 kShort = 2, kNear = 5, kNearConditional = 6;

  // added_[n]: bytes of the first n jumps.
  void place() {
    added_.assign(1, 0);
    for (u8 length : lengths_) added_.push_back(added_.back() + length);
  }

  u32 offset(const Assembler::Place& place) const { return place.at + added_[place.jumps]; }

  s64 distance(std::size_t jump) const {
    const Assembler::JumpPlace& from = in_.jumps_[jump];
    return s64{offset(in_.labels_[from.label])} - (s64{from.at} + added_[jump + 1]);
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
    out.reserve(in_.raw_.size() + added_.back());
    u32 from = 0;
    for (std::size_t at = 0; at < in_.jumps_.size(); ++at) {
      const u32 to = in_.jumps_[at].at;
      out.insert(out.end(), in_.raw_.begin() + from, in_.raw_.begin() + to);
      from = to;
      write_jump(at, out);
    }
    out.insert(out.end(), in_.raw_.begin() + from, in_.raw_.end());
  }

  void write_jump(std::size_t at, std::vector<u8>& out) const {
    const Assembler::JumpPlace& jump = in_.jumps_[at];
    const auto condition = static_cast<u8>(jump.condition);
    const auto put = [&](u32 byte) { out.push_back(static_cast<u8>(byte)); };
    const bool near = lengths_[at] != kShort;
    switch (jump.kind) {
      case Assembler::Jump::always: put(near ? 0xe9 : 0xeb); break;
      case Assembler::Jump::call: put(0xe8); break;
      case Assembler::Jump::conditional:
        if (near) put(0x0f);
        put((near ? 0x80 : 0x70) | condition);
        break;
    }
    const s64 far = distance(at);
    for (u32 byte = 0; byte < (near ? 4u : 1u); ++byte) put(static_cast<u32>(far >> (8 * byte)));
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
