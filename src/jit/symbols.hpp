// Names for compiled code, for debuggers and profilers.
//
// gdb is told through its JIT interface: a list of small ELF files in memory, which holds a file as
// long as its object lives. perf reads /tmp/perf-PID.map, which is only written when
// SKEP_PERF_MAP=1 is in the environment.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace skep::jit {

struct Symbol {
  std::string name;
  u64 address = 0;
  u64 size = 0;
};

// An ELF file without contents but a symbol table: the functions `symbols` in one section from
// `begin` on.
std::vector<u8> symbol_file(std::span<const Symbol> symbols, u64 begin, u64 size);

// Keeps a symbol file registered with gdb while it lives.
class Registration {
 public:
  Registration(std::span<const Symbol> symbols, u64 begin, u64 size);
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration();

 private:
  struct Entry;
  std::vector<u8> file_;
  std::unique_ptr<Entry> entry_;
};

// Appends to perf's map when the environment asks for it. A map that cannot be written is no error
// of the program.
void tell_perf(std::span<const Symbol> symbols);

}  // namespace skep::jit
