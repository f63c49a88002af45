// Machine code of x86-64, instruction by instruction.
//
// Each function writes one instruction in its shortest encoding (Intel SDM, volume 2; opcodes stand
// in tables in assembler.cpp). Jumps name labels; link() chooses the two-byte form wherever the
// distance allows it. Calls of outside functions are given a place and a target, because the code's
// own address is not known yet.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "isa/instruction.hpp"
#include "jit/emitted.hpp"

namespace skep::jit::x86_64 {

using isa::Width;

enum class Reg : u8 {
  rax,
  rcx,
  rdx,
  rbx,
  rsp,
  rbp,
  rsi,
  rdi,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15
};

// A register, or memory at base + (index << scale) + displacement.
struct Operand {
  Reg base = Reg::rax;
  bool is_memory = false;
  std::optional<Reg> index = {};
  s32 displacement = 0;
  u8 scale = 0;
  bool has_base = true;  // else the displacement is an address below 2 GiB
};
constexpr Operand memory(Reg base, s32 displacement) { return {base, true, {}, displacement}; }
constexpr Operand memory(Reg base, Reg index, s32 displacement) {
  return {base, true, index, displacement};
}
constexpr Operand memory_at(s32 address) {
  return {.is_memory = true, .displacement = address, .has_base = false};
}
constexpr Operand direct(Reg reg) { return {reg}; }

enum class Arithmetic : u8 { add, or_, and_, sub, xor_, cmp, count_ };
enum class Shift : u8 { shl, shr, sar, count_ };
enum class Unary : u8 { not_, neg, mul, div, idiv, count_ };  // mul, div, idiv: rdx:rax
enum class Condition : u8 { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };

constexpr Condition inverted(Condition condition) {
  return static_cast<Condition>(static_cast<u8>(condition) ^ 1);
}

// Code that grows at its end. Writing it is most of what an assembler does: whoever adds an
// instruction asks for room once and puts its bytes there without looking again.
class CodeBuffer {
 public:
  static constexpr std::size_t kRoom = 16;  // an instruction has 15 bytes at most

  void reserve(std::size_t bytes) { bytes_.resize(std::max(bytes_.size(), bytes + kRoom)); }
  u8* room() {
    if (size_ + kRoom > bytes_.size()) bytes_.resize(2 * (size_ + kRoom));
    return bytes_.data() + size_;
  }
  // What stands in the room up to `end` is code now.
  void take(const u8* end) { size_ = static_cast<std::size_t>(end - bytes_.data()); }

  std::size_t size() const { return size_; }
  const u8* data() const { return bytes_.data(); }

 private:
  std::vector<u8> bytes_;
  std::size_t size_ = 0;
};

// Whether other processors see a change of memory as one.
enum class Lock : u8 { no, yes };

class Assembler {
 public:
  // For so many operations and blocks, more or less: what is put down then moves less often.
  void reserve(std::size_t operations, std::size_t blocks);

