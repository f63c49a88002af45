#include "support/random_program.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"
#include "engines/builder.hpp"

namespace skep::test {
namespace {

using namespace skep::engines;
using platform::MapKind;

enum : u32 { kArray, kHash, kRing, kGlobals, kConstants };
constexpr u32 kArrayValue = 24, kHashValue = 16, kGlobalBytes = 32;
constexpr u8 kContext = 6;
// Pointers are saved in the first slots only; what is read byte by byte lies behind them, so that
// no address is seen.
constexpr u32 kPointerSlots = 3, kPlainBytes = 16;
constexpr u32 kDepthMax = 3, kCodeMax = 220;

// What the writer believes a register holds.
struct Belief {
  enum What : u8 { nothing, number, packet, value, stack } what = nothing;
  u32 bytes = 0;  // of pointers: how many may be touched; of numbers: one more than the largest
  s32 from = 0;   // of stack pointers: where
};
using Beliefs = std::array<Belief, 10>;

class Writer {
 public:
  explicit Writer(Choices& choices) : choices_(choices) {}

  isa::Code write() {
    const u32 functions = choices_.below(3);
    function(functions);
    for (u32 n = functions; n-- > 0;) {
      begins_.push_back(here());
      const bool called = std::ranges::any_of(calls_, [&](const auto& c) { return c.second == n; });
      if (!called) continue;
      in_function_ = true;
      function(n);
    }
    for (const auto& [call, number] : calls_)
      code_[call].target = InstructionIndex(begins_[begins_.size() - 1 - number]);
    assign_slots(code_);
    return std::move(code_);
  }
  bool erred() const { return erred_; }

 private:
  u32 here() const { return static_cast<u32>(code_.size()); }
  void put(const Instruction& i) { code_.push_back(i); }
  bool errs() {
    const bool errs = choices_.one_in(60);
    erred_ = erred_ || errs;
    return errs;
  }
  Width width() { return static_cast<Width>(choices_.below(4)); }
  u8 any_register() { return static_cast<u8>(choices_.below(10)); }
  // A register to write to, not the context's and not a loop's counter.
  u8 target() {
    constexpr u8 kTargets[] = {0, 1, 2, 3, 4, 5, 7, 8, 9};
    u8 r = kTargets[choices_.below(9)];
    while ((locked_ >> r & 1) != 0) r = r == 9 ? 0 : static_cast<u8>(r + 1 == 6 ? 7 : r + 1);
    return r;
  }
  // A register that holds `what`, or 255.
  u8 holding(Belief::What what) {
    if (errs()) return any_register();
    const u32 first = choices_.below(10);
    for (u32 n = 0; n < 10; ++n) {
      const u8 r = static_cast<u8>((first + n) % 10);
      if (r != kContext && now_[r].what == what) return r;
    }
    return 255;
  }
  u8 number() {
    const u8 r = holding(Belief::number);
    if (r != 255) return r;
    const u8 made = target();
    put(load(Width::w32, made, kContext, 12));
    now_[made] = {Belief::number, 0};
    return made;
  }
  void leave_if(Instruction i) {
    if (errs()) return;
    outs_.push_back(here());
    put(i);
  }
  void clobber() {
    for (u8 r = 0; r <= 5; ++r) now_[r] = {};
  }

  void function(u32 callees) {
    now_ = {};
    locked_ = 0;
    outs_.clear();
    callees_ = callees;
    depth_ = 0;
    if (in_function_) {  // r1 a number, r2 eight bytes of its caller's stack, r3 the context
      put(mov_reg(kContext, 3));
      now_[1] = {Belief::number, 0};
      now_[2] = {Belief::value, 8};
    } else {
      put(mov_reg(kContext, 1));
    }
    for (s16 at = -40; at < 0; at += 8) put(store(Width::w64, 10, at, choices_.below(40)));
    slots_ = {};
    block(3 + choices_.below(9));
    const u8 result = choices_.one_in(3) ? number() : u8{0};
    if (now_[result].what == Belief::number && !errs()) {
      put(mov_reg(0, result));
    } else {
      put(mov(0, choices_.below(5)));
    }
    put(leave());
    if (outs_.empty()) return;
    for (const u32 out : outs_) code_[out].target = InstructionIndex(here());
    put(mov(0, 1));
    put(leave());
  }

