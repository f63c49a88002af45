// An object that was loaded by an engine: its programs can be run, its maps and variables read and
// written.
//
// An App and what was taken from it (programs, maps, rings, variables) share what they need, so
// they may outlive each other. Programs may be run by several threads at once, each on packets of
// its own; one ring is read by one thread at a time.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "skep/object.hpp"

namespace skep {

namespace detail {
struct AppState;

// A program, map or ring by its name; what is not there is an error of the first use.
struct Named {
  std::shared_ptr<AppState> app;
  std::string name;
};

template <Plain T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}
template <Plain T>
std::span<std::byte> writable_bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}
}  // namespace detail

// What one run of a program left.
struct Run {
  std::uint32_t return_value = 0;   // XDP_PASS is 2
  std::vector<std::byte> packet{};  // as the program left it
};

struct VerdictCount {
  std::string name;  // "XDP_PASS"
  std::uint64_t packets = 0;
};

// What the packets of a capture came to.
struct Feed {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::vector<VerdictCount> verdicts{};  // those that occurred
  std::optional<Error> cut_short{};      // the capture could not be read any further
};

class Program {
 public:
  explicit Program(detail::Named at) : at_(std::move(at)) {}
  const std::string& name() const { return at_.name; }

  // On one Ethernet frame of 14 to 65,550 bytes, as `bpftool prog run` does.
  Result<Run> run(std::span<const std::byte> packet);
  // On every packet of a pcap or pcapng file; the program's clock shows the time of each.
  Result<Feed> feed(const std::string& capture);

 private:
  detail::Named at_;
};

enum class Update : std::uint64_t { any = 0, only_new = 1, only_existing = 2 };

// A map, by the bytes of its keys and values or by types of their size. Of per-CPU maps lookup() is
// refused; lookup_cpus() has the value of each CPU, and update() sets all of them.
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
  template <Plain V, Plain K>
  Result<std::vector<V>> lookup_cpus(const K& key) const {
    std::vector<V> values(TRY(cpus()));
    for (std::size_t cpu = 0; cpu < values.size(); ++cpu) {
      TRY(lookup_cpu_bytes(detail::bytes_of(key), cpu, detail::writable_bytes_of(values[cpu])));
    }
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
    TRY(for_each_key(sizeof(K), [&](std::span<const std::byte> key) {
      K one{};
      std::memcpy(&one, key.data(), sizeof(K));
      out.push_back(one);
    }));
    return out;
  }
  // Keys and values; what is erased meanwhile is left out.
  template <Plain K, Plain V>
  Result<std::vector<std::pair<K, V>>> entries() const {
    std::vector<std::pair<K, V>> out;
    for (const K& key : TRY(keys<K>())) {
      auto value = lookup<V>(key);
      if (value.ok()) {
        out.emplace_back(key, *value);
      } else if (value.error().fault != Fault::absent) {
        return std::move(value).error();
      }
    }
    return out;
  }
  Result<std::uint64_t> size() const;  // elements
  Result<std::uint64_t> lost() const;  // updates that found it full

 private:
  Result<std::size_t> cpus() const;
  Result<void> lookup_bytes(std::span<const std::byte> key, std::span<std::byte> value) const;
  Result<void> lookup_cpu_bytes(std::span<const std::byte> key, std::size_t cpu,
                                std::span<std::byte> value) const;
  Result<void> update_bytes(std::span<const std::byte> key, std::span<const std::byte> value,
                            Update how);
  Result<void> erase_bytes(std::span<const std::byte> key);
  Result<void> for_each_key(std::size_t bytes,
                            const std::function<void(std::span<const std::byte>)>& take) const;
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
  using Map::size;
  Result<V> lookup(const K& key) const { return Map::lookup<V>(key); }
  Result<std::vector<V>> lookup_cpus(const K& key) const { return Map::lookup_cpus<V>(key); }
  Result<void> update(const K& key, const V& value, Update how = Update::any) {
    return Map::update(key, value, how);
  }
  Result<std::vector<std::pair<K, V>>> entries() const { return Map::entries<K, V>(); }
  Result<std::vector<K>> keys() const { return Map::keys<K>(); }
};

// A ring buffer of records of any size.
class RingBytes {
 public:
  explicit RingBytes(detail::Named at) : at_(std::move(at)) {}
  // Hands every record that is there to `take` and gives its space back; how many there were.
  Result<std::uint64_t> drain(const std::function<void(std::span<const std::byte>)>& take);
  Result<std::uint64_t> lost() const;  // records for which there was no room

 private:
  detail::Named at_;
};

// A ring buffer of records of one type.
template <Plain T>
class Ring {
 public:
  explicit Ring(detail::Named at) : bytes_(std::move(at)) {}
  // Hands the records that are there to `take`, in order, and says how many. Those that are shorter
  // than T are left out, and told as Fault::malformed when the others were taken.
  template <class Take>
  Result<std::uint64_t> drain(Take take) {
    std::uint64_t shorter = 0;
    const std::uint64_t count = TRY(bytes_.drain([&](std::span<const std::byte> record) {
      T one{};
      if (record.size() < sizeof(T)) {
        ++shorter;
        return;
      }
      std::memcpy(&one, record.data(), sizeof(T));
      take(std::as_const(one));
    }));
    if (shorter == 0) return count;
    return Error(Fault::malformed, std::to_string(shorter) + " of " + std::to_string(count) +
                                       " records are shorter than " + std::to_string(sizeof(T)) +
                                       " bytes");
  }
  Result<std::uint64_t> lost() const { return bytes_.lost(); }

 private:
  RingBytes bytes_;
};

class App {
 public:
  Program program(std::string_view name) const { return Program(named(name)); }
  Map map(std::string_view name) const { return Map(named(name)); }
  template <Plain T>
  Ring<T> ring(std::string_view name) const {
    return Ring<T>(named(name));
  }
  // The value now. Of constants (.rodata) it cannot be changed any more.
  GlobalVariable global(std::string_view name) const;

  detail::Named named(std::string_view name) const { return {state_, std::string(name)}; }

 private:
  friend class Engine;
  explicit App(std::shared_ptr<detail::AppState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::AppState> state_;
};

}  // namespace skep
