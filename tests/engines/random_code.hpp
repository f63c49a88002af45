// Writes random programs that a verifier would accept: memory within bounds, nothing read that was
// not set, loops with a counter, calls that go down.
//
// What they do beside single instructions are the shapes that the compiler's passes look for: what
// compilers write for rotates, for numbers in network order, for elements and for memcpy, and what
// only looks like them.
#pragma once

#include <cstdlib>
#include <functional>
#include <random>

#include "engines.hpp"

namespace skep::engines {

inline constexpr u32 kMemoryBytes = 64;
inline constexpr s16 kStackUsed = 64;
// Places of the frame that are accessed through r10 alone, each in one width, unless a program goes
// astray: what engines may keep in registers.
inline constexpr u32 kVariables = 6;
inline constexpr s16 kVariablesAt = -144;
inline constexpr u8 kBase = 6;     // the memory, in every function
inline constexpr u8 kCounter = 9;  // of loops
inline constexpr u8 kValues[] = {0, 2, 3, 4, 5, 7, 8};

using Random = std::function<u64()>;

enum class Role : u8 { main, callee };

// Of programs on their memory alone. Others do more: random_packets.hpp.
class Generator {
 public:
  explicit Generator(Random random) : random_(std::move(random)) {}
  virtual ~Generator() = default;

  // Each function's frame: all that pointers reach, which are made of r10, is the part used as
  // memory.
  static constexpr verify::FrameUse kFrame = {
      kStackBytes, {}, {-kStackUsed, static_cast<u32>(kStackUsed)}};

  Code run() {
    const u32 functions = below(3);
    function(Role::main);
    for (u32 at = 0; at < functions; ++at) {
      begins_.push_back(here());
      function(Role::callee);
    }
    // Calls go to functions behind their own, so that they end.
    for (u32 call : calls_) code_[call].target = InstructionIndex(callee(call));
    assign_slots(code_);
    return std::move(code_);
  }

 protected:
  // How a function begins, and ends before its exit.
  virtual void begin(Role) { put(mov_reg(kBase, 1)); }
  virtual void end(Role) {}
  // Something of its own, or false.
  virtual bool own_part() { return false; }
  // What a call hands on beside the memory.
  virtual void arguments() {}
  // `number`, or another immediate where `op` does not take it.
  virtual s64 operand(Alu, Width, s64 number) { return number; }
  // The instruction, or another one where who runs the program does not know it.
  virtual Instruction known(const Instruction& i) const { return i; }
  // Whether a frame's address is added to a number, and not only a number to it.
  virtual bool adds_frames_to_numbers() const { return true; }
  virtual bool has_may_goto() const { return true; }
  // Whether accesses to frames must be aligned, as verifiers want.
  virtual bool frames_are_aligned() const { return false; }

  u32 below(u32 bound) { return static_cast<u32>(random_() % bound); }
  u32 here() const { return static_cast<u32>(code_.size()); }
  u8 value() { return kValues[below(std::size(kValues))]; }
  Width width() { return static_cast<Width>(below(4)); }
  Width alu_width() { return below(2) == 0 ? Width::w32 : Width::w64; }
  void put(const Instruction& i) { code_.push_back(known(i)); }

  u64 number() {
    constexpr u64 kEdges[] = {0, 1, 31, 32, 63, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, ~u64{0}};
    return below(3) == 0 ? kEdges[below(std::size(kEdges))] : random_() >> below(64);
  }
  s64 immediate() { return static_cast<s32>(number()); }
  void target_here(u32 jump) { code_[jump].target = InstructionIndex(here()); }

 private:
  u32 callee(u32 call) {
    std::vector<u32> behind;
    for (u32 begin : begins_) {
      if (begin > call) behind.push_back(begin);
    }
    if (behind.empty()) {  // there is none: something else in its place
      code_[call] = mov(0, 7);
      return 0;
    }
    return behind[below(static_cast<u32>(behind.size()))];
  }

  void function(Role role) {
    begin(role);
    for (u8 r : kValues) put(constant(r, number()));
    for (s16 at = -kStackUsed; at < 0; at += 8) put(store(Width::w64, 10, at, immediate()));
    begin_variables();
    for (u32 parts = 2 + below(6); parts > 0; --parts) part();
    end(role);
    put(leave());
  }

