// Which objects the engines are compared on: all that the build makes of BPF sources, here and of
// the kernel's own tests.
//
// Programs whose result is not a function of their input stand in a table, each with what it
// depends on; that it calls such a helper is checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/program.hpp"

namespace skep::agreement {

struct Source {
  std::string name;  // "shipped/flows"
  std::string path;
  bool is_shipped = false;  // with all packets
};

// By name. The kernel's programs are there when the build found their package.
std::vector<Source> objects();

enum class Depends : u8 { on_time, on_chance, on_the_kernel, count_ };
enum class Part : u8 { everything, maps };

struct LeftOut {
  std::string_view object;   // its name in Source
  std::string_view program;  // empty: all of them
  Part part;
  Depends depends;
  std::string_view why;
};
const LeftOut* find_left_out(const Source& object, std::string_view program);
// Rows of the table that no program was asked for by.
std::vector<std::string> unused_rows();

// Whether the program calls a helper that gives what is not a function of the input.
bool calls(const platform::Program& program, Depends depends);
std::string_view name_of(Depends depends);

}  // namespace skep::agreement
