// bpf(2) for tests: just enough to ask the kernel what it would do.
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/fd.hpp"
#include "base/types.hpp"

namespace skep::kernel_test {

// 0 or a descriptor, or a negative errno.
inline s64 bpf(bpf_cmd command, bpf_attr& attributes) {
  const long returned = ::syscall(__NR_bpf, command, &attributes, sizeof(attributes));
  return returned < 0 ? -errno : returned;
}

inline bpf_attr no_attributes() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof(attributes));
  return attributes;
}

// A map of the kernel, or a negative errno.
inline s64 create_map(u32 kind, u32 key_size, u32 value_size, u32 max_entries) {
  bpf_attr attributes = no_attributes();
  attributes.map_type = kind;
  attributes.key_size = key_size;
  attributes.value_size = value_size;
  attributes.max_entries = max_entries;
  return bpf(BPF_MAP_CREATE, attributes);
}

// Why the kernel cannot be asked here, or an empty text.
inline std::string refusal() {
  const s64 map = create_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
  if (map < 0)
    return std::string("bpf(2) is refused here: ") + std::strerror(static_cast<int>(-map));
  ::close(static_cast<int>(map));
  return {};
}

}  // namespace skep::kernel_test
