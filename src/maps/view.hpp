// A map as its readers and its owner see it, whichever engine keeps it.
//
// In this process or in the Linux kernel, a map has a specification, keys in some order and a copy
// of each key's value. Who reads maps (events/contents.hpp) reads this. The engines' own maps
// (maps/map.hpp, kernel/map.hpp) are its two implementations.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "platform/map_kinds.hpp"

namespace skep::maps {

class View {
 public:
  using Key = std::vector<std::byte>;
  using Each =
      std::function<void(std::span<const std::byte> key, std::span<const std::byte> value)>;

  virtual ~View() = default;

  virtual const platform::MapSpec& spec() const = 0;
  // Bytes that lookup_copy() gives: a value of a per-CPU map is all CPUs' values in a row, each
  // padded to 8 bytes.
  virtual u64 user_value_size() const = 0;
  virtual u32 cpus() const = 0;  // CPUs, or slots, that a per-CPU map has values for
  // Fault::absent: there is no such key.
  virtual Result<std::vector<std::byte>> lookup_copy(std::span<const std::byte> key) const = 0;
  // Errors as of bpf(2): exists already, absent, full.
  virtual Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value,
                              platform::Update flags) = 0;
  // Fault::absent: there is no such key.
  virtual Result<void> erase(std::span<const std::byte> key) = 0;
  virtual u64 count() const = 0;  // elements that are there and can be read
  // The key after `key`, or the first of all for an empty one; nullopt at the end. A key that is
  // gone starts again at the first.
  virtual std::optional<Key> next_key(std::span<const std::byte> key) const = 0;

  // Of an arena: all its pages, where pointers in them point. A page that is free is taken when it
  // is touched, or that is a SIGSEGV (BPF_F_SEGV_ON_FAULT). Empty: another kind, or not mapped
  // here.
  virtual std::span<std::byte> pages() { return {}; }

  // Every element, in the map's own order. Programs may write meanwhile: what is new or goes away
  // may be met or not, and no more elements are handed out than the map can hold. An error says
  // that there may be more, which could not be read.
  virtual Result<void> for_each(const Each& each) const;

 protected:
  View() = default;
  View(const View&) = default;
  View(View&&) = default;
  View& operator=(const View&) = default;
  View& operator=(View&&) = default;
};

}  // namespace skep::maps
