// A list that only grows, by millions of elements, in pieces that stay where they are: growing
// copies nothing, and takes no second place meanwhile, as a std::vector does.
#pragma once

#include <memory>
#include <vector>

#include "base/types.hpp"

namespace skep::verify {

template <class T>
class Growing {
 public:
  std::size_t size() const { return size_; }
  const T& operator[](std::size_t at) const { return pieces_[at / kPiece][at % kPiece]; }
  void push_back(const T& value) {
    if (size_ == pieces_.size() * kPiece) pieces_.push_back(std::make_unique<T[]>(kPiece));
    pieces_[size_ / kPiece][size_ % kPiece] = value;
    ++size_;
  }
  // The pieces stay for what comes next.
  void clear() { size_ = 0; }

 private:
  static constexpr std::size_t kPiece = 4096;
  std::vector<std::unique_ptr<T[]>> pieces_;
  std::size_t size_ = 0;
};

}  // namespace skep::verify
