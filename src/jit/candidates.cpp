#include "jit/candidates.hpp"

#include <algorithm>
#include <functional>

namespace skep::jit {
namespace {

constexpr std::size_t kCandidatesMax = 200;

// More than an instruction of 32 bits can take.
bool is_large(s64 value) {
  return value != static_cast<s32>(value) && static_cast<u64>(value) >> 32 != 0;
}

bool is_frame_access(const Operation& op) {
  return (op.kind == Kind::load || op.kind == Kind::store) && op.left == isa::kFramePointer &&
         op.index == kNoRegister;
}

bool is_movable(const Operation& access) {
  if (access.width < isa::Width::w32) return false;
  return access.kind == Kind::store || (access.extend == Extend::zero && !access.swapped);
}

}  // namespace

void Candidates::look(const Operation& op, u32 weight) {
  if (is_frame_access(op)) return touch(op.offset, isa::bytes_of(op.width), is_movable(op), weight);
  if (op.kind == Kind::constant) {
    if (weight > 1 && is_large(op.immediate)) count(op.immediate, weight);
  } else if (op.kind == Kind::fill || op.kind == Kind::copy) {
    if (op.left == isa::kFramePointer) touch(op.offset, op.target, false, 0);
    const bool writes_frame = op.kind == Kind::copy && op.right == isa::kFramePointer;
    if (writes_frame) touch(op.immediate, op.target, false, 0);
  }  // the rest reaches the frame through other pointers
}

void Candidates::keep_own(const verify::FrameUse& frame) {
  for (Candidate& each : all_) {
    const s64 end = s64{each.offset} + each.bytes;
    if (each.bytes != 0 &&
        (frame.reached.meets(each.offset, end) || frame.zeroed.meets(each.offset, end)))
      each.is_usable = false;
  }
}

std::vector<Candidate*> Candidates::by_weight(u32 least) {
  std::vector<Candidate*> out;
  for (Candidate& each : all_) {
    if (each.is_usable && each.weight >= least) out.push_back(&each);
  }
  std::ranges::stable_sort(out, std::greater{}, &Candidate::weight);
  return out;
}

Register Candidates::spare_of(const Operation& op) const {
  if (is_frame_access(op)) {
    const u8 id = at_[granule(op.offset)];
    return id < kFirstId ? kNoRegister : all_[id - kFirstId].spare;
  }
  if (op.kind != Kind::constant) return kNoRegister;
  for (const Candidate& each : all_) {
    if (each.bytes == 0 && each.value == op.immediate) return each.spare;
  }
  return kNoRegister;
}

void Candidates::touch(s64 offset, u32 bytes, bool usable, u32 weight) {
  const u32 first = granule(offset), end = granule(offset + bytes - 1) + 1;
  const u8 id = at_[first];
  if (usable && id >= kFirstId && all_[id - kFirstId].offset == offset &&
      all_[id - kFirstId].bytes == bytes) {
    all_[id - kFirstId].weight += weight;
    return;
  }
  bool is_new = usable && all_.size() < kCandidatesMax;
  for (u32 at = first; at < end; ++at) is_new &= at_[at] == kNobody;
  if (is_new) {
    all_.push_back({.offset = static_cast<s32>(offset), .bytes = bytes, .weight = weight});
    std::fill(at_.begin() + first, at_.begin() + end, static_cast<u8>(kFirstId + all_.size() - 1));
    return;
  }
  for (u32 at = first; at < end; ++at) {
    if (at_[at] >= kFirstId) {
      all_[at_[at] - kFirstId].is_usable = false;
    } else {
      at_[at] = kNotUsable;
    }
  }
}

void Candidates::count(s64 value, u32 weight) {
  for (Candidate& each : all_) {
    if (each.bytes != 0 || each.value != value) continue;
    each.weight += weight;
    return;
  }
  if (all_.size() < kCandidatesMax) all_.push_back({.value = value, .weight = weight});
}

}  // namespace skep::jit
