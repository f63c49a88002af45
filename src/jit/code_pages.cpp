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
// A change of a page's rights is a system call: they are made writable many at a time, and of those
// that come back some keep their memory.
constexpr std::size_t kMadeWritable = 16;
constexpr std::size_t kKeptPages = 256;

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

enum class Page : u8 { closed, writable, taken };

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

  // Pages that can be written.
  Result<std::byte*> take(u64 bytes) {
    const std::lock_guard lock(mutex_);
    TRY(open());
    const auto wanted = static_cast<std::size_t>(bytes / page_);
    std::size_t first = find(next_, wanted);
    if (first == pages_.size()) first = find(0, wanted);
    if (first == pages_.size()) {
      errno = ENOMEM;
      return no_memory("find", bytes);
    }
    TRY(make_writable(first, first + wanted));
    std::fill_n(page(first), wanted, Page::taken);
    writable_ -= wanted;
    next_ = first + wanted;
    return begin_ + first * page_;
  }

  void give_back(std::byte* at, u64 bytes) {
    const std::lock_guard lock(mutex_);
    // Where the system will not let go of the right to execute, nobody gets the pages again.
    if (::mprotect(at, bytes, PROT_READ | PROT_WRITE) != 0) return;
    const auto count = static_cast<std::size_t>(bytes / page_);
    if (writable_ + count > kKeptPages) ::madvise(at, bytes, MADV_DONTNEED);
    const auto first = static_cast<std::size_t>(at - begin_) / page_;
    std::fill_n(page(first), count, Page::writable);
    writable_ += count;
    next_ = std::min(next_, first);
  }

  u64 page() const { return page_; }

 private:
  Result<void> open() {
    if (begin_ != nullptr) return {};
    for (bytes_ = kMachine.reservation_bytes; bytes_ >= kReservationMin; bytes_ /= 4) {
      void* at = reserve_addresses(bytes_);
      if (at == MAP_FAILED) continue;
      begin_ = static_cast<std::byte*>(at);
      pages_.assign(static_cast<std::size_t>(bytes_ / page_), Page::closed);
      return {};
    }
    return no_memory("reserve", kReservationMin);
  }

  std::vector<Page>::iterator page(std::size_t at) {
    return pages_.begin() + static_cast<std::ptrdiff_t>(at);
  }

  // The first of `count` pages that nobody has, from `from` on; or how many there are.
  std::size_t find(std::size_t from, std::size_t count) const {
    std::size_t free = 0;
    for (std::size_t at = from; at < pages_.size(); ++at) {
      free = pages_[at] == Page::taken ? 0 : free + 1;
      if (free == count) return at + 1 - count;
    }
    return pages_.size();
  }

  Result<void> make_writable(std::size_t at, std::size_t end) {
    for (; at < end; ++at) {
      if (pages_[at] == Page::writable) continue;
      std::size_t stop = at;
      const std::size_t most = std::min(pages_.size(), std::max(end, at + kMadeWritable));
      while (stop < most && pages_[stop] == Page::closed) ++stop;
      const u64 bytes = (stop - at) * page_;
      if (::mprotect(begin_ + at * page_, bytes, PROT_READ | PROT_WRITE) != 0)
        return no_memory("write", bytes);
      std::fill(page(at), page(stop), Page::writable);
      writable_ += stop - at;
      at = stop - 1;
    }
    return {};
  }

  std::mutex mutex_;
  std::byte* begin_ = nullptr;
  u64 bytes_ = 0;
  const u64 page_ = static_cast<u64>(::sysconf(_SC_PAGESIZE));
  std::vector<Page> pages_;
  std::size_t writable_ = 0;  // how many pages are
  std::size_t next_ = 0;      // where to look first
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
  std::memcpy(begin_, code.data(), code.size());
  // Behind the code: running into it stops.
  std::memset(begin_ + code.size(), kMachine.filler, bytes_ - code.size());
  auto* const begin = reinterpret_cast<char*>(begin_);
  __builtin___clear_cache(begin, begin + bytes_);  // nothing on x86-64
  if (::mprotect(begin_, bytes_, PROT_READ | PROT_EXEC) != 0) return no_memory("seal", bytes_);
  return {};
}

CodePages::~CodePages() {
  if (begin_ != nullptr) Pool::of_process().give_back(begin_, bytes_);
}

}  // namespace skep::jit
