// The frames of a path: registers and stack slots. They are copied whenever paths fork or a state
// is kept, and most of what is in them stays the same, so that copies share it.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>
#include <span>

#include "verify/shared.hpp"
#include "verify/value.hpp"

namespace skep::verify {

// Eight bytes of a frame, in which single bytes may be set.
struct StackSlot {
  u8 set = 0;      // by byte: written
  u8 spilled = 0;  // bytes of `value` that are here, from byte 0: 0, 1, 2, 4 or 8
  u8 zero = 0;     // by byte, behind those: written, and 0
  Value value;     // what was spilled

  friend bool operator==(const StackSlot&, const StackSlot&) = default;
  bool is_untouched() const { return set == 0; }
  bool holds_object() const { return spilled != 0 && is_stack_object(value.kind); }
};

inline constexpr u32 kSlotBytes = 8;
inline constexpr u32 kStackSlots = isa::kStackBytes / kSlotBytes;

// The slots of a frame that were written so far. Copies of it share them, a page of some slots at a
// time, until one of them changes: paths fork often and write to the stack seldom.
class Slots {
 public:
  std::size_t size() const { return size_; }
  const StackSlot& operator[](std::size_t number) const {
    static constexpr StackSlot kUntouched;
    const Shared<Page>& page = pages_[number / kPage];
    return page ? (*page)[number % kPage] : kUntouched;
  }
  // For changes; the slot is made when it is not there yet.
  StackSlot& edit(std::size_t number) {
    size_ = std::max(size_, static_cast<u32>(number + 1));
    return pages_[number / kPage].edit()[number % kPage];
  }
  // The first slot from `number` on that is not surely the same in `other`; kStackSlots: all are.
  std::size_t next_apart(const Slots& other, std::size_t number) const {
    while (number < kStackSlots && pages_[number / kPage] == other.pages_[number / kPage])
      number = (number / kPage + 1) * kPage;
    return number;
  }
  // Whether these are surely the same.
  bool are(const Slots& other) const { return next_apart(other, 0) == kStackSlots; }

 private:
  // A page is half a kilobyte.
  static constexpr std::size_t kPage = 4;
  using Page = std::array<StackSlot, kPage>;
  u32 size_ = 0;
  std::array<Shared<Page>, kStackSlots / kPage> pages_{};
};

// How a function was entered: by a call, behind which its caller goes on, or by a helper, whose
// call is walked again when the callback returns.
// A function that a timer calls is entered by nobody: it is walked on its own.
enum class Entered : u8 { by_call, as_callback, later };

struct Frame {
  u32 function = 0;                   // number in Program::functions
  isa::InstructionIndex return_to{};  // in the caller
  Entered entered = Entered::by_call;
  u32 rounds = 0;  // how often the callback of the call that is being walked was walked
  std::array<Value, isa::kRegisters> registers{};
  Slots slots;  // [0] is the one right below the frame's end

  // The slot that holds byte `offset` (negative, relative to the frame's end).
  static u32 slot_of(s64 offset) { return static_cast<u32>((-offset - 1) / kSlotBytes); }
  static u32 byte_of(s64 offset) {
    return static_cast<u32>(offset + isa::kStackBytes) % kSlotBytes;
  }
};

// The frames of a path, the innermost one last. Copies share them until one of them changes: those
// of callers stay the same while what they call is walked.
class Frames {
 public:
  Frames() {}  // NOLINT(modernize-use-equals-default): of a union that would be deleted
  Frames(const Frames& other) : size_(other.size_) {
    std::uninitialized_copy_n(other.all_, size_, all_);
  }
  Frames(Frames&& other) noexcept : size_(other.size_) {
    std::uninitialized_move_n(other.all_, size_, all_);
    other.size_ = 0;  // what is left there is null
  }
  Frames& operator=(const Frames& other) { return *this = Frames(other); }
  Frames& operator=(Frames&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_n(all_, size_);
    size_ = other.size_;
    std::uninitialized_move_n(other.all_, size_, all_);
    other.size_ = 0;  // what is left there is null
    return *this;
  }
  ~Frames() { std::destroy_n(all_, size_); }

  std::size_t size() const { return size_; }
  const Frame& operator[](std::size_t number) const { return *all_[number]; }
  // For changes.
  Frame& operator[](std::size_t number) { return all_[number].edit(); }
  // Each of them, the outermost first.
  auto all() const {
    return std::span(all_, size_) |
           std::views::transform([](const Shared<Frame>& each) -> const Frame& { return *each; });
  }
  const Frame& front() const { return *all_[0]; }
  const Frame& back() const { return *all_[size_ - 1]; }
  Frame& back() { return all_[size_ - 1].edit(); }
  void push_back(const Frame& frame) { std::construct_at(&all_[size_++], frame); }
  void pop_back() { std::destroy_at(&all_[--size_]); }

 private:
  u32 size_ = 0;
  union {  // of these, the first `size_` are there: paths are moved often, and few are deep
    Shared<Frame> all_[isa::kFramesMax];
  };
};

}  // namespace skep::verify
