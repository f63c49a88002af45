// Where programs run: in this process, or in the Linux kernel. Loads an object, which relocates and
// verifies its programs, compiles them and makes its maps.
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

  // ---- of the user engine; with the kernel engine they are Fault::unsupported ----
  bool interpret = false;      // instead of compiling
  bool deterministic = false;  // clocks, random numbers and CPU number that repeat
  // Instructions that one run of a program may execute; 0: any number. A run that needs more ends
  // with Fault::exhausted, which names the instruction: maps stay as it left them, and ring records
  // that it had reserved are discarded.
  std::uint64_t budget = 0;
  // What the program prints with bpf_printk(), a line at a time, on the thread that runs it.
  std::function<void(std::string_view line)> trace{};

  // ---- of the kernel engine; with the user engine they are Fault::unsupported ----
  // The folder of maps that are pinned by their name (LIBBPF_PIN_BY_NAME); empty: /sys/fs/bpf.
  std::string pins{};
  // Load with what the file system of type bpf that is mounted at this folder delegates to the
  // user namespace of the process (a BPF token, Linux 6.9). Fault::unsupported, denied or usage say
  // what it does not delegate.
  std::string token{};
  // freplace: the id of the loaded program whose function is replaced.
  std::optional<std::uint32_t> replaces{};
};

class Engine {
 public:
  // "user": in this process, without any privilege. "kernel": through bpf(2), with the privileges
  // that the programs ask for. "auto": which of them is decided for each object that is loaded: the
  // kernel where every program can be attached with the privileges at hand, else the user engine
  // where every one can run there. Other names are Fault::usage.
  static Result<Engine> open(std::string_view name);
  const std::string& name() const { return name_; }

  // Takes the object's programs, maps and variables as they are now. Fault::rejected has the
  // verifier's report() and names the program (the kernel engine's report has what both verifiers
  // say); Fault::denied names the privilege that is missing; Fault::unsupported says which program,
  // map or option this engine has no support for. When "auto" finds no engine, its report() is a
  // table: program, hook, engine, and why not.
  Result<App> load(const Object& object, const LoadOptions& options = {}) const;

 private:
  explicit Engine(std::string_view name) : name_(name) {}
  std::string name_;
};

}  // namespace skep
