// Frames of functions: what they save, the stack of the program, and slots of their own below.
#include <array>

#include "jit/aarch64/emitter.hpp"
#include "jit/usage.hpp"

namespace skep::jit::aarch64 {
namespace {

constexpr std::array kRecord = {Reg::x29, Reg::x30};  // AAPCS64, 6.4.6: the frame record
constexpr s32 kSlotBytes = 8, kStackAlignment = 16;
constexpr s32 kPairLast = 504;  // the highest offset of a pair

}  // namespace

void Emitter::lay_out_frame(const Function& function, bool is_main) {
  frame_ = {};
  if (allocation_.calls) frame_.saved.assign(kRecord.begin(), kRecord.end());
  if (is_main && needs_.execution) frame_.saved.push_back(Reg::x25);
  if (is_main && needs_.tail_calls) frame_.saved.push_back(Reg::x26);
  for (MachineRegister r = 0; r < static_cast<MachineRegister>(Reg::x29); ++r) {
    if ((allocation_.to_save & machine_set(r)) != 0) frame_.saved.push_back(static_cast<Reg>(r));
  }
  if (frame_.saved.size() % 2 != 0) frame_.saved.push_back(Reg::zr);
  s32 slots = 0;
  const auto slot_for = [&](Kind kind) -> std::optional<s32> {
    if (!function.has(kind)) return std::nullopt;
    return std::exchange(slots, slots + kSlotBytes);
  };
  frame_.loops = slot_for(Kind::may_goto);
  frame_.context = slot_for(Kind::tail_call);
  if (is_main && needs_.unwinds) frame_.unwind = std::exchange(slots, slots + kSlotBytes);
  const bool has_stack = (allocation_.used & set_of(isa::kFramePointer)) != 0;
  const auto slots_of = [](u32 bytes) {
    return static_cast<s32>((bytes + kSlotBytes - 1) / kSlotBytes * kSlotBytes);
  };
  const s32 stack = has_stack ? slots_of(function.frame.bytes) : 0;
  // sp is a multiple of 16 wherever memory is accessed through it (AAPCS64, 6.4.5.1), and r10 is.
  frame_.bytes = (slots + stack + kStackAlignment - 1) / kStackAlignment * kStackAlignment;
  frame_.frame_pointer = frame_.bytes;
}

void Emitter::prologue(const Function& function, bool is_main) {
  push(frame_.saved);
  if (allocation_.calls) a_.arithmetic(Arithmetic::add, Width::w64, Reg::x29, Reg::sp, 0);
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::sub, Width::w64, Reg::sp, Reg::sp, static_cast<u64>(frame_.bytes));
  }
  if (is_main && needs_.execution) a_.move(Width::w64, Reg::x25, Reg::x1);
  if (is_main && needs_.tail_calls) a_.move(Width::w64, Reg::x26, Reg::x8);
  if (is_main && needs_.unwinds) note_landing();
  if (frame_.loops) {
    a_.move_immediate(Reg::x16, interpret::kLoopsMax);
    a_.store(Width::w64, memory(Reg::sp, *frame_.loops), Reg::x16);
  }
  zero_stack(function);
  for (const auto& [spare, value] : function.preloads) {
    if ((optional_set(spare) & allocation_.used) != 0)
      a_.move_immediate(home(spare), static_cast<u64>(value));
  }
}

// Whole slots: the frame is made of them, and what lies beside the range was not written yet.
void Emitter::zero_stack(const Function& function) {
  s32 offset = function.frame.zeroed.first & -kSlotBytes;
  const s32 end = function.frame.zeroed.first + static_cast<s32>(function.frame.zeroed.bytes);
  while (offset < end) {
    const Memory slot = memory(Reg::sp, frame_.frame_pointer + offset);
    if (end - offset > kSlotBytes && slot.offset <= kPairLast) {
      a_.store_pair(Indexing::offset, Reg::zr, Reg::zr, slot);
      offset += 2 * kSlotBytes;
    } else {
      a_.store(Width::w64, slot, Reg::zr);
      offset += kSlotBytes;
    }
  }
}

void Emitter::epilogue() {
  if (frame_.unwind) forget_landing();
  if (frame_.bytes != 0) {
    a_.arithmetic(Arithmetic::add, Width::w64, Reg::sp, Reg::sp, static_cast<u64>(frame_.bytes));
  }
  pop(frame_.saved);
}

// Makes room for all with the first pair.
void Emitter::push(std::span<const Reg> saved) {
  const s32 bytes = static_cast<s32>(saved.size()) * kSlotBytes;
  for (std::size_t at = 0; at < saved.size(); at += 2) {
    const Indexing indexing = at == 0 ? Indexing::before : Indexing::offset;
    const s32 offset = at == 0 ? -bytes : static_cast<s32>(at) * kSlotBytes;
    a_.store_pair(indexing, saved[at], saved[at + 1], memory(Reg::sp, offset));
  }
}

void Emitter::pop(std::span<const Reg> saved) {
  const s32 bytes = static_cast<s32>(saved.size()) * kSlotBytes;
  for (std::size_t at = saved.size(); at > 0;) {
    at -= 2;
    const Indexing indexing = at == 0 ? Indexing::after : Indexing::offset;
    const s32 offset = at == 0 ? bytes : static_cast<s32>(at) * kSlotBytes;
    a_.load_pair(indexing, saved[at], saved[at + 1], memory(Reg::sp, offset));
  }
}

}  // namespace skep::jit::aarch64
