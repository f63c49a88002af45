// Parts of random programs that call helpers.
#include "support/random_writer.hpp"

namespace skep::test {

// A record that is written and given back at once.
void Writer::record() {
  if (depth_ >= kDepthMax) return;
  const u32 bytes = 8 * (1 + choices_.below(3));
  put_map(1, kRing);
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

// A record that is held while other parts run; whoever leaves gives it back.
void Writer::hold_record() {
  const u8 held = kept_register();
  if (depth_ >= kDepthMax || held == kNoRegister || holds_record_) return;
  ++depth_;
  const u32 bytes = 8 * (1 + choices_.below(4));
  put_map(1, kRing);
  put(mov(2, bytes));
  put(mov(3, 0));
  put(call_helper(131));
  clobber();
  leave_if(jump(Jump::eq, 0, 0, 0));
  put(mov_reg(held, 0));
  std::vector<u32> outside;
  std::swap(outs_, outside);
  locked_ |= 1u << held;
  holds_record_ = true;
  now_[0] = {};
  now_[held] = {Belief::value, bytes};
  block(1 + choices_.below(5));
  const auto give_back = [&] {
    put(mov_reg(1, held));
    put(mov(2, 0));
    if (!errs()) put(call_helper(132 + choices_.below(2)));
  };
  give_back();
  holds_record_ = false;
  std::swap(outs_, outside);
  if (!outside.empty()) {
    const u32 skip = here();
    put(go(0));
    for (const u32 out : outside) code_[out].target = InstructionIndex(here());
    give_back();
    outs_.push_back(here());
    put(go(0));
    code_[skip].target = InstructionIndex(here());
  }
  clobber();
  // Copies of the pointer lead nowhere any more.
  for (Belief& each : now_) {
    if (each.what == Belief::value) each = {};
  }
  slots_ = {};
  locked_ &= ~(1u << held);
  --depth_;
}

void Writer::helper() {
  switch (choices_.below(6)) {
    case 0:
      put(call_helper(choices_.one_in(2) ? 7 : 5));
      clobber();
      now_[0] = {Belief::number, 0};
      return;
    case 1: return move_head_or_tail();
    case 2:
    case 3: return copy_bytes();
    case 4: return add_up();
    default: return put_out();
  }
}

void Writer::move_head_or_tail() {
  const bool is_xdp = around_.type == platform::ProgramType::xdp;
  constexpr s64 kAdjustMeta = 54;
  put(mov_reg(1, kContext));
  put(mov(2, static_cast<s64>(choices_.below(40)) - 20));
  put(mov(3, 0));
  if (is_xdp && choices_.one_in(4)) {
    put(mov(2, -4 * (1 + static_cast<s64>(choices_.below(4)))));
    put(call_helper(kAdjustMeta));
  } else {
    put(call_helper(choices_.one_in(2) ? around_.move_head : around_.move_tail));
  }
  forget_packets();
  clobber();
  now_[0] = {Belief::number, 0};
}

// Between the packet and memory, by a helper.
void Writer::copy_bytes() {
  const u8 n = number();
  if (n <= 3 || n == kNoRegister) return;
  const u8 pointer = choices_.one_in(3) ? holding(Belief::value) : kNoRegister;
  const bool has_pointer = pointer != kNoRegister && pointer > 3 && pointer != n;
  const u32 room = has_pointer ? now_[pointer].bytes : kPlainBytes;
  if (room < 2) return;
  make_bounded(n, 2 + choices_.below(room));
  const bool stores = choices_.one_in(4);
  put(mov_reg(1, kContext));
  put(mov(2, choices_.below(60)));
  if (has_pointer) {
    put(mov_reg(3, pointer));
  } else {
    put(mov_reg(3, 10));
    put(alu(Alu::add, 3, kPlain));
  }
  put(choices_.one_in(2) ? mov_reg(4, n) : mov(4, 1 + choices_.below(room)));
  if (!errs()) leave_if(jump(Jump::eq, 4, 0, 0));
  put(mov(5, 0));
  put(call_helper(stores ? around_.store_bytes : around_.load_bytes));
  if (stores && around_.type == platform::ProgramType::sched_cls) forget_packets();
  slots_[3] = slots_[4] = {};
  clobber();
  now_[0] = {Belief::number, 0};
}

// bpf_csum_diff() over memory of a size that is known as it runs.
void Writer::add_up() {
  const u8 pointer = holding(Belief::value), n = number();
  const bool has_pointer = pointer != kNoRegister && pointer > 4 && pointer != n;
  if (n <= 4) return;
  const u32 room = has_pointer ? now_[pointer].bytes : kPlainBytes;
  make_bounded(n, room + 1);
  constexpr s64 kCsumDiff = 28;
  if (has_pointer) {
    put(mov_reg(1, pointer));
  } else {
    put(mov_reg(1, 10));
    put(alu(Alu::add, 1, kPlain));
  }
  put(mov_reg(2, n));
  put(mov(3, 0));
  put(mov(4, 0));
  put(mov(5, 0));
  put(call_helper(kCsumDiff));
  clobber();
  now_[0] = {Belief::number, 0};
}

// bpf_ringbuf_output() of part of something.
void Writer::put_out() {
  const u8 pointer = holding(Belief::value), n = number();
  if (pointer == kNoRegister || pointer <= 3 || n <= 3 || pointer == n) return;
  make_bounded(n, now_[pointer].bytes + 1);
  constexpr s64 kRingbufOutput = 130;
  put_map(1, kRing);
  put(mov_reg(2, pointer));
  put(mov_reg(3, n));
  put(mov(4, 0));
  put(call_helper(kRingbufOutput));
  clobber();
  now_[0] = {Belief::number, 0};
}

// The packet, as classic BPF reads it: what is not there ends the program.
void Writer::load_legacy() {
  const bool may = around_.type != platform::ProgramType::xdp && !in_function_ && !holds_record_;
  if (!may) return;
  const u8 n = choices_.one_in(2) ? number() : kNoRegister;
  const Width w = static_cast<Width>(choices_.below(3));
  const bool is_indirect = n != kNoRegister;
  put(packet_load(is_indirect ? Packet::indirect : Packet::absolute, w, is_indirect ? n : u8{0},
                  choices_.below(40)));
  clobber();
  now_[0] = {Belief::number, w == Width::w32 ? 0 : 1u << bits_of(w)};
}

}  // namespace skep::test
