// Straight-line code: each step after the other, a jump to the end where one fails. There all
// descriptors are closed, those that were never made being 0: the blob's map itself has the lowest
// free number, so that no descriptor that is made while it is open is 0.
//
// r6 is the context and r7 the result of the last call; r0 to r5 live within a step.
#include "object/light/loader_program.hpp"

namespace skep::object::light {
namespace {

using isa::Form;
using isa::Instruction;
using isa::InstructionIndex;
using isa::Source;
using isa::Width;

constexpr u8 kR0 = 0, kR1 = 1, kR2 = 2, kR3 = 3, kR4 = 4, kContext = 6, kResult = 7;

enum class Helper : s64 {
  copy_from_user = 148,
  sys_bpf = 166,
  btf_find_by_name_kind = 167,
  sys_close = 168,
  kallsyms_lookup_name = 179,
};

constexpr s64 kNotFound = -2;  // ENOENT

Width width_of(u8 bytes) {
  switch (bytes) {
    case 1: return Width::w8;
    case 2: return Width::w16;
    case 4: return Width::w32;
    default: return Width::w64;
  }
}

s16 offset_of(Word word) { return static_cast<s16>(word * sizeof(u64)); }

// Instructions by their names.
class Code {
 public:
  void set(u8 dst, s64 number) { with_number(isa::Alu::mov, dst, number); }
  void add(u8 dst, s64 number) { with_number(isa::Alu::add, dst, number); }
  void copy(u8 dst, u8 src) {
    put({.form = Form::alu,
         .operation = operation(isa::Alu::mov),
         .source = Source::reg,
         .dst = dst,
         .src = src});
  }
  void address(u8 dst, Offset of) {
    put({.form = Form::constant,
         .operation = static_cast<u8>(isa::Constant::map_value_by_index),
         .dst = dst,
         .immediate = static_cast<s64>(u64{of} << 32)});
  }
  void load(u8 dst, u8 base, s16 offset, Width width) {
    put({.form = Form::load, .width = width, .dst = dst, .src = base, .offset = offset});
  }
  void store(u8 base, s16 offset, u8 src, Width width) {
    put({.form = Form::store,
         .width = width,
         .source = Source::reg,
         .dst = base,
         .src = src,
         .offset = offset});
  }
  void store_number(u8 base, s16 offset, s64 number, Width width) {
    put({.form = Form::store, .width = width, .dst = base, .offset = offset, .immediate = number});
  }
  void call(Helper helper) {
    put({.form = Form::call,
         .operation = static_cast<u8>(isa::Call::helper),
         .immediate = static_cast<s64>(helper)});
  }
  void exit() { put({.form = Form::exit}); }

  // A jump whose target is named later, by land().
  using Hop = std::size_t;
  Hop jump_if(isa::Jump condition, u8 reg, s64 number) {
    put({.form = Form::jump,
         .operation = static_cast<u8>(condition),
         .dst = reg,
         .immediate = number});
    return code_.size() - 1;
  }
  Hop jump() {
    put({.form = Form::jump_always});
    return code_.size() - 1;
  }
  void land(Hop from) { code_[from].target = InstructionIndex(static_cast<u32>(code_.size())); }

  Result<std::vector<isa::Slot>> encode() const { return isa::encode(code_); }

 private:
  void with_number(isa::Alu alu, u8 dst, s64 number) {
    put({.form = Form::alu, .operation = operation(alu), .dst = dst, .immediate = number});
  }
  static u8 operation(isa::Alu alu) { return static_cast<u8>(alu); }
  void put(const Instruction& instruction) { code_.push_back(instruction); }

  isa::Code code_;
};

class Assembler {
 public:
  explicit Assembler(const Plan& plan) : plan_(plan) {}

  Result<std::vector<isa::Slot>> run() {
    code_.copy(kContext, kR1);
    for (std::size_t number = 0; number < plan_.steps.size(); ++number) {
      const Step& step = plan_.steps[number];
      if (!step.text.empty()) {
        code_.store_number(kContext, offset_of(kStep), static_cast<s64>(number), Width::w64);
      }
      std::visit([&](const auto& action) { emit(action); }, step.action);
    }
    code_.set(kR0, 0);
    code_.exit();
    for (const Code::Hop from : failures_) code_.land(from);
    for (const Offset each : plan_.descriptors) emit(Close{each});
    code_.copy(kR0, kResult);
    code_.exit();
    auto slots = code_.encode();
    if (slots.ok()) return slots;
    return Error(Fault::exhausted, "the loader program is too long: " + slots.error().message,
                 "split the object, or load it with libbpf");
  }

