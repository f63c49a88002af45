#include "base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace skep {
namespace {

Fault fault_of(int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) return Fault::absent;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS)
    return Fault::denied;
  return Fault::system;
}

}  // namespace

Error system_error(std::string_view doing, std::string_view path, int error_number) {
  char buffer[128];
  const char* reason = strerror_r(error_number, buffer, sizeof buffer);
  return Error(fault_of(error_number), format("cannot {} {}: {}", doing, path, reason));
}

Result<Fd> Fd::open(const std::string& path, int flags, unsigned mode) {
  const int raw = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (raw < 0) return system_error("open", path, errno);
  return Fd(raw);
}

Fd::~Fd() {
  if (raw_ >= 0) ::close(raw_);
}

Result<void> write_all(const Fd& fd, std::string_view path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  const Fd fd = TRY(Fd::open(path, O_RDONLY));
  std::string text;
  char buffer[4096];
  while (text.size() < bytes_max) {
    const ssize_t got = ::read(fd.get(), buffer, std::min(sizeof buffer, bytes_max - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path, errno);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace skep
