// One program with every instruction there is: each row of the tables, in each width, with register
// and immediate operands, at the edges of its fields. The tests of text and encoding walk it.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "isa/control_flow.hpp"
#include "isa/tables.hpp"

namespace skep::test {

using namespace isa;

inline constexpr s32 kImmediates[] = {
    0, 1, -1, 0x1234, std::numeric_limits<s32>::max(), std::numeric_limits<s32>::min()};
inline constexpr s16 kOffsets[] = {0, 4, -8, std::numeric_limits<s16>::max(),
                                   std::numeric_limits<s16>::min()};
inline constexpr std::pair<u8, u8> kRegisterPairs[] = {{0, 1}, {3, 3}, {10, 9}, {8, 10}};

class EveryForm {
 public:
  Code run() {
    arithmetic();
    constants();
    memory();
    atomics();
    packets();
    jumps();
    calls();
    casts();
    put({});
    // Jumps go to themselves, to the next, forwards and backwards, also over wide instructions.
    u32 turn = 0;
    for (std::size_t at = 0; at < code_.size(); ++at) {
      if (!has_target(code_[at])) continue;
      const s64 distances[] = {0, 1, 7, -6, -static_cast<s64>(at)};
      const s64 target = static_cast<s64>(at) + distances[turn++ % std::size(distances)];
      const s64 last = static_cast<s64>(code_.size()) - 1;
      code_[at].target =
          InstructionIndex(static_cast<std::size_t>(std::clamp<s64>(target, 0, last)));
    }
    assign_slots(code_);
    return std::move(code_);
  }

 private:
  static bool has_target(const Instruction& i) {
    return has_jump_target(i) || is_local_call(i) ||
           (i.is_wide() && i.constant() == Constant::function);
  }
  void put(const Instruction& i) { code_.push_back(i); }

  void with_sources(Instruction i) {
    for (const auto& [dst, src] : kRegisterPairs) {
      i.dst = dst;
      i.source = Source::reg;
      i.src = src;
      i.immediate = 0;
      put(i);
    }
    for (const s32 immediate : kImmediates) {
      i.source = Source::immediate;
      i.src = 0;
      i.immediate = immediate;
      put(i);
    }
  }

  void arithmetic() {
    for (const Alu operation : every<Alu>()) {
      for (const Width width : {Width::w32, Width::w64}) {
        Instruction i{.form = Form::alu, .operation = static_cast<u8>(operation), .width = width};
        switch (kAlu[operation].operands) {
          case Operands::binary: with_sources(i); break;
          case Operands::unary:
            i.dst = 7;
            put(i);
            break;
          case Operands::register_only:
            if (operation == Alu::movsx32 && width == Width::w32) break;
            i.source = Source::reg;
            i.dst = 2;
            i.src = 9;
            put(i);
            break;
          case Operands::byte_order:
            if (width == Width::w32) break;
            for (const s64 bits : {16, 32, 64}) {
              i.dst = 5;
              i.immediate = bits;
              put(i);
            }
            break;
        }
      }
    }
  }

  void constants() {
    for (const Constant kind : every<Constant>()) {
      Instruction i{.form = Form::constant, .operation = static_cast<u8>(kind), .dst = 4};
      if (kind == Constant::function) {
        for (int copies = 0; copies < 5; ++copies) put(i);
        continue;
      }
      for (const s64 low : kImmediates) {
        i.immediate = static_cast<u32>(low);
        put(i);
      }
      const bool high = kind != Constant::map && kind != Constant::map_by_index;
      if (!high) continue;
      for (const u64 value : {~u64{0}, u64{1} << 63, u64{8} << 32 | 5}) {
        i.immediate = static_cast<s64>(value);
        put(i);
      }
    }
  }

  void memory() {
    for (const Width width : every<Width>()) {
      for (const s16 offset : kOffsets) {
        put({.form = Form::load, .width = width, .dst = 0, .src = 10, .offset = offset});
        if (width != Width::w64) {
          put({.form = Form::load_signed, .width = width, .dst = 3, .src = 1, .offset = offset});
        }
        with_sources({.form = Form::store, .width = width, .offset = offset});
      }
    }
  }

  void atomics() {
    for (const Atomic operation : every<Atomic>()) {
      const bool any_width = operation >= Atomic::load_acquire;
      for (const Width width : every<Width>()) {
        if (!any_width && width < Width::w32) continue;
        for (const auto& [dst, src] : kRegisterPairs) {
          for (const s16 offset : kOffsets) {
            put({.form = Form::atomic,
                 .operation = static_cast<u8>(operation),
                 .width = width,
                 .source = Source::reg,
                 .dst = dst,
                 .src = src,
                 .offset = offset});
          }
        }
      }
    }
  }

  void packets() {
    for (const Width width : {Width::w8, Width::w16, Width::w32}) {
      for (const s32 immediate : kImmediates) {
        Instruction i{.form = Form::packet_load, .width = width};
        i.immediate = immediate;
        put(i);
        i.operation = static_cast<u8>(Packet::indirect);
        i.src = 6;
        put(i);
      }
    }
  }

  void jumps() {
    for (const Jump relation : every<Jump>()) {
      for (const Width width : {Width::w32, Width::w64}) {
        with_sources({.form = Form::jump, .operation = static_cast<u8>(relation), .width = width});
      }
    }
    for (int copies = 0; copies < 5; ++copies) {
      put({.form = Form::jump_always});
      put({.form = Form::jump_always, .width = Width::w32});
      put({.form = Form::may_goto});
    }
  }

  void calls() {
    for (const s32 immediate : kImmediates) {
      Instruction i{.form = Form::call};
      i.immediate = immediate;
      put(i);
      i.operation = static_cast<u8>(Call::kfunc);
      put(i);
      i.offset = 3;
      put(i);
    }
    for (int copies = 0; copies < 5; ++copies) {
      put({.form = Form::call, .operation = static_cast<u8>(Call::local)});
    }
    for (u8 reg = 0; reg < kRegisters; ++reg) {
      put({.form = Form::call, .operation = static_cast<u8>(Call::indirect), .dst = reg});
    }
    put({.form = Form::call, .immediate = 5});
  }

  void casts() {
    for (const AddressSpaceCast cast : every<AddressSpaceCast>()) {
      for (const auto& [dst, src] : kRegisterPairs) {
        put({.form = Form::address_space_cast,
             .operation = static_cast<u8>(cast),
             .source = Source::reg,
             .dst = dst,
             .src = src});
      }
    }
  }

  Code code_;
};

inline Code every_form() { return EveryForm().run(); }

}  // namespace skep::test
