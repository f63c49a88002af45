// The walk as the kernel's verifier logs it at level 2, for readers and parsers that know that.
//
//   ; if (data + 14 > end) @ filter.bpf.c:9
//   5: (2d) if r4 > r3 goto pc+2          ; R3=pkt_end() R4=pkt(off=14,r=14)
//   from 5 to 8: R0=1 R1=ctx() ...
//
// Each instruction stands with what is known behind it of the registers and stack slots that it
// touched; ways that waited begin with everything that is known. Follows print_insn_state(),
// prepare_func_exit() and check_func_call() in kernel/bpf/verifier.c of Linux 6.18. It is our walk:
// other ways may come first, and other ones may be known to be safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/kernel_notation.hpp"
#include "verify/observer.hpp"

namespace skep::explain {

class Log final : public verify::Observer {
 public:
  using Write = std::function<void(std::string_view text)>;  // of whole lines
  // The program outlives it.
  Log(const platform::Program& program, Write write);
  // Writes what a refusal has left unfinished.
  ~Log() override;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void function_begins(u32 number) override;
  void path_begins(std::optional<isa::InstructionIndex> from,
                   const verify::Moment& moment) override;
  void before(const verify::Moment& moment) override;
  void after(const verify::Moment& moment) override;
  void path_is_safe(isa::InstructionIndex at) override;

 private:
  void finish_line(std::string_view comment);
  void write_source(isa::InstructionIndex at);
  std::string innermost(const verify::State& state) const;
  std::string touched(const verify::Moment& moment) const;

  const platform::Program& program_;
  Write write_;
  text::KernelNotation notation_;
  std::string line_;      // the instruction that is being walked
  verify::State before_;  // the state in front of it
  u32 source_line_ = 0;   // the last one that was written
  bool first_ = true;
  isa::InstructionIndex last_{};
};

}  // namespace skep::explain
