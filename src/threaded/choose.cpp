#include "threaded/choose.hpp"

#include <utility>

#include "jit/dataflow.hpp"
#include "jit/emitted.hpp"

namespace skep::threaded {
namespace {

using isa::Alu;
using isa::Width;
using jit::Kind;
using jit::kNoRegister;
using jit::Operation;
using jit::Register;

u8 offset_of(Register r) { return r == kNoRegister ? r : static_cast<u8>(r * sizeof(u64)); }

u8 is_wide(Width width) { return width == Width::w64 ? 1 : 0; }

bool is_commutative(Alu alu) {
  return alu == Alu::add || alu == Alu::mul || alu == Alu::or_ || alu == Alu::and_ ||
         alu == Alu::xor_;
}

// Makes one Choice. An operand that is taken from `last` is not read from the State.
class Chooser {
 public:
  Chooser(const Operation& op, Register last) : op_(op), last_(last) {}

  Choice run() {
    step().dst = offset_of(op_.dst);
    step().left = offset_of(op_.left);
    step().right = offset_of(op_.right);
    step().index = offset_of(op_.index);
    step().offset = op_.offset;
    step().wide = static_cast<u64>(op_.immediate);
    out_.from_state = jit::reads(op_, jit::Trust::verified);
    family();
    return out_;
  }

 private:
  Step& step() { return out_.step; }
  Shape& shape() { return out_.shape; }
  void is(Family family) { shape().family = family; }

  void family() {
    switch (op_.kind) {
      case Kind::alu: return alu();
      case Kind::rotate: return binary(kRotate);
      case Kind::constant: return constant(static_cast<u64>(op_.immediate));
      case Kind::load: return load();
      case Kind::store: return store();
      case Kind::fill: return fill();
      case Kind::copy: return copy();
      case Kind::atomic: return atomic();
      case Kind::array_lookup: return array_lookup();
      case Kind::map_lookup: return is(Family::map_lookup);
      case Kind::packet_load: return packet_load();
      case Kind::branch: return branch();
      case Kind::select: return select();
      case Kind::jump: return is(Family::jump);
      case Kind::may_goto: return is(Family::may_goto);
      case Kind::call_helper: return is(Family::call_helper);
      case Kind::call_indirect: return is(Family::call_indirect);
      case Kind::call_local: return is(Family::call_local);
      case Kind::tail_call: return is(Family::tail_call);
      case Kind::throw_exception: return is(Family::throw_exception);
      case Kind::exit: return is(Family::exit);
      case Kind::user_pointer:  // reach_arena() has made others of it
      case Kind::nothing:
      case Kind::count_: EXPECT(false);
    }
  }

  // An operand that `last` has; where the same register is another operand as well, that one is
  // read from the State.
  bool is_last(Register r) const { return r != kNoRegister && r == last_; }
  void spare(std::initializer_list<Register> others) {
    for (const Register other : others) {
      if (other == last_) return;
    }
    out_.from_state &= ~jit::set_of(last_);
  }

  // ---- arithmetic ----

  void alu() {
    if (!is_unary(op_.alu())) return binary(op_.row);
    const bool copies = op_.left == kNoRegister;  // mov and movsx
    if (copies && op_.has_immediate()) return constant(jit::immediate_of(op_));
    is(Family::unary);
    shape().row = op_.row;
    if (isa::kAlu[op_.alu()].operands == isa::Operands::byte_order) {
      shape().width = op_.immediate == 16 ? 0 : op_.immediate == 32 ? 1 : 2;
    } else {
      shape().width = static_cast<u8>(1 + is_wide(op_.width));
    }
    const Register from = copies ? op_.right : op_.left;
    step().left = offset_of(from);
    if (is_last(from)) shape().operands = 1, spare({});
  }

  void constant(u64 value) {
    is(Family::constant);
    step().wide = value;
  }

  void binary(u8 row) {
    is(Family::binary);
    shape().row = row;
    shape().width = is_wide(op_.width);
    Register left = op_.left, right = op_.right;
    if (row != kRotate && is_commutative(op_.alu()) && is_last(right)) std::swap(left, right);
    operands(left, right);
  }

  void operands(Register left, Register right) {
    step().left = offset_of(left);
    step().right = offset_of(right);
    Operands from = right == kNoRegister ? Operands::reg_number : Operands::reg_reg;
    if (is_last(left)) {
      from = right == kNoRegister ? Operands::last_number : Operands::last_reg;
      spare({right});
    } else if (is_last(right)) {
      from = Operands::reg_last;
      spare({left});
    }
    shape().operands = static_cast<u8>(from);
  }

