#include "kernel/bpf.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;

constexpr int kLoadAttempts = 5;  // of a load that a signal interrupts, as libbpf

struct KindRow {
  std::string_view name;
  Command next, open;
};
constexpr std::array<KindRow, 4> kKinds{{
    {"program", Command::next_program, Command::open_program},
    {"map", Command::next_map, Command::open_map},
    {"types", Command::next_types, Command::open_types},
    {"link", Command::next_link, Command::open_link},
}};
const KindRow& row(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

s64 bpf(Command command, void* attributes, u32 bytes) {
  for (int attempt = 1;; ++attempt) {
    const long returned = ::syscall(__NR_bpf, static_cast<int>(command), attributes,
                                    static_cast<unsigned long>(bytes));
    if (returned >= 0) return returned;
    if (errno != EAGAIN || command != Command::load_program || attempt == kLoadAttempts)
      return -errno;
  }
}

Result<Fd> descriptor(s64 returned, std::string_view doing, Capabilities needs) {
  if (returned < 0) return refused(doing, static_cast<int>(-returned), needs);
  return Fd::adopt(static_cast<int>(returned));
}

Result<u64> done(s64 returned, std::string_view doing, Capabilities needs) {
  if (returned < 0) return refused(doing, static_cast<int>(-returned), needs);
  return static_cast<u64>(returned);
}

std::string text_of(const platform::KernelName& name) {
  return {name, std::find(name, name + platform::kNameBytes, '\0')};
}

std::string_view name_of(Kind kind) { return row(kind).name; }

Result<std::vector<u32>> ids(Kind kind) {
  std::vector<u32> out;
  for (platform::ById walk{};; walk.id = walk.next_id) {
    const s64 returned = bpf(row(kind).next, walk);
    if (returned == -ENOENT) return out;
    TRY(done(returned, format("list {}s", row(kind).name), kSysAdmin));
    out.push_back(walk.next_id);
  }
}

Result<Fd> open_id(Kind kind, u32 id) {
  platform::ById by{};
  by.id = id;
  return descriptor(bpf(row(kind).open, by), format("open {} {}", row(kind).name, id), kSysAdmin);
}

Result<void> get_info(const Fd& fd, void* info, u32 bytes) {
  platform::GetInfo get{};
  get.fd = static_cast<u32>(fd.get());
  get.info_bytes = bytes;
  get.info = address_of(info);
  TRY(done(bpf(Command::get_info, get), "ask what a descriptor is", 0));
  return {};
}

Result<u32> id_of(const Fd& fd, Kind kind) {
  // The id is the second field of each information but that of types, where it stands behind the
  // address and the size of a buffer.
  std::array<le32, 16> words{};
  TRY(get_info(fd, words.data(), sizeof(words)));
  return words[kind == Kind::types ? 3 : 1];
}

Result<void> update_element(const Fd& map, const void* key, const void* value,
                            std::string_view doing) {
  platform::UpdateElement update{};
  update.map_fd = static_cast<u32>(map.get());
  update.key = platform::address_of(key);
  update.value = platform::address_of(value);
  TRY(done(bpf(Command::update_element, update), doing, kBpf));
  return {};
}

Error path_is_taken(const std::string& path) {
  return {Fault::usage, format("cannot pin {}: the path is taken", path),
          "remove it with rm, or choose another path"};
}

Result<void> pin(const Fd& fd, const std::string& path) {
  platform::Pin pin{};
  pin.path = address_of(path.c_str());
  pin.fd = static_cast<u32>(fd.get());
  const s64 returned = bpf(Command::pin, pin);
  if (returned == -EEXIST) return path_is_taken(path);
  if (returned == -EPERM && missing(kBpf).empty()) {
    return Error(Fault::unsupported,
                 format("cannot pin {}: it is not in a file system of type bpf", path),
                 "mount one: mount -t bpf bpf /sys/fs/bpf");
  }
  TRY(done(returned, format("pin {}", path), kBpf));
  return {};
}

Result<Fd> open_pinned(const std::string& path) {
  platform::Pin get{};
  get.path = address_of(path.c_str());
  return descriptor(bpf(Command::get_pinned, get), format("open what is pinned at {}", path), kBpf);
}

}  // namespace skep::kernel
