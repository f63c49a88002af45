// Where programs run: loads an object, which relocates, verifies and compiles its programs and
// makes its maps.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "skep/app.hpp"

namespace skep {

struct LoadOptions {
  // Only these; otherwise all but those in sections that begin with '?'.
  std::vector<std::string> programs{};
  // Files with the types that CO-RE relocates against: a kernel's, then its modules', or an
  // application's. Empty: /sys/kernel/btf/vmlinux where it can be read.
  std::vector<std::string> types{};
  // The kernel's .config, for variables with __kconfig.
  std::string configuration{};
  bool interpret = false;      // instead of compiling
  bool deterministic = false;  // clocks, random numbers and CPU number that repeat
  // What the program prints with bpf_printk(), a line at a time, on the thread that runs it.
  std::function<void(std::string_view line)> trace{};
};

class Engine {
 public:
  // "user": in this process, without any privilege. "auto": the same in this version, which has no
  // "kernel" (Fault::unsupported). Other names are Fault::usage.
  static Result<Engine> open(std::string_view name);
  const std::string& name() const { return name_; }

  // Takes the object's programs, maps and variables as they are now. Fault::rejected has the
  // verifier's report() and names the program; Fault::unsupported says which program or map this
  // engine has no support for.
  Result<App> load(const Object& object, const LoadOptions& options = {}) const;

 private:
  explicit Engine(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

}  // namespace skep
