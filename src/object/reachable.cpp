// A fixed point over what each register holds where an instruction begins: nothing known yet, one
// constant, or anything. A register only ever loses knowledge, so that the walk ends.
#include "object/reachable.hpp"

#include <array>
#include <optional>

#include "isa/tables.hpp"

namespace skep::object {
namespace {

using isa::Form;
using isa::Instruction;

using Registers = std::array<std::optional<u64>, isa::kRegisters>;  // nothing: any value

class Walk {
 public:
  explicit Walk(const platform::Program& program)
      : code_(program.code), states_(code_.size()), reached_(code_.size()) {}

  std::vector<bool> run() {
    if (!code_.empty()) arrive(isa::InstructionIndex(0u), {});
    while (!pending_.empty()) {
      const isa::InstructionIndex at = pending_.back();
      pending_.pop_back();
      step(at, states_[at.value()]);
    }
    return std::move(reached_);
  }

 private:
  void arrive(isa::InstructionIndex at, const Registers& with) {
    if (at.value() >= code_.size()) return;
    Registers& known = states_[at.value()];
    bool changed = !reached_[at.value()];
    if (changed) known = with;
    reached_[at.value()] = true;
    for (std::size_t r = 0; r < known.size(); ++r) {
      if (!known[r] || known[r] == with[r]) continue;
      known[r].reset();
      changed = true;
    }
    if (changed) pending_.push_back(at);
  }

  std::optional<u64> source(const Instruction& i, const Registers& registers) const {
    return i.has_register_source() ? registers[i.src] : static_cast<u64>(i.immediate);
  }

  static std::optional<u64> result(const Instruction& i, std::optional<u64> left,
                                   std::optional<u64> right) {
    const isa::AluRow& row = isa::kAlu[i.alu()];
    const bool needs_left =
        row.operands != isa::Operands::register_only && i.alu() != isa::Alu::mov;
    if (row.operands == isa::Operands::unary) right = 0;
    if ((needs_left && !left) || !right) return std::nullopt;
    if (i.width == isa::Width::w64) return row.eval64(left.value_or(0), *right);
    return row.eval32(static_cast<u32>(left.value_or(0)), static_cast<u32>(*right));
  }

  void jump(isa::InstructionIndex at, const Instruction& i, const Registers& registers) {
    const auto left = registers[i.dst], right = source(i, registers);
    if (!left || !right) {
      arrive(at.next(), registers);
      return arrive(i.target, registers);
    }
    const isa::JumpRow& row = isa::kJump[i.jump()];
    const bool taken = i.width == isa::Width::w64
                           ? row.eval64(*left, *right)
                           : row.eval32(static_cast<u32>(*left), static_cast<u32>(*right));
    arrive(taken ? i.target : at.next(), registers);
  }

  // What a call leaves: r6 to r9. A function begins with anything in its arguments.
  void call(isa::InstructionIndex at, const Instruction& i, Registers registers) {
    if (i.call() == isa::Call::local) arrive(i.target, {});
    for (u8 r = isa::kR0; r <= isa::kR5; ++r) registers[r].reset();
    arrive(at.next(), registers);
  }

  void step(isa::InstructionIndex at, Registers registers) {
    const Instruction& i = code_[at.value()];
    switch (i.form) {
      case Form::alu: registers[i.dst] = result(i, registers[i.dst], source(i, registers)); break;
      case Form::constant:
        registers[i.dst].reset();
        if (i.constant() == isa::Constant::number) registers[i.dst] = static_cast<u64>(i.immediate);
        if (i.constant() == isa::Constant::function) arrive(i.target, {});
        break;
      case Form::load:
      case Form::load_signed:
      case Form::address_space_cast: registers[i.dst].reset(); break;
      case Form::atomic:
        registers[i.src].reset();
        registers[i.dst].reset();
        registers[isa::kR0].reset();
        break;
      case Form::packet_load:
        for (u8 r = isa::kR0; r <= isa::kR5; ++r) registers[r].reset();
        break;
      case Form::store: break;
      case Form::jump: return jump(at, i, registers);
      case Form::jump_always: return arrive(i.target, registers);
      case Form::may_goto: arrive(i.target, registers); break;
      case Form::call: return call(at, i, registers);
      case Form::unknown: registers = {}; break;
      case Form::exit:
      case Form::count_: return;
    }
    arrive(at.next(), registers);
  }

  const isa::Code& code_;
  std::vector<Registers> states_;  // by instruction, where reached
  std::vector<bool> reached_;
  std::vector<isa::InstructionIndex> pending_;
};

}  // namespace

std::vector<bool> reachable(const platform::Program& program) { return Walk(program).run(); }

}  // namespace skep::object
