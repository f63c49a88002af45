#include "base/new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.hpp"

namespace skep {
namespace {

enum class Destination : u8 { file, stream };

Result<Destination> place_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Destination::file;
  if (S_ISDIR(status.st_mode)) {
    return Error(Fault::usage, format("cannot write {}: it is a directory", path),
                 "name a file inside it");
  }
  return S_ISREG(status.st_mode) ? Destination::file : Destination::stream;
}

}  // namespace

Result<NewFile> NewFile::create(const std::string& path) {
  const bool direct = TRY(place_of(path)) == Destination::stream;
  const std::string temporary = direct ? std::string() : format("{}.{}.part", path, ::getpid());
  const int flags = direct ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const int raw = ::open(direct ? path.c_str() : temporary.c_str(), flags | O_CLOEXEC, 0666);
  if (raw < 0) return system_error("write", path, errno);
  return NewFile(path, temporary, Fd::adopt(raw));
}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> NewFile::write(std::span<const std::byte> bytes) {
  return write_all(fd_, path_, bytes);
}

Result<void> NewFile::finish() {
  if (temporary_.empty()) return {};
  // Some file systems report a lack of space only now; some have nothing to synchronise.
  if (::fsync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS)
    return system_error("write", path_, errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    return system_error("write", path_, errno);
  temporary_.clear();
  return {};
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes) {
  NewFile file = TRY(NewFile::create(path));
  TRY(file.write(bytes));
  return file.finish();
}

}  // namespace skep
