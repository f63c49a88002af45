// What a concrete run does wrong at the refused instruction, and what it did before.
#include <algorithm>

#include "base/text.hpp"
#include "explain/objects.hpp"
#include "platform/returns.hpp"
#include "text/text.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;

bool reads_memory(const Instruction& i) {
  const bool acquires = i.form == Form::atomic && i.atomic() == isa::Atomic::load_acquire;
  return i.form == Form::load || i.form == Form::load_signed || acquires;
}

// Whether plain jumps from here lead back here.
bool jumps_to_itself(const isa::Code& code, isa::InstructionIndex at) {
  const isa::InstructionIndex start = at;
  for (std::size_t n = 0; n < code.size() && code[at.value()].form == Form::jump_always; ++n) {
    at = code[at.value()].target;
    if (at == start) return true;
  }
  return false;
}

}  // namespace

std::string bytes_text(s64 first, u64 bytes) {
  if (bytes == 1) return format("byte {}", first);
  return format("bytes {} to {}", first, first + static_cast<s64>(bytes) - 1);
}

std::string Machine::describe_cell(u8 r) const {
  const Cell& cell = reg(r);
  if (!cell.is_set) return format("r{} was never set", r);
  if (!cell.is_pointer()) {
    const auto value = static_cast<s64>(cell.value);
    return cell.null_of >= 0 ? format("r{} is null", r) : format("r{} is {}", r, value);
  }
  const Object& object = objects_[static_cast<u32>(cell.object)];
  const auto offset = static_cast<s64>(cell.value);
  if (offset == 0) return format("r{} is {}", r, object.name);
  return format("r{} is {} {} {}", r, object.name, offset < 0 ? '-' : '+', std::abs(offset));
}

void Machine::note(std::size_t stop, const std::string& compared) {
  const Instruction& i = way_.instruction(stop);
  std::string what = way_.text(stop);
  const verify::Registers writes = verify::effects_of(i).writes;
  const bool is_jump = i.form == Form::jump;
  for (u8 r = 0; r < isa::kRegisters && !is_jump; ++r) {
    const bool is_result = i.form != Form::call || r == isa::kR0;
    if ((writes & verify::bit(r)) != 0 && is_result && reg(r).is_set)
      what += ": " + describe_cell(r);
  }
  if (is_jump) what += ": " + compared + (way_.is_taken(stop) ? ", taken" : ", not taken");
  trace_.push_back({way_.slot(stop), way_.line(stop), what, way_.source(stop)});
}

std::string Machine::fault_of(std::size_t stop) {
  const Instruction& i = way_.instruction(stop);
  trace_.push_back({way_.slot(stop), way_.line(stop), way_.text(stop), way_.source(stop)});
  const bool repeats = rule_ == "infinite-loop";
  if (repeats && std::ranges::find(here_before_, snapshot()) != here_before_.end())
    return "comes back with everything as it was, and so goes on for ever";
  if (jumps_to_itself(way_.program().code, way_.stops()[stop].at))
    return "jumps to itself for ever";
  if (i.form == Form::call) {
    const std::string fault = fault_of_call(stop);
    return fault.empty() ? fault_of_end(stop) : fault;
  }
  if (i.form == Form::exit) return fault_of_exit(stop);
  const verify::Registers reads = verify::effects_of(i).reads;
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    if ((reads & verify::bit(r)) != 0 && !reg(r).is_set) return format("r{} was never set", r);
  }
  if (reads_memory(i)) return fault_of_access(i, i.src);
  if (i.form == Form::store || i.form == Form::atomic) return fault_of_access(i, i.dst);
  return i.form == Form::alu ? fault_of_arithmetic(i) : std::string();
}

// A pointer that is moved out of what it points to, or is no longer one.
std::string Machine::fault_of_arithmetic(const Instruction& i) {
  const Cell before = reg(i.dst), by = source(i);
  if (!before.is_pointer() && !by.is_pointer()) return {};
  alu(i);
  const Cell& behind = reg(i.dst);
  if (!behind.is_pointer()) return "computes with an address as if it were a number";
  const Object& object = objects_[static_cast<u32>(behind.object)];
  const bool is_frame = object.kind == ObjectKind::stack;
  const s64 begin = is_frame ? kFrameBegin : 0, end = is_frame ? 0 : size_of(object);
  const auto at = static_cast<s64>(behind.value);
  if (end < 0) return format("moves {} by {}", object.name, static_cast<s64>(by.value));
  if (at >= begin && at <= end) return {};
  return format("moves the pointer to byte {} of {}, which has {}", at, object.name,
                counted(static_cast<u64>(end - begin), "byte"));
}