  void part() {
    if (own_part()) return;
    switch (below(6)) {
      case 0: return branch();
      case 1: return loop();
      case 2: return call();
      default: return straight(1 + below(8));
    }
  }

  void straight(u32 count) {
    while (count-- > 0) {
      one();
      // The zero extension of a result that compilers write, needed or not.
      const u8 dst = code_.back().dst;
      if (below(4) == 0 && dst != kBase && dst != kFramePointer) {
        put(alu_reg(Alu::mov, dst, dst, Width::w32));
      }
    }
  }

  void one() {
    switch (below(20)) {
      case 0: return put(constant(value(), number()));
      case 1: return memory(load(width(), value(), 0, 0));
      case 2: return memory(load_signed(static_cast<Width>(below(3)), value(), 0, 0));
      case 3: return memory(store(width(), 0, 0, immediate()));
      case 4: return memory(store_reg(width(), 0, 0, value()));
      case 5: return atomic_one();
      case 6: return extend();
      case 7: return rotate();
      case 8: return number_of_bytes();
      case 9: return at_a_sum();
      case 10: return row_of_zeros();
      case 11: return row_of_copies();
      case 12: return element();
      case 13:
      case 14: return variable();
      default: return arithmetic();
    }
  }

  void arithmetic() {
    const auto op = static_cast<Alu>(below(kCount<Alu>));
    const Operands operands = kAlu[op].operands;
    const Width w = op == Alu::movsx32 ? Width::w64 : alu_width();
    if (operands == Operands::byte_order) return put(alu(op, value(), 16 << below(3)));
    if (operands == Operands::unary) return put(alu(op, value(), 0, w));
    if (operands == Operands::register_only || below(2) == 0) {
      return put(alu_reg(op, value(), value(), w));
    }
    const u8 dst = value();
    put(alu(op, dst, operand(op, w, immediate()), w));
  }

  // The pairs that compilers write and lowering joins.
  void extend() {
    const u8 dst = value();
    if (below(2) == 0) {
      const s64 bits = std::array{32, 48, 56, 13}[below(4)];
      if (below(2) == 0) put(mov_reg(dst, value()));
      put(alu(Alu::lsh, dst, bits));
      put(alu(below(2) == 0 ? Alu::rsh : Alu::arsh, dst, bits));
      return;
    }
    put(alu_reg(Alu::mov, dst, value(), alu_width()));
    put(alu_reg(static_cast<Alu>(below(static_cast<u32>(Alu::neg))), dst, value(), alu_width()));
  }

  // An access at a base and a number that is in a register, which may change before the access.
  void at_a_sum() {
    const Width w = width();
    const u32 last = kMemoryBytes - bytes_of(w), number = below(last + 1);
    const u8 index = value(), other = value();
    const u8 sum = index == 0 ? 2 : 0;
    put(mov(index, static_cast<s64>(number)));
    put(mov_reg(sum, kBase));
    put(alu_reg(Alu::add, sum, index));
    if (below(4) == 0) put(alu(Alu::xor_, index, immediate()));
    if (below(4) == 0) put(alu_reg(Alu::add, index, sum == other ? index : other));
    const auto offset = static_cast<s16>(below(2) == 0 ? 0 : below(last - number + 1));
    put(below(2) == 0 ? load(w, below(2) == 0 ? sum : index, sum, offset)
                      : store_reg(w, sum, offset, index));
    if (below(4) != 0)
      put(constant(sum, this->number()));  // an address is no result that can be compared
    else
      put(alu_reg(Alu::sub, sum, sum));
  }

