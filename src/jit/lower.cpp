#include "jit/lower.hpp"

#include "interpret/fuel.hpp"
#include "interpret/trap.hpp"
#include "isa/control_flow.hpp"

namespace skep::jit {
namespace {

using isa::Alu;
using isa::Form;
using isa::Instruction;
using isa::Width;

constexpr s64 kLookupHelper = 1;  // bpf_map_lookup_elem

bool is_throw(const Instruction& i) {
  return i.call() == isa::Call::kfunc &&
         i.immediate == static_cast<s64>(platform::UserFunction::throw_exception);
}

bool reads_right_only(Alu alu) {
  return alu == Alu::mov || isa::kAlu[alu].operands == isa::Operands::register_only;
}

class Lowerer {
 public:
  Lowerer(const Source& source, const platform::Bindings& bindings)
      : source_(source), bindings_(bindings), charges_(interpret::block_charges(source.code)) {}

  Unit run() {
    unit_.trust = source_.trust;
    unit_.pays = bindings_.pays || source_.trust == Trust::confined;
    number_blocks();
    for (const SourceFunction& function : source_.functions) lower_function(function);
    return std::move(unit_);
  }

 private:
  bool begins_block(u32 at) const { return charges_[at] != 0; }

  void number_blocks() {
    // A function begins a block even when nothing names it.
    for (const SourceFunction& function : source_.functions) {
      if (charges_[function.begin] == 0) charges_[function.begin] = 1;
    }
    block_of_.resize(source_.code.size() + 1, kNoBlock);
    u32 count = 0;
    for (u32 at = 0; at < source_.code.size(); ++at) {
      if (begins_block(at)) block_of_[at] = count++;
    }
    unit_.blocks.reserve(count);
    unit_.operations.reserve(source_.code.size() + 1);  // what joins the one before stands shortly
  }

  void lower_function(const SourceFunction& function) {
    Function out{.first_block = static_cast<u32>(unit_.blocks.size()), .frame = function.frame};
    kinds_ = 0;
    for (u32 at = function.begin; at < function.end;) at = lower_block(at, function.end);
    out.end_block = static_cast<u32>(unit_.blocks.size());
    out.kinds = kinds_;
    unit_.kinds |= kinds_;
    unit_.functions.push_back(out);
  }

  u32 lower_block(u32 at, u32 function_end) {
    std::vector<Operation>& operations = unit_.operations;
    Block block{.begin = static_cast<u32>(operations.size()), .from = at};
    const u32 first = at;
    do {
      Operation& next = operations.emplace_back();
      translate(source_.code[at], at, next);
      note(next, block);
      if (operations.size() - block.begin > 1 && joins((&next)[-1], next)) {
        (&next)[-1] = next;
        operations.pop_back();
      }
      ++at;
    } while (at < function_end && !begins_block(at));
    const Instruction& last = source_.code[at - 1];
    if (isa::has_jump_target(last)) block.branch_to = block_of_[last.target.value()];
    // A function may end with a throw: the next one is not what follows it.
    if (isa::falls_through(last) && at < function_end) block.next = block_of_[at];
    block.end = static_cast<u32>(operations.size());
    block.charge = at - first;
    unit_.blocks.push_back(block);
    return at;
  }

  // ---- one instruction ----

  // `out` is a new one.
  void translate(const Instruction& i, u32 at, Operation& out) {
    out.row = i.operation;
    out.width = i.width;
    out.from = at;
    out.immediate = i.immediate;
    out.offset = i.offset;
    if (!source_.facts.empty()) out.region = source_.facts[at].region;
    if (isa::has_jump_target(i) || isa::is_local_call(i)) out.target = block_of_[i.target.value()];
    const Register source = i.has_register_source() ? i.src : kNoRegister;
    switch (i.form) {
      case Form::alu: alu(i, out); break;
      case Form::constant:
        out.kind = Kind::constant;
        out.dst = i.dst;
        out.immediate = static_cast<s64>(interpret::resolve_constant(i, bindings_).value_or(0));
        break;
      case Form::load:
      case Form::load_signed:
        out.kind = Kind::load;
        out.extend = i.form == Form::load ? Extend::zero : Extend::sign;
        out.dst = i.dst;
        out.left = i.src;
        break;
      case Form::store: place(out, Kind::store, i.dst, source); break;
      case Form::atomic: atomic(i, out); break;
      case Form::packet_load:
        place(out, Kind::packet_load, isa::kR6,
              i.packet() == isa::Packet::indirect ? i.src : kNoRegister);
        break;
      case Form::jump: place(out, Kind::branch, i.dst, source); break;
      case Form::jump_always: out.kind = Kind::jump; break;
      case Form::may_goto: out.kind = Kind::may_goto; break;
      case Form::call: call(i, out); break;
      case Form::address_space_cast:  // to user space: the verifier makes moves of the others
        place(out, Kind::user_pointer, i.src, kNoRegister);
        out.dst = i.dst;
        break;
      case Form::unknown: EXPECT(false); break;  // the verifier and check_confinable() refuse them
      case Form::exit:
      case Form::count_: out.kind = Kind::exit; break;
    }
  }

  // What passes want to know of the whole, so that they need not look for it.
  void note(const Operation& op, Block& block) {
    kinds_ |= kinds_of(op.kind);
    unit_.has_arena |= op.region == verify::Region::arena;
    if (op.kind == Kind::alu) {
      switch (op.alu()) {
        case Alu::lsh:
        case Alu::rsh:
        case Alu::to_be:
        case Alu::bswap: block.may_be_combined = true; break;
        case Alu::mov: unit_.has_extensions |= op.right == op.dst; break;
        default: break;
      }
    } else if (op.kind == Kind::array_lookup) {
      unit_.has_per_cpu |= bindings_.arrays[static_cast<std::size_t>(op.immediate)].cpu_stride != 0;
    }
  }

