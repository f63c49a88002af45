// A map of the kernel, with the members that a map of the user engine has (maps/map.hpp).
//
// In: a descriptor. Out: its specification as the kernel tells it, copies of its values, changes.
// Whoever reads maps takes both engines' (maps/view.hpp). Values of a per-CPU map are those of all
// possible CPUs in a row, each padded to 8 bytes. Reading whole maps goes by batches where the
// kernel has them. Source: bpf(2), kernel/bpf/syscall.c (bpf_map_value_size, map_get_next_key).
#pragma once

#include "base/mapping.hpp"
#include "kernel/bpf.hpp"
#include "kernel/cpus.hpp"
#include "maps/view.hpp"

namespace skep::kernel {

// What the kernel tells of the map behind `fd`. BTF ids are those of types that the kernel holds
// under `types_id` (0: none); flags and names are the kernel's. Fault::unsupported: a kind that is
// not in our table.
struct MapFacts {
  platform::MapSpec spec;
  u32 id = 0;
  u32 types_id = 0;
};
Result<MapFacts> map_facts(const Fd& fd);

class Map final : public maps::View {
 public:
  // The map behind `fd`, as the kernel describes it.
  static Result<Map> of(Fd fd);
  // The same, for who knows more of it than the kernel: a loader, with types of its object's.
  static Result<Map> of(Fd fd, platform::MapSpec spec);
  static Result<Map> open(u32 id);  // Fault::absent when it is gone, Fault::denied

  const platform::MapSpec& spec() const override { return spec_; }
  u32 cpus() const override { return cpus_; }
  const Fd& fd() const { return fd_; }

  u64 user_value_size() const override;
  Result<std::vector<std::byte>> lookup_copy(std::span<const std::byte> key) const override;
  Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value,
                      platform::Update flags) override;
  Result<void> erase(std::span<const std::byte> key) override;
  // The value, which is gone from the map: of queues and stacks, and of hashes since 5.14.
  Result<std::vector<std::byte>> take(std::span<const std::byte> key);
  std::optional<Key> next_key(std::span<const std::byte> key) const override;
  // The same, told apart: no key behind this one, or a kind that has none (Fault::unsupported).
  Result<std::optional<Key>> key_after(std::span<const std::byte> key) const;
  u64 count() const override;
  // An arena is seen from now on by pages(), at the address that it was made with, if any. Its
  // programs can be loaded only then.
  Result<void> map_pages();
  std::span<std::byte> pages() override;
  // No writes by bpf(2) from now on; programs may still write.
  Result<void> freeze();

  // By batches where the kernel has them for this kind, else by a walk (map_read.cpp). Nothing, and
  // no error, for kinds that have no elements to read.
  Result<void> for_each(const Each& each) const override;

 private:
  Map(Fd fd, platform::MapSpec spec, u32 cpus)
      : fd_(std::move(fd)), spec_(std::move(spec)), cpus_(cpus) {}
  struct Room;
  bool read_batches(Room& room, const Each& each) const;
  Result<void> walk(Room& room, const Each& each) const;
  Result<void> check_sizes(std::span<const std::byte> key, std::optional<u64> value_bytes) const;
  Result<void> done_with(s64 returned, std::string_view doing) const;
  Error no_such_key() const;

  Fd fd_;
  platform::MapSpec spec_;
  u32 cpus_;
  std::optional<Mapping> pages_;  // of an arena
};

}  // namespace skep::kernel
