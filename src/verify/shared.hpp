// A value that copies share until one of them changes.
//
// States of the verifier stay in the thread that walks them, so the number of owners is a plain
// one: with std::shared_ptr it is atomic, and half of what copying a state takes.
#pragma once

#include <utility>

#include "base/types.hpp"

namespace skep::verify {

template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(const T& value) : box_(new Box{value}) {}
  Shared(const Shared& other) : box_(other.box_) {
    if (box_ != nullptr) ++box_->owners;
  }
  Shared(Shared&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Shared() {
    if (box_ != nullptr && --box_->owners == 0) delete box_;
  }

  explicit operator bool() const { return box_ != nullptr; }
  const T& operator*() const { return box_->value; }
  // For changes: of a copy of its own, or of a new value where there is none.
  T& edit() {
    if (box_ == nullptr) {
      box_ = new Box;
    } else if (box_->owners > 1) {
      Box* const own = new Box{box_->value};
      --box_->owners;
      box_ = own;
    }
    return box_->value;
  }
  // Whether both are one value, or none.
  friend bool operator==(const Shared& a, const Shared& b) { return a.box_ == b.box_; }

 private:
  struct Box {
    T value{};
    u32 owners = 1;
  };
  Box* box_ = nullptr;
};

}  // namespace skep::verify
