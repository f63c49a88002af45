#include "base/twin_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace skep {
namespace {

constexpr u64 kGuestBytes = u64{1} << 32;  // what the lower half of an address can name
constexpr u64 kStrayBytes =
    u64{64} << 20;  // 64 mappings a guest; with less, making them takes milliseconds
constexpr u64 kBehindMargin = u64{64} << 10;  // an access is longer than its first byte

constexpr int kBoth = PROT_READ | PROT_WRITE;

Result<Fd> file_of(const char* name, u64 bytes) {
  const int raw = ::memfd_create(name, MFD_CLOEXEC);
  if (raw < 0) return system_error("make memory for", "an arena", errno);
  Fd fd = Fd::adopt(raw);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) == 0) return fd;
  return system_error("make memory for", "an arena", errno);
}

// Puts [from, from + bytes) of `file` in the place of what is mapped at `at`.
Result<void> put(std::byte* at, u64 bytes, const Fd& file, u64 from) {
  if (bytes == 0) return {};
  void* data = ::mmap(at, bytes, kBoth, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file.get(),
                      static_cast<off_t>(from));
  if (data != MAP_FAILED) return {};
  return system_error("map", "memory of an arena", errno);
}

// Everything in [at, at + bytes) is memory that strays go to.
Result<void> put_strays(std::byte* at, u64 bytes, const Fd& strays) {
  while (bytes != 0) {
    const u64 piece = std::min(bytes, kStrayBytes);
    TRY(put(at, piece, strays, 0));
    at += piece;
    bytes -= piece;
  }
  return {};
}

// Addresses for a window that crosses no multiple of 4 GiB, and where there is room, without the
// first page behind one: the guest's null pointer is then no place of the window.
Result<Mapping> any_window(u64 bytes) {
  const u64 page = TwinMemory::page_bytes();
  const auto behind_null = [&](u64 address) {
    return address % kGuestBytes == 0 && bytes + page <= kGuestBytes ? address + page : address;
  };
  Mapping room = TRY(Mapping::reserve(0, 2 * (bytes + page)));
  const u64 first = reinterpret_cast<u64>(room.bytes().data());
  u64 begin = behind_null(first);
  if (begin / kGuestBytes != (begin + bytes - 1) / kGuestBytes) {
    begin = behind_null((begin / kGuestBytes + 1) * kGuestBytes);
  }
  return std::move(room).part(begin - first, bytes);
}

// The guest's view of `file`, which its owner sees at `window`.
Result<Mapping> guest_of(const Fd& file, std::span<const std::byte> window, u64 margin) {
  const u64 bytes = margin + kGuestBytes + kBehindMargin;
  Mapping guest = TRY(Mapping::reserve(0, bytes));
  std::byte* begin = guest.writable().data();
  const Fd strays = TRY(file_of("skep-strays", kStrayBytes));
  const u64 first = margin + reinterpret_cast<u64>(window.data()) % kGuestBytes;
  const u64 end = first + window.size();
  TRY(put_strays(begin, first, strays));
  TRY(put(begin + first, window.size(), file, 0));
  TRY(put_strays(begin + end, bytes - end, strays));
  return guest;
}

}  // namespace

Result<TwinMemory> TwinMemory::create(u64 bytes, u64 place, Faults faults) {
  EXPECT(bytes != 0 && bytes <= kGuestBytes);
  Fd file = TRY(file_of("skep-arena", bytes));
  Mapping window = TRY(place != 0 ? Mapping::reserve(place, bytes) : any_window(bytes));
  TRY(put(window.writable().data(), bytes, file, 0));
  Mapping guest = TRY(guest_of(file, window.bytes().span(), kMargin));
  TwinMemory twin(std::move(file), std::move(window), std::move(guest), faults);
  twin.hide(0, bytes);
  return twin;
}

u64 TwinMemory::page_bytes() { return static_cast<u64>(::sysconf(_SC_PAGESIZE)); }

bool TwinMemory::is_guests(u64 address, u64 bytes) const {
  const u64 begin = reinterpret_cast<u64>(guest_.bytes().data());
  return bytes <= guest_.size() && address - begin <= guest_.size() - bytes;
}

void TwinMemory::clear(u64 offset, u64 bytes) {
  constexpr int kHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  EXPECT(::fallocate(file_.get(), kHole, static_cast<off_t>(offset), static_cast<off_t>(bytes)) ==
         0);
}

void TwinMemory::show(u64 offset, u64 bytes) {
  if (faults_ == Faults::make_pages) return;
  EXPECT(::mprotect(window_.writable().data() + offset, bytes, kBoth) == 0);
}

void TwinMemory::hide(u64 offset, u64 bytes) {
  if (faults_ == Faults::make_pages) return;
  EXPECT(::mprotect(window_.writable().data() + offset, bytes, PROT_NONE) == 0);
}

std::optional<u64> TwinMemory::touched(u64 offset) const {
  const off_t found = ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (found < 0) return std::nullopt;
  return static_cast<u64>(found);
}

}  // namespace skep
