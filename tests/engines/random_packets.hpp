// Random programs on packets that a verifier accepts: what random_code.hpp writes, on a map's value
// in place of memory, and between it packets that are read and written behind their bounds' check,
// values of maps that are looked up, updated and deleted, fields of the context, memory of an
// arena.
//
// No result depends on an address, on time or on chance, so that every engine must come to the
// same. The numbers in registers are in part loaded, so that verifiers do not know them.
#pragma once

#include "platform/map_kinds.hpp"
#include "platform/program.hpp"
#include "random_arena.hpp"

namespace skep::engines {

enum : u32 { kMemoryMap, kArrayMap, kHashMap, kArenaMap };
inline constexpr u32 kMemoryValueBytes = kMemoryBytes + 8 * std::size(kValues);
inline constexpr u32 kMapValueBytes = 16, kArrayEntries = 4, kHashEntries = 4;
inline constexpr u32 kKeys = 6;  // that programs use: more than there is room for
inline constexpr u32 kPacketBytesMin = 64;

constexpr bool is_shift(Alu op) { return op == Alu::lsh || op == Alu::rsh || op == Alu::arsh; }
constexpr bool is_division(Alu op) {
  return op == Alu::div || op == Alu::sdiv || op == Alu::mod || op == Alu::smod;
}

// What kernels learned after version 3 of the instruction set.
struct Knows {
  bool version_4 = true;            // Linux 6.6
  bool acquire_and_release = true;  // Linux 6.15
  bool arenas = true;               // Linux 6.9, where it compiles programs
  // A cmpxchg of 32 bits clears the upper half of r0; not always in Linux 6.18
  // (random_kernel_test.cpp).
  bool clears_r0 = true;

  // Whether `i` is an instruction there.
  bool takes(const Instruction& i) const;
};

inline bool Knows::takes(const Instruction& i) const {
  if (i.form == Form::load_signed) return version_4;
  if (i.form == Form::atomic && i.atomic() == Atomic::cmpxchg)
    return clears_r0 || i.width == Width::w64;
  if (i.form == Form::atomic && i.atomic() >= Atomic::load_acquire) return acquire_and_release;
  if (i.form != Form::alu) return true;
  constexpr Alu kNew[] = {Alu::sdiv,    Alu::smod,    Alu::movsx8,
                          Alu::movsx16, Alu::movsx32, Alu::bswap};
  return version_4 || std::ranges::find(kNew, i.alu()) == std::end(kNew);
}

// Another one with the same operands.
inline Instruction of_version_3(Instruction i) {
  if (i.form == Form::load_signed) i.form = Form::load;
  if (i.form == Form::atomic && i.atomic() == Atomic::cmpxchg) {
    i.operation = static_cast<u8>(Atomic::xchg);
    return i;
  }
  if (i.form == Form::atomic) {
    const bool loads = i.atomic() == Atomic::load_acquire;
    return loads ? load(i.width, i.dst, i.src, i.offset)
                 : store_reg(i.width, i.dst, i.offset, i.src);
  }
  if (i.form != Form::alu) return i;
  constexpr std::array<std::array<Alu, 2>, 3> kOlder = {
      {{Alu::sdiv, Alu::div}, {Alu::smod, Alu::mod}, {Alu::bswap, Alu::to_be}}};
  const auto row = std::ranges::find(kOlder, i.alu(), [](auto& pair) { return pair[0]; });
  i.operation = static_cast<u8>(row != kOlder.end() ? (*row)[1] : Alu::mov);
  return i;
}

class PacketGenerator final : public ArenaGenerator {
 public:
  PacketGenerator(Random random, platform::ProgramType type, Knows knows)
      : ArenaGenerator(std::move(random)),
        knows_(knows),
        is_skb_(type != platform::ProgramType::xdp) {}

 private:
  // Where a frame keeps the context, a key and a value, below what the others use of it.
  static constexpr s16 kContextAt = -72, kKeyAt = -80, kValueAt = -96;

  static Instruction map_constant(u8 dst, u32 number) {
    Instruction out = constant(dst, number);
    out.operation = static_cast<u8>(Constant::map);
    return out;
  }
  void take_memory(u8 dst) {
    Instruction out = constant(dst, kMemoryMap);
    out.operation = static_cast<u8>(Constant::map_value);
    put(out);
  }
  s16 aligned(u32 bytes, u32 width) { return static_cast<s16>(below(bytes / width) * width); }

  void begin(Role role) override {
    is_main_ = role == Role::main;
    put(store_reg(Width::w64, kFramePointer, kContextAt, is_main_ ? 1 : 2));
    if (is_main_) take_memory(kBase);
    if (!is_main_) put(mov_reg(kBase, 1));
    for (const s16 at : {kKeyAt, kValueAt, s16{kValueAt + 8}})
      put(store(Width::w64, kFramePointer, at, below(kKeys)));
    has_begun_ = false;
  }

