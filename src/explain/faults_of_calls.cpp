// What a call gets that it may not, in a concrete run.
#include <algorithm>

#include "base/text.hpp"
#include "explain/objects.hpp"
#include "platform/arguments.hpp"

namespace skep::explain {
namespace {

using isa::Instruction;
using platform::Argument;

}  // namespace

// How many bytes the call touches behind `r`; no value: their number was never set.
std::optional<u64> Machine::bytes_of_argument(std::size_t stop, const platform::HelperRow& helper,
                                              u8 r) const {
  const verify::Value& map = way_.stops()[stop].state.frame().registers[isa::kR1];
  const auto number = static_cast<std::size_t>(map.map);
  const auto& maps = *way_.program().maps;
  const bool has_map = map.kind == verify::Kind::map && number < maps.size();
  switch (platform::kArguments[helper.arguments[r - 1u]].extent) {
    case platform::Extent::none: return 0;
    case platform::Extent::next_argument: {
      const Cell& size = reg(static_cast<u8>(r + 1));
      return size.is_set ? std::optional(size.value) : std::nullopt;
    }
    case platform::Extent::fixed: return helper.fixed_bytes_or_one();
    case platform::Extent::map_key: return has_map ? maps[number].key_size : 0;
    case platform::Extent::map_value: return has_map ? maps[number].value_size : 0;
  }
  return 0;
}

std::string Machine::fault_of_argument(std::size_t stop, const platform::HelperRow& helper, u8 r) {
  const Argument argument = helper.arguments[r - 1u];
  if (argument == Argument::none) return {};
  if (!reg(r).is_set) return format("r{} was never set", r);
  const platform::ArgumentRow& row = platform::kArguments[argument];
  const bool is_size = argument == Argument::size;
  if (is_size && reg(r).value == 0) return format("gets 0 as a size in r{}", r);
  if (row.is_number) return {};
  if (reg(r).value == 0 && !reg(r).is_pointer() && row.may_be_null) return {};
  const auto bytes = bytes_of_argument(stop, helper, r);
  return bytes ? fault_of_memory(r, *bytes, !row.is_filled) : std::string();
}

// A global function takes what the types of its parameters say.
std::string Machine::fault_of_local_call(const Instruction& i) {
  const auto& functions = way_.program().functions;
  const auto callee = std::ranges::find(functions, i.target, &platform::Function::begin);
  if (callee == functions.end() || !callee->signature) return {};
  u8 r = isa::kR1;
  for (const platform::Parameter& parameter : callee->signature->parameters) {
    if (!reg(r).is_set) return format("r{} was never set", r);
    const bool is_null = !reg(r).is_pointer() && reg(r).value == 0;
    const bool is_memory = parameter.kind == platform::ParameterKind::memory;
    if (is_memory && !(is_null && parameter.may_be_null)) {
      const std::string fault = fault_of_memory(r, parameter.size, false);
      if (!fault.empty()) return format("{}() {}", callee->name, fault);
    }
    const bool wants_number = parameter.kind == platform::ParameterKind::number;
    if (wants_number && reg(r).is_pointer())
      return format("{}() gets an address as a number in r{}", callee->name, r);
    ++r;
  }
  return {};
}

std::string Machine::fault_of_call(std::size_t stop) {
  const Instruction& i = way_.instruction(stop);
  const platform::HelperRow* helper = i.call() == isa::Call::helper
                                          ? platform::find_helper(i.immediate, way_.program().type)
                                          : nullptr;
  if (i.call() == isa::Call::local) return fault_of_local_call(i);
  if (helper == nullptr) return {};
  const verify::Frame& frame = way_.stops()[stop].state.frame();
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) {
    const Argument argument = helper->arguments[r - 1u];
    const verify::Value& known = frame.registers[r];
    const bool constant = argument == Argument::constant_size || argument == Argument::record_size;
    if (constant && known.is_number() && !known.number.is_constant())
      return format("bpf_{} gets a size in r{} that differs from run to run", helper->name, r);
    if (argument == Argument::map && known.kind != verify::Kind::map && reg(r).is_set)
      return format("bpf_{} gets {} as a map", helper->name, describe(known));
    const bool is_other =
        argument == Argument::record && known.is_pointer() && known.kind != verify::Kind::record;
    if (is_other) return format("bpf_{} gets {} as a ring record", helper->name, describe(known));
    if (argument == Argument::map && known.kind == verify::Kind::map) {
      const auto number = static_cast<std::size_t>(known.map);
      const auto& maps = *way_.program().maps;
      const bool takes =
          number >= maps.size() || (helper->maps & platform::set_of(maps[number].kind)) != 0;
      if (!takes)
        return format("bpf_{} gets map {}, which is of another kind", helper->name,
                      maps[number].name);
    }
    if (auto fault = fault_of_argument(stop, *helper, r); !fault.empty()) {
      const bool is_register = fault.starts_with("r");
      return is_register ? fault : format("bpf_{} {}", helper->name, fault);
    }
  }
  return {};
}

}  // namespace skep::explain
