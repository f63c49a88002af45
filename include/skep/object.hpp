// A BPF object before anything is loaded: its programs, its maps, and its global variables, whose
// values may be changed until then.
//
// In: an ELF file as clang makes it. Refused, with section and offset: what libbpf would not open.
// Values of global variables are checked against the types that the object carries (BTF): a number
// has to fit, a structure has to have the variable's size, a text its length.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "skep/result.hpp"

namespace skep {

struct ProgramInfo {
  std::string name;
  std::string section;      // "xdp", "kprobe/do_unlinkat"
  std::string type;         // "xdp"; empty when no program type has that section
  std::uint32_t slots = 0;  // 8-byte instructions, without the functions it calls
};

struct MapInfo {
  std::string name;
  std::string kind;             // "hash", "ringbuf"
  std::uint32_t key_bytes = 0;  // of one key
  std::uint32_t value_bytes = 0;
  std::uint32_t max_entries = 0;  // of a ring buffer: bytes
};

// What can be copied to and from a program's memory as it is. Structures are the caller's to lay
// out as the program does; their size is checked.
template <class T>
concept Plain =
    std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> && !std::is_pointer_v<T>;

// A global variable of an object (its value at the start) or of an App (its value now). A name that
// does not exist is an error of the first use, with the nearest names.
class GlobalVariable {
 public:
  struct Place;
  explicit GlobalVariable(std::shared_ptr<const Place> place) : place_(std::move(place)) {}

  template <Plain T>
  Result<void> set(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return set(std::string_view(value));  // a literal
    } else if constexpr (std::is_enum_v<T>) {
      return set(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::integral<T>) {
      return set_number(static_cast<std::uint64_t>(value), std::is_signed_v<T> && value < T{});
    } else {
      return set_bytes(std::as_bytes(std::span(&value, 1)));
    }
  }
  // An array of characters; what is left of it becomes zero.
  Result<void> set(std::string_view text);

  // The same for short programs: throws the Error.
  template <class T>
  GlobalVariable& operator=(const T& value) {
    set(value).value();
    return *this;
  }

  template <Plain T>
  Result<T> get() const {
    T value{};
    if constexpr (std::integral<T> || std::is_enum_v<T>) {
      const std::uint64_t number = TRY(get_number(sizeof(T)));
      value = static_cast<T>(number);
    } else {
      TRY(get_bytes(std::as_writable_bytes(std::span(&value, 1))));
    }
    return value;
  }

 private:
  Result<void> set_number(std::uint64_t value, bool is_negative);
  Result<void> set_bytes(std::span<const std::byte> value);
  // Sign-extended; refused when it has more than `bytes`.
  Result<std::uint64_t> get_number(std::size_t bytes) const;
  Result<void> get_bytes(std::span<std::byte> value) const;

  std::shared_ptr<const Place> place_;
};

// A variable whose type is known: what skeletons have.
template <Plain T>
class Global : private GlobalVariable {
 public:
  Global(GlobalVariable variable) : GlobalVariable(std::move(variable)) {}
  using GlobalVariable::set;
  using GlobalVariable::operator=;
  Result<T> get() const { return GlobalVariable::get<T>(); }
};

class Object {
 public:
  static Result<Object> open(const std::string& path);
  // The bytes are copied; `name` is used in messages.
  static Result<Object> read(std::span<const std::byte> file, std::string name);

  const std::string& name() const;
  std::vector<ProgramInfo> programs() const;
  Result<ProgramInfo> program(std::string_view name) const;  // Fault::absent names the nearest
  std::vector<MapInfo> maps() const;                         // without the global variables
  Result<MapInfo> map(std::string_view name) const;
  GlobalVariable global(std::string_view name);

 private:
  friend class Engine;
  struct State;
  explicit Object(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace skep
