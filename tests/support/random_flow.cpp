// Parts of random programs that branch, loop and call.
#include "support/random_writer.hpp"

namespace skep::test {

namespace {

Belief met(const Belief& a, const Belief& b) {
  if (a.what != b.what) return {};
  if (a.what == Belief::number)
    return {a.what, a.bytes == 0 || b.bytes == 0 ? 0 : std::max(a.bytes, b.bytes)};
  if (a.what == Belief::perhaps && a.tag != b.tag) return {};
  return {a.what, std::min(a.bytes, b.bytes), a.tag};
}

}  // namespace

void Writer::meet(const Beliefs& registers, const SlotBeliefs& slots) {
  for (std::size_t r = 0; r < now_.size(); ++r) now_[r] = met(now_[r], registers[r]);
  for (std::size_t s = 0; s < slots_.size(); ++s) slots_[s] = met(slots_[s], slots[s]);
}

void Writer::diamond() {
  if (depth_ >= kDepthMax) return;
  ++depth_;
  const u8 n = number();
  const Width w = choices_.one_in(3) ? Width::w32 : Width::w64;
  const auto op = static_cast<Jump>(choices_.below(kCount<Jump>));
  const u8 other = choices_.one_in(3) ? number() : kNoRegister;
  const u32 place = here();
  code_.push_back({});
  Beliefs registers = now_;
  SlotBeliefs slots = slots_;
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

void Writer::finish_jump(u32 place, Jump op, u8 n, u8 other, Width w) {
  code_[place] = other == kNoRegister ? jump(op, n, choices_.below(40), here(), w)
                                      : jump_reg(op, n, other, here(), w);
}

// Some end by may_goto as far as the verifier is concerned; all of them do by their counter.
void Writer::loop() {
  const u8 counter = kept_register();
  if (depth_ >= kDepthMax || counter == kNoRegister) return;
  ++depth_;
  const u32 step = 1 + choices_.below(3), rounds = 1 + choices_.below(6);
  const bool may = choices_.one_in(4);
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
  if (may) put(may_goto(0));
  block(1 + choices_.below(4));
  put(alu(Alu::add, counter, step));
  put(jump(choices_.one_in(2) ? Jump::lt : Jump::ne, counter, step * rounds, begin));
  if (may) code_[begin].target = InstructionIndex(here());
  locked_ &= ~(1u << counter);
  meet(before, slots_);
  now_[counter] = {Belief::number, step * rounds + 1};
  --depth_;
}

// A helper calls the function, a few times.
void Writer::call_with_function(u32 callee) {
  const bool is_loop = entries_[callee] == Entry::by_loop;
  constexpr s64 kForEach = 164, kLoop = 181;
  const u8 n = number();
  put(mov_reg(1, n));
  if (choices_.one_in(2)) {
    put(alu(Alu::and_, 1, 7));
  } else {
    put(mov(1, choices_.below(6)));
  }
  put(store(Width::w64, 10, kHanded, choices_.below(kGlobalBytes)));
  put(store_reg(Width::w64, 10, kHanded + 8, kContext));
  if (!is_loop) put_map(1, kHash);
  calls_.emplace_back(here(), callee);
  put({.form = Form::constant, .operation = static_cast<u8>(Constant::function), .dst = 2});
  put(mov_reg(3, 10));
  put(alu(Alu::add, 3, kHanded));
  put(mov(4, errs() ? 1 : 0));
  put(call_helper(is_loop ? kLoop : kForEach));
  if (choices_.one_in(3)) forget_packets();
  clobber();
  slots_ = {};
  now_[0] = {Belief::number, 0};
  if (choices_.one_in(3)) return;
  // What the function made of it: now and then it is taken to be as small as it was.
  put(load(Width::w64, 0, 10, kHanded));
  if (choices_.one_in(2)) return;
  put_value(1, kGlobals, 0);
  put(alu_reg(Alu::add, 1, 0));
  put(load(Width::w8, 1, 1, 0));
  now_[1] = {Belief::number, 256};
}

void Writer::call() {
  if (callees_ == 0) return;
  const u32 callee = choices_.below(callees_);
  if (entries_[callee] >= Entry::by_loop) return call_with_function(callee);
  const u8 n = number();
  const u8 pointer = choices_.one_in(3) ? holding(Belief::value) : kNoRegister;
  const bool has_pointer = pointer != kNoRegister && pointer > 1 && now_[pointer].bytes >= 8;
  put(mov_reg(1, n));
  if (has_pointer) {
    put(mov_reg(2, pointer));
  } else {
    put(mov_reg(2, 10));
    put(alu(Alu::add, 2, -8 * (4 + static_cast<s32>(choices_.below(2)))));
  }
  if (entries_[callee] == Entry::by_call_of_global && choices_.one_in(4)) put(mov(2, 0));
  put(mov_reg(3, kContext));
  calls_.emplace_back(here(), callee);
  put(call_local(0));
  clobber();
  slots_ = {};
  now_[0] = {Belief::number, 0};
}

// Where there is a program, the run goes on there; every second element is empty.
void Writer::call_tail() {
  if (in_function_ || holds_record_) return;
  const u8 n = number();
  const bool is_constant = n <= 2 || choices_.one_in(2);
  put(is_constant ? mov(3, choices_.below(5)) : mov_reg(3, n));
  put(mov_reg(1, kContext));
  put_map(2, kPrograms);
  put(call_helper(12));
  clobber();
  forget_packets();
}

}  // namespace skep::test
