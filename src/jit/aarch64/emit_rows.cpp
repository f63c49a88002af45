// Rows of accesses: fills and copies, sixteen bytes at a time by pairs of registers.
#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {
namespace {

constexpr s32 kWord = 8;

// A pair is near its base, and whole words away (assembler.hpp).
bool pair_reaches(const Memory& place) {
  return !place.index && place.offset % kWord == 0 && place.offset >= -512 && place.offset <= 504;
}

}  // namespace

void Emitter::fill(const Operation& op) {
  pieces(op, [&](u32 at, u32 bytes) {
    const s32 offset = op.offset + static_cast<s32>(at);
    if (bytes <= u32{kWord}) {
      const Width width = isa::width_of(bytes);
      return a_.store(width, place(width, op.left, offset, Reg::x16), Reg::zr);
    }
    const Memory first = place(Width::w64, op.left, offset, Reg::x16);
    if (pair_reaches(first)) return a_.store_pair(Indexing::offset, Reg::zr, Reg::zr, first);
    a_.store(Width::w64, first, Reg::zr);
    a_.store(Width::w64, place(Width::w64, op.left, offset + kWord, Reg::x16), Reg::zr);
  });
}

void Emitter::copy(const Operation& op) {
  pieces(op, [&](u32 at, u32 bytes) {
    const s32 from = op.offset + static_cast<s32>(at);
    const s32 to = static_cast<s32>(op.immediate) + static_cast<s32>(at);
    if (bytes > u32{kWord}) return copy_pair(op, from, to);
    const Width width = isa::width_of(bytes);
    a_.load(width, Reg::x9, place(width, op.left, from, Reg::x16));
    a_.store(width, place(width, op.right, to, Reg::x16), Reg::x9);
  });
}

void Emitter::copy_pair(const Operation& op, s32 from, s32 to) {
  const Memory source = place(Width::w64, op.left, from, Reg::x16);
  if (pair_reaches(source)) {
    a_.load_pair(Indexing::offset, Reg::x9, Reg::x10, source);
  } else {
    a_.load(Width::w64, Reg::x9, source);
    a_.load(Width::w64, Reg::x10, place(Width::w64, op.left, from + kWord, Reg::x16));
  }
  const Memory target = place(Width::w64, op.right, to, Reg::x16);
  if (pair_reaches(target)) return a_.store_pair(Indexing::offset, Reg::x9, Reg::x10, target);
  a_.store(Width::w64, target, Reg::x9);
  a_.store(Width::w64, place(Width::w64, op.right, to + kWord, Reg::x16), Reg::x10);
}

}  // namespace skep::jit::aarch64
