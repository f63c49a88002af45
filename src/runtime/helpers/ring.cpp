// bpf_ringbuf_*: the flags about waking readers up are checked and have no effect, since readers
// here look by themselves (kernel/bpf/ringbuf.c).
#include "maps/map.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {
constexpr u64 kWakeupFlags = 3;  // BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP

// What a run with a budget holds: whoever stops it gives that back. Null for the others.
std::vector<void*>* held_by(void* execution) {
  return execution == nullptr ? nullptr : static_cast<Execution*>(execution)->held;
}

void note_reserved(void* execution, void* record) {
  auto* held = held_by(execution);
  if (held != nullptr && record != nullptr) held->push_back(record);
}

void note_given_back(void* execution, void* record) {
  if (auto* held = held_by(execution); held != nullptr) std::erase(*held, record);
}
}  // namespace

u64 ringbuf_output(u64 ring, u64 data, u64 bytes, u64 flags, u64, void*) {
  if ((flags & ~kWakeupFlags) != 0) return failure(kInvalid);
  return failure(maps::ring_output(*memory_at<maps::Header>(ring), memory_at<void>(data), bytes));
}

u64 ringbuf_reserve(u64 ring, u64 bytes, u64 flags, u64, u64, void* execution) {
  if (flags != 0) return 0;
  void* record = maps::ring_reserve(*memory_at<maps::Header>(ring), bytes);
  note_reserved(execution, record);
  return reinterpret_cast<u64>(record);
}

u64 ringbuf_submit(u64 record, u64, u64, u64, u64, void* execution) {
  note_given_back(execution, memory_at<void>(record));
  maps::ring_submit(memory_at<void>(record));
  return 0;
}

u64 ringbuf_discard(u64 record, u64, u64, u64, u64, void* execution) {
  note_given_back(execution, memory_at<void>(record));
  maps::ring_discard(memory_at<void>(record));
  return 0;
}

u64 ringbuf_query(u64 ring, u64 what, u64, u64, u64, void*) {
  return maps::ring_query(*memory_at<maps::Header>(ring), what);
}

}  // namespace skep::runtime::helpers
