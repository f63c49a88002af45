#include "kernel/ring.hpp"

#include <unistd.h>

#include "base/text.hpp"

namespace skep::kernel {

u64 Ring::page_size() {
  static const u64 bytes = static_cast<u64>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Result<Ring> Ring::open(const Map& map) {
  const platform::MapSpec& spec = map.spec();
  if (spec.kind != platform::MapKind::ringbuf) {
    return Error(Fault::usage, format("map {} is a {}, not a ring buffer", spec.name,
                                      platform::row(spec.kind).name));
  }
  Mapping reader = TRY(Mapping::of_descriptor(map.fd(), 0, page_size(), Writable::yes));
  Mapping records = TRY(Mapping::of_descriptor(
      map.fd(), page_size(), page_size() + u64{2} * spec.max_entries, Writable::no));
  return Ring(map.fd().get(), spec.max_entries, std::move(reader), std::move(records));
}

}  // namespace skep::kernel