  // ---- memory ----

  Place plain_place() const {
    if (op_.left == kNoRegister) return Place::absolute;
    return op_.index == kNoRegister ? Place::base : Place::base_index;
  }

  void load() {
    is(Family::load);
    shape().row = static_cast<u8>(op_.swapped                       ? Load::swapped
                                  : op_.extend == jit::Extend::sign ? Load::sign
                                                                    : Load::zero);
    shape().width = static_cast<u8>(op_.width);
    if (op_.width == Width::w64 && op_.extend == jit::Extend::sign && !op_.swapped) shape().row = 0;
    step().right = op_.scale;
    Place place = plain_place();
    if (is_last(op_.left)) {
      place = op_.index == kNoRegister ? Place::last : Place::last_index;
      spare({op_.index});
    } else if (place == Place::base_index && is_last(op_.index)) {
      place = Place::base_last;
      spare({op_.left});
    }
    shape().operands = static_cast<u8>(place);
  }

  void store() {
    is(Family::store);
    shape().row = static_cast<u8>(plain_place());
    shape().width = static_cast<u8>(op_.width);
    step().dst = op_.scale;
    Stored stored = op_.has_immediate() ? Stored::number : Stored::reg;
    if (is_last(op_.right)) {
      stored = Stored::last;
      spare({op_.left, op_.index});
    }
    shape().operands = static_cast<u8>(stored);
  }

  void fill() {
    is(Family::fill);
    step().wide = op_.target;
  }

  void copy() {
    is(Family::copy);
    step().wide = u64{op_.target} << 32 | static_cast<u32>(op_.immediate);
  }

  void atomic() {
    is(Family::atomic);
    shape().row = op_.row;
    shape().width = static_cast<u8>(op_.width);
    shape().variant = 1;
  }

  void array_lookup() {
    is(Family::array_lookup);
    shape().row = op_.row;
  }

  void packet_load() {
    is(Family::packet_load);
    shape().width = static_cast<u8>(op_.width);
  }

  // ---- control ----

  void condition() {
    const isa::Jump jump = op_.jump();
    shape().row = op_.row;
    if (op_.negated) {
      shape().row = jump == isa::Jump::set ? kUnset : static_cast<u8>(isa::kJump[jump].negated);
    }
    shape().width = is_wide(op_.width);
  }

  void branch() {
    is(Family::branch);
    condition();
    Register left = op_.left, right = op_.right;
    if (is_last(right) && !is_last(left)) {
      std::swap(left, right);
      if (shape().row != kUnset) {
        shape().row = static_cast<u8>(isa::kJump[static_cast<isa::Jump>(shape().row)].mirrored);
      }
    }
    operands(left, right);
    step().offset = static_cast<s32>(op_.immediate);
  }

  void select() {
    is(Family::select);
    condition();
    shape().operands = op_.has_immediate() ? 1 : 0;
    step().index = offset_of(op_.moved);
    step().offset = static_cast<s32>(op_.immediate);
    const bool narrow = op_.moved_width == Width::w32;
    Moved moved = op_.moved == kNoRegister ? Moved::number : Moved::reg;
    step().wide = narrow ? ~u32{0} : ~u64{0};
    if (moved == Moved::number) step().wide &= static_cast<u64>(s64{op_.offset});
    if (is_last(op_.moved) && !narrow) {
      moved = Moved::last;
      spare({op_.left, op_.right, op_.dst});
    }
    shape().variant = static_cast<u8>(moved);
  }

  const Operation& op_;
  Register last_;
  Choice out_;
};

}  // namespace

Choice choose(const Operation& op, Register last) { return Chooser(op, last).run(); }

Register last_after(const Operation& op, Register last) {
  switch (op.kind) {
    case Kind::alu:
    case Kind::rotate:
    case Kind::constant:
    case Kind::load:
    case Kind::user_pointer:
    case Kind::select: return op.dst;
    case Kind::atomic: return op.dst != kNoRegister ? op.dst : last;
    case Kind::store:
    case Kind::fill:
    case Kind::copy:
    case Kind::branch:
    case Kind::nothing: return last;
    case Kind::array_lookup:
    case Kind::map_lookup:
    case Kind::packet_load:
    case Kind::call_helper:
    case Kind::call_indirect: return isa::kR0;
    case Kind::jump:
    case Kind::may_goto:
    case Kind::call_local:
    case Kind::tail_call:
    case Kind::throw_exception:
    case Kind::exit:
    case Kind::count_: break;
  }
  return kNoRegister;
}

}  // namespace skep::threaded
