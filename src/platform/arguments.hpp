// What the kinds of helpers' arguments have in common: whose memory it is, how much of it, and what
// the call does with it.
//
// The verifier asks it before it proves an argument, and explain when it looks for an input that
// the argument does not fit.
#pragma once

#include "base/enum_array.hpp"
#include "platform/helpers.hpp"

namespace skep::platform {

// How many bytes behind the pointer are the call's.
enum class Extent : u8 {
  none,           // a number, or an object that is known as a whole
  next_argument,  // so many as the argument behind it says
  fixed,          // HelperRow::fixed_bytes
  map_key,        // of the map that argument 1 is
  map_value,
};

struct ArgumentRow {
  Extent extent = Extent::none;
  bool is_number = false;  // or anything: no pointer is asked for
  bool may_be_null = false;
  bool is_filled = false;  // by the call, which does not read it first
};

// clang-format off
inline constexpr EnumArray<Argument, ArgumentRow> kArguments({
    {Argument::none, {.is_number = true}},
    {Argument::number, {.is_number = true}},
    {Argument::anything, {.is_number = true}},
    {Argument::context, {}},
    {Argument::context_or_null, {.may_be_null = true}},
    {Argument::map, {}},
    {Argument::map_key, {.extent = Extent::map_key}},
    {Argument::map_value, {.extent = Extent::map_value}},
    {Argument::map_value_or_null, {.extent = Extent::map_value, .may_be_null = true}},
    {Argument::map_value_out, {.extent = Extent::map_value, .is_filled = true}},
    {Argument::memory, {.extent = Extent::next_argument}},
    {Argument::memory_or_null, {.extent = Extent::next_argument, .may_be_null = true}},
    {Argument::writable_memory, {.extent = Extent::next_argument, .is_filled = true}},
    {Argument::writable_memory_or_null, {.extent = Extent::next_argument, .may_be_null = true, .is_filled = true}},
    {Argument::updated_memory, {.extent = Extent::next_argument}},
    {Argument::updated_memory_or_null, {.extent = Extent::next_argument, .may_be_null = true}},
    {Argument::map_value_memory, {.extent = Extent::next_argument}},
    {Argument::fixed_memory, {.extent = Extent::fixed}},
    {Argument::fixed_memory_out, {.extent = Extent::fixed, .is_filled = true}},
    {Argument::updated_fixed_memory, {.extent = Extent::fixed}},
    {Argument::size, {.is_number = true}},
    {Argument::size_or_zero, {.is_number = true}},
    {Argument::constant_size, {.is_number = true}},
    {Argument::record_size, {.is_number = true}},
    {Argument::record, {}},
    {Argument::constant_string, {}},
    {Argument::function, {}},
    {Argument::stack_or_null, {.may_be_null = true}},
    {Argument::spin_lock, {}},
    {Argument::timer, {}},
    {Argument::kptr, {}},
    {Argument::owned_or_null, {.may_be_null = true}},
    {Argument::dynptr, {}},
    {Argument::dynptr_out, {}},
    {Argument::dynptr_taken, {}},
    {Argument::socket_common, {}},
    {Argument::socket, {}},
    {Argument::socket_or_null, {.may_be_null = true}},
    {Argument::socket_taken, {}},
    {Argument::kernel_socket, {}},
    {Argument::kernel_socket_or_null, {.may_be_null = true}},
    {Argument::kernel_type, {}},
    {Argument::kernel_type_or_null, {.may_be_null = true}},
    {Argument::per_cpu_variable, {}},
});
// clang-format on

}  // namespace skep::platform
