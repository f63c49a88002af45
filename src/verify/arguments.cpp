#include "verify/arguments.hpp"

#include <algorithm>
#include <array>

#include "platform/arguments.hpp"
#include "verify/callbacks.hpp"
#include "verify/dynptrs.hpp"
#include "verify/fields.hpp"
#include "verify/kernel_functions.hpp"
#include "verify/kernel_types.hpp"
#include "verify/locks.hpp"
#include "verify/privileges.hpp"
#include "verify/stack.hpp"

namespace skep::verify {

Refusal bad_argument(const Call& call, u8 r, const State& state, std::string_view wanted) {
  return {Property::helper_argument,
          format("argument {} of bpf_{} is to be {}", r, call.helper.name, wanted),
          format("{} is {}", register_name(r), describe(state.frame().registers[r])),
          {}};
}

Check not_null(const State& state, u8 r) {
  const Value& value = state.frame().registers[r];
  if (!value.is_pointer() || value.null == Null::no) return {};
  return Refusal{Property::null_check,
                 format("{} may be null here", register_name(r)),
                 format("{} is {}", register_name(r), describe(value)),
                 {}};
}

namespace {

using platform::Argument;
using platform::HelperRow;

// The size argument in `r`, as how many bytes at least and at most.
Check size_extent(Analysis& analysis, const Call& call, const State& state, u8 r, Argument kind,
                  Extent& extent) {
  const Value& value = state.frame().registers[r];
  if (auto refused = check_readable(state, r)) return refused;
  if (!value.is_number()) return bad_argument(call, r, state, "a number of bytes");
  const Word<u64>& size = value.number.full;
  if (size.smin < 0 || size.umax > (1u << 29)) {
    Refusal refusal = bad_argument(call, r, state, "a bounded number of bytes");
    refusal.hint =
        "bound it on both sides first; signed comparisons leave negative numbers, which are huge "
        "as sizes";
    return refusal;
  }
  if (size.umin == 0 && kind == Argument::size)
    return bad_argument(call, r, state, "a number of bytes that is not zero");
  extent = {size.umin, size.umax};
  analysis.demand.registers |= bit(r);
  return {};
}

// The kernel's structures are memory to a helper while they are alive for sure (check_reg_type in
// kernel/bpf/verifier.c).
Check check_kernel_memory(const State& state, const Call& call, u8 r) {
  const Value& pointer = state.frame().registers[r];
  if (pointer.kind != Kind::kernel || pointer.trust == Trust::reference) return {};
  return Refusal{
      Property::helper_argument,
      format("argument {} of bpf_{} is to be memory that is alive", r, call.helper.name),
      format("{} is {}, of which that is not known", register_name(r), describe(pointer)),
      "copy it by bpf_probe_read_kernel first"};
}

Check check_sized_memory(Analysis& analysis, State& state, Call& call, u8 r) {
  const Argument kind = call.helper.arguments[r - 1u];
  Extent extent;
  if (auto refused = size_extent(analysis, call, state, static_cast<u8>(r + 1),
                                 call.helper.arguments[r], extent))
    return refused;
  call.size_max = extent.most;
  const bool may_be_null = platform::kArguments[kind].may_be_null;
  if (may_be_null && extent.most == 0 && state.frame().registers[r].is_null()) return {};
  const Value& pointer = state.frame().registers[r];
  if (!pointer.is_pointer() && extent.most == 0) return bad_argument(call, r, state, "memory");
  if (kind == Argument::map_value_memory && pointer.kind != Kind::map_value)
    return bad_argument(call, r, state, "memory in a map's value");
  if (auto refused = check_kernel_memory(state, call, r)) return refused;
  if (pointer.is_packet() && call.helper.effect == platform::Effect::moves_packet) {
    return bad_argument(call, r, state, "memory outside of the packet, which the call may move");
  }
  if (kind == Argument::memory || kind == Argument::memory_or_null)
    return check_memory(analysis, state, r, extent, Touch::read);
  if (kind == Argument::updated_memory || kind == Argument::updated_memory_or_null) {
    if (auto refused = check_memory(analysis, state, r, extent, Touch::read)) return refused;
  }
  return check_memory(analysis, state, r, extent, Touch::write);
}

// What is read-only for programs stays as it is: what was proved may stand on its contents.
bool changes_elements(const platform::HelperRow& helper) {
  constexpr auto kChanging = std::to_array<std::string_view>(
      {"map_update_elem", "map_delete_elem", "map_push_elem", "map_pop_elem"});
  return std::ranges::find(kChanging, helper.name) != kChanging.end();
}

Check check_map_kind(const Analysis& analysis, const platform::MapSpec& map) {
  const platform::MapKindRow& kind = platform::row(map.kind);
  if (analysis.for_user_engine() && kind.user_engine == platform::InUserEngine::no) {
    return Refusal{
        Property::unsupported,
        format("map {} is a {}, which the user engine does not have", map.name, kind.name), "",
        "run it in the kernel: --engine kernel"};
  }
  if (analysis.may_sleep() && (platform::set_of(map.kind) & platform::kSleepableKinds) == 0) {
    return Refusal{
        Property::helper_argument,
        format("map {} is a {}, which programs that may sleep cannot use", map.name, kind.name),
        "",
        {}};
  }
  return {};
}

// Program types that run where no socket is locked.
constexpr platform::ProgramType kChangeSockets[] = {
    platform::ProgramType::socket_filter, platform::ProgramType::sched_cls,
    platform::ProgramType::sched_act,     platform::ProgramType::xdp,
    platform::ProgramType::sk_reuseport,  platform::ProgramType::flow_dissector,
    platform::ProgramType::sk_lookup};

// By the kernel's rules those alone change maps of sockets (may_update_sockmap).
bool may_change_sockets(const Analysis& analysis, const HelperRow& helper,
                        const platform::MapSpec& map) {
  const platform::ProgramType type = analysis.program.type;
  const bool deletes = helper.name == "map_delete_elem";
  const bool changes = deletes || helper.name == "map_update_elem";
  const bool holds_sockets =
      map.kind == platform::MapKind::sockmap || map.kind == platform::MapKind::sockhash;
  if (analysis.for_user_engine() || !holds_sockets || !changes) return true;
  if (type == platform::ProgramType::sock_ops) return deletes;
  return std::ranges::find(kChangeSockets, type) != std::end(kChangeSockets) ||
         analysis.attach() == platform::AttachType::trace_iter;
}

Check check_map(const Analysis& analysis, const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (auto refused = not_null(state, r)) return refused;
  if (value.kind != Kind::map) return bad_argument(call, r, state, "a map");
  const platform::MapSpec& map = analysis.map(value.map);
  if ((call.helper.maps & platform::set_of(map.kind)) == 0) {
    return Refusal{Property::helper_argument,
                   format("bpf_{} does not work on map {}, a {}", call.helper.name, map.name,
                          platform::row(map.kind).name),
                   "",
                   {}};
  }
  if (auto refused = check_map_kind(analysis, map)) return refused;
  if (!may_change_sockets(analysis, call.helper, map)) {
    return Refusal{Property::helper_not_allowed,
                   format("bpf_{} changes map {}, a {}, in a program of type {}", call.helper.name,
                          map.name, platform::row(map.kind).name, analysis.type().name),
                   "the socket may be locked where such a program runs",
                   {}};
  }
  const bool is_read_only = (map.flags & platform::kReadOnlyForProgram) != 0;
  if (is_read_only && changes_elements(call.helper)) {
    return Refusal{Property::read_only,
                   format("bpf_{} changes map {}, which is read-only", call.helper.name, map.name),
                   "",
                   {}};
  }
  // A timer belongs to one map: by number, and, in a map of maps, by look-up.
  const bool is_its = call.map == value.map && call.map_reference == value.reference;
  if (call.timer && !is_its) return bad_argument(call, r, state, "the map that the timer is in");
  call.map = value.map;
  call.map_reference = value.reference;
  return {};
}

Check check_string(const Analysis& analysis, const State& state, const Call& call, u8 r) {
  if (is_frozen_text(analysis, state.frame().registers[r])) return {};
  return bad_argument(call, r, state, "text in .rodata");
}

bool is_held(const State& state, const Value& value) {
  return value.reference != 0 &&
         std::ranges::find(state.held, value.reference, &Held::id) != state.held.end();
}

Check check_record(const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool held = is_held(state, value);
  const bool whole = value.kind == Kind::record && value.null == Null::no && value.offset == 0 &&
                     Value::of_number(value.number).is_null();
  if (value.is_number() && value.lost_at != 0) {
    return Refusal{Property::held_reference,
                   format("bpf_{} gets a record that was given back before", call.helper.name),
                   format("instruction {} gave it back", value.lost_at - 1),
                   {}};
  }
  if (value.kind == Kind::record && value.null == Null::maybe) {
    return Refusal{Property::null_check,
                   format("{} may be null here", register_name(r)),
                   format("{} is {}", register_name(r), describe(value)),
                   {}};
  }
  if (!whole || !held)
    return bad_argument(call, r, state, "the record that bpf_ringbuf_reserve returned");
  call.given_back = value.reference;
  return {};
}

// ---- sockets ----

constexpr bool is_socket(Kind kind) {
  return kind == Kind::socket_common || kind == Kind::socket || kind == Kind::tcp_socket ||
         kind == Kind::xdp_socket;
}

// Sockets that an RCU section alone keeps are no sockets to helpers (btf_id_sock_common_types), but
// for the storage of tracing programs, which takes any structure
// (bpf_sk_storage_get_tracing_proto).
bool takes_rcu_sockets(const Analysis& analysis, const HelperRow& helper) {
  const platform::ProgramType type = analysis.program.type;
  const bool traces = type == platform::ProgramType::tracing || type == platform::ProgramType::lsm;
  return traces && helper.name.starts_with("sk_storage_");
}

Check check_socket(const Analysis& analysis, const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const Argument wanted = call.helper.arguments[r - 1u];
  const bool may_be_null = platform::kArguments[wanted].may_be_null;
  if (may_be_null && value.is_null()) return {};
  if (!may_be_null) {
    if (auto refused = not_null(state, r)) return refused;
  }
  const bool is_exact = wanted == Argument::socket || wanted == Argument::socket_or_null;
  const bool is_full = is_exact || wanted == Argument::socket_taken;
  const bool is_kernels = !is_exact && points_to(analysis, value, "sock_common") &&
                          (value.trust != Trust::rcu || takes_rcu_sockets(analysis, call.helper));
  const bool fits = is_exact ? value.kind == Kind::socket : is_socket(value.kind) || is_kernels;
  if (!fits || value.offset != 0)
    return bad_argument(call, r, state, is_full ? "a socket" : "a socket of any kind");
  if (wanted == Argument::socket_taken) {
    if (!is_held(state, value))
      return bad_argument(call, r, state, "a socket that the program holds");
    call.given_back = value.reference;
  }
  call.inherited = value.reference;
  return {};
}

// Memory whose size the helper's row has.
Check check_fixed(Analysis& analysis, State& state, const Call& call, u8 r, Touch touch) {
  const u64 bytes = call.helper.fixed_bytes;
  return check_memory(analysis, state, r, {bytes, bytes}, touch);
}

// What is put into a map of sockets.
Check check_element(const Analysis& analysis, const State& state, const Call& call, u8 r) {
  if (auto refused = not_null(state, r)) return refused;
  const Value& value = state.frame().registers[r];
  const bool fits = is_socket(value.kind) || points_to(analysis, value, "sock_common");
  if (fits && value.offset == 0) return {};
  return bad_argument(call, r, state, "a socket of any kind");
}

// Elements of arrays are there from the start; the kernel knows since 6.15
// (get_constant_map_key).
void note_key(Analysis& analysis, const State& state, Call& call, u8 r) {
  const platform::MapSpec& map = analysis.map(call.map);
  const bool is_array =
      map.kind == platform::MapKind::array || map.kind == platform::MapKind::percpu_array;
  if (!is_array || call.helper.name != "map_lookup_elem") return;
  const auto key = constant_on_stack(analysis, state, state.frame().registers[r], map.key_size);
  call.is_there = key && *key < map.max_entries;
}

Check check_map_memory(Analysis& analysis, State& state, Call& call, u8 r) {
  const platform::MapSpec& map = analysis.map(call.map);
  const Argument kind = call.helper.arguments[r - 1u];
  const platform::ArgumentRow& row = platform::kArguments[kind];
  const u64 bytes = row.extent == platform::Extent::map_key ? map.key_size : map.value_size;
  if (row.may_be_null && state.frame().registers[r].is_null()) return {};
  const bool holds_sockets =
      map.kind == platform::MapKind::sockmap || map.kind == platform::MapKind::sockhash;
  if (holds_sockets && kind == Argument::map_value && !analysis.for_user_engine())
    return check_element(analysis, state, call, r);
  if (kind == Argument::map_key) note_key(analysis, state, call, r);
  const Touch touch = row.is_filled ? Touch::write : Touch::read;
  return check_memory(analysis, state, r, {bytes, bytes}, touch);
}

// A constant number of bytes; of memory that the helper returns. The kernel takes any, of which it
// sees 32 bits: what is too large is never there.
Check check_constant_size(Analysis& analysis, const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool is_constant = value.is_number() && value.number.is_constant();
  if (!is_constant || (analysis.for_user_engine() && value.number.value() > ~u32{0})) {
    return bad_argument(call, r, state, "a constant number of bytes");
  }
  call.bytes = static_cast<u32>(value.number.value());
  analysis.demand.registers |= bit(r);
  return {};
}

Check check_context(const State& state, const Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool may_be_null = platform::kArguments[call.helper.arguments[r - 1u]].may_be_null;
  if (may_be_null && value.is_null()) return {};
  if (value.kind == Kind::context && value.is_at_start()) return {};
  return bad_argument(call, r, state, "the context");
}

// By the kernel's rules: what is not in the packet, and at which addresses.
Check check_where(const Analysis& analysis, const State& state, const Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const Argument wanted = call.helper.arguments[r - 1u];
  if (analysis.for_user_engine()) return {};
  const bool is_flags = call.helper.name == "get_local_storage" && r == 2;
  if (is_flags && !value.is_null()) return bad_argument(call, r, state, "0");
  if (wanted == Argument::anything) return {};
  if (value.is_packet() && !platform::may_get_packet(call.helper))
    return bad_argument(call, r, state, "memory outside of the packet");
  const bool is_fixed = platform::kArguments[wanted].extent == platform::Extent::fixed;
  const bool is_aligned = value.offset % call.helper.fixed_bytes_or_one() == 0;
  if (is_fixed && value.kind == Kind::stack && !is_aligned)
    return bad_argument(call, r, state, "memory that is aligned to its size");
  return {};
}

// Whether a pointer leads into a structure, to where one of these names is in it.
bool is_embedded_in(const Analysis& analysis, const Value& value, std::string_view names) {
  const bool is_usable =
      value.kind == Kind::kernel && value.trust != Trust::untrusted && value.number.is_constant();
  if (!is_usable) return false;
  for (std::string_view left = names; !left.empty();) {
    const std::size_t bar = left.find('|');
    const btf::TypeId wanted = structure_of_kernel(analysis, left.substr(0, bar));
    if (wanted != 0 && is_structure_of(analysis, value, wanted, Match::embedded)) return true;
    left = bar == std::string_view::npos ? "" : left.substr(bar + 1);
  }
  return false;
}

// A variable of each CPU, or an object that a map holds; not one that the program has just made.
Check check_per_cpu(const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (auto refused = not_null(state, r)) return refused;
  const bool fits = value.kind == Kind::kernel_per_cpu ||
                    (value.kind == Kind::own_per_cpu && value.trust == Trust::rcu);
  if (!fits || !value.is_at_start() || value.trust == Trust::untrusted)
    return bad_argument(call, r, state, "a variable of each CPU");
  call.per_cpu = value;
  return {};
}

Refusal not_yet(const Call& call, u8 r) {
  return {
      Property::unsupported,
      format("argument {} of bpf_{} is of a kind that is not verified yet", r, call.helper.name),
      "", "the kernel can say what it thinks of it: skep run --engine kernel"};
}

}  // namespace

bool is_frozen_text(const Analysis& analysis, const Value& value) {
  const bool is_known =
      value.kind == Kind::map_value && value.null == Null::no && value.number.is_constant();
  if (!is_known) return false;
  const platform::MapSpec& map = analysis.map(value.map);
  const bool frozen = map.is_globals && (map.flags & platform::kReadOnlyForProgram) != 0;
  const s64 first = value.offset + static_cast<s64>(value.number.value());
  if (!frozen || first < 0 || first >= static_cast<s64>(map.initial.size())) return false;
  return std::ranges::find(map.initial.begin() + first, map.initial.end(), std::byte{0}) !=
         map.initial.end();
}

Check check_argument(Analysis& analysis, State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (auto refused = check_readable(state, r)) return refused;
  if (auto refused = check_where(analysis, state, call, r)) return refused;
  switch (call.helper.arguments[r - 1u]) {
    case Argument::none: return {};
    case Argument::anything:
      if (!analysis.hides_addresses() || !value.is_pointer()) return {};
      return leaked(format("an address is handed to bpf_{}", call.helper.name), value, r);
    case Argument::number:
      if (!value.is_number()) return bad_argument(call, r, state, "a number");
      return {};
    case Argument::context:
    case Argument::context_or_null: return check_context(state, call, r);
    case Argument::map: return check_map(analysis, state, call, r);
    case Argument::map_key:
    case Argument::map_value:
    case Argument::map_value_or_null:
    case Argument::map_value_out: return check_map_memory(analysis, state, call, r);
    case Argument::memory:
    case Argument::memory_or_null:
    case Argument::writable_memory:
    case Argument::writable_memory_or_null:
    case Argument::updated_memory:
    case Argument::updated_memory_or_null:
    case Argument::map_value_memory: return check_sized_memory(analysis, state, call, r);
    case Argument::fixed_memory: return check_fixed(analysis, state, call, r, Touch::read);
    case Argument::fixed_memory_out: return check_fixed(analysis, state, call, r, Touch::write);
    case Argument::updated_fixed_memory:
      if (auto refused = check_fixed(analysis, state, call, r, Touch::read)) return refused;
      return check_fixed(analysis, state, call, r, Touch::write);
    case Argument::size:
    case Argument::size_or_zero: return {};  // with the memory before it
    case Argument::constant_size:
    case Argument::record_size: return check_constant_size(analysis, state, call, r);
    case Argument::record: return check_record(state, call, r);
    case Argument::constant_string: return check_string(analysis, state, call, r);
    case Argument::socket_common:
    case Argument::socket:
    case Argument::socket_or_null:
    case Argument::socket_taken:
    case Argument::kernel_socket:
    case Argument::kernel_socket_or_null: return check_socket(analysis, state, call, r);
    case Argument::function:
      // One that is not walked would be one that is not verified.
      if (!calls_back(call.helper) && !calls_later(call.helper)) return not_yet(call, r);
      if (value.kind != Kind::function) return bad_argument(call, r, state, "a function");
      call.function = value.map;
      return {};
    case Argument::dynptr:
    case Argument::dynptr_out:
    case Argument::dynptr_taken: return check_dynptr_argument(analysis, state, call, r);
    case Argument::stack_or_null:
      if (value.is_null() || value.kind == Kind::stack) return {};
      return bad_argument(call, r, state, "a pointer into the stack, or null");
    case Argument::spin_lock: return check_spin_lock(analysis, state, call, r);
    case Argument::timer: return check_timer(analysis, state, call, r);
    case Argument::kptr: return check_exchanged(analysis, state, call, r);
    case Argument::owned_or_null: return check_owned(analysis, state, call, r);
    case Argument::per_cpu_variable: return check_per_cpu(state, call, r);
    case Argument::count_: return not_yet(call, r);
    case Argument::kernel_type_or_null:
    case Argument::kernel_type:
      if (!platform::kArguments[call.helper.arguments[r - 1u]].may_be_null) {
        if (auto refused = not_null(state, r)) return refused;
      } else if (value.is_null()) {
        return {};
      }
      if (points_to(analysis, value, call.helper.kernel_type) && value.offset == 0) return {};
      if (is_embedded_in(analysis, value, call.helper.kernel_type)) return {};
      return bad_argument(call, r, state,
                          format("a pointer to the kernel's {}", call.helper.kernel_type));
  }
  return {};
}

}  // namespace skep::verify
