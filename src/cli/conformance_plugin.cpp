// skep conformance-plugin: the plug-in protocol of the public bpf_conformance suite.
//
// The program comes as hexadecimal bytes on standard input, the memory that r1 points to (r2 is its
// size) as hexadecimal argument; r0 goes to standard output, in hexadecimal without prefix. Nobody
// verified the program: every access is checked against the memory and the stack, and it must end.
#include "base/text.hpp"
#include "cli/hex.hpp"
#include "cli/output.hpp"
#include "interpret/interpret.hpp"
#include "jit/jit.hpp"

namespace skep::cli {

Result<int> conformance_plugin(const Arguments& arguments, Output& out) {
  const auto& operands = arguments.operands();
  auto memory = TRY(parse_hexadecimal(operands.empty() ? "" : operands[0]).within("memory"));
  const std::string input = TRY(read_input("-", kInputMax));
  const isa::Code code = TRY(isa::decode(TRY(parse_slots(input))).within("program"));
  const platform::Bindings bindings{};
  const interpret::Confinement confinement{.memory = memory};
  const auto r0 = arguments.has(Flag::interpret)
                      ? interpret::run_confined(code, bindings, confinement)
                      : jit::run_confined(code, bindings, confinement);
  // The suite knows one kind of failure; nothing was rejected here, it was stopped.
  if (!r0.ok()) return Error(Fault::malformed, r0.error().message, r0.error().hint);
  out.write(format("{:x}\n", *r0));
  return 0;
}

}  // namespace skep::cli
