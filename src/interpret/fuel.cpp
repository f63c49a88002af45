#include "interpret/fuel.hpp"

#include "isa/control_flow.hpp"

namespace skep::interpret {

std::vector<u8> block_charges(std::span<const isa::Instruction> code) {
  constexpr u32 kChargeMax = 255;
  std::vector<u8> charges(code.size());
  if (code.empty()) return charges;
  charges[0] = 1;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const isa::Instruction& i = code[at];
    if (isa::has_jump_target(i) || isa::is_local_call(i)) charges[i.target.value()] = 1;
    const bool ends = isa::has_jump_target(i) || !isa::falls_through(i);
    if (ends && at + 1 < code.size()) charges[at + 1] = 1;
  }
  for (std::size_t at = 0, first = 0; at < code.size(); ++at) {
    if (at - first == kChargeMax) charges[at] = 1;
    if (charges[at] != 0) first = at;
    charges[first] = static_cast<u8>(at - first + 1);
  }
  return charges;
}

}  // namespace skep::interpret