  // What registers hold at the end goes where it can be seen.
  void end(Role role) override {
    if (role == Role::callee) return;
    for (u32 at = 0; at < std::size(kValues); ++at)
      put(store_reg(Width::w64, kBase, static_cast<s16>(kMemoryBytes + 8 * at), kValues[at]));
  }

  void arguments() override { put(load(Width::w64, 2, kFramePointer, kContextAt)); }
  Instruction known(const Instruction& i) const override {
    return knows_.takes(i) ? i : of_version_3(i);
  }
  // The kernel takes it for an address in the main function's frame: random_kernel_test.cpp.
  bool adds_frames_to_numbers() const override { return is_main_; }
  bool has_may_goto() const override { return false; }  // our verifier does not take it yet
  bool frames_are_aligned() const override { return true; }

  // "invalid shift" and "div by zero" of check_alu_op in kernel/bpf/verifier.c.
  s64 operand(Alu op, Width w, s64 number) override {
    if (is_shift(op)) return number & (bits_of(w) - 1);
    return is_division(op) && number == 0 ? 1 : number;
  }

  bool own_part() override {
    if (!std::exchange(has_begun_, true)) unknown_numbers();
    switch (below(knows_.arenas ? 12 : 10)) {
      case 10:
      case 11:
        arena(kArenaMap, kValueAt);
        scratch_again();
        return true;
      case 0:
      case 1: packet(); return true;
      case 2: look_up(below(2) == 0 ? kArrayMap : kHashMap); return true;
      case 3: update(below(2) == 0 ? kArrayMap : kHashMap); return true;
      case 4: context(); return true;
      default: return false;
    }
  }

  void unknown_numbers() {
    for (const u8 r : kValues) {
      if (below(2) == 0) put(load(width(), r, kBase, aligned(kMemoryBytes, 8)));
    }
  }

  // After a call or what used them for addresses.
  void scratch_again() {
    for (u8 r = 2; r <= 5; ++r) put(constant(r, number()));
  }

  void take_context(u8 dst) { put(load(Width::w64, dst, kFramePointer, kContextAt)); }

  // Bytes behind the comparison with the packet's end; now and then at a place that varies.
  void packet() {
    const u32 bytes = 1 + below(kPacketBytesMin + 16);
    take_context(1);
    put(load(Width::w32, 2, 1, is_skb_ ? 76 : 0));  // data
    put(load(Width::w32, 3, 1, is_skb_ ? 80 : 4));  // data_end
    if (below(3) == 0) {
      put(mov_reg(5, kept()));
      put(alu(Alu::and_, 5, below(32)));
      put(alu_reg(Alu::add, 2, 5));
    }
    put(mov_reg(4, 2));
    put(alu(Alu::add, 4, bytes));
    const u32 check = here();
    const bool taken = below(2) == 0;  // the jump leads to the accesses
    put(taken ? jump_reg(Jump::le, 4, 3, 0) : jump_reg(Jump::gt, 4, 3, 0));
    const u32 skip = here();
    if (taken) put(go(0)), target_here(check);
    for (u32 count = 1 + below(5); count > 0; --count) packet_access(bytes);
    target_here(taken ? skip : check);
    scratch_again();
  }

  void packet_access(u32 bytes) {
    Width w = width();
    while (bytes_of(w) > bytes) w = static_cast<Width>(static_cast<u8>(w) - 1);
    const auto at = static_cast<s16>(below(bytes - bytes_of(w) + 1));
    switch (below(5)) {
      case 0: return put(store(w, 2, at, immediate()));
      case 1: return put(store_reg(w, 2, at, kept()));
      case 2:
        if (w != Width::w64) return put(load_signed(w, kept(), 2, at));
        [[fallthrough]];
      default: {
        const u8 dst = kept();
        put(load(w, dst, 2, at));
        if (w != Width::w8 && below(2) == 0) put(alu(Alu::to_be, dst, bits_of(w)));
      }
    }
  }

  void put_key() {
    if (below(2) == 0) return put(store(Width::w64, kFramePointer, kKeyAt, below(kKeys)));
    put(mov_reg(2, kept()));
    put(alu(Alu::and_, 2, below(kKeys)));
    put(store_reg(Width::w64, kFramePointer, kKeyAt, 2));
  }
  void address_of_frame(u8 dst, s16 at) {
    put(mov_reg(dst, kFramePointer));
    put(alu(Alu::add, dst, at));
  }

  void look_up(u32 map) {
    put_key();
    address_of_frame(2, kKeyAt);
    put(map_constant(1, map));
    put(call_helper(1));  // bpf_map_lookup_elem
    const u32 check = here();
    put(jump(Jump::eq, 0, 0, 0));
    for (u32 count = 1 + below(4); count > 0; --count) value_access();
    target_here(check);
    put(constant(0, number()));
    scratch_again();
  }