 private:
  void word(u8 dst, Word word) { code_.load(dst, kContext, offset_of(word), Width::w64); }
  void stop_if_negative() { failures_.push_back(code_.jump_if(isa::Jump::slt, kResult, 0)); }
  void keep_result() { code_.copy(kResult, kR0); }

  void emit(const RunCommand& run) {
    for (const Fill& each : run.fills) {
      std::visit([&](const auto& fill) { put(fill); }, each);
    }
    code_.set(kR1, static_cast<s64>(run.command));
    code_.address(kR2, run.attributes);
    code_.set(kR3, run.size);
    code_.call(Helper::sys_bpf);
    keep_result();
    stop_if_negative();
    if (run.descriptor) store_result(*run.descriptor, Width::w32);
  }

  void store_result(Offset to, Width width) {
    code_.address(kR1, to);
    code_.store(kR1, 0, kResult, width);
  }

  void put(const Address& fill) {
    code_.address(kR0, fill.of);
    code_.address(kR1, fill.to);
    code_.store(kR1, 0, kR0, Width::w64);
  }
  void put(const Copy& fill) {
    code_.address(kR1, fill.from);
    code_.load(kR0, kR1, 0, Width::w32);
    code_.address(kR1, fill.to);
    code_.store(kR1, 0, kR0, Width::w32);
  }
  void put(const Input& fill) {
    word(kR0, fill.from);
    const Code::Hop nothing = code_.jump_if(isa::Jump::eq, kR0, 0);
    code_.address(kR1, fill.to);
    code_.store(kR1, 0, kR0, width_of(fill.bytes));
    code_.land(nothing);
  }
  void put(const Choose& fill) {
    code_.address(kR1, fill.when);
    code_.load(kR0, kR1, 0, Width::w32);
    const Code::Hop nothing = code_.jump_if(isa::Jump::eq, kR0, 0);
    code_.address(kR1, fill.to);
    code_.store_number(kR1, 0, fill.value, width_of(fill.bytes));
    code_.land(nothing);
  }

  void emit(const CopyFromUser& copy) {
    word(kR3, copy.from);
    const Code::Hop nothing = code_.jump_if(isa::Jump::eq, kR3, 0);
    code_.address(kR1, copy.to);
    code_.set(kR2, copy.size);
    code_.call(Helper::copy_from_user);
    keep_result();
    stop_if_negative();
    code_.land(nothing);
  }

  void emit(const FindType& find) {
    code_.address(kR1, find.name);
    code_.set(kR2, find.size);
    code_.set(kR3, static_cast<s64>(find.kind));
    code_.set(kR4, 0);
    code_.call(Helper::btf_find_by_name_kind);
    keep_result();
    const Code::Hop not_there = skip_if_not_found(find.is_weak);
    stop_if_negative();
    store_result(find.answer, Width::w64);
    if (find.is_weak) code_.land(not_there);
  }

  // The answer of a weak name stays zero.
  Code::Hop skip_if_not_found(bool is_weak) {
    return is_weak ? code_.jump_if(isa::Jump::eq, kResult, kNotFound) : 0;
  }

  void emit(const FindAddress& find) {
    code_.address(kR1, find.name);
    code_.set(kR2, find.size);
    code_.set(kR3, 0);
    code_.address(kR4, find.answer);
    code_.call(Helper::kallsyms_lookup_name);
    keep_result();
    const Code::Hop not_there = skip_if_not_found(find.is_weak);
    stop_if_negative();
    if (find.addend != 0) add_to(find.answer, find.addend);
    if (find.is_weak) code_.land(not_there);
  }

  void add_to(Offset sum, u32 addend) {
    code_.address(kR1, sum);
    code_.load(kR0, kR1, 0, Width::w64);
    code_.add(kR0, addend);
    code_.store(kR1, 0, kR0, Width::w64);
  }

  void emit(const Close& close) {
    code_.address(kR2, close.descriptor);
    code_.load(kR1, kR2, 0, Width::w32);
    const Code::Hop nothing = code_.jump_if(isa::Jump::eq, kR1, 0);
    code_.store_number(kR2, 0, 0, Width::w32);
    code_.call(Helper::sys_close);
    code_.land(nothing);
  }

  void emit(const HandOver& over) {
    code_.address(kR1, over.descriptor);
    code_.load(kR0, kR1, 0, Width::w32);
    code_.store(kContext, offset_of(over.to), kR0, Width::w64);
  }

  const Plan& plan_;
  Code code_;
  std::vector<Code::Hop> failures_;
};

}  // namespace

Result<std::vector<isa::Slot>> loader_program(const Plan& plan) { return Assembler(plan).run(); }

}  // namespace skep::object::light
