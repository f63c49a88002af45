#include "interpret/trap.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "isa/tables.hpp"

namespace skep::interpret {
namespace {

using isa::Form;
using isa::Instruction;

std::string_view access_name(const Instruction& i) {
  switch (i.form) {
    case Form::load:
    case Form::load_signed: return "read";
    case Form::atomic:
      return i.atomic() == isa::Atomic::load_acquire ? "atomic read" : "atomic access";
    default: return "write";
  }
}

std::string helper_called(const Instruction& i, u64 id) {
  const s64 number = i.call() == isa::Call::indirect ? static_cast<s64>(id) : i.immediate;
  const std::string_view name = platform::helper_name(number);
  return name.empty() ? format("helper {}", number) : format("helper {} ({})", number, name);
}

bool writes_frame_pointer(const Instruction& i) {
  if (i.form == Form::atomic) {
    const isa::Fetch fetch = isa::kAtomic[i.atomic()].fetch;
    return (fetch == isa::Fetch::source && i.src == isa::kFramePointer) ||
           (fetch == isa::Fetch::destination && i.dst == isa::kFramePointer);
  }
  const bool writes = i.form == Form::alu || i.form == Form::constant || i.form == Form::load ||
                      i.form == Form::load_signed || i.form == Form::address_space_cast;
  return writes && i.dst == isa::kFramePointer;
}

Error refused(const Instruction& i, std::string_view what) {
  return {Fault::rejected, format("slot {}: {}", i.slot.value(), what)};
}

}  // namespace

Error to_error(std::span<const Instruction> code, const Trapped& trapped, u64 fuel) {
  const Instruction& i = code[trapped.instruction];
  const std::string place = format("slot {}: ", i.slot.value());
  const std::string access = format("{} of {} at 0x{:x}", access_name(i),
                                    counted(isa::bytes_of(i.width), "byte"), trapped.address);
  switch (trapped.trap) {
    case Trap::outside:
      return {Fault::rejected, place + access + " is out of bounds",
              "check the pointer against the bounds of its memory before the access"};
    case Trap::misaligned:
      return {Fault::rejected, place + access + " is not aligned",
              "atomic operations need an address that their size divides"};
    case Trap::fuel:
      return {Fault::exhausted,
              place + format("the fuel of {} instruction{} is used up", grouped(fuel),
                             fuel == 1 ? "" : "s"),
              "look for a loop that does not end, or allow more instructions"};
    case Trap::frames:
      return {Fault::rejected,
              place + format("more than {} frames of local calls", isa::kFramesMax)};
    case Trap::helper:
      return {Fault::rejected,
              place + helper_called(i, trapped.address) + " is not available here"};
    case Trap::packet: return {Fault::rejected, place + "packet loads are not available here"};
    case Trap::none:
    case Trap::count_: break;
  }
  return {Fault::rejected, place + "stopped"};
}

Result<void> check_confinable(std::span<const Instruction> code,
                              const platform::Bindings& bindings) {
  if (code.empty()) return Error(Fault::malformed, "the program has no instructions");
  for (const Instruction& i : code) {
    if (writes_frame_pointer(i)) return refused(i, "r10 is read-only");
    if (i.form == Form::call && i.call() == isa::Call::kfunc) {
      return Error(Fault::unsupported,
                   format("slot {}: kernel functions cannot be called here", i.slot.value()));
    }
    if (i.form == Form::address_space_cast || i.form == Form::unknown) {
      return Error(Fault::unsupported,
                   format("slot {}: {}", i.slot.value(),
                          i.form == Form::unknown
                              ? "not an instruction that skep knows"
                              : "pointers into an arena cannot be made here, without arenas"));
    }
    if (i.form == Form::constant && !resolve_constant(i, bindings)) {
      return refused(i, "the constant names a map or variable that is not bound");
    }
  }
  if (isa::falls_through(code.back())) return refused(code.back(), "the program runs off its end");
  return {};
}

std::optional<u64> resolve_constant(const Instruction& i, const platform::Bindings& bindings) {
  using isa::Constant;
  const auto bound = [&](std::span<const u64> values) -> std::optional<u64> {
    if (i.map_number() >= values.size()) return std::nullopt;
    return values[i.map_number()];
  };
  switch (i.constant()) {
    case Constant::number: return static_cast<u64>(i.immediate);
    case Constant::map:
    case Constant::map_by_index: return bound(bindings.maps);
    case Constant::map_value:
    case Constant::map_value_by_index: {
      const auto base = bound(bindings.map_values);
      if (!base || *base == 0) return std::nullopt;
      return *base + i.map_value_offset();
    }
    case Constant::function:
    case Constant::variable:
    case Constant::count_: break;
  }
  return std::nullopt;
}

bool is_bound(const platform::Bindings& bindings, u64 id) {
  return id < bindings.helpers.size() && id != u64{kTailCallHelper} &&
         bindings.helpers[id] != nullptr;
}

}  // namespace skep::interpret
