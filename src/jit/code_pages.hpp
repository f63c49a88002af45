// Memory for machine code: writable or executable, never both.
//
// All code of a process comes from one reservation of address space near the engine's own text, so
// that calls of helpers are direct. A program takes whole pages of it: reserve() fixes its address,
// seal() writes it and takes the right to write away before it gives the right to execute. The
// pages go back when the object dies, and cannot be executed from then on. As with the heap there
// is one per process; every function is safe from any thread.
#pragma once

#include <span>
#include <utility>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::jit {

// The addresses that any code will have.
struct CodeRange {
  u64 begin = 0;
  u64 end = 0;
};

class CodePages {
 public:
  static Result<CodeRange> range();
  // Room for `bytes` at an address that stays.
  static Result<CodePages> reserve(u64 bytes);

  CodePages(CodePages&& other) noexcept
      : begin_(std::exchange(other.begin_, nullptr)), bytes_(other.bytes_) {}
  CodePages& operator=(CodePages&&) = delete;
  ~CodePages();

  u64 address() const { return reinterpret_cast<u64>(begin_); }
  // Writes `code` and makes it executable. Once.
  Result<void> seal(std::span<const u8> code);

 private:
  CodePages(std::byte* begin, u64 bytes) : begin_(begin), bytes_(bytes) {}
  std::byte* begin_;
  u64 bytes_;
};

}  // namespace skep::jit
