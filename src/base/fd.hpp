// A file descriptor that closes itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep {

class Fd {
 public:
  // open(2) with O_CLOEXEC added. Errors name the path: absent, denied or system.
  static Result<Fd> open(const std::string& path, int flags, unsigned mode = 0);
  static Fd adopt(int raw) { return Fd(raw); }

  Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Fd();

  int get() const { return raw_; }

 private:
  explicit Fd(int raw) : raw_(raw) {}
  int raw_;
};

// What errno says about `path`, with the fault that fits ("cannot open x.o: no such file").
Error system_error(std::string_view doing, std::string_view path, int error_number);

// Writes all of `bytes`, or says why not (a full disk, a closed pipe).
Result<void> write_all(const Fd& fd, std::string_view path, std::span<const std::byte> bytes);

// A file of the kernel's (/proc, /sys), which has no size until it is read; at most `bytes_max` of
// it.
Result<std::string> read_text(const std::string& path,
                              std::size_t bytes_max = std::size_t{1} << 20);

}  // namespace skep
