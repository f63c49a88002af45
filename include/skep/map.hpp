// A map of an App, in either engine: looked up, changed and listed while programs run.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "skep/named.hpp"

namespace skep {

enum class Update : std::uint64_t { any = 0, only_new = 1, only_existing = 2 };

// By the bytes of its keys and values or by types of their size. Of per-CPU maps lookup() and
// entries() are refused; lookup_cpus() has the value of each CPU, and update() sets all of them.
// Sizes that are wrong are Fault::usage.
class Map {
 public:
  explicit Map(detail::Named at) : at_(std::move(at)) {}

  Result<MapInfo> info() const;

  template <Plain V, Plain K>
  Result<V> lookup(const K& key) const {  // Fault::absent
    V value{};
    TRY(lookup_bytes(detail::bytes_of(key), detail::writable_bytes_of(value)));
    return value;
  }
  // A value for each CPU that the machine may have, or for each CPU slot of the user engine.
  template <Plain V, Plain K>
  Result<std::vector<V>> lookup_cpus(const K& key) const {
    std::vector<V> values(TRY(cpus()));
    TRY(lookup_all_cpus(detail::bytes_of(key), sizeof(V),
                        std::as_writable_bytes(std::span(values))));
    return values;
  }
  template <Plain K, Plain V>
  Result<void> update(const K& key, const V& value, Update how = Update::any) {
    return update_bytes(detail::bytes_of(key), detail::bytes_of(value), how);
  }
  template <Plain K>
  Result<void> erase(const K& key) {  // Fault::absent
    return erase_bytes(detail::bytes_of(key));
  }
  // All keys at this time, in no order.
  template <Plain K>
  Result<std::vector<K>> keys() const {
    std::vector<K> out;
    TRY(for_each(sizeof(K), std::nullopt, [&](std::span<const std::byte> key, auto) {
      K one{};
      std::memcpy(&one, key.data(), sizeof(K));
      out.push_back(one);
    }));
    return out;
  }
  // Keys and values; what comes or goes meanwhile may be there or not.
  template <Plain K, Plain V>
  Result<std::vector<std::pair<K, V>>> entries() const {
    std::vector<std::pair<K, V>> out;
    const Take take = [&](std::span<const std::byte> key, std::span<const std::byte> value) {
      std::pair<K, V> one{};
      std::memcpy(&one.first, key.data(), sizeof(K));
      std::memcpy(&one.second, value.data(), sizeof(V));
      out.push_back(one);
    };
    TRY(for_each(sizeof(K), sizeof(V), take));
    return out;
  }
  Result<std::uint64_t> size() const;  // elements
  // Updates that found it full. The kernel does not count them (Fault::unsupported).
  Result<std::uint64_t> lost() const;

  // Of an arena: its memory, at the addresses that pointers in it have, so that they can be
  // followed here. What is touched is there for programs too, as if one had allocated the page;
  // with BPF_F_SEGV_ON_FAULT touching what none has allocated is a SIGSEGV. Programs may write
  // meanwhile. It is there as long as the App. Fault::usage: another kind of map.
  Result<std::span<std::byte>> memory() const;

  // Keeps it when this process has ended, as `path` in a file system of type bpf. Fault::usage when
  // the path is taken; Fault::unsupported in the user engine, whose maps are of this process.
  Result<void> pin(const std::string& path) const;

 private:
  using Take =
      std::function<void(std::span<const std::byte> key, std::span<const std::byte> value)>;
  Result<std::size_t> cpus() const;
  Result<void> lookup_bytes(std::span<const std::byte> key, std::span<std::byte> value) const;
  Result<void> lookup_all_cpus(std::span<const std::byte> key, std::size_t value_bytes,
                               std::span<std::byte> values) const;
  Result<void> update_bytes(std::span<const std::byte> key, std::span<const std::byte> value,
                            Update how);
  Result<void> erase_bytes(std::span<const std::byte> key);
  // Without a size of values, those are not looked at.
  Result<void> for_each(std::size_t key_bytes, std::optional<std::size_t> value_bytes,
                        const Take& take) const;
  detail::Named at_;
};

// A map whose types are known: what skeletons have.
template <Plain K, Plain V>
class TypedMap : private Map {
 public:
  using Map::erase;
  using Map::info;
  using Map::lost;
  using Map::Map;
  using Map::pin;
  using Map::size;
  Result<V> lookup(const K& key) const { return Map::lookup<V>(key); }
  Result<std::vector<V>> lookup_cpus(const K& key) const { return Map::lookup_cpus<V>(key); }
  Result<void> update(const K& key, const V& value, Update how = Update::any) {
    return Map::update(key, value, how);
  }
  Result<std::vector<std::pair<K, V>>> entries() const { return Map::entries<K, V>(); }
  Result<std::vector<K>> keys() const { return Map::keys<K>(); }
};

}  // namespace skep
