// Memory from mmap(2) that unmaps itself: a file to read, or fresh pages.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep {

enum class Writable : u8 { no, yes };

class Mapping {
 public:
  // A regular file, whole and read-only; a copy where the file system cannot map (sysfs before
  // Linux 6.16). A directory, a device or an unreadable file is an Error.
  static Result<Mapping> of_file(const std::string& path);
  // A private copy of `bytes`. Its pages are made all at once, which is quicker than by a fault
  // each.
  static Result<Mapping> copy_of(Bytes bytes);
  // `size` bytes of zeroed private memory, rounded up to whole pages; below 2 GiB of addresses when
  // it is little and there is room, so that compiled programs name them in short.
  static Result<Mapping> of_memory(u64 size);
  // Memory that a descriptor stands for, shared with whoever else has it: pages of a ring of the
  // kernel.
  static Result<Mapping> of_descriptor(const Fd& fd, u64 offset, u64 size, Writable writable);
  // The same to be written to, at `place`, or where the kernel wants it if that is 0.
  static Result<Mapping> at_place(const Fd& fd, u64 place, u64 size);
  // `head` zeroed bytes and behind them `ring` zeroed bytes that are mapped twice in a row, so that
  // what crosses the end of the ring is one piece of memory. Both are whole pages.
  static Result<Mapping> of_ring(u64 head, u64 ring);

  // Addresses without memory, for other mappings to take the place of: at `place`, or anywhere if
  // that is 0. Fault::usage: something is mapped there. Fault::exhausted: there are not so many.
  static Result<Mapping> reserve(u64 place, u64 size);
  // What is left of it is unmapped.
  Mapping part(u64 offset, u64 size) &&;

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

  Bytes bytes() const { return Bytes(data_, size_); }
  std::span<std::byte> writable() { return {static_cast<std::byte*>(data_), size_}; }
  u64 size() const { return size_; }

 private:
  Mapping(void* data, u64 size) : data_(data), size_(size) {}
  void* data_;
  u64 size_;
};

}  // namespace skep
