// The writer of random programs: what it knows of each register, and the parts that it puts
// together.
//
// A part is a few instructions as compilers write them: a comparison with the packet's end, a
// look-up with its null check, a spill and its reload. Parts that need a pointer or a number take a
// register that they believe holds one. Now and then the writer errs, and does not know it.
// Registers and slots whose contents it does not know are not read.
#pragma once

#include <array>
#include <vector>

#include "engines/builder.hpp"
#include "platform/program.hpp"
#include "support/choices.hpp"

namespace skep::test {

using namespace skep::engines;

// The maps of every random program, by number.
enum : u32 { kArray, kHash, kRing, kGlobals, kConstants, kPrograms };
inline constexpr u32 kArrayValue = 24, kHashValue = 16, kGlobalBytes = 32;
inline constexpr u8 kContext = 6;
// Pointers are saved in the first slots only; what is read byte by byte lies behind them, so that
// no address is seen.
inline constexpr u32 kSlots = 5, kPointerSlots = 3, kPlainBytes = 16;
inline constexpr s16 kPlain = -40;  // where those bytes begin
// What functions that helpers call are handed: eight bytes and the context.
inline constexpr s16 kHanded = -136;
inline constexpr u32 kDepthMax = 3, kCodeMax = 220;
inline constexpr u8 kNoRegister = 255;

// What differs between the types of programs: fields of the context, and helpers.
struct Surroundings {
  platform::ProgramType type;
  s16 data, data_end;
  std::array<s16, 2> numbers;  // fields that hold what nobody bounds
  s64 load_bytes, store_bytes, move_head, move_tail;
};
inline constexpr Surroundings kXdp = {platform::ProgramType::xdp, 0, 4, {12, 16}, 189, 190, 44, 65};
inline constexpr Surroundings kTc = {
    platform::ProgramType::sched_cls, 76, 80, {40, 8}, 26, 9, 43, 38};

// What the writer believes a register holds.
struct Belief {
  // `perhaps`: a value or null. `value`: anything that may be read and written.
  enum What : u8 { nothing, number, packet, value, perhaps } what = nothing;
  u32 bytes = 0;  // of pointers: how many may be touched; of numbers: one more than the largest
  u32 tag = 0;    // of `perhaps`: what was looked up at once is null at once
};
using Beliefs = std::array<Belief, 10>;
using SlotBeliefs = std::array<Belief, kSlots>;

// Who enters a function: callers, or bpf_loop(), or bpf_for_each_map_elem() of the hash.
enum class Entry : u8 { by_call, by_call_of_global, by_loop, by_elements };

class Writer {
 public:
  Writer(Choices& choices, const Surroundings& around) : choices_(choices), around_(around) {}

  isa::Code write();
  bool erred() const { return erred_; }

  struct Begin {
    u32 at = 0;
    bool is_global = false;
  };
  // Of the functions behind the program's own, in the order of the code.
  const std::vector<Begin>& functions() const { return begins_; }

 private:
  // random_program.cpp: functions, and which part comes next
  void function(u32 callees);
  void enter_function();
  void enter_called_back();
  void leave_function();
  void block(u32 parts);
  void part();

  // random_memory.cpp: packets, values and the stack
  void take_packet();
  void compare_with_end(u8 pointer, u8 end, bool& one_more);
  void take_metadata();
  void move_packet();
  void access(Belief::What what);
  void look_up();
  void keep_result();
  void check_null();
  void replace_null(u8 r);
  void take_globals();
  void move_value();
  void spill();
  void fill();
  void spill_narrow();
  void vary_stack();
  void choose_pointer();
  void change_atomically();

  // random_numbers.cpp
  u8 number();
  void make_bounded(u8 n, u32 most);
  void bound() { make_bounded(number(), 1 + choices_.below(40)); }
  void compute();
  void relate();
  void copy();
  void choose_constant();
  void two_values();
  void use_as_index(u8 r, u32 small);

  // random_flow.cpp: branches, loops, calls
  void diamond();
  void finish_jump(u32 place, Jump op, u8 n, u8 other, Width w);
  void loop();
  void call();
  void call_with_function(u32 callee);
  void call_tail();

  // random_helpers.cpp
  void record();
  void hold_record();
  void helper();
  void move_head_or_tail();
  void copy_bytes();
  void add_up();
  void put_out();
  void load_legacy();

  // ---- what all of them use

  u32 here() const { return static_cast<u32>(code_.size()); }
  void put(const Instruction& i) { code_.push_back(i); }
  void put_map(u8 r, u32 map) {
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map),
         .dst = r,
         .immediate = map});
  }
  void put_value(u8 r, u32 map, u32 offset) {
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map_value),
         .dst = r,
         .immediate = static_cast<s64>(u64{offset} << 32 | map)});
  }
  bool errs() {
    const bool errs = choices_.one_in(60);
    erred_ = erred_ || errs;
    return errs;
  }
  Width width() { return static_cast<Width>(choices_.below(4)); }
  bool is_locked(u8 r) const { return (locked_ >> r & 1) != 0; }
  u8 any_register() { return static_cast<u8>(choices_.below(10)); }
  // A register to write to: not the context's, not a loop's counter.
  u8 target() {
    constexpr std::array<u8, 9> kTargets = {0, 1, 2, 3, 4, 5, 7, 8, 9};
    u8 r = kTargets[choices_.below(9)];
    while (is_locked(r)) r = r == 9 ? 0 : static_cast<u8>(r + 1 == 6 ? 7 : r + 1);
    return r;
  }
  // One that calls keep and no loop counts with, or kNoRegister.
  u8 kept_register() {
    const u8 r = static_cast<u8>(7 + choices_.below(3));
    return is_locked(r) ? kNoRegister : r;
  }
  bool is_called_back() const { return in_function_ && entry_ >= Entry::by_loop; }
  // A register that holds `what`, or kNoRegister.
  u8 holding(Belief::What what) {
    if (errs()) return any_register();
    const u32 first = choices_.below(10);
    for (u32 n = 0; n < 10; ++n) {
      const u8 r = static_cast<u8>((first + n) % 10);
      if (r != kContext && now_[r].what == what) return r;
    }
    return kNoRegister;
  }
  void leave_if(Instruction i) {
    if (errs()) return;
    outs_.push_back(here());
    put(i);
  }
  void clobber() {
    for (u8 r = 0; r <= 5; ++r) now_[r] = {};
  }
  void forget_packets() {
    const auto forget = [](Belief& each) {
      if (each.what == Belief::packet) each = {};
    };
    for (Belief& each : now_) forget(each);
    for (Belief& each : slots_) forget(each);
  }
  void meet(const Beliefs& registers, const SlotBeliefs& slots);

  Choices& choices_;
  const Surroundings& around_;
  isa::Code code_;
  Beliefs now_{};
  SlotBeliefs slots_{};
  u32 locked_ = 0;  // registers that count loops, or hold a record
  u32 depth_ = 0;
  u32 tags_ = 0;
  u32 callees_ = 0;             // how many functions this one may call
  std::vector<Entry> entries_;  // of functions, by number
  Entry entry_ = Entry::by_call;
  bool in_function_ = false;
  bool erred_ = false;
  bool holds_record_ = false;
  std::vector<u32> outs_;
  std::vector<Begin> begins_;
  std::vector<std::pair<u32, u32>> calls_;
};

}  // namespace skep::test