  // An element of the memory or the frame by its number, read, changed and written back.
  void element() {
    const Width w = width();
    const u8 sum = value(), index = sum == 0 ? 2 : 0, old = value() == sum ? 3 : 4;
    const u32 shift = below(4), last = (kMemoryBytes - bytes_of(w)) >> shift;
    put(mov(index, below(last + 1)));
    const bool number_first = below(2) == 0;
    const bool aligned = bytes_of(w) <= 1u << shift || !frames_are_aligned();
    const u8 base = below(2) == 0 || !aligned ? kBase : kFramePointer;
    const bool first = number_first && (base == kBase || adds_frames_to_numbers());
    if (first) put(mov_reg(sum, index)), put(alu(Alu::lsh, sum, shift));
    if (first && base == kBase) put(alu_reg(Alu::add, sum, kBase));
    if (first && base != kBase) {
      put(mov_reg(index, kFramePointer));
      put(alu(Alu::add, index, -kStackUsed));
      put(alu_reg(Alu::add, sum, index));
    }
    if (!first) {
      put(mov_reg(sum, base));
      if (base != kBase) put(alu(Alu::add, sum, -kStackUsed));
      put(alu(Alu::lsh, index, shift));
      put(alu_reg(Alu::add, sum, index));
    }
    if (old != sum && old != index) {
      put(load(w, old, sum, 0));
      put(alu(Alu::add, old, 1));
      put(store_reg(w, sum, 0, old));
    }
    if (below(2) == 0)
      put(load(w, sum, sum, 0));
    else
      put(alu_reg(Alu::sub, sum, sum));
    put(constant(index, number()));
  }

  // = {}, in any order, with a hole or another number now and then.
  void row_of_zeros() {
    const bool stack = below(2) == 0;
    const u8 base = stack ? kFramePointer : kBase, zero = value();
    const Width w = width();
    const u32 count = kMemoryBytes / bytes_of(w), flip = below(4);
    if (below(2) == 0) put(mov(zero, 0));
    for (u32 at = 0; at < count; ++at) {
      if (below(12) == 0) continue;
      const auto offset = static_cast<s16>(static_cast<s32>(((at ^ flip) % count) * bytes_of(w)) -
                                           (stack ? kStackUsed : 0));
      put(below(2) == 0 ? store(w, base, offset, below(20) == 0 ? 1 : 0)
                        : store_reg(w, base, offset, zero));
    }
  }

  // memcpy between the frame and the memory, or inside of either; the register may be wanted later.
  void row_of_copies() {
    const Width w = width();
    const u32 bytes = bytes_of(w), count = 1 + below(24 / bytes), flip = below(4),
              room = kMemoryBytes - 24 - bytes * 4;
    const u8 from = below(2) == 0 ? kFramePointer : kBase,
             to = below(2) == 0 ? kFramePointer : kBase, part = value();
    const s32 begin = place_of_row(from, bytes, room), target = place_of_row(to, bytes, room);
    for (u32 at = 0; at < count; ++at) {
      const auto offset = static_cast<s32>((at ^ flip) * bytes);
      if (below(16) == 0) arithmetic();
      put(load(w, part, from, static_cast<s16>(begin + offset)));
      put(store_reg(below(16) == 0 ? Width::w8 : w, to, static_cast<s16>(target + offset), part));
    }
    if (below(2) == 0) put(constant(part, number()));
  }

  s32 place_of_row(u8 base, u32 bytes, u32 room) {
    u32 place = below(room + 1);
    if (base != kBase && frames_are_aligned()) place -= place % bytes;
    return static_cast<s32>(place) - (base == kBase ? 0 : kStackUsed);
  }

  // Two shifts whose bits do not meet, joined; now and then they do meet, or something comes
  // between.
  void rotate() {
    const Width w = alu_width();
    const u32 bits = bits_of(w), count = 1 + below(bits - 1);
    const u32 other = below(6) == 0 ? below(bits) : bits - count;
    const u8 x = value(), first = value(), second = below(2) == 0 ? x : value();
    const bool left_first = below(2) == 0;
    put(alu_reg(Alu::mov, first, x, below(4) == 0 ? Width::w32 : Width::w64));
    put(alu(left_first ? Alu::lsh : Alu::rsh, first, count, w));
    if (below(4) == 0) arithmetic();
    if (second != x) put(mov_reg(second, x));
    put(alu(left_first ? Alu::rsh : Alu::lsh, second, other, w));
    if (below(4) == 0) put(alu_reg(Alu::xor_, value(), below(2) == 0 ? first : second));
    join(below(2) == 0 ? first : second, below(2) == 0 ? first : second, w);
  }

