// Where each type begins: known as far as somebody has asked.
//
// Types have different sizes and no list says where they are, so one walks from each to the next. A
// lookup by name in a kernel's types is over long before their end, and then it has neither read
// nor remembered the rest. What is known never changes; threads may ask at the same time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "base/bytes.hpp"

namespace skep::btf {

class RecordIndex {
 public:
  RecordIndex() = default;  // of no types
  // Of the types in `records`, which stay where they are, but not of more than `most`.
  RecordIndex(Bytes records, u32 most);

  // Nothing when there are not as many.
  std::optional<u32> offset(u32 number) const {
    if (state_ == nullptr) return std::nullopt;
    const bool is_known = number < state_->known.load(std::memory_order_acquire) || walk(number);
    return is_known ? std::optional(state_->offsets[number]) : std::nullopt;
  }
  // How many there are, up to the first that is not whole or of no known kind; end() is where that
  // begins, or the end of the records.
  u32 size() const;
  u64 end() const;

 private:
  struct State {
    Bytes records;
    std::unique_ptr<u32[]> offsets;  // room for all; what is not written to is never touched
    std::atomic<u32> known{0};
    std::atomic<u32> most{0};  // there are no more than this; equal to `known` at the end
    std::mutex walking;
    u64 next = 0;  // where the first that is not known begins
  };
  bool walk(u32 number) const;

  std::unique_ptr<State> state_;
};

}  // namespace skep::btf
