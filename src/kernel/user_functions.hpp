// Functions of users' programs and libraries, by name: where in the file a probe goes.
//
// In: a path, or a name that is looked for as the shell and the loader do. Out: offsets into the
// file, as uprobes take them, of what .symtab and .dynsym define. The file is taken to be hostile.
// Source: perf_event_open(2), Documentation/trace/uprobetracer.rst; how names are looked for,
// resolve_full_path() of libbpf.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/elf_reader.hpp"
#include "base/mapping.hpp"

namespace skep::kernel {

// "libc.so.6" to its path in LD_LIBRARY_PATH and the folders of libraries, "bash" in PATH. What has
// a slash stays as it is.
Result<std::string> find_binary(std::string_view name);

struct UserFunction {
  std::string name;
  u64 offset = 0;  // into the file

  friend auto operator<=>(const UserFunction&, const UserFunction&) = default;
};

class UserFile {
 public:
  static Result<UserFile> open(const std::string& path);

  // The first function of that name. Fault::absent names the nearest ones.
  Result<u64> offset_of(std::string_view function) const;
  // By name, each place once.
  Result<std::vector<UserFunction>> functions_matching(std::string_view pattern) const;

  const std::string& path() const { return path_; }
  Bytes bytes() const { return file_.bytes(); }
  const elf::Sections& sections() const { return sections_; }
  // Where an address of the program is in the file; nullopt: in no section that has bytes there.
  std::optional<u64> file_offset(u64 address) const;

 private:
  UserFile(std::string path, Mapping file, elf::Sections sections)
      : path_(std::move(path)), file_(std::move(file)), sections_(sections) {}
  // Calls `take` with each symbol that is a function and the names of its table, until it says no.
  struct Symbol;
  using Take = std::function<bool(const Symbol& symbol, Bytes names)>;
  Result<void> for_each_function(const Take& take) const;
  Result<bool> for_each_of(const elf::SectionHeader& table, const Take& take) const;
  // Where it is in the file; nullopt when the file has no bytes of it.
  Result<std::optional<u64>> place_of(const Symbol& symbol) const;

  std::string path_;
  Mapping file_;
  elf::Sections sections_;
};

}  // namespace skep::kernel