  void join(u8 dst, u8 src, Width w) {
    constexpr Alu kJoins[] = {Alu::or_, Alu::or_, Alu::xor_, Alu::add};
    put(alu_reg(kJoins[below(4)], dst, src, below(4) == 0 ? alu_width() : w));
  }

  // Parts of memory put together to a number of 2, 4 or 8 bytes, lowest or highest first; now and
  // then one is misplaced, or memory changes meanwhile.
  void number_of_bytes() {
    const u32 bytes = 2u << below(3), begin = below(kMemoryBytes - bytes + 1);
    const Width w = bytes == 8 || below(2) == 0 ? Width::w64 : Width::w32;
    const u8 dst = value(), part = value();
    const bool big = below(2) == 0;
    const Width piece = below(3) == 0 && bytes > 2 ? Width::w16 : Width::w8;
    const u32 step = bytes_of(piece);
    for (u32 at = 0; at < bytes; at += step) {
      const u32 place = big ? bytes - step - at : at;
      put(load(piece, part, kBase, static_cast<s16>(begin + at)));
      if (step == 2 && big) put(alu(Alu::bswap, part, 16));
      if (place != 0) put(alu(Alu::lsh, part, 8 * (below(12) == 0 ? below(bytes) : place), w));
      if (below(8) == 0) {
        put(store_reg(Width::w8, kBase, static_cast<s16>(begin + below(bytes)), value()));
      }
      at == 0 ? put(alu_reg(Alu::mov, dst, part, w)) : join(dst, part, w);
    }
    if (below(3) == 0) put(alu(below(2) == 0 ? Alu::to_be : Alu::bswap, dst, 8 * bytes));
  }

  // As many as a function has, narrow ones and wide ones. The rest of a narrow one's place is its
  // own, too: a store that goes astray, wide, must not change its neighbour.
  void begin_variables() {
    variables_ = below(kVariables + 1);
    narrow_ = below(1u << kVariables);
    for (u32 number = 0; number < variables_; ++number)
      put(store(width_of(number), kFramePointer, place_of(number), immediate()));
  }
  Width width_of(u32 variable) const {
    return (narrow_ >> variable & 1) != 0 ? Width::w32 : Width::w64;
  }
  static s16 place_of(u32 variable) { return static_cast<s16>(kVariablesAt + 8 * variable); }

  // What compilers do with a variable that found no register.
  void variable() {
    if (variables_ == 0) return arithmetic();
    const u32 number = below(variables_);
    const Width w = width_of(number);
    const u8 x = value(), y = value();
    const s16 place = place_of(number);
    switch (below(24)) {
      case 0: return put(load_signed(w == Width::w32 ? w : Width::w16, x, kFramePointer, place));
      case 1: return put(load(static_cast<Width>(below(3)), x, kFramePointer, place));
      case 2: return put(store_reg(static_cast<Width>(below(3)), kFramePointer, place, x));
      case 3:
      case 4: return put(store(w, kFramePointer, place, immediate()));
      case 5:
      case 6:
      case 7: return put(store_reg(w, kFramePointer, place, x));
      case 8:
      case 9:
      case 10: return put(load(w, x, kFramePointer, place));
      case 11:
      case 12: {  // from one to the other
        const u32 other = below(variables_);
        put(load(width_of(other), x, kFramePointer, place_of(other)));
        return put(store_reg(w, kFramePointer, place, x));
      }
      default: break;
    }
    put(load(w, x, kFramePointer, place));
    if (below(2) == 0) put(alu_reg(Alu::mov, y, value(), alu_width()));
    put(below(2) == 0
            ? alu_reg(static_cast<Alu>(below(static_cast<u32>(Alu::neg))), x, y, alu_width())
            : alu_reg(Alu::add, y, x, alu_width()));
    if (below(4) == 0) arithmetic();
    put(store_reg(w, kFramePointer, place, below(2) == 0 ? x : y));
  }

