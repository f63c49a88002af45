// Copies and comparisons of memory that others may be writing at the same time.
//
// Values and keys in a segment are aligned to eight bytes and padded with zeroes to whole words.
// They are copied word by word with relaxed atomics: a racing reader sees each word old or new,
// never torn, as bpf_long_memcpy in the kernel gives it, and the C++ memory model agrees.
#pragma once

#include <atomic>
#include <cstring>

#include "base/types.hpp"

namespace skep::maps {

inline u64 load_word(const void* at) {
  return __atomic_load_n(static_cast<const u64*>(at), __ATOMIC_RELAXED);
}
inline void store_word(void* at, u64 word) {
  __atomic_store_n(static_cast<u64*>(at), word, __ATOMIC_RELAXED);
}

template <class T>
T unaligned(const u8* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The first `bytes` (1 to 8) of unaligned memory as a little-endian word, the rest zero. Two or
// three loads that overlap, since a copy of a size that the compiler does not know is a call.
[[gnu::always_inline]] inline u64 word_of(const void* memory, u32 bytes) {
  const auto* from = static_cast<const u8*>(memory);
  if (bytes == 8) return unaligned<u64>(from);
  if (bytes >= 4) {
    return unaligned<u32>(from) | u64{unaligned<u32>(from + bytes - 4)} << (bytes - 4) * 8;
  }
  const u32 middle = bytes / 2, last = bytes - 1;
  return from[0] | u64{from[middle]} << middle * 8 | u64{from[last]} << last * 8;
}

// A fence between accesses that are all atomic. ThreadSanitizer does not know fences.
inline void fence(std::memory_order order) {
#if defined(__SANITIZE_THREAD__)
  std::atomic_signal_fence(order);
#else
  std::atomic_thread_fence(order);
#endif
}

// Ordinary memory into a segment; the last word is padded with zeroes.
inline void copy_in(void* segment, const void* from, u32 bytes) {
  auto* to = static_cast<u8*>(segment);
  auto* source = static_cast<const u8*>(from);
  for (; bytes >= 8; bytes -= 8, to += 8, source += 8) store_word(to, word_of(source, 8));
  if (bytes != 0) store_word(to, word_of(source, bytes));
}

inline void copy_out(void* to, const void* segment, u32 bytes) {
  auto* target = static_cast<u8*>(to);
  auto* from = static_cast<const u8*>(segment);
  for (; bytes >= 8; bytes -= 8, target += 8, from += 8) {
    const u64 word = load_word(from);
    std::memcpy(target, &word, 8);
  }
  if (bytes == 0) return;
  const u64 word = load_word(from);
  std::memcpy(target, &word, bytes);
}

// Whether a key in a segment is the key at `key`. Inlined for constant sizes.
[[gnu::always_inline]] inline bool same_bytes(const void* segment, const void* key, u32 bytes) {
  auto* stored = static_cast<const u8*>(segment);
  auto* wanted = static_cast<const u8*>(key);
  u64 difference = 0;
  u32 done = 0;
#pragma GCC unroll 8  // else a loop of five rounds, for a constant 40, stays one at -O2
  for (; done + 8 <= bytes; done += 8)
    difference |= load_word(stored + done) ^ word_of(wanted + done, 8);
  if (done < bytes) difference |= load_word(stored + done) ^ word_of(wanted + done, bytes - done);
  return difference == 0;
}

}  // namespace skep::maps
