// What an argument of a kernel function is: by its type, by the end of its parameter's name, and,
// where both leave it open, by what the register holds (get_kfunc_ptr_arg_type in
// kernel/bpf/verifier.c).
#include <algorithm>

#include "verify/kernel_functions.hpp"

namespace skep::verify {
namespace {

using btf::TypeId;
using btf::Types;
using BtfKind = btf::Kind;

constexpr int kNestingMax = 4;  // of structures that are taken as memory

bool is_scalar(const btf::Type& type) {
  return type.kind == BtfKind::integer || btf::is_enum(type.kind);
}

// Structures that a parameter may point to, and what such an argument is
// (get_kfunc_ptr_arg_type).
struct NamedRow {
  std::string_view structure;
  KernelArgument kind;
};
constexpr NamedRow kStructures[] = {
    {"bpf_dynptr", KernelArgument::dynptr},       {"bpf_list_head", KernelArgument::list_head},
    {"bpf_list_node", KernelArgument::list_node}, {"bpf_rb_root", KernelArgument::tree_root},
    {"bpf_rb_node", KernelArgument::tree_node},   {"bpf_wq", KernelArgument::work_queue},
    {"bpf_task_work", KernelArgument::task_work}, {"bpf_res_spin_lock", KernelArgument::spin_lock},
};
// What the end of a parameter's name says.
constexpr NamedRow kEndings[] = {
    {"__alloc", KernelArgument::allocated},   {"__refcounted_kptr", KernelArgument::counted},
    {"__str", KernelArgument::text},          {"__map", KernelArgument::map},
    {"__irq_flag", KernelArgument::irq_flag},
};

// Pointers that are to the kernel what structures of its own are (reg2btf_ids).
struct KernelName {
  Kind kind;
  std::string_view name;
};
constexpr KernelName kKernelNames[] = {
    {Kind::socket, "sock"},
    {Kind::socket_common, "sock_common"},
    {Kind::tcp_socket, "tcp_sock"},
    {Kind::map, "bpf_map"},
};

std::optional<KernelArgument> kind_in(std::span<const NamedRow> rows, std::string_view name,
                                      bool (*matches)(std::string_view, std::string_view)) {
  const auto found =
      std::ranges::find_if(rows, [&](const NamedRow& row) { return matches(name, row.structure); });
  return found == rows.end() ? std::nullopt : std::optional(found->kind);
}

// The context's own structure, or what it is to the kernel (btf_is_prog_ctx_type).
bool is_context(const Analysis& analysis, TypeId target) {
  const Types& types = *analysis.kernel;
  if (!btf::is_structure(types.resolved(target).kind)) return false;
  const std::string_view name = types.name(types.resolve(target));
  if (format("struct {}", name) == analysis.type().context_name) return true;
  const bool is_projection = name == "sk_buff" || name == "xdp_buff";
  return is_projection && types.name(kernel_context(analysis)) == name;
}

// Whether the parameter behind that of `r` is the size of the memory.
bool has_size(const Analysis& analysis, const State& state, const KernelCall& call, u8 r) {
  const auto parameters = analysis.kernel->parameters(call.prototype);
  if (r >= parameters.size()) return false;
  const btf::Parameter next = *(parameters.begin() + r);
  const bool is_size = ends_in(next, "__sz") || ends_in(next, "__szk");
  return is_size && is_scalar(analysis.kernel->resolved(next.type)) &&
         state.frame().registers[r + 1u].is_number();
}

bool takes_iterator(const KernelCall& call) {
  return call.row.has(platform::kMakesIterator | platform::kStepsIterator |
                      platform::kDestroysIterator);
}

// A pointer whose own type and name do not say what it is: the register does.
Check find_by_register(const Analysis& analysis, const State& state, const KernelCall& call,
                       KernelParameter& of) {
  const Types& types = *analysis.kernel;
  const Value& value = state.frame().registers[of.r];
  const btf::Type target = types.resolved(of.target);
  if (value.kind == Kind::kernel || !kernel_name_of(value.kind).empty()) {
    of.kind = KernelArgument::structure;
    if (btf::is_structure(target.kind)) return {};
    return bad_kernel_argument(call, state, of.r, "memory, not a structure of the kernel");
  }
  if (target.kind == BtfKind::prototype) {
    of.kind = KernelArgument::function;
    return {};
  }
  const bool sized = has_size(analysis, state, call, of.r);
  of.kind = sized ? KernelArgument::sized_memory : KernelArgument::memory;
  const bool is_any = sized && target.kind == BtfKind::void_;
  if (is_scalar(target) || is_plain_structure(types, of.target) || is_any) return {};
  return bad_kernel_argument(call, state, of.r,
                             format("a pointer to the kernel's {}", types.c_name(of.target)));
}

}  // namespace

bool is_plain_structure(const Types& types, TypeId id, int depth) {
  if (!btf::is_structure(types.resolved(id).kind) || depth >= kNestingMax) return false;
  for (const btf::Member& member : types.members(types.resolve(id))) {
    btf::Type type = types.resolved(member.type);
    if (btf::is_structure(type.kind)) {
      if (!is_plain_structure(types, member.type, depth + 1)) return false;
      continue;
    }
    if (type.kind == BtfKind::array) {
      if (type.count == 0) return false;
      type = types.resolved(type.type);
    }
    if (!is_scalar(type)) return false;
  }
  return true;
}

Check find_kernel_argument(const Analysis& analysis, const State& state, const KernelCall& call,
                           KernelParameter& of) {
  const Types& types = *analysis.kernel;
  const btf::Type type = types.resolved(of.declared.type);
  if (ends_in(of.declared, "__ign") || ends_in(of.declared, "__prog")) return {};
  of.kind = KernelArgument::number;
  if (is_scalar(type)) return {};
  if (type.kind != BtfKind::pointer) return kernel_argument_not_yet(call, of.r);
  of.target = types.resolve(type.type);
  const std::string_view name = types.name(of.target);
  const bool is_cast = call.row.name == "bpf_cast_to_kern_ctx";
  const bool may_be_null = ends_in(of.declared, "__nullable");
  of.kind = KernelArgument::context;
  if (is_cast || is_context(analysis, of.target)) return {};
  of.kind = KernelArgument::null;
  if (may_be_null && state.frame().registers[of.r].is_null() &&
      !has_size(analysis, state, call, of.r))
    return {};
  of.kind = KernelArgument::iterator;
  if (takes_iterator(call) && of.r == isa::kR1) return {};
  const auto ends = [](std::string_view whole, std::string_view end) {
    return whole.ends_with(end);
  };
  const auto equals = [](std::string_view one, std::string_view other) { return one == other; };
  auto kind = kind_in(kEndings, of.declared.name, ends);
  if (!kind && btf::is_structure(types.kind(of.target))) kind = kind_in(kStructures, name, equals);
  if (!kind) return find_by_register(analysis, state, call, of);
  of.kind = *kind;
  return {};
}

Refusal bad_kernel_argument(const KernelCall& call, const State& state, u8 r,
                            std::string_view wanted) {
  return {Property::kernel_function,
          format("argument {} of {} is to be {}", r, call.row.name, wanted),
          format("{} is {}", register_name(r), describe(state.frame().registers[r])),
          {}};
}

Refusal kernel_argument_not_yet(const KernelCall& call, u8 r) {
  return {Property::unsupported,
          format("argument {} of {} is of a kind that is not verified yet", r, call.row.name), "",
          "the kernel can say what it thinks of it: skep run --engine kernel"};
}

std::string_view kernel_name_of(Kind kind) {
  const auto* const found = std::ranges::find(kKernelNames, kind, &KernelName::kind);
  return found == std::end(kKernelNames) ? std::string_view() : found->name;
}

}  // namespace skep::verify
