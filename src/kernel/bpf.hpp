// bpf(2): the commands as functions.
//
// In: the structures of platform/bpf_attributes.hpp, descriptors, bytes. Out: descriptors that
// close themselves, or an Error that says what was to be done, what the kernel answered, and which
// privilege is missing where that is the reason (kernel/privileges.hpp). Nothing here remembers
// anything. Source: bpf(2), kernel/bpf/syscall.c.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "kernel/privileges.hpp"
#include "platform/bpf_attributes.hpp"

namespace skep::kernel {

using platform::Command;

// What the kernel returned: 0, a descriptor or a count, or a negative errno. A load that a signal
// interrupted is begun again, a few times.
s64 bpf(Command command, void* attributes, u32 bytes);

template <class Attributes>
s64 bpf(Command command, Attributes& attributes) {
  return bpf(command, &attributes, sizeof(Attributes));
}

// A descriptor of a command that makes one. `doing` is "create map flows", for the error; `needs`
// are the capabilities that the command asks for.
Result<Fd> descriptor(s64 returned, std::string_view doing, Capabilities needs);
// The same for commands that return 0 or a count.
Result<u64> done(s64 returned, std::string_view doing, Capabilities needs);

std::string text_of(const platform::KernelName& name);

// What the kernel keeps under ids.
enum class Kind : u8 { program, map, types, link };
std::string_view name_of(Kind kind);  // "program"

// The ids that exist now, rising. Fault::denied without CAP_SYS_ADMIN.
Result<std::vector<u32>> ids(Kind kind);
// Fault::absent when it is gone, which between ids() and here is no surprise.
Result<Fd> open_id(Kind kind, u32 id);

// What the kernel says of a descriptor (BPF_OBJ_GET_INFO_BY_FD). `info` begins as what the kernel
// is to fill in (addresses and sizes of buffers); fields that this kernel does not know stay as
// they were.
Result<void> get_info(const Fd& fd, void* info, u32 bytes);
template <class Info>
Result<Info> info(const Fd& fd, Info begin = {}) {
  TRY(get_info(fd, &begin, sizeof(Info)));
  return begin;
}
// The id of a program, map, types or link.
Result<u32> id_of(const Fd& fd, Kind kind);

// Sets one element of a map (BPF_ANY); sizes of key and value are the map's.
Result<void> update_element(const Fd& map, const void* key, const void* value,
                            std::string_view doing);

// Pins and opens what is pinned; `path` is inside a file system of type bpf. Fault::usage when the
// path is taken.
Result<void> pin(const Fd& fd, const std::string& path);
Error path_is_taken(const std::string& path);
Result<Fd> open_pinned(const std::string& path);

}  // namespace skep::kernel