  // Widths are 32 or 64 bits where nothing else is said; 32-bit results clear the upper half.
  void arithmetic(Arithmetic op, Width width, Operand dst, Reg src);  // dst may be memory
  void arithmetic(Arithmetic op, Width width, Reg dst, Operand src);
  void arithmetic(Arithmetic op, Width width, Operand dst, s32 immediate);
  void arithmetic(Lock lock, Arithmetic op, Width width, Operand memory, Reg src);
  void compare_narrow(Width width, Operand memory, Reg reg);       // 8 or 16 bits
  void compare_narrow(Width width, Operand memory, u8 immediate);  // of 16 bits: below 128
  void test(Width width, Reg a, Reg b);
  void test(Width width, Reg a,
            s32 immediate);  // 8 bits: only of rax to rbx and r8 to r15, or any by REX
  void move(Width width, Reg dst, Reg src);
  void move_if(Condition condition, Width width, Reg dst, Reg src);
  void move_immediate(Reg dst, u64 value);  // shortest of xor, mov r32, sign-extended, movabs
  void load(Width width, Reg dst, Operand memory);         // zero-extends 8 to 32 bits
  void load_signed(Width width, Reg dst, Operand memory);  // 8 to 32 bits, to 64
  void store(Width width, Operand memory, Reg src);        // 8 to 64 bits
  void store_immediate(Width width, Operand memory, s32 immediate);
  void clear_wide();               // xmm0 = 0
  void load_wide(Operand memory);  // xmm0, 16 bytes, at any address
  void store_wide(Operand memory);
  void extend(Width from, Reg dst, Reg src);                   // 8 or 16 bits, zeros
  void extend_signed(Width from, Width to, Reg dst, Reg src);  // 8, 16 or 32 bits
  void load_address(Width width, Reg dst, Operand memory);     // lea
  void shift(Shift op, Width width, Reg dst, u8 count);
  void shift_by_cl(Shift op, Width width, Reg dst);
  void shift_by(Shift op, Width width, Reg dst, Operand src, Reg count);  // BMI2
  void rotate_left(Width width, Reg dst, u8 count);                       // 16 to 64 bits
  void rotate_right(Width width, Reg dst, Reg src, u8 count);             // BMI2
  void multiply(Width width, Reg dst, Operand src);
  void multiply(Width width, Reg dst, Operand src, s32 immediate);
  void unary(Unary op, Width width, Operand operand);
  void sign_into_rdx(Width width);  // cdq, cqo
  void swap_bytes(Width width, Reg dst);
  void exchange(Width width, Operand memory, Reg reg);  // 8 to 64 bits; the processor locks it
  void exchange_add(Lock lock, Width width, Operand memory, Reg reg);
  void compare_exchange(Lock lock, Width width, Operand memory, Reg src);  // rax is compared
  void push(Reg reg);
  void pop(Reg reg);
  void push(Operand memory);
  void pop(Operand memory);
  void jump(Operand target);
  void call(Operand target);
  void ret();
  void trap();  // ud2

  Label make_label() { return make_labels(1); }
  Label make_labels(u32 count) { return places_.make_labels(count); }  // the first of them
  void bind(Label label) { places_.bind(label, here()); }
  void jump(Label label);
  void jump_if(Condition condition, Label label);
  void call(Label label);
  void call_outside(u64 target);

  // What follows is code of that instruction of the program.
  void mark(u32 instruction) { places_.mark(instruction, here()); }
  u32 marked() const { return places_.marked(); }

  Linked link() const;

 private:
  friend class Linker;
  struct Opcode {
    u8 escape;  // 0, or 0x0f
    u8 code;
  };
  enum class ByteRegister : u8 { none, reg, rm };  // which operand is one of the low bytes
  enum class Jump : u8 { always, conditional, call };
  struct JumpPlace {
    u32 at;  // in raw_, without any jump
    Jump kind;
    Condition condition;
    u32 label;
  };

  void put(u8 byte) {
    u8* at = raw_.room();
    *at++ = byte;
    raw_.take(at);
  }
  void put_immediate(s64 value, u32 bytes);
  void form(Width width, Opcode opcode, u8 reg, const Operand& rm,
            ByteRegister byte_register = ByteRegister::none);
  void modrm(u8 reg, const Operand& rm) { raw_.take(modrm(raw_.room(), reg, rm)); }
  // These write at `to` and return where they ended.
  static u8* modrm(u8* to, u8 reg, const Operand& rm);
  static u8* modrm_without_base(u8* to, u8 middle, const Operand& rm);
  Place here() const { return {static_cast<u32>(raw_.size()), static_cast<u32>(jumps_.size())}; }

  CodeBuffer raw_;
  std::vector<JumpPlace> jumps_;
  Places places_;
  std::vector<std::pair<Place, u64>> calls_;
};

// Calls of outside functions get their distances, now that the code has an address.
void resolve_calls(Linked& linked, u64 address);

}  // namespace skep::jit::x86_64
