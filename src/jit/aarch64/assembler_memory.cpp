// Loads, stores, atomic operations and transfers of control.
#include "jit/aarch64/assembler.hpp"
#include "jit/aarch64/fields.hpp"

namespace skep::jit::aarch64 {
namespace {

using namespace fields;

constexpr u32 kStore = 0, kLoad = u32{1} << 22, kLoadSigned = u32{2} << 22;
constexpr u32 kScaledOffset = 0x39000000, kUnscaledOffset = 0x38000000, kIndexed = 0x38206800;
constexpr u32 kIndexScaled = u32{1} << 12;
constexpr EnumArray<Indexing, u32> kPair({{Indexing::offset, 0xa9000000},
                                          {Indexing::before, 0xa9800000},
                                          {Indexing::after, 0xa8800000}});

constexpr u32 kLdxr = 0x085f7c00, kStxr = 0x08007c00, kOrdered = u32{1} << 15;
constexpr u32 kLdar = 0x08dffc00, kStlr = 0x089ffc00;
constexpr EnumArray<Update, u32> kUpdate({{Update::add, 0x38200000},
                                          {Update::clear, 0x38201000},
                                          {Update::xor_, 0x38202000},
                                          {Update::set, 0x38203000},
                                          {Update::swap, 0x38208000}});
constexpr u32 kUpdateOrdered = u32{3} << 22;  // A and R
constexpr u32 kCas = 0x08a07c00, kCasOrdered = kOrdered | u32{1} << 22;
constexpr u32 kDmbIsh = 0xd5033bbf;

constexpr u32 kB = 0x14000000, kBl = 0x94000000, kBCond = 0x54000000, kCbz = 0x34000000;
constexpr u32 kCbnz = 0x35000000, kTbz = 0x36000000, kTbnz = 0x37000000;
constexpr u32 kBr = 0xd61f0000, kBlr = 0xd63f0000, kRet = 0xd65f03c0, kUdf = 0;

constexpr u32 size(Width width) { return static_cast<u32>(width) << 30; }

}  // namespace

// ---- memory ----

void Assembler::access(u32 opcode, Width width, Reg reg, const Memory& memory) {
  const u32 base = opcode | size(width) | rn(memory.base) | rd(reg);
  if (memory.index) {
    EXPECT(memory.offset == 0 && *memory.index != Reg::sp);
    return put(base | kIndexed | rm(*memory.index) | (memory.scaled ? kIndexScaled : 0));
  }
  EXPECT(reaches(width, memory.offset));
  const s32 bytes = static_cast<s32>(isa::bytes_of(width));
  if (memory.offset >= 0 && memory.offset % bytes == 0) {
    return put(base | kScaledOffset | static_cast<u32>(memory.offset / bytes) << 10);
  }
  put(base | kUnscaledOffset | (static_cast<u32>(memory.offset) & 0x1ff) << 12);
}

void Assembler::load(Width width, Reg dst, Memory from) { access(kLoad, width, dst, from); }

void Assembler::load_signed(Width width, Reg dst, Memory from) {
  EXPECT(width != Width::w64);
  access(kLoadSigned, width, dst, from);
}

void Assembler::store(Width width, Memory to, Reg src) { access(kStore, width, src, to); }

void Assembler::pair(u32 load_bit, Indexing indexing, Three registers, s32 offset) {
  EXPECT(offset % 8 == 0 && offset >= -512 && offset <= 504);
  put(kPair[indexing] | load_bit | (static_cast<u32>(offset / 8) & 0x7f) << 15 |
      field_of(registers.left) << 10 | rn(registers.right) | rd(registers.dst));
}

void Assembler::load_pair(Indexing indexing, Reg first, Reg second, Memory from) {
  pair(kLoad, indexing, {first, second, from.base}, from.offset);
}

void Assembler::store_pair(Indexing indexing, Reg first, Reg second, Memory to) {
  pair(kStore, indexing, {first, second, to.base}, to.offset);
}

void Assembler::load_exclusive(Order order, Width width, Reg dst, Reg address) {
  const u32 ordered = order == Order::acquire_release ? kOrdered : 0;
  put(kLdxr | ordered | size(width) | rn(address) | rd(dst));
}

void Assembler::store_exclusive(Order order, Width width, Three failed_src_address) {
  const auto& [failed, src, address, none] = failed_src_address;
  EXPECT(failed != src && failed != address);
  const u32 ordered = order == Order::acquire_release ? kOrdered : 0;
  put(kStxr | ordered | size(width) | rm(failed) | rn(address) | rd(src));
}

void Assembler::load_acquire(Width width, Reg dst, Reg address) {
  put(kLdar | size(width) | rn(address) | rd(dst));
}

void Assembler::store_release(Width width, Reg src, Reg address) {
  put(kStlr | size(width) | rn(address) | rd(src));
}

void Assembler::update(Update op, Order order, Width width, Exchange exchange) {
  const u32 ordered = order == Order::acquire_release ? kUpdateOrdered : 0;
  put(kUpdate[op] | ordered | size(width) | rm(exchange.src) | rn(exchange.address) |
      rd(exchange.old));
}

void Assembler::compare_and_swap(Order order, Width width, Exchange exchange) {
  const u32 ordered = order == Order::acquire_release ? kCasOrdered : 0;
  put(kCas | ordered | size(width) | rm(exchange.old) | rn(exchange.address) | rd(exchange.src));
}

void Assembler::barrier() { put(kDmbIsh); }

// ---- control ----

void Assembler::jump(Reg target) { put(kBr | rn(target)); }
void Assembler::call(Reg target) { put(kBlr | rn(target)); }
void Assembler::ret() { put(kRet); }
void Assembler::trap() { put(kUdf); }

void Assembler::put_jump(u32 word, Distance distance, Label label) {
  jumps_.push_back({static_cast<u32>(raw_.size()), word, distance, label.number});
}

void Assembler::jump(Label label) { put_jump(kB, Distance::imm26, label); }
void Assembler::call(Label label) { put_jump(kBl, Distance::imm26, label); }

void Assembler::jump_if(Condition condition, Label label) {
  put_jump(kBCond | static_cast<u32>(condition), Distance::imm19, label);
}

void Assembler::jump_if_zero(Width width, Reg reg, Label label) {
  put_jump(kCbz | sf(width) | rd(reg), Distance::imm19, label);
}

void Assembler::jump_unless_zero(Width width, Reg reg, Label label) {
  put_jump(kCbnz | sf(width) | rd(reg), Distance::imm19, label);
}

void Assembler::jump_if_bit(Bit value, Reg reg, u8 bit, Label label) {
  const u32 place = u32{bit} >> 5 << 31 | (u32{bit} & 31) << 19;
  put_jump((value == Bit::one ? kTbnz : kTbz) | place | rd(reg), Distance::imm14, label);
}

void Assembler::call_outside(u64 target) {
  calls_.emplace_back(here(), target);
  put(kBl);
}

}  // namespace skep::jit::aarch64
