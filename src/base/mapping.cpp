#include "base/mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"

namespace skep {
namespace {

Result<void> read_all(const Fd& fd, const std::string& path, std::span<std::byte> out) {
  for (u64 at = 0; at < out.size();) {
    const ssize_t got = ::pread(fd.get(), out.data() + at, out.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path, errno);
    if (got == 0)
      return Error(Fault::malformed, format("cannot read {}: it has become shorter", path));
    at += static_cast<u64>(got);
  }
  return {};
}

// Pages whose addresses are below 2 GiB, which fit into an instruction of x86-64; of these there
// is 1 GiB in a process (mmap(2), MAP_32BIT), so large ones stand elsewhere.
void* low_pages(u64 bytes) {
#ifdef MAP_32BIT
  if (bytes <= (u64{16} << 20)) {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
  }
#else
  (void)bytes;
#endif
  return MAP_FAILED;
}

}  // namespace

Result<Mapping> Mapping::of_file(const std::string& path) {
  const Fd fd = TRY(Fd::open(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) {
    return Error(Fault::usage, format("cannot read {}: it is a directory", path),
                 "name a file inside it");
  }
  if (!S_ISREG(status.st_mode))
    return Error(Fault::usage, format("cannot read {}: not a regular file", path));
  const u64 size = static_cast<u64>(status.st_size);
  if (size == 0) return Mapping(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data != MAP_FAILED) return Mapping(data, size);
  if (errno != ENODEV) return system_error("map", path, errno);
  Mapping copy = TRY(of_memory(size));
  copy.size_ = size;  // without the rest of the last page, which munmap(2) counts as well
  TRY(read_all(fd, path, copy.writable()));
  return copy;
}

Result<Mapping> Mapping::copy_of(Bytes bytes) {
  Mapping copy = TRY(of_memory(bytes.size()));
  copy.size_ = bytes.size();
  if (bytes.empty()) return copy;
  ::madvise(copy.data_, copy.size_, MADV_POPULATE_WRITE);  // Linux 5.14; else one by one
  std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

Result<Mapping> Mapping::of_memory(u64 size) {
  const u64 page = static_cast<u64>(::sysconf(_SC_PAGESIZE));
  if (size > (u64{1} << 40))
    return Error(Fault::exhausted, format("{} bytes of memory are too many", size));
  const u64 rounded = size == 0 ? page : (size + page - 1) / page * page;
  void* data = low_pages(rounded);
  if (data == MAP_FAILED) {
    data = ::mmap(nullptr, rounded, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  if (data == MAP_FAILED) {
    return Error(Fault::exhausted, format("cannot reserve {} bytes of memory", rounded));
  }
  return Mapping(data, rounded);
}

Result<Mapping> Mapping::of_descriptor(const Fd& fd, u64 offset, u64 size, Writable writable) {
  const int protection = writable == Writable::yes ? PROT_READ | PROT_WRITE : PROT_READ;
  void* data = ::mmap(nullptr, size, protection, MAP_SHARED, fd.get(), static_cast<off_t>(offset));
  if (data == MAP_FAILED)
    return system_error("map", "memory that is shared with the kernel", errno);
  return Mapping(data, size);
}

Result<Mapping> Mapping::at_place(const Fd& fd, u64 place, u64 size) {
  if (place == 0) return of_descriptor(fd, 0, size, Writable::yes);
  Mapping there = TRY(reserve(place, size));
  void* data =
      ::mmap(there.data_, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0);
  if (data != MAP_FAILED) return there;
  return system_error("map", "memory that is shared with the kernel", errno);
}

Result<Mapping> Mapping::of_ring(u64 head, u64 ring) {
  const u64 size = head + 2 * ring;
  const int raw = ::memfd_create("skep-ring", MFD_CLOEXEC);
  if (raw < 0) return system_error("make memory for", "a ring buffer", errno);
  const Fd fd = Fd::adopt(raw);
  if (::ftruncate(fd.get(), static_cast<off_t>(head + ring)) != 0) {
    return system_error("make memory for", "a ring buffer", errno);
  }
  void* data = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return Error(Fault::exhausted, format("cannot reserve {} bytes of memory", size));
  Mapping mapping(data, size);
  constexpr int kProtection = PROT_READ | PROT_WRITE,
                kFlags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
  std::byte* again = mapping.writable().data() + head + ring;
  if (::mmap(data, head + ring, kProtection, kFlags, fd.get(), 0) == MAP_FAILED ||
      ::mmap(again, ring, kProtection, kFlags, fd.get(), static_cast<off_t>(head)) == MAP_FAILED) {
    return system_error("map", "a ring buffer", errno);
  }
  return mapping;
}

Result<Mapping> Mapping::reserve(u64 place, u64 size) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* wanted = reinterpret_cast<void*>(place);
  void* data =
      ::mmap(wanted, size, PROT_NONE, place != 0 ? kFlags | MAP_FIXED_NOREPLACE : kFlags, -1, 0);
  if (data == MAP_FAILED && errno != EEXIST) {
    return Error(Fault::exhausted, format("cannot reserve {} bytes of addresses", size),
                 "the process may have too few (ulimit -v)");
  }
  if (data != MAP_FAILED && (place == 0 || data == wanted)) return Mapping(data, size);
  if (data != MAP_FAILED) ::munmap(data, size);  // where nobody knows that flag it is a hint
  return Error(Fault::usage, format("something is mapped at 0x{:x} already", place),
               "leave the address out, or take another one");
}

Mapping Mapping::part(u64 offset, u64 size) && {
  EXPECT(offset <= size_ && size <= size_ - offset);
  auto* begin = static_cast<std::byte*>(data_);
  const u64 behind = size_ - offset - size;
  if (offset != 0) ::munmap(begin, offset);
  if (behind != 0) ::munmap(begin + offset + size, behind);
  data_ = nullptr;
  return Mapping(begin + offset, size);
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace skep