  void block(u32 parts) {
    while (parts-- > 0 && here() < kCodeMax) part();
  }

  void part() {
    switch (choices_.below(24)) {
      case 21:
      case 22: return two_values();
      case 0: return take_packet();
      case 1: return move_packet();
      case 2:
      case 3: return access(Belief::packet);
      case 4: return look_up();
      case 5: return take_globals();
      case 6:
      case 7: return access(Belief::value);
      case 8: return move_value();
      case 9:
      case 10: return spill();
      case 11: return fill();
      case 12: return vary_stack();
      case 13: return bound();
      case 14:
      case 15: return compute();
      case 16: return copy();
      case 17: return diamond();
      case 18: return loop();
      case 19: return call();
      case 20: return record();
      default: return choices_.one_in(3) ? helper() : choose_constant();
    }
  }

  void take_packet() {
    const u8 data = target(), end = target(), scratch = target();
    if (data == end || data == scratch || end == scratch) return;
    const s64 bytes = 1 + choices_.below(60);
    put(load(Width::w32, data, kContext, 0));
    put(load(Width::w32, end, kContext, 4));
    put(mov_reg(scratch, data));
    put(alu(Alu::add, scratch, bytes));
    if (choices_.one_in(4)) {
      leave_if(jump_reg(Jump::lt, end, scratch, 0));
    } else {
      leave_if(jump_reg(Jump::gt, scratch, end, 0));
    }
    now_[end] = now_[scratch] = {};
    now_[data] = {Belief::packet, static_cast<u32>(bytes) + (errs() ? 1 : 0)};
  }

  // packet + number, compared anew
  void move_packet() {
    const u8 pointer = holding(Belief::packet), n = number(), moved = target(), end = target();
    if (pointer == 255 || moved == end || moved == n || end == n || end == pointer) return;
    const u32 bytes = 1 + choices_.below(20);
    make_bounded(n, 1 + choices_.below(64));
    put(mov_reg(moved, pointer));
    put(alu_reg(Alu::add, moved, n));
    put(load(Width::w32, end, kContext, 4));
    put(alu(Alu::add, moved, bytes));
    leave_if(jump_reg(Jump::gt, moved, end, 0));
    put(alu(Alu::sub, moved, bytes + (errs() ? 1 : 0)));
    now_[end] = {};
    now_[moved] = {Belief::packet, bytes};
  }

  void access(Belief::What what) {
    const u8 pointer = holding(what);
    if (pointer == 255) return;
    const Width w = width();
    const u32 bytes = bytes_of(w), room = now_[pointer].bytes + (errs() ? 1 : 0);
    if (room < bytes) return;
    const s16 offset = static_cast<s16>(choices_.below(room - bytes + 1));
    if (choices_.one_in(3)) return put(store_reg(w, pointer, offset, number()));
    if (choices_.one_in(8)) return put(store(w, pointer, offset, choices_.below(200)));
    const u8 dst = target();
    const bool sign = choices_.one_in(5) && w != Width::w64;
    put(sign ? load_signed(w, dst, pointer, offset) : load(w, dst, pointer, offset));
    now_[dst] = {Belief::number, sign || bytes > 2 ? 0 : 1u << (8 * bytes)};
  }