  void value_access() {
    const Width w = width(), wide = alu_width();
    const u8 other = below(2) == 0 ? 7 : 8;
    switch (below(5)) {
      case 0: return put(store(w, 0, aligned(kMapValueBytes, bytes_of(w)), immediate()));
      case 1: return put(store_reg(w, 0, aligned(kMapValueBytes, bytes_of(w)), other));
      case 2: {
        const auto op = static_cast<Atomic>(below(static_cast<u32>(Atomic::cmpxchg)));
        return put(atomic(op, wide, 0, aligned(kMapValueBytes, bytes_of(wide)), other));
      }
      default: return put(load(w, other, 0, aligned(kMapValueBytes, bytes_of(w))));
    }
  }

  void update(u32 map) {
    put_key();
    put(store_reg(Width::w64, kFramePointer, kValueAt, kept()));
    if (below(2) == 0) put(store(width(), kFramePointer, kValueAt + 8, immediate()));
    address_of_frame(2, kKeyAt);
    const bool deletes = below(3) == 0;
    if (!deletes) address_of_frame(3, kValueAt);
    if (!deletes) put(mov(4, below(3)));  // BPF_ANY, BPF_NOEXIST, BPF_EXIST
    put(map_constant(1, map));
    put(call_helper(deletes ? 3 : 2));  // bpf_map_delete_elem, bpf_map_update_elem
    scratch_again();
  }

  void context() {
    take_context(1);
    if (!is_skb_) return put(load(Width::w32, kept(), 1, 12));  // ingress_ifindex
    if (is_main_ && below(3) == 0) return packet_load_of_old();
    constexpr s16 kLength = 0, kMark = 8, kPriority = 32;
    if (below(2) == 0) put(store_reg(Width::w32, 1, below(2) == 0 ? kMark : kPriority, kept()));
    put(load(Width::w32, kept(), 1, std::array{kLength, kMark, kPriority}[below(3)]));
  }

  // BPF_LD | BPF_ABS and BPF_IND want the context in r6, and end the program where there are no
  // such bytes. In functions they want types.
  void packet_load_of_old() {
    put(mov_reg(6, 1));
    const auto w = static_cast<Width>(below(3));
    const bool indirect = below(2) == 0;
    if (indirect) put(mov_reg(2, kept()));
    if (indirect) put(alu(Alu::and_, 2, 63));
    put(packet_load(indirect ? Packet::indirect : Packet::absolute, w, indirect ? 2 : 0,
                    below(kPacketBytesMin + (below(8) == 0 ? 64 : 0))));
    take_memory(kBase);
    scratch_again();
  }

  Knows knows_;
  bool is_skb_;
  bool is_main_ = false;
  bool has_begun_ = false;
};

// Without the functions that nobody calls, which verifiers refuse.
inline Code without_uncalled(const Code& code) {
  std::vector<bool> reached(code.size());
  std::vector<InstructionIndex> pending{InstructionIndex(0)};
  while (!pending.empty()) {
    const InstructionIndex at = pending.back();
    pending.pop_back();
    if (reached[at.value()]) continue;
    reached[at.value()] = true;
    for (const InstructionIndex next : successors(code, at)) pending.push_back(next);
    if (is_local_call(code[at.value()])) pending.push_back(code[at.value()].target);
  }
  std::vector<u32> moved(code.size());
  Code out;
  for (u32 at = 0; at < code.size(); ++at) {
    moved[at] = static_cast<u32>(out.size());
    if (reached[at]) out.push_back(code[at]);
  }
  for (Instruction& i : out) i.target = InstructionIndex(moved[i.target.value()]);
  assign_slots(out);
  return out;
}

inline std::shared_ptr<const std::vector<platform::MapSpec>> maps_of_random_packets() {
  using platform::MapKind, platform::MapSpec;
  const auto map = [](const char* name, MapKind kind, u32 key, u32 value, u32 entries) {
    MapSpec spec;
    spec.name = name;
    spec.kind = kind;
    spec.key_size = key;
    spec.value_size = value;
    spec.max_entries = entries;
    if (kind == MapKind::arena) spec.flags = platform::kMappable;
    return spec;
  };
  return std::make_shared<const std::vector<MapSpec>>(
      std::vector<MapSpec>{map("memory", MapKind::array, 4, kMemoryValueBytes, 1),
                           map("array", MapKind::array, 4, kMapValueBytes, kArrayEntries),
                           map("hash", MapKind::hash, 8, kMapValueBytes, kHashEntries),
                           map("arena", MapKind::arena, 0, 0, 1)});
}

inline std::shared_ptr<const platform::Program> random_packet_program(Random random,
                                                                      platform::ProgramType type,
                                                                      Knows knows) {
  static const auto maps = maps_of_random_packets();
  auto program = std::make_shared<platform::Program>();
  program->name = "random";
  program->type = type;
  program->gpl_compatible = true;
  program->maps = maps;
  program->code = without_uncalled(PacketGenerator(std::move(random), type, knows).run());
  for (const auto& function : functions_of(program->code, kStackBytes)) {
    program->functions.push_back({.name = function.name,
                                  .begin = InstructionIndex(function.begin),
                                  .end = InstructionIndex(function.end)});
  }
  return program;
}

}  // namespace skep::engines
