// What the compiler's passes leave of some code, in words.
#pragma once

#include "engines.hpp"

namespace skep::engines {

inline constexpr jit::Addressing kEverything = {
    .index_and_offset = true, .scaled = true, .absolute = true};

// The kinds of operations that are left, with the widths of loads, the bytes of fills and copies,
// the scale of an index, "a" where there is no base, and "!" for branches the other way round:
// "rotate", "load4s", "load8*4", "branch!".
inline std::string kinds_left(const jit::Source& source, const jit::Addressing& addressing,
                              const platform::Bindings& bindings,
                              const jit::RegisterFile& file = {}) {
  constexpr std::array kNames = {"alu",          "rotate", "constant",     "nothing",
                                 "load",         "store",  "fill",         "copy",
                                 "user_pointer", "atomic", "array_lookup", "map_lookup",
                                 "packet_load",  "branch", "select",       "jump"};
  jit::Unit unit = jit::lower(source, bindings);
  jit::reduce(unit, bindings, addressing, file);
  std::string out;
  for (const jit::Block& block : unit.blocks) {
    for (u32 at = block.begin; at < block.end; ++at) {
      const jit::Operation& op = unit.operations[at];
      if (op.kind == jit::Kind::exit || op.kind == jit::Kind::nothing) continue;
      if (!out.empty()) out += " ";
      const auto number = static_cast<std::size_t>(op.kind);
      out += number < kNames.size() ? kNames[number] : "other";
      if (op.kind == jit::Kind::load)
        out += std::to_string(bytes_of(op.width)) + (op.swapped ? "s" : "");
      if (op.kind == jit::Kind::fill || op.kind == jit::Kind::copy)
        out += std::to_string(op.target);
      if (op.scale != 0) out += "*" + std::to_string(1 << op.scale);
      if (op.kind <= jit::Kind::store && op.kind >= jit::Kind::load && op.left == jit::kNoRegister)
        out += "a";
      if (op.negated) out += "!";
    }
    if (block.jump_to != jit::kNoBlock) out += " jump";
  }
  return out;
}

inline std::string combined(const Code& code, std::span<const verify::Fact> facts = {},
                            const jit::Addressing& addressing = kEverything,
                            const platform::Bindings& bindings = {}) {
  jit::Source source;
  source.code = code;
  source.functions = functions_of(code, kStackBytes);
  source.facts = facts;
  return kinds_left(source, addressing, bindings);
}

inline Code with_exit(std::vector<Instruction> list) {
  list.push_back(leave());
  assign_slots(list);
  return list;
}

}  // namespace skep::engines
