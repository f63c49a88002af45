// Reads BPF objects: ELF files as clang makes them, in; programs, maps, globals and types, out.
//
// An Object is a plain value: nothing is created or loaded. program() links and relocates one of
// its programs into the form that every later stage takes. Refused, with section and offset: files
// that are not little-endian ELF64 relocatables for BPF, tables that leave the file, overlapping or
// unknown sections, relocations to nothing. Formats: ELF gABI; BTF and .BTF.ext
// (Documentation/bpf/btf.rst); section and map names as in libbpf.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "btf/types.hpp"
#include "platform/program.hpp"

namespace skep::object {

// What the object says of one program before it is relocated.
struct ProgramEntry {
  std::string name;
  std::string section;
  platform::ProgramType type = platform::ProgramType::socket_filter;
  u32 slots = 0;             // of its own function, without the functions it calls
  bool is_optional = false;  // SEC("?..."): not to be loaded unless asked for
};

// Where a global variable is kept.
struct Global {
  u32 map = 0;     // its number in maps()
  u32 offset = 0;  // into the map's only value
  u32 size = 0;
  btf::TypeId type = btf::kVoid;
};

class Object {
 public:
  static Result<Object> open(const std::string& path);
  // `name` is used in messages. The bytes are copied.
  static Result<Object> read(Bytes file, std::string name);

  const std::string& name() const { return name_; }
  const std::string& license() const { return license_; }
  const std::vector<ProgramEntry>& programs() const { return programs_; }
  const std::vector<platform::MapSpec>& maps() const { return *maps_; }
  const btf::Types& types() const { return *types_; }

  // A global variable by its name in C; one of a function is "function.variable". Fault::absent
  // names the nearest.
  Result<Global> global(std::string_view variable) const;

  // Changes the initial value of a global variable before the programs are relocated and the maps
  // made; what was made before does not change. `value` has the variable's size.
  Result<void> set_global(std::string_view variable, std::span<const std::byte> value);

  // Links and relocates one program. Fault::absent names the nearest programs.
  Result<std::shared_ptr<const platform::Program>> program(std::string_view name) const;

 private:
  friend class Reader;
  Object() = default;
  std::string name_;
  std::string license_;
  std::vector<ProgramEntry> programs_;
  std::shared_ptr<std::vector<platform::MapSpec>> maps_;
  std::shared_ptr<const btf::Types> types_;
  std::shared_ptr<const struct Image> image_;  // sections and relocations, for program()
};

}  // namespace skep::object
