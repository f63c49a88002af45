#include "btf/record_index.hpp"

#include <algorithm>
#include <array>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

// Asking for one type makes this many more known: it takes as long as the lock.
constexpr u32 kAhead = 64;

// What the types of a kind take, and each of their elements.
struct Extent {
  u8 fixed = 0, each = 0;
};
using Extents = std::array<Extent, Common::kKindMask + 1>;
constexpr Extents kExtents = [] {
  Extents out;
  for (const Kind kind : every<Kind>()) {
    const Layout& layout = kLayouts[kind];
    if (kind == Kind::void_) continue;
    out[static_cast<u32>(kind)] = {static_cast<u8>(sizeof(Common) + layout.fixed), layout.each};
  }
  return out;
}();

// The kinds, by a bit each, whose types are their common part alone: functions, pointers, typedefs.
constexpr u32 kBare = [] {
  u32 out = 0;
  for (u32 kind = 0; kind < kExtents.size(); ++kind) {
    const bool is_bare = kExtents[kind].fixed == sizeof(Common) && kExtents[kind].each == 0;
    out |= u32{is_bare} << kind;
  }
  return out;
}();

// Of the type at `at`, with its list; 0 when it has no known kind or is not whole. Each step of a
// walk has to wait for the one before, so the kinds that most types are of are told by a jump that
// the processor can foresee.
u64 size_at(Bytes bytes, u64 at) {
  if (bytes.size() - at < sizeof(Common)) return 0;
  Common common;
  std::memcpy(&common, bytes.data() + at, sizeof common);
  if ((kBare >> common.kind_number() & 1) != 0) return sizeof(Common);
  const Extent extent = kExtents[common.kind_number()];
  const u64 size = extent.fixed + u64{common.count()} * extent.each;
  return size <= bytes.size() - at ? size : 0;
}

}  // namespace

RecordIndex::RecordIndex(Bytes records, u32 most) : state_(std::make_unique<State>()) {
  state_->records = records;
  most = static_cast<u32>(std::min<u64>(most, records.size() / sizeof(Common)));
  state_->offsets = std::make_unique_for_overwrite<u32[]>(most);
  state_->most = most;
}

bool RecordIndex::walk(u32 number) const {
  State& state = *state_;
  if (number >= state.most.load(std::memory_order_acquire)) return false;
  const std::lock_guard lock(state.walking);
  u32 known = state.known.load(std::memory_order_relaxed);
  const u64 until = std::min<u64>(u64{number} + kAhead, state.most.load(std::memory_order_relaxed));
  u64 at = state.next, size = 0;
  while (known < until && (size = size_at(state.records, at)) != 0) {
    state.offsets[known++] = static_cast<u32>(at);
    at += size;
  }
  state.next = at;
  state.known.store(known, std::memory_order_release);
  if (known < until) state.most.store(known, std::memory_order_release);
  return number < known;
}

u32 RecordIndex::size() const {
  if (state_ == nullptr) return 0;
  const u32 most = state_->most.load(std::memory_order_acquire);
  if (state_->known.load(std::memory_order_acquire) < most) walk(most - 1);
  return state_->known.load(std::memory_order_acquire);
}

u64 RecordIndex::end() const {
  size();
  return state_ == nullptr ? 0 : state_->next;
}

}  // namespace skep::btf