  void look_up() {
    const bool hash = choices_.one_in(2);
    const u8 key = number();
    if (key <= 5 || now_[key].what == Belief::number) put(store_reg(Width::w64, 10, -48, key));
    put(mov_reg(2, 10));
    put(alu(Alu::add, 2, -48));
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map),
         .dst = 1,
         .immediate = hash ? kHash : kArray});
    if (hash && choices_.one_in(2)) {
      put(mov_reg(3, 10));
      put(alu(Alu::add, 3, -40));
      put(mov(4, 0));
      put(call_helper(2));
      clobber();
      now_[0] = {Belief::number, 0};
      return;
    }
    put(call_helper(1));
    clobber();
    leave_if(jump(Jump::eq, 0, 0, 0));
    now_[0] = {Belief::value, hash ? kHashValue : kArrayValue};
    keep_result();
  }

  void keep_result() {
    const u8 kept = static_cast<u8>(7 + choices_.below(3));
    if ((locked_ >> kept & 1) != 0 || choices_.one_in(3)) return;
    put(mov_reg(kept, 0));
    now_[kept] = now_[0];
  }

  void take_globals() {
    const u8 dst = target();
    const bool constants = choices_.one_in(3);
    const u32 offset = choices_.below(3) * 8;
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map_value),
         .dst = dst,
         .immediate = static_cast<s64>(u64{offset} << 32 | (constants ? kConstants : kGlobals))});
    now_[dst] = {Belief::value, kGlobalBytes - offset};
    if (!constants) return;
    put(load(Width::w64, dst, dst, 0));
    now_[dst] = {Belief::number, 64};
  }

  void move_value() {
    const u8 pointer = holding(Belief::value), moved = target();
    if (pointer == 255) return;
    const u8 n = number();
    if (moved == n || moved == pointer || now_[pointer].bytes < 2) return;
    const u32 most = 1 + choices_.below(now_[pointer].bytes - 1);
    make_bounded(n, most);
    put(mov_reg(moved, pointer));
    put(alu_reg(Alu::add, moved, n));
    now_[moved] = {Belief::value, now_[pointer].bytes - most + 1};
  }

  void spill() {
    const u8 r = choices_.one_in(2) ? number() : any_register();
    if (now_[r].what == Belief::nothing) return;
    const u32 slot = choices_.below(now_[r].what == Belief::number ? 5 : kPointerSlots);
    const bool narrow = now_[r].what == Belief::number && choices_.one_in(3);
    const s16 at = static_cast<s16>(-8 * (static_cast<s32>(slot) + 1));
    put(store_reg(narrow ? Width::w32 : Width::w64, 10, at, r));
    slots_[slot] = narrow ? Belief{} : now_[r];
    if (choices_.one_in(3) && now_[r].what == Belief::number)
      make_bounded(r, 1 + choices_.below(40));
  }

  void fill() {
    const u32 slot = choices_.below(5);
    const u8 dst = target();
    const s16 at = static_cast<s16>(-8 * (static_cast<s32>(slot) + 1));
    if (slots_[slot].what == Belief::nothing || choices_.one_in(6)) {
      put(load(choices_.one_in(2) ? Width::w32 : Width::w8, dst, 10, at));
      now_[dst] = {Belief::number, 0};
      return;
    }
    put(load(Width::w64, dst, 10, at));
    now_[dst] = slots_[slot];
  }

  // One byte somewhere on the stack.
  void vary_stack() {
    const u8 n = number(), pointer = target();
    if (n == pointer) return;
    make_bounded(n, 1 + choices_.below(kPlainBytes));
    put(mov_reg(pointer, 10));
    put(alu(Alu::add, pointer, -40 + static_cast<s32>(errs())));
    put(alu_reg(Alu::add, pointer, n));
    now_[pointer] = {};
    if (choices_.one_in(2)) {
      put(store(Width::w8, pointer, 0, choices_.below(256)));
      slots_ = {};
      return;
    }
    put(load(Width::w8, pointer, pointer, 0));
    now_[pointer] = {Belief::number, 256};
  }

  // n < most from here on; there are many ways to write it.
  void make_bounded(u8 n, u32 most) {
    if (now_[n].what != Belief::number) return;
    if (now_[n].bytes != 0 && now_[n].bytes <= most && !choices_.one_in(6)) return;
    const s64 limit = most + (errs() ? 1 : 0);
    const Width w = choices_.one_in(5) ? Width::w32 : Width::w64;
    const bool locked = (locked_ >> n & 1) != 0;
    switch (choices_.below(locked ? 3 : 7)) {
      case 0: leave_if(jump(Jump::ge, n, limit, 0)); break;
      case 1: leave_if(jump(Jump::gt, n, limit - 1, 0)); break;
      case 2:
        leave_if(jump(Jump::sge, n, limit, 0, w));
        leave_if(jump(Jump::slt, n, 0, 0, w));
        if (w == Width::w32 && !locked) put(alu_reg(Alu::mov, n, n, Width::w32));
        break;
      case 3: put(alu(Alu::mod, n, limit)); break;
      case 4: put(alu(Alu::and_, n, (1 << (31 - __builtin_clz(most))) - 1)); break;
      case 5:
        put(alu_reg(Alu::mov, n, n, Width::w32));
        leave_if(jump(Jump::ge, n, limit, 0, Width::w32));
        break;
      default: put(alu(Alu::rsh, n, 64 - (31 - __builtin_clz(most)))); break;
    }
    now_[n].bytes = most;
  }
  void bound() { make_bounded(number(), 1 + choices_.below(40)); }

  void compute() {
    const u8 a = number();
    if ((locked_ >> a & 1) != 0 || now_[a].what != Belief::number) return;
    const auto op = static_cast<Alu>(choices_.below(static_cast<u32>(Alu::mov)));
    const Width w = choices_.one_in(3) ? Width::w32 : Width::w64;
    now_[a] = {Belief::number, 0};
    if (op == Alu::neg) return put(alu(op, a, 0, w));
    if (choices_.one_in(2)) return put(alu_reg(op, a, number(), w));
    const s64 amount =
        op == Alu::lsh || op == Alu::rsh ? 1 + choices_.below(20) : choices_.below(70);
    put(alu(op, a, std::max<s64>(amount, 1), w));
  }

  void copy() {
    const u8 from = any_register(), to = target();
    if (now_[from].what == Belief::nothing) return;
    const bool half = now_[from].what == Belief::number && choices_.one_in(4);
    put(half ? alu_reg(Alu::mov, to, from, Width::w32) : mov_reg(to, from));
    now_[to] = now_[from];
  }

  // A number that is small on the way that is walked first, and perhaps too large on the other one;
  // behind joins it moves a pointer or decides a branch. This is what wrong pruning lets through.
  void two_values() {
    u8 r = static_cast<u8>(7 + choices_.below(3));
    if (depth_ >= kDepthMax || (locked_ >> r & 1) != 0) return;
    const u8 n = number();
    if (n == r) return;
    const bool unsafe = choices_.one_in(2);
    const u32 small = choices_.below(8), large = unsafe ? kGlobalBytes + small : small + 1;
    put(mov(r, large));
    const u32 skip = here();
    put(jump(static_cast<Jump>(choices_.below(kCount<Jump>)), n, choices_.below(40), skip + 2));
    put(mov(r, small));
    code_[skip].target = InstructionIndex(here());
    now_[r] = {Belief::number, 0};
    const u32 way = choices_.below(4);
    const s16 place = static_cast<s16>(-56 - 8 * static_cast<s32>(depth_));
    if (way == 1) put(store_reg(Width::w64, 10, place, r));
    if (way == 2) put(alu(Alu::add, r, 3));
    ++depth_;
    locked_ |= 1u << r;
    for (u32 joins = 1 + choices_.below(4); joins-- > 0;) diamond();
    locked_ &= ~(1u << r);
    --depth_;
    if (way == 1) put(load(Width::w64, r, 10, place));
    if (way == 2) put(alu(Alu::sub, r, 3, Width::w32));
    use_as_index(r, small);
  }

  void use_as_index(u8 r, u32 small) {
    const s64 globals = static_cast<s64>(u64{0} << 32 | kGlobals);
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map_value),
         .dst = 0,
         .immediate = globals});
    if (choices_.one_in(3)) {  // decides a branch: only the other number comes to the bad access
      put(jump(Jump::le, r, small + 1, here() + 2));
      put(load(Width::w8, 0, 0, kGlobalBytes));
    } else {
      const bool copied = choices_.one_in(2);
      if (copied) put(mov_reg(5, r));
      put(alu_reg(Alu::add, 0, copied ? 5 : r));
    }
    put(load(Width::w8, 0, 0, 0));
    if (now_[5].what != Belief::nothing) now_[5] = {};
    now_[0] = {Belief::number, 256};
    now_[r] = {Belief::number, 0};
  }

  void choose_constant() {
    const u8 dst = target();
    const u32 value = choices_.below(40);
    put(mov(dst, value));
    now_[dst] = {Belief::number, value + 1};
  }

  static Belief met(const Belief& a, const Belief& b) {
    if (a.what != b.what) return {};
    if (a.what == Belief::number)
      return {a.what, a.bytes == 0 || b.bytes == 0 ? 0 : std::max(a.bytes, b.bytes)};
    return {a.what, std::min(a.bytes, b.bytes)};
  }
  void meet(const Beliefs& registers, const std::array<Belief, 5>& slots) {
    for (std::size_t r = 0; r < now_.size(); ++r) now_[r] = met(now_[r], registers[r]);
    for (std::size_t s = 0; s < slots_.size(); ++s) slots_[s] = met(slots_[s], slots[s]);
  }

  void diamond() {
    if (depth_ >= kDepthMax) return;
    ++depth_;
    const u8 n = number();
    const u32 at = here();
    const Width w = choices_.one_in(3) ? Width::w32 : Width::w64;
    const auto op = static_cast<Jump>(choices_.below(kCount<Jump>));
    const u8 other = choices_.one_in(3) ? number() : u8{255};
    code_.push_back({});
    const u32 place = here() - 1;
    static_cast<void>(at);
    Beliefs registers = now_;
    auto slots = slots_;
    block(1 + choices_.below(3));
    if (choices_.one_in(2)) {
      const u32 skip = here();
      put(go(0));
      finish_jump(place, op, n, other, w);
      std::swap(now_, registers);
      std::swap(slots_, slots);
      block(1 + choices_.below(3));
      code_[skip].target = InstructionIndex(here());
    } else {
      finish_jump(place, op, n, other, w);
    }
    meet(registers, slots);
    --depth_;
  }
  void finish_jump(u32 place, Jump op, u8 n, u8 other, Width w) {
    code_[place] = other == 255 ? jump(op, n, choices_.below(40), here(), w)
                                : jump_reg(op, n, other, here(), w);
  }

  void loop() {
    const u8 counter = static_cast<u8>(7 + choices_.below(3));
    if (depth_ >= kDepthMax || (locked_ >> counter & 1) != 0) return;
    ++depth_;
    const u32 step = 1 + choices_.below(3), rounds = 1 + choices_.below(6);
    put(mov(counter, 0));
    now_[counter] = {Belief::number, step * rounds};
    locked_ |= 1u << counter;
    // What the body changes is not what it was in the next round.
    const Beliefs before = now_;
    for (u8 r = 0; r < 10; ++r) {
      if (r != counter && choices_.one_in(2)) now_[r] = {};
    }
    slots_ = {};
    const u32 begin = here();
    block(1 + choices_.below(4));
    put(alu(Alu::add, counter, step));
    put(jump(choices_.one_in(2) ? Jump::lt : Jump::ne, counter, step * rounds, begin));
    locked_ &= ~(1u << counter);
    now_[counter] = {Belief::number, step * rounds + 1};
    meet(before, slots_);
    now_[counter] = {Belief::number, step * rounds + 1};
    --depth_;
  }

  void call() {
    if (callees_ == 0) return;
    const u8 n = number();
    put(mov_reg(1, n));
    put(mov_reg(2, 10));
    put(alu(Alu::add, 2, -8 * (4 + static_cast<s32>(choices_.below(2)))));
    put(mov_reg(3, kContext));
    calls_.emplace_back(here(), choices_.below(callees_));
    put(call_local(0));
    clobber();
    slots_ = {};
    now_[0] = {Belief::number, 0};
  }

  void record() {
    if (depth_ >= kDepthMax) return;
    const u32 bytes = 8 * (1 + choices_.below(3));
    put({.form = Form::constant,
         .operation = static_cast<u8>(Constant::map),
         .dst = 1,
         .immediate = kRing});
    put(mov(2, bytes));
    put(mov(3, 0));
    put(call_helper(131));
    clobber();
    const u32 skip = here();
    put(jump(Jump::eq, 0, 0, 0));
    const u8 filler = now_[9].what == Belief::number ? u8{9} : u8{10};
    const s16 at = static_cast<s16>(choices_.below(bytes / 8) * 8 + (errs() ? 8 : 0));
    if (filler == 9) put(store_reg(Width::w64, 0, at, 9));
    if (filler == 10) put(store(Width::w64, 0, at, 3));
    put(mov_reg(1, 0));
    put(mov(2, 0));
    if (!errs()) put(call_helper(132 + choices_.below(2)));
    code_[skip].target = InstructionIndex(here());
    now_[0] = {};
  }

  void helper() {
    switch (choices_.below(3)) {
      case 0: put(call_helper(7)); break;
      case 1:
        put(mov_reg(1, kContext));
        put(mov(2, static_cast<s64>(choices_.below(40)) - 20));
        put(call_helper(choices_.one_in(2) ? 44 : 65));
        for (Belief& belief : now_) {
          if (belief.what == Belief::packet) belief = {};
        }
        for (Belief& belief : slots_) {
          if (belief.what == Belief::packet) belief = {};
        }
        break;
      default: {  // loads packet bytes into the stack
        const u8 n = number();
        if (n <= 3 || n == 255) return;
        make_bounded(n, 9);
        put(mov_reg(1, kContext));
        put(mov(2, choices_.below(60)));
        put(mov_reg(3, 10));
        put(alu(Alu::add, 3, -40 + 8 * static_cast<s32>(choices_.below(2))));
        put(choices_.one_in(2) ? mov_reg(4, n) : mov(4, 1 + choices_.below(8)));
        if (!errs()) leave_if(jump(Jump::eq, 4, 0, 0));
        put(call_helper(189));
        slots_ = {};
        break;
      }
    }
    clobber();
    now_[0] = {Belief::number, 0};
  }

  Choices& choices_;
  isa::Code code_;
  Beliefs now_{};
  std::array<Belief, 5> slots_{};
  u32 locked_ = 0;  // registers that count loops
  u32 depth_ = 0;
  u32 callees_ = 0;  // how many functions this one may call
  bool in_function_ = false;
  bool erred_ = false;
  std::vector<u32> outs_;
  std::vector<u32> begins_;
  std::vector<std::pair<u32, u32>> calls_;
};

