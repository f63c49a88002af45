// What a helper's call returns, from its row and from what its arguments have shown.
#include <algorithm>
#include <array>

#include "verify/dynptrs.hpp"
#include "verify/kernel_types.hpp"

namespace skep::verify {
namespace {

// Helpers that return how many bytes they wrote, at most the size that they were given, or a
// negative error (do_refine_retval_range in kernel/bpf/verifier.c).
constexpr std::array<std::string_view, 5> kReturnSizes = {"get_stack", "get_task_stack",
                                                          "probe_read_str", "probe_read_user_str",
                                                          "probe_read_kernel_str"};
// Another view of the socket that they are given, and released with it (is_ptr_cast_function).
constexpr std::array<std::string_view, 8> kCasts = {
    "tcp_sock",         "sk_fullsock",       "skc_to_tcp_sock",          "skc_to_tcp6_sock",
    "skc_to_udp6_sock", "skc_to_mptcp_sock", "skc_to_tcp_timewait_sock", "skc_to_tcp_request_sock"};
constexpr platform::SpecialKinds kTimers =
    set_of(platform::SpecialKind::timer, platform::SpecialKind::workqueue,
           platform::SpecialKind::task_work);

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

Scalar number_of(const Analysis& analysis, const Call& call) {
  if (call.helper.name == "get_smp_processor_id" && analysis.cpus != 0)
    return Scalar::range(0, analysis.cpus - 1);
  if (!is_one_of(call.helper.name, kReturnSizes)) return Scalar::unknown();
  return Scalar::signed_range(-kErrorMax, static_cast<s64>(call.size_max));
}

// A pointer that may be null; comparing one copy decides for all.
Value nullable(Analysis& analysis, Kind kind) {
  Value out = Value::pointer(kind);
  out.null = Null::maybe;
  out.id = analysis.new_id();
  return out;
}

// What a look-up gives in maps whose elements are no memory.
std::optional<Value> element_of(Analysis& analysis, const Call& call) {
  if (call.map < 0) return std::nullopt;
  const platform::MapSpec& map = analysis.map(call.map);
  switch (map.kind) {
    case platform::MapKind::array_of_maps:
    case platform::MapKind::hash_of_maps: {
      if (map.inner == nullptr) return std::nullopt;
      Value out = nullable(analysis, Kind::map);
      out.map = analysis.inner_of(call.map);
      // A timer is to know the very map that it is in (map_uid in kernel/bpf/verifier.c).
      if (analysis.fields(out.map).has(kTimers)) out.reference = analysis.new_id();
      return out;
    }
    case platform::MapKind::sockmap:
    case platform::MapKind::sockhash: return nullable(analysis, Kind::socket);
    case platform::MapKind::xskmap: return nullable(analysis, Kind::xdp_socket);
    default: return std::nullopt;
  }
}

// What a pointer to something of each CPU is on one of them. An object of the program's own is
// there on each; of a variable of the kernel, it is to be compared with null where another CPU is
// named.
Value on_one_cpu(Analysis& analysis, const Call& call) {
  const Value& from = call.per_cpu;
  if (from.kind == Kind::own_per_cpu) {
    Value out = Value::pointer(Kind::own);
    out.type = from.type;
    out.trust = Trust::rcu;
    return out;
  }
  const btf::Type type = analysis.kernel->resolved(from.type);
  const bool is_structure = btf::is_structure(type.kind);
  Value out = Value::pointer(is_structure ? Kind::kernel : Kind::memory);
  out.read_only = true;
  if (is_structure) {
    out.type = analysis.kernel->resolve(from.type);
    out.read_only = false;
  } else {
    const auto bytes = analysis.kernel->size_of(from.type);
    out.range = bytes.ok() ? *bytes : 0;
  }
  if (call.helper.returns == platform::Returns::per_cpu) return out;
  out.null = Null::maybe;
  out.id = analysis.new_id();
  return out;
}

Value result_of(Analysis& analysis, const Call& call) {
  using platform::Returns;
  switch (call.helper.returns) {
    case Returns::number: return Value::of_number(number_of(analysis, call));
    case Returns::nothing: return Value::unset_value();
    case Returns::map_value:
    case Returns::map_value_or_null: {
      if (const auto element = element_of(analysis, call)) return *element;
      Value out = nullable(analysis, Kind::map_value);
      out.map = call.map;
      out.reference = call.map_reference;
      if (call.helper.returns == Returns::map_value || call.is_there) out.null = Null::no;
      return out;
    }
    case Returns::record_or_null:
    case Returns::memory_or_null: {
      if (call.dynptr) {
        Value out = slice_of(*call.dynptr, call.bytes);
        out.type = static_cast<u32>(DynptrKind::none);  // not one of bpf_dynptr_slice()
        out.null = Null::maybe;
        out.id = analysis.new_id();
        return out;
      }
      const bool record = call.helper.returns == Returns::record_or_null;
      Value out = nullable(analysis, record ? Kind::record : Kind::memory);
      out.range = call.bytes;
      return out;
    }
    case Returns::socket_or_null: return nullable(analysis, Kind::socket);
    case Returns::socket_common_or_null: return nullable(analysis, Kind::socket_common);
    case Returns::tcp_socket_or_null: return nullable(analysis, Kind::tcp_socket);
    case Returns::kernel_type:
    case Returns::kernel_type_or_null: {
      Value out = nullable(analysis, Kind::kernel);
      out.type = structure_of_kernel(analysis, call.helper.returned_type);
      out.trust = Trust::reference;
      if (call.helper.returns == Returns::kernel_type) out.null = Null::no;
      return out.type != 0 ? out : Value::of_number(Scalar::unknown());
    }
    case Returns::kptr_or_null: {
      const bool is_own = call.field->kernel_type == btf::kVoid;
      const bool is_per_cpu = call.field->kind == platform::SpecialKind::percpu_kptr;
      if (analysis.kernel == nullptr) return Value::of_number(Scalar::unknown());
      Value out = nullable(analysis, is_per_cpu ? Kind::own_per_cpu
                                     : is_own   ? Kind::own
                                                : Kind::kernel);
      out.type = is_own ? call.field->type_id : call.field->kernel_type;
      out.trust = Trust::reference;
      return out;
    }
    case Returns::per_cpu_or_null:
    case Returns::per_cpu: return on_one_cpu(analysis, call);
  }
  return {};
}

}  // namespace

void set_result(Analysis& analysis, State& state, const Call& call) {
  Value result = result_of(analysis, call);
  // Elements of a sockmap are held, too (is_acquire_function).
  const bool is_element = result.kind == Kind::socket && call.map >= 0;
  if (call.helper.acquires || is_element) {
    // Null means that it was not acquired: see make_null().
    result.reference = result.null == Null::maybe ? result.id : analysis.new_id();
    state.held.push_back({result.reference, call.at});
  } else if (result.is_pointer() && is_one_of(call.helper.name, kCasts)) {
    result.reference = call.inherited;  // another view of the same socket
  }
  // What is held is trusted; otherwise the kernel promises it for the current task alone.
  const bool is_lent = result.kind == Kind::kernel && result.reference == 0 &&
                       call.helper.name != "get_current_task_btf" &&
                       call.per_cpu.kind == Kind::unset;
  if (is_lent) result.trust = Trust::none;
  state.registers()[isa::kR0] = result;
}

}  // namespace skep::verify
