#include "optimize/lowered.hpp"

#include "jit/lower.hpp"

namespace skep::optimize {
namespace {

using isa::Alu;
using isa::Form;
using isa::Instruction;
using jit::Kind;
using jit::Operation;

// A constant of which nothing is known, not even that its upper half is zero.
constexpr s64 kOpaque = s64{1} << 62;

constexpr s64 kSomeHelper = 6;  // bpf_trace_printk: no pass knows it

Instruction constant(const Instruction& i, s64 value) {
  return {.form = Form::constant,
          .operation = static_cast<u8>(isa::Constant::number),
          .dst = i.dst,
          .immediate = value};
}

// Reads dst and src, and writes `written` or nothing: an atomic is what the passes look into least.
Instruction opaque(const Instruction& i, isa::Atomic atomic) {
  return {.form = Form::atomic,
          .operation = static_cast<u8>(atomic),
          .source = isa::Source::reg,
          .dst = i.dst,
          .src = i.src};
}

Instruction opaque(const Instruction& i) {
  switch (i.form) {
    case Form::load:
    case Form::load_signed:
    case Form::address_space_cast: return opaque(i, isa::Atomic::load_acquire);
    case Form::store: {
      Instruction out = opaque(i, isa::Atomic::add);
      if (!i.has_register_source()) out.src = i.dst;
      return out;
    }
    case Form::alu: {
      if (i.alu() == Alu::mov) return constant(i, kOpaque);
      Instruction out = opaque(i, isa::Atomic::fetch_add);
      out.src = i.dst;
      return out;
    }
    case Form::constant: return constant(i, kOpaque);
    default: return i;
  }
}

// The verifier takes quotients and remainders for any number, other than the passes.
Instruction as_verified(Instruction i) {
  if (i.form != Form::alu) return i;
  if (i.alu() == Alu::div) i.operation = static_cast<u8>(Alu::sdiv);
  if (i.alu() == Alu::mod) i.operation = static_cast<u8>(Alu::smod);
  return i;
}

// A kernel's function reads and writes what a helper may; which one it is, nobody asks.
Instruction as_helper(Instruction i) {
  i.operation = static_cast<u8>(isa::Call::helper);
  i.immediate = kSomeHelper;
  i.target = {};
  return i;
}

Instruction shown(const Step& step, const Knowledge& knowledge) {
  const Instruction& i = step.instruction;
  if (i.form == Form::call && i.call() == isa::Call::kfunc) return as_helper(i);
  const bool filled_in = step.is_original && (knowledge.is_patched(step.origin) ||
                                              knowledge.relocations.contains(step.origin));
  if (filled_in || step.callee != kNoFunction || i.form == Form::address_space_cast)
    return opaque(i);
  if (i.form == Form::constant && i.constant() != isa::Constant::number) return opaque(i);
  return as_verified(i);
}

bool is_known(const Body& body) {
  for (const Step& each : body.steps) {
    const Form form = each.instruction.form;
    if (form == Form::packet_load || form == Form::unknown) return false;
  }
  return true;
}

}  // namespace

bool Lowered::is_unchanged(const Operation& op) const {
  const Operation& was = first[op.from];
  const bool same_width = op.kind == Kind::alu || op.width == was.width;
  return op.kind == was.kind && op.row == was.row && same_width && op.extend == was.extend &&
         op.swapped == was.swapped && op.dst == was.dst && op.left == was.left &&
         op.right == was.right && op.index == was.index && op.offset == was.offset &&
         op.negated == was.negated && op.immediate == was.immediate;
}

std::optional<Lowered> lower(const Body& body, const Knowledge& knowledge) {
  if (!is_known(body)) return std::nullopt;
  isa::Code code;
  std::vector<verify::Fact> facts;
  for (const Step& each : body.steps) {
    code.push_back(shown(each, knowledge));
    const auto region = each.is_original ? knowledge.region(each.origin) : verify::Region::none;
    facts.push_back({.reached = true, .region = region});
  }
  const jit::Source source{.name = {},
                           .code = code,
                           .functions = {{"", 0, static_cast<u32>(code.size())}},
                           .facts = facts};
  Lowered out{.unit = jit::lower(source, {}),
              .first = std::vector(code.size(), Operation{.kind = Kind::nothing}),
              .begin = std::vector(code.size(), u32{0})};
  u32 begin = 0;
  for (const Operation& each : out.unit.operations) {
    out.first[each.from] = each;
    out.begin[each.from] = begin;
    begin = each.from + 1;
  }
  return out;
}

}  // namespace skep::optimize
