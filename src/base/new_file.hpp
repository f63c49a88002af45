// A file that is written whole or not at all.
//
// The bytes go to a temporary neighbour; finish() sees that they are on their way to the disk and
// renames it. Without finish(), after an error or on a full disk, nothing is left behind and what
// stood there before stays. Devices and pipes cannot be replaced and are written directly.
#pragma once

#include <span>
#include <string>

#include "base/fd.hpp"

namespace skep {

class NewFile {
 public:
  static Result<NewFile> create(const std::string& path);
  NewFile(NewFile&& other) noexcept
      : path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, {})),
        fd_(std::move(other.fd_)) {}
  ~NewFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> finish();

  const std::string& path() const { return path_; }

 private:
  NewFile(std::string path, std::string temporary, Fd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

  std::string path_;
  std::string temporary_;  // empty: written directly, or renamed already
  Fd fd_;
};

// All of it at once.
Result<void> write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace skep