  static void place(Operation& out, Kind kind, Register left, Register right) {
    out.kind = kind;
    out.left = left;
    out.right = right;
  }

  static void alu(const Instruction& i, Operation& out) {
    const bool copies = reads_right_only(i.alu());
    place(out, Kind::alu, copies ? kNoRegister : i.dst,
          i.has_register_source() && isa::kAlu[i.alu()].operands != isa::Operands::byte_order
              ? i.src
              : kNoRegister);
    out.dst = i.dst;
  }

  static void atomic(const Instruction& i, Operation& out) {
    // Acquire and release are plain accesses in order where the target's are (x86-64); they stay
    // atomic here.
    if (i.atomic() == isa::Atomic::load_acquire) {
      place(out, Kind::atomic, i.src, kNoRegister);
      out.dst = i.dst;
      return;
    }
    place(out, Kind::atomic, i.dst, i.src);
    if (isa::kAtomic[i.atomic()].fetch == isa::Fetch::source) out.dst = i.src;
    if (isa::kAtomic[i.atomic()].fetch == isa::Fetch::r0) out.dst = isa::kR0;
  }

  void call(const Instruction& i, Operation& out) {
    switch (i.call()) {
      case isa::Call::local: out.kind = Kind::call_local; break;
      case isa::Call::indirect: place(out, Kind::call_indirect, i.dst, kNoRegister); break;
      case isa::Call::kfunc:  // the doors refuse those that we do not have
        out.kind = Kind::call_helper;
        if (!is_throw(i)) break;
        place(out, Kind::throw_exception, isa::kR1, kNoRegister);
        break;
      case isa::Call::count_:
      case isa::Call::helper: out.kind = Kind::call_helper; break;
    }
    if (is_throw(i) && i.target.value() != 0) {
      unit_.exception_callback = block_of_[i.target.value()];
    }
    if (i.call() != isa::Call::helper) return;
    if (i.immediate == interpret::kTailCallHelper) out.kind = Kind::tail_call;
    if (i.immediate == kLookupHelper) look_up(out);
  }

  // A look-up that was proved to be in one map is made in place, or by that map's own body.
  void look_up(Operation& call) const {
    if (source_.facts.empty() || source_.facts[call.from].map < 0) return;
    const auto map = static_cast<std::size_t>(source_.facts[call.from].map);
    if (is_near_array(map)) {
      call.kind = Kind::array_lookup;
      call.row = static_cast<u8>(Key::in_memory);
      call.immediate = static_cast<s64>(map);
    } else if (map < bindings_.lookups.size() && bindings_.lookups[map] != nullptr) {
      call.kind = Kind::map_lookup;
      call.immediate = static_cast<s64>(map);
    }
  }

  bool is_near_array(std::size_t map) const {
    if (map >= bindings_.arrays.size()) return false;
    const platform::ArrayShape& array = bindings_.arrays[map];
    return array.entries != 0 && array.stride <= INT32_MAX && array.cpu_stride <= INT32_MAX;
  }

  // ---- pairs that are one operation ----

  // Whether `next` does what both do, now.
  bool joins(const Operation& last, Operation& next) {
    if (last.kind != Kind::alu || next.kind != Kind::alu || next.dst != last.dst) return false;
    if (extends(last, next)) {
      unit_.has_extensions |= next.right == next.dst;
      return true;
    }
    return moves(last, next);
  }

  static bool is_shift(const Operation& operation, Alu alu) {
    return operation.kind == Kind::alu && operation.alu() == alu && operation.has_immediate() &&
           operation.width == Width::w64;
  }

  // a = x << k; a = a >> k (or s>> k) takes the low 64 - k bits of x.
  static bool extends(const Operation& last, Operation& next) {
    const bool sign = is_shift(next, Alu::arsh);
    if (!is_shift(last, Alu::lsh) || (!sign && !is_shift(next, Alu::rsh))) return false;
    if (next.immediate != last.immediate) return false;
    const s64 bits = 64 - next.immediate;
    if (bits != 8 && bits != 16 && bits != 32) return false;
    next.right = last.left;
    next.left = kNoRegister;
    if (sign) {
      next.row = static_cast<u8>(bits == 8    ? Alu::movsx8
                                 : bits == 16 ? Alu::movsx16
                                              : Alu::movsx32);
    } else if (bits == 32) {
      next.row = static_cast<u8>(Alu::mov);
      next.width = Width::w32;
    } else {
      next.row = static_cast<u8>(Alu::and_);
      next.left = last.left;
      next.right = kNoRegister;
      next.immediate = bits == 8 ? 0xff : 0xffff;
    }
    return true;
  }

  // a = b; a = a OP c is a = b OP c.
  static bool moves(const Operation& last, Operation& next) {
    if (last.alu() != Alu::mov || last.has_immediate()) return false;
    if (last.width == Width::w32 && next.width == Width::w64) return false;
    if (next.left != next.dst) return false;  // another copy: `last` is dead, or what it copies
    next.left = last.right;
    if (next.right == next.dst) next.right = last.right;
    return true;
  }

  const Source& source_;
  const platform::Bindings& bindings_;
  std::vector<u8> charges_;
  std::vector<u32> block_of_;  // by instruction
  Unit unit_;
  Kinds kinds_ = 0;  // of the function
};

}  // namespace

Unit lower(const Source& source, const platform::Bindings& bindings) {
  return Lowerer(source, bindings).run();
}

}  // namespace skep::jit
