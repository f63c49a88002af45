#include "jit/code_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/text.hpp"
#include "jit/target.hpp"

namespace skep::jit {
namespace {

constexpr u64 kMegabyte = u64{1} << 20;
constexpr Machine kMachine = target::kMachine;  // memory is taken page by page
constexpr u64 kReservationMin = 4 * kMegabyte;

Error no_memory(std::string_view doing, u64 bytes) {
  return {Fault::exhausted, format("cannot {} {} of memory for machine code: {}", doing,
                                   counted(bytes, "byte"), std::strerror(errno))};
}

// Inaccessible addresses below this function, where direct calls reach the whole program, or
// anywhere.
void* reserve_addresses(u64 bytes) {
  const u64 here = reinterpret_cast<u64>(&reserve_addresses) & ~(kMegabyte - 1);
  for (u64 distance = bytes; distance + bytes <= kMachine.near_bytes && distance < here;
       distance += bytes) {
    void* hint = reinterpret_cast<void*>(here - distance);
    void* at = ::mmap(hint, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == hint) return at;
    if (at != MAP_FAILED) ::munmap(at, bytes);
  }
  return ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

class Pool {
 public:
  // Never destroyed: code may run until the process ends.
  static Pool& of_process() {
    static Pool* const pool = new Pool;
    return *pool;
  }

  Result<CodeRange> range() {
    const std::lock_guard lock(mutex_);
    TRY(open());
    const u64 begin = reinterpret_cast<u64>(begin_);
    return CodeRange{begin, begin + bytes_};
  }

  Result<std::byte*> take(u64 bytes) {
    const std::lock_guard lock(mutex_);
    TRY(open());
    const std::size_t wanted = static_cast<std::size_t>(bytes / page_);
    for (std::size_t pass = 0; pass < 2; ++pass) {
      const auto first = std::search_n(taken_.begin() + static_cast<std::ptrdiff_t>(next_),
                                       taken_.end(), static_cast<std::ptrdiff_t>(wanted), false);
      if (first == taken_.end()) {
        next_ = 0;
        continue;
      }
      std::fill_n(first, wanted, true);
      const auto at = static_cast<std::size_t>(first - taken_.begin());
      next_ = at + wanted;
      return begin_ + at * page_;
    }
    errno = ENOMEM;
    return no_memory("find", bytes);
  }

  void give_back(std::byte* at, u64 bytes) {
    const std::lock_guard lock(mutex_);
    ::mprotect(at, bytes, PROT_NONE);
    ::madvise(at, bytes, MADV_DONTNEED);
    const auto first = static_cast<std::ptrdiff_t>(static_cast<u64>(at - begin_) / page_);
    std::fill_n(taken_.begin() + first, bytes / page_, false);
    next_ = std::min(next_, static_cast<std::size_t>(first));
  }

  u64 page() const { return page_; }

 private:
  Result<void> open() {
    if (begin_ != nullptr) return {};
    for (bytes_ = kMachine.reservation_bytes; bytes_ >= kReservationMin; bytes_ /= 4) {
      void* at = reserve_addresses(bytes_);
      if (at == MAP_FAILED) continue;
      begin_ = static_cast<std::byte*>(at);
      taken_.assign(static_cast<std::size_t>(bytes_ / page_), false);
      return {};
    }
    return no_memory("reserve", kReservationMin);
  }

  std::mutex mutex_;
  std::byte* begin_ = nullptr;
  u64 bytes_ = 0;
  const u64 page_ = static_cast<u64>(::sysconf(_SC_PAGESIZE));
  std::vector<bool> taken_;  // by page
  std::size_t next_ = 0;     // where to look first
};

}  // namespace

Result<CodeRange> CodePages::range() { return Pool::of_process().range(); }

Result<CodePages> CodePages::reserve(u64 bytes) {
  Pool& pool = Pool::of_process();
  const u64 rounded = (std::max<u64>(bytes, 1) + pool.page() - 1) / pool.page() * pool.page();
  std::byte* at = TRY(pool.take(rounded));
  return CodePages(at, rounded);
}

Result<void> CodePages::seal(std::span<const u8> code) {
  EXPECT(code.size() <= bytes_);
  if (::mprotect(begin_, bytes_, PROT_READ | PROT_WRITE) != 0) return no_memory("write", bytes_);
  std::memset(begin_, kMachine.filler, bytes_);  // behind the code: running into it stops
  std::memcpy(begin_, code.data(), code.size());
  auto* const begin = reinterpret_cast<char*>(begin_);
  __builtin___clear_cache(begin, begin + bytes_);  // nothing on x86-64
  if (::mprotect(begin_, bytes_, PROT_READ | PROT_EXEC) != 0) return no_memory("seal", bytes_);
  return {};
}

CodePages::~CodePages() {
  if (begin_ != nullptr) Pool::of_process().give_back(begin_, bytes_);
}

}  // namespace skep::jit
