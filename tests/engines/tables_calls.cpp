#include "tables_calls.hpp"

#include "platform/contexts.hpp"

namespace skep::kernel_tables {
namespace {

constexpr s16 kMemory = -64;   // 64 bytes below the frame's end, zeroed
constexpr s16 kDynptr = -160;  // of 16 bytes
constexpr u8 kContextIn = 6, kThingIn = 7;

Slots map_constant(u8 r, int map) { return {slot(0x18, r, 1, 0, map), slot(0)}; }
Slots map_value(u8 r, int map) { return {slot(0x18, r, 2, 0, map), slot(0)}; }
Slots stack(u8 r, s16 offset) { return {copy(r, 10), add(r, offset)}; }
void append(Slots& code, const Slots& more) { code.insert(code.end(), more.begin(), more.end()); }

bool has(const HelperRow& helper, std::initializer_list<Argument> kinds) {
  return std::ranges::any_of(helper.arguments, [&](Argument argument) {
    return std::ranges::find(kinds, argument) != kinds.end();
  });
}

// How many bytes a call is told to work on.
s32 bytes_of(const HelperRow& helper) {
  const std::string_view name = helper.name;
  if (name.starts_with("sk_lookup") || name == "skc_lookup_tcp") return 12;
  if (name == "tcp_check_syncookie" || name == "tcp_gen_syncookie") return 20;
  if (name.starts_with("tcp_raw_gen")) return 60;
  if (name == "fib_lookup") return 64;
  if (name == "snprintf_btf") return 16;
  return 8;
}

void call_with(Slots& code, std::initializer_list<Slots> arguments, s32 helper) {
  for (const Slots& each : arguments) append(code, each);
  append(code, {call(helper)});
}

constexpr s32 kRingbufReserve = 131, kRingbufDiscard = 133, kCurrentTask = 158, kSpinLock = 93,
              kSpinUnlock = 94, kDynptrFromMemory = 197, kReserveDynptr = 198, kDiscardDynptr = 200,
              kSkLookupTcp = 84, kSkRelease = 86;

bool takes_socket(const HelperRow& helper) {
  return has(helper,
             {Argument::socket_common, Argument::kernel_socket, Argument::kernel_socket_or_null});
}

// Where the context of such programs has a socket, or null.
const platform::ContextField* socket_field(const Cell& cell) {
  using platform::FieldKind;
  for (const platform::ContextField& field : platform::context_of(cell.type)) {
    if (field.kind == FieldKind::socket || field.kind == FieldKind::socket_or_null ||
        field.kind == FieldKind::socket_common_or_null)
      return &field;
  }
  return nullptr;
}

Slots prepared(const TriedCall& tried, const CallMaps& maps) {
  const HelperRow& helper = tried.helper;
  Slots code = {copy(kContextIn, 1)};
  for (s16 at = -8; at >= -128; at = static_cast<s16>(at - 8))
    code.push_back(store_zero(10, at, 8));
  if (takes_socket(helper)) {
    append(code,
           {load(kThingIn, kContextIn, static_cast<s16>(socket_field(tried.cell)->offset), 8)});
    leave_if_null(code, kThingIn);
  }
  if (has(helper, {Argument::kernel_type})) append(code, {call(kCurrentTask), copy(kThingIn, 0)});
  if (has(helper, {Argument::dynptr}))
    call_with(code, {map_value(1, maps.values()), {set(2, 16), set(3, 0)}, stack(4, kDynptr)},
              kDynptrFromMemory);
  if (has(helper, {Argument::dynptr_taken}))
    call_with(
        code,
        {map_constant(1, maps.of(MapKind::ringbuf)), {set(2, 16), set(3, 0)}, stack(4, kDynptr)},
        kReserveDynptr);
  if (has(helper, {Argument::record})) {
    call_with(code, {map_constant(1, maps.of(MapKind::ringbuf)), {set(2, 16), set(3, 0)}},
              kRingbufReserve);
    leave_if_null(code, 0);
    append(code, {copy(kThingIn, 0)});
  }
  if (has(helper, {Argument::socket_taken})) {
    call_with(code, {{copy(1, kContextIn)}, stack(2, kMemory), {set(3, 12), set(4, 0), set(5, 0)}},
              kSkLookupTcp);
    leave_if_null(code, 0);
    append(code, {copy(kThingIn, 0)});
  }
  if (helper.id == kSpinUnlock) call_with(code, {map_value(1, maps.locks())}, kSpinLock);
  return code;
}

// Gives back what the call took.
Slots cleaned_up(const TriedCall& tried, const CallMaps& maps) {
  const HelperRow& helper = tried.helper;
  Slots code;
  if (helper.id == kSpinLock) call_with(code, {map_value(1, maps.locks())}, kSpinUnlock);
  if (helper.id == kReserveDynptr)
    call_with(code, {stack(1, tried.wrong == 4 ? kMemory : kDynptr), {set(2, 0)}}, kDiscardDynptr);
  if (helper.id == kRingbufReserve)
    append(code, {slot(0x15, 0, 0, 3), copy(1, 0), set(2, 0), call(kRingbufDiscard)});
  const bool is_socket = helper.acquires && helper.arguments[0] == Argument::context;
  if (is_socket) append(code, {slot(0x15, 0, 0, 2), copy(1, 0), call(kSkRelease)});
  append(code, {set(0, 1), leave()});
  return code;
}

Slots right_value(const TriedCall& tried, u8 r, const CallMaps& maps) {
  switch (tried.helper.arguments[r - 1u]) {
    case Argument::context:
    case Argument::context_or_null: return {copy(r, kContextIn)};
    case Argument::map: return map_constant(r, tried.map);
    case Argument::map_key:
    case Argument::map_value:
    case Argument::map_value_or_null:
    case Argument::map_value_out:
    case Argument::memory:
    case Argument::memory_or_null:
    case Argument::writable_memory:
    case Argument::writable_memory_or_null:
    case Argument::updated_memory:
    case Argument::updated_memory_or_null:
    case Argument::fixed_memory:
    case Argument::fixed_memory_out:
    case Argument::updated_fixed_memory: return stack(r, kMemory);
    case Argument::map_value_memory: return map_value(r, maps.values());
    case Argument::size:
    case Argument::size_or_zero:
    case Argument::constant_size:
    case Argument::record_size: return {set(r, bytes_of(tried.helper))};
    case Argument::constant_string: return map_value(r, maps.text());
    case Argument::spin_lock: return map_value(r, maps.locks());
    case Argument::timer: return map_value(r, maps.timers());
    case Argument::dynptr:
    case Argument::dynptr_out:
    case Argument::dynptr_taken: return stack(r, kDynptr);
    case Argument::record:
    case Argument::socket_common:
    case Argument::socket_taken:
    case Argument::kernel_socket:
    case Argument::kernel_socket_or_null:
    case Argument::kernel_type: return {copy(r, kThingIn)};
    case Argument::count_:
    case Argument::none:
    case Argument::number:
    case Argument::anything:
    case Argument::function:
    case Argument::stack_or_null:
    case Argument::kptr:
    case Argument::owned_or_null:
    case Argument::socket:
    case Argument::socket_or_null:
    case Argument::kernel_type_or_null:
    case Argument::per_cpu_variable: return {set(r, 0)};
  }
  return {};
}

Slots tried_value(const TriedCall& tried, u8 r) {
  switch (tried.with) {
    case Tried::number: return {set(r, 8)};
    case Tried::null: return {set(r, 0)};
    case Tried::map: return map_constant(r, tried.map);
    case Tried::stack: return stack(r, kMemory);
    case Tried::context: return {copy(r, kContextIn)};
    case Tried::count_: break;
  }
  return {};
}

// Null memory goes with no bytes.
bool is_size_of_null(const TriedCall& tried, u8 r) {
  const Argument kind = tried.helper.arguments[r - 1u];
  return tried.with == Tried::null && tried.wrong != 0 && r == tried.wrong + 1 &&
         kind == Argument::size_or_zero;
}

}  // namespace

std::string cannot_be_called(const HelperRow& helper, const Cell& cell) {
  if (takes_socket(helper) && socket_field(cell) == nullptr)
    return "it takes a socket, and the context has none";
  if (has(helper, {Argument::function})) return "it calls a function of the program";
  if (has(helper, {Argument::kptr, Argument::owned_or_null}))
    return "it takes a kernel pointer of a map";
  if (has(helper, {Argument::per_cpu_variable})) return "it takes a variable of the kernel";
  if (has(helper, {Argument::kernel_type}) && helper.kernel_type != "task_struct")
    return format("it takes a {} of the kernel", helper.kernel_type);
  return {};
}

Slots code_of(const TriedCall& tried, const CallMaps& maps) {
  Slots code = prepared(tried, maps);
  for (u8 r = 1; r <= 5 && tried.helper.arguments[r - 1u] != Argument::none; ++r) {
    if (r == tried.wrong)
      append(code, tried_value(tried, r));
    else if (is_size_of_null(tried, r))
      append(code, {set(r, 0)});
    else
      append(code, right_value(tried, r, maps));
  }
  append(code, {call(tried.helper.id)});
  append(code, cleaned_up(tried, maps));
  return code;
}

}  // namespace skep::kernel_tables
