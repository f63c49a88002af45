// Puts the code together and gives each jump its distance.
//
// All jumps start as one word. Conditional ones that do not reach (1 MiB, of a bit's test 32 KiB)
// become the opposite one over an unconditional jump, which may push others out of reach, until
// none grows. Growing only ever happens once a jump, so this ends.
#include <cstring>

#include "jit/aarch64/assembler.hpp"

namespace skep::jit::aarch64 {
namespace {

constexpr u32 kJumpAlways = 0x14000000;
constexpr u32 kConditionMask = 0xff000000, kJumpIf = 0x54000000;

struct Field {
  u32 bits;
  u32 shift;
};

// The same jump on the opposite: the last bit of b.cond's condition; else bit 24 (C4.1.65).
constexpr u32 opposite(u32 word) {
  return (word & kConditionMask) == kJumpIf ? word ^ 1 : word ^ 1u << 24;
}

constexpr bool fits(s64 words, Field field) {
  const s64 reach = s64{1} << (field.bits - 1);
  return words >= -reach && words < reach;
}

constexpr u32 placed(s64 words, Field field) {
  EXPECT(fits(words, field));
  return (static_cast<u32>(words) & ((1u << field.bits) - 1)) << field.shift;
}

}  // namespace

class Linker {
 public:
  explicit Linker(const Assembler& assembler)
      : in_(assembler), lengths_(assembler.jumps_.size(), kShort) {}

  Linked run() {
    do place();
    while (grow());
    std::vector<u32> words;
    write(words);
    Linked out;
    out.code.resize(words.size() * kWordBytes);
    if (!words.empty()) std::memcpy(out.code.data(), words.data(), out.code.size());
    const auto offset = [this](const Place& each) { return word(each) * kWordBytes; };
    in_.places_.resolve(offset, out.labels, out.places);
    for (const auto& [place, target] : in_.calls_) {
      out.calls.push_back({offset(place), target});
    }
    return out;
  }

 private:
  using Distance = Assembler::Distance;
  static constexpr u8 kShort = 1, kLong = 2;
  static constexpr u32 kWordBytes = 4;
  static constexpr EnumArray<Distance, Field> kFields{
      {{Distance::imm26, {26, 0}}, {Distance::imm19, {19, 5}}, {Distance::imm14, {14, 5}}}};

  // added_[n]: words of the first n jumps.
  void place() {
    added_.assign(1, 0);
    for (u8 length : lengths_) added_.push_back(added_.back() + length);
  }

  u32 word(const Place& place) const { return place.at + added_[place.jumps]; }

  s64 distance(std::size_t jump) const {
    const Assembler::JumpPlace& from = in_.jumps_[jump];
    return s64{word(in_.places_[from.label])} - (s64{from.at} + added_[jump]);
  }

  bool grow() {
    bool grew = false;
    for (std::size_t at = 0; at < lengths_.size(); ++at) {
      const Field field = kFields[in_.jumps_[at].distance];
      if (lengths_[at] != kShort || fits(distance(at), field)) continue;
      EXPECT(in_.jumps_[at].distance != Distance::imm26);  // 128 MiB: no program is that long
      lengths_[at] = kLong;
      grew = true;
    }
    return grew;
  }

  void write(std::vector<u32>& out) const {
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

  void write_jump(std::size_t at, std::vector<u32>& out) const {
    const Assembler::JumpPlace& jump = in_.jumps_[at];
    const Field field = kFields[jump.distance];
    if (lengths_[at] == kShort) {
      out.push_back(jump.word | placed(distance(at), field));
      return;
    }
    out.push_back(opposite(jump.word) | placed(kLong, field));
    out.push_back(kJumpAlways | placed(distance(at) - 1, kFields[Distance::imm26]));
  }

  const Assembler& in_;
  std::vector<u8> lengths_;
  std::vector<u32> added_;
};

Linked Assembler::link() const { return Linker(*this).run(); }

// `offset` is that of a bl.
void resolve_calls(Linked& linked, u64 address) {
  for (const OutsideCall& call : linked.calls) {
    const auto distance = static_cast<s64>(call.target - (address + call.offset));
    EXPECT(call_reaches(distance) && distance % 4 == 0);
    u32 word = 0;
    std::memcpy(&word, linked.code.data() + call.offset, sizeof word);
    word |= placed(distance / 4, {26, 0});
    std::memcpy(linked.code.data() + call.offset, &word, sizeof word);
  }
}

}  // namespace skep::jit::aarch64