  // Aims an access at the memory or the stack, within bounds and aligned.
  void memory(Instruction i) {
    const bool stack = below(2) == 0;
    const u32 bytes = bytes_of(i.width);
    const u32 aligned = below(kMemoryBytes / bytes) * bytes;
    i.offset = static_cast<s16>(static_cast<s32>(aligned) - (stack ? kStackUsed : 0));
    const u8 base = stack ? kFramePointer : kBase;
    const bool loads = i.form == Form::load || i.form == Form::load_signed ||
                       (i.form == Form::atomic && i.atomic() == Atomic::load_acquire);
    (loads ? i.src : i.dst) = base;
    put(i);
  }

  void atomic_one() {
    const auto op = static_cast<Atomic>(below(kCount<Atomic>));
    const Width w = op >= Atomic::load_acquire ? width() : alu_width();
    memory(op == Atomic::load_acquire ? atomic(op, w, value(), 0, 0)
                                      : atomic(op, w, 0, 0, value()));
  }

  void branch() {
    const u32 at = here();
    const auto op = static_cast<Jump>(below(kCount<Jump>));
    put(below(2) == 0 ? jump(op, value(), immediate(), 0, alu_width())
                      : jump_reg(op, value(), value(), 0, alu_width()));
    const u32 kind = below(6);
    if (kind == 0) {  // what a conditional move of a little arithmetic does
      const u8 dst = value();
      for (u32 count = 1 + below(2); count > 0; --count) {
        const auto op = static_cast<Alu>(below(static_cast<u32>(Alu::neg)));
        if (below(2) == 0) {
          put(alu_reg(op, dst, value(), alu_width()));
          continue;
        }
        const s64 number = immediate();
        const Width w = alu_width();
        put(alu(op, dst, operand(op, w, number), w));
      }
    } else if (kind == 1) {  // a branch over a jump
      code_[at].target = InstructionIndex(at + 2);
      put(go(0));
      straight(1 + below(5));
      target_here(at + 1);
      return;
    } else if (kind < 4) {  // what a conditional move does
      put(below(2) == 0 ? alu_reg(Alu::mov, value(), value(), alu_width())
                        : alu(Alu::mov, value(), immediate(), alu_width()));
    } else {
      straight(1 + below(5));
    }
    target_here(at);
    if (below(2) == 0) return;
    code_[at].target = InstructionIndex(here() + 1);
    const u32 skip = here();
    put(go(0));
    straight(1 + below(5));
    target_here(skip);
  }

  void loop() {
    put(mov(kCounter, 1 + below(5)));
    const u32 begin = here();
    straight(1 + below(6));
    if (has_may_goto() && below(4) == 0) {
      const u32 at = here();
      put(may_goto(0));
      straight(1);
      target_here(at);
    }
    put(alu(Alu::sub, kCounter, 1));
    put(jump(Jump::ne, kCounter, 0, begin));
  }

  void call() {
    put(mov_reg(1, kBase));
    arguments();
    calls_.push_back(here());
    put(call_local(0));
    for (u8 r = 2; r <= 5; ++r) put(constant(r, number()));
  }

  Random random_;
  Code code_;
  std::vector<u32> begins_;
  std::vector<u32> calls_;
  u32 variables_ = 0;  // of the function
  u32 narrow_ = 0;     // a bit for each variable
};

// By a number, for ever the same.
inline Code random_code(u64 seed) {
  return Generator([random = std::mt19937_64(seed)]() mutable { return random(); }).run();
}

struct Seeds {
  u64 first = 1;
  u64 count = 0;
};

// As SKEP_SEED and SKEP_COUNT say: from SKEP_SEED on, that one alone where there is no SKEP_COUNT;
// without either, the first `some`.
inline Seeds chosen_seeds(u64 some) {
  const char* const first = std::getenv("SKEP_SEED");
  const char* const count = std::getenv("SKEP_COUNT");
  Seeds out{.first = 1, .count = first != nullptr ? 1 : some};
  if (first != nullptr) out.first = parse_unsigned(first).value_or(0);
  if (count != nullptr) out.count = parse_unsigned(count).value_or(0);
  return out;
}

}  // namespace skep::engines
