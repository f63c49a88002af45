#include "base/foreign.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace skep {

// process_vm_readv(2) on ourselves: slow, and the one copy that survives every address.
std::size_t copy_from_unknown(std::span<char> to, u64 address) {
  constexpr u64 kPageBytes = 4096;
  std::size_t done = 0;
  while (done < to.size()) {  // page by page, since one that is missing fails the whole copy
    const u64 from = address + done;
    const std::size_t part =
        std::min<std::size_t>(to.size() - done, kPageBytes - from % kPageBytes);
    const iovec local{to.data() + done, part};
    const iovec remote{reinterpret_cast<void*>(from), part};
    if (::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) != static_cast<ssize_t>(part))
      break;
    done += part;
  }
  return done;
}

}  // namespace skep