platform::MapSpec map_of(const char* name, MapKind kind, u32 key, u32 value, u32 entries) {
  platform::MapSpec spec;
  spec.name = name;
  spec.kind = kind;
  spec.key_size = key;
  spec.value_size = value;
  spec.max_entries = entries;
  return spec;
}

}  // namespace

std::shared_ptr<const std::vector<platform::MapSpec>> random_maps() {
  std::vector<platform::MapSpec> maps = {
      map_of("array", MapKind::array, 4, kArrayValue, 8),
      map_of("hash", MapKind::hash, 8, kHashValue, 16),
      map_of("ring", MapKind::ringbuf, 0, 0, 4096),
      map_of("globals", MapKind::array, 4, kGlobalBytes, 1),
      map_of("constants", MapKind::array, 4, kGlobalBytes, 1),
  };
  for (const u32 number : {kGlobals, kConstants}) {
    maps[number].is_globals = true;
    for (u32 at = 0; at < kGlobalBytes; ++at)
      maps[number].initial.push_back(static_cast<std::byte>(at % 8 == 0 ? at + 5 : 0));
  }
  maps[kConstants].flags = platform::kReadOnlyForProgram;
  return std::make_shared<const std::vector<platform::MapSpec>>(std::move(maps));
}

RandomProgram random_program(Choices choices) {
  static const auto maps = random_maps();
  auto program = std::make_shared<platform::Program>();
  program->name = "random";
  program->type = platform::ProgramType::xdp;
  program->gpl_compatible = true;
  program->maps = maps;
  Writer writer(choices);
  program->code = writer.write();
  std::vector<u32> starts{0};
  for (const isa::Instruction& i : program->code) {
    if (isa::is_local_call(i)) starts.push_back(i.target.value());
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  for (std::size_t n = 0; n < starts.size(); ++n) {
    const u32 end = n + 1 < starts.size() ? starts[n + 1] : static_cast<u32>(program->code.size());
    program->functions.push_back({.name = format("f{}", n),
                                  .begin = isa::InstructionIndex(starts[n]),
                                  .end = isa::InstructionIndex(end)});
  }
  return {program, writer.erred()};
}

}  // namespace skep::test
