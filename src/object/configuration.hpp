// The text of a kernel's configuration (/boot/config-RELEASE, /proc/config.gz unpacked), and its
// values as a program's variables hold them.
//
// A line is CONFIG_NAME=VALUE; comments and others are skipped, and "is not set" is a comment: such
// an option has no value. y, n and m are for bool, enum libbpf_tristate and char; "text" is for
// char[], cut to its size; numbers are for integers that can hold them. As in libbpf.
#pragma once

#include <map>
#include <span>

#include "btf/types.hpp"
#include "object/externs.hpp"

namespace skep::object {

class Configuration {
 public:
  // Only the options that `wanted` asks for, by name. Views into `text`.
  static Configuration read(std::string_view text, std::span<const platform::Extern> wanted);

  // The value as it is written, or nothing.
  std::optional<std::string_view> value(std::string_view option) const;

 private:
  std::map<std::string_view, std::string_view> values_;
};

// Writes `written` into `to`, which has the variable's size. Fault::malformed names what it cannot
// hold.
Result<void> store_value(const btf::Types& types, btf::TypeId type, std::string_view written,
                         std::span<std::byte> to);

}  // namespace skep::object