std::string Machine::fault_of_access(const Instruction& i, u8 base) {
  const std::string_view verb = reads_memory(i) ? "reads" : "writes";
  const u32 bytes = isa::bytes_of(i.width);
  const Cell& cell = reg(base);
  if (!cell.is_pointer()) {
    if (cell.value == 0) return format("{} {} through null", verb, bytes_text(i.offset, bytes));
    return format("{} at address 0x{:x}, which is a number", verb,
                  cell.value + static_cast<u64>(s64{i.offset}));
  }
  const Object& object = objects_[static_cast<u32>(cell.object)];
  const s64 at = static_cast<s64>(cell.value) + i.offset;
  const std::string place = bytes_text(at, bytes);
  if (!object.is_alive)
    return format("{} {} of {}, which is not there any more", verb, place, object.name);
  if (rule_ == "not-a-pointer")
    return format("{} {} of {}, which has no bytes for programs", verb, place, object.name);
  const s64 size = size_of(object);
  if (object.kind == ObjectKind::stack) {
    if (at < kFrameBegin || at + bytes > 0)
      return format("{} {} from the frame's end, outside of its {} bytes", verb, place,
                    isa::kStackBytes);
    return reads_memory(i) ? fault_of_unset(object, at, bytes) : std::string();
  }
  if (size < 0) return {};
  if (at >= 0 && at + static_cast<s64>(bytes) <= size) return {};
  return format("{} {} of {}, which has {}", verb, place, object.name,
                counted(static_cast<u64>(size), "byte"));
}

// Bytes of the stack that nothing wrote; whether they count depends on the rules.
std::string Machine::fault_of_unset(const Object& stack, s64 at, u64 bytes) const {
  if (rule_ != "uninitialised-stack") return {};
  for (u64 n = 0; n < bytes; ++n) {
    const s64 byte = at + static_cast<s64>(n);
    if (!stack.written.contains(byte))
      return format("reads {} from the frame's end, which nothing wrote", bytes_text(byte, 1));
  }
  return {};
}

// What a helper would do with memory that `r` points to.
std::string Machine::fault_of_memory(u8 r, u64 bytes, bool is_read) {
  const Cell& cell = reg(r);
  if (!cell.is_pointer())
    return cell.value == 0 ? format("gets null in r{}", r) : format("gets a number in r{}", r);
  const Object& object = objects_[static_cast<u32>(cell.object)];
  if (!object.is_alive) return format("gets {}, which is not there any more", object.name);
  const auto at = static_cast<s64>(cell.value);
  const bool is_frame = object.kind == ObjectKind::stack;
  const s64 begin = is_frame ? kFrameBegin : 0, end = is_frame ? 0 : size_of(object);
  if (end < 0) return {};
  const bool fits = at >= begin && at <= end && bytes <= static_cast<u64>(end - at);
  if (fits) return is_read && is_frame ? fault_of_unset(object, at, bytes) : std::string();
  if (static_cast<s64>(bytes) < 0) return format("gets {} as a size", static_cast<s64>(bytes));
  return format("touches {} of {}, of which {} are there", counted(bytes, "byte"), object.name,
                std::max<s64>(0, end - at));
}

// What is held when the program may end here.
std::string Machine::fault_of_end(std::size_t stop) {
  for (const Object& object : objects_) {
    const auto& held = way_.stops()[stop].state.held;
    const auto is_it = [&](const verify::Held& each) { return each.id == object.reference; };
    const bool is_null = object.may_be_null && input_.get(object.id, kIsNull) != 0;
    if (object.reference != 0 && !is_null && std::ranges::any_of(held, is_it))
      return format("ends while {} ({}) is held", object.name, object.made);
  }
  return fault_of_stack_objects(stop);
}

// What an object on the stack holds, a dynptr for one, has no pointer that could be null.
std::string Machine::fault_of_stack_objects(std::size_t stop) const {
  for (const verify::Held& held : way_.stops()[stop].state.held) {
    if (held.what != verify::What::reference) continue;
    const auto is_its = [&](const Object& object) { return object.reference == held.id; };
    if (std::ranges::any_of(objects_, is_its)) continue;
    const std::string by = text::disassemble(way_.program().code, held.acquired_at, text::kPeople,
                                             text::names_of(way_.program()));
    return format("ends while what `{}` acquired is held", by);
  }
  return {};
}

std::string Machine::fault_of_exit(std::size_t stop) {
  if (auto fault = fault_of_end(stop); !fault.empty()) return fault;
  const Cell& result = reg(isa::kR0);
  if (!result.is_set) return "r0 was never set";
  if (result.is_pointer())
    return format("returns the address of {}", objects_[static_cast<u32>(result.object)].name);
  if (way_.stops()[stop].state.frame().entered == verify::Entered::as_callback) {
    if (result.value <= 1) return {};
    return format("returns {}, where 0 and 1 are allowed", static_cast<s64>(result.value));
  }
  const auto attach = platform::loaded_as(way_.program().type, way_.program().attach_type);
  const auto range = platform::allowed_returns(way_.program().type, attach);
  const auto value = static_cast<s64>(result.value);
  if (!range || way_.depth(stop) != 0 || (value >= range->least && value <= range->most)) return {};
  return format("returns {}, where {} to {} are allowed", value, range->least, range->most);
}

}  // namespace skep::explain
