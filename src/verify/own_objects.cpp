#include "verify/own_objects.hpp"

#include <algorithm>

#include "platform/map_fields.hpp"
#include "verify/callbacks.hpp"
#include "verify/kernel_types.hpp"
#include "verify/locks.hpp"
#include "verify/privileges.hpp"

namespace skep::verify {
namespace {

using platform::SpecialKind;

bool is_owned(const Value& value) { return value.reference != 0; }

// A pointer to one of the program's objects, and not null.
bool is_own(const Value& value) { return value.kind == Kind::own && value.null == Null::no; }
// The same of each CPU.
bool is_per_cpu(const Value& value) {
  return value.kind == Kind::own_per_cpu && value.null == Null::no;
}

Refusal wants_owned(const KernelCall& call, const State& state, u8 r) {
  return bad_kernel_argument(call, state, r, "an object of its own that the program holds");
}

// What bpf_obj_drop and bpf_refcount_acquire take.
Check check_allocated(const Analysis& analysis, const State& state, KernelCall& call,
                      const KernelParameter& of) {
  const Value& value = state.frame().registers[of.r];
  const bool drops_per_cpu = call.row.name == "bpf_percpu_obj_drop_impl";
  const bool fits = drops_per_cpu ? is_per_cpu(value) : is_own(value);
  if (!fits || !value.number.is_constant()) return wants_owned(call, state, of.r);
  if (of.kind == KernelArgument::allocated) {
    if (!is_owned(value) || !value.is_at_start()) return wants_owned(call, state, of.r);
    return {};
  }
  if (value.trust == Trust::untrusted) return wants_owned(call, state, of.r);
  if (!analysis.fields_of(value).has(set_of(SpecialKind::refcount)))
    return bad_kernel_argument(call, state, of.r, "an object with a bpf_refcount in it");
  call.own = {.type = value.type};
  call.is_never_null = is_owned(value);
  return {};
}

Check check_root(const Analysis& analysis, const State& state, KernelCall& call, u8 r,
                 SpecialKind kind) {
  const Value& value = state.frame().registers[r];
  const std::string_view name = platform::row(kind).name;
  const bool is_place = value.null == Null::no && value.number.is_constant() &&
                        (value.kind == Kind::map_value || (is_own(value) && is_owned(value)));
  if (!is_place) return bad_kernel_argument(call, state, r, format("where a {} is", name));
  const s64 offset = value.offset + static_cast<s64>(value.number.value());
  call.root = analysis.fields_of(value).at(offset, set_of(kind));
  if (call.root == nullptr)
    return bad_kernel_argument(call, state, r, format("where a {} is", name));
  if (is_lock_held(state, value)) return {};
  return Refusal{Property::lock,
                 format("{} is called without the lock that protects the {}", call.row.name, name),
                 format("{} is {}", register_name(r), describe(value)),
                 "take the lock in the same value before: bpf_spin_lock"};
}

// The node in an object that the root may hold.
Check check_node(const Analysis& analysis, const State& state, KernelCall& call, u8 r,
                 SpecialKind kind) {
  const Value& value = state.frame().registers[r];
  const bool adds = call.row.name.ends_with("_impl");  // bpf_list_push_*_impl, bpf_rbtree_add_impl
  if (!is_own(value) || !value.number.is_constant()) return wants_owned(call, state, r);
  if (adds && !is_owned(value)) return wants_owned(call, state, r);
  if (!adds && !is_owned(value) && value.trust != Trust::none)
    return bad_kernel_argument(call, state, r, "a node that the tree gave");
  const s64 offset = value.offset + static_cast<s64>(value.number.value());
  const bool has_node = analysis.fields_of(value).at(offset, set_of(kind)) != nullptr;
  const bool fits =
      call.root != nullptr && value.type == call.root->type_id && offset == call.root->node_offset;
  if (!has_node || !fits) {
    return bad_kernel_argument(
        call, state, r,
        format("the {} of a struct {}", platform::row(kind).name,
               call.root == nullptr ? std::string_view("?") : std::string_view(call.root->type)));
  }
  if (adds) call.handed_on = value.reference;
  return {};
}

// A work queue or a task's work: the only field of its kind in the map's value.
Check check_work(const Analysis& analysis, const State& state, KernelCall& call, u8 r,
                 SpecialKind kind) {
  const Value& value = state.frame().registers[r];
  const std::string_view name = platform::row(kind).name;
  const MapField* field = value.kind == Kind::map_value && value.null == Null::no
                              ? analysis.fields(value.map).first(set_of(kind))
                              : nullptr;
  const bool is_there = field != nullptr && value.number.is_constant() &&
                        value.offset + static_cast<s64>(value.number.value()) == field->offset;
  if (!is_there)
    return bad_kernel_argument(call, state, r, format("the {} in a map's value", name));
  call.map = value.map;
  call.map_reference = value.reference;
  return {};
}

Check check_function(const State& state, KernelCall& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.kind != Kind::function)
    return bad_kernel_argument(call, state, r, "a function of the program");
  call.function = value.map;
  return {};
}

// Why there can be no object of this type for each CPU; or empty.
std::string problem_of_each_cpu(const btf::Types& types, btf::TypeId id) {
  constexpr u32 kBytesMax = 512;  // BPF_GLOBAL_PERCPU_MA_MAX_SIZE
  const auto bytes = types.size_of(id);
  if (!bytes.ok() || *bytes > kBytesMax)
    return format("which has more than the {} that may be there for each CPU",
                  counted(kBytesMax, "byte"));
  if (!is_plain_structure(types, id)) return "which has more than numbers in it";
  const auto special = platform::find_fields(types, id, set_of(SpecialKind::count_) - 1);
  return special.fields.empty() ? "" : "which has special fields";
}

// An object of the type that the program names by its number.
Check make_object(const Analysis& analysis, KernelCall& call) {
  const btf::Types* types = analysis.program.types.get();
  const auto refuse = [&](std::string_view why) {
    return Refusal{Property::kernel_function,
                   format("{} gets type {}, {}", call.row.name, *call.constant, why), "",
                   "it is bpf_core_type_id_local(struct NAME)"};
  };
  if (types == nullptr) return refuse("and the program has no types");
  const bool is_there = *call.constant < types->count();
  const auto id = static_cast<btf::TypeId>(is_there ? *call.constant : 0);
  if (types->kind(id) != btf::Kind::structure) return refuse("which is no structure of its own");
  if (call.row.name == "bpf_percpu_obj_new_impl") {
    const std::string problem = problem_of_each_cpu(*types, id);
    if (!problem.empty()) return refuse(problem);
  }
  call.own = {.type = id};
  return {};
}

// The list or tree owns the object from now on; the program may use it while the lock is held.
void hand_on(State& state, u32 reference) {
  const auto belongs = [&](const Value& value) {
    return value.is_pointer() && value.reference == reference;
  };
  state.change_values(belongs, [](Value& value) {
    value.reference = 0;
    value.trust = Trust::none;
  });
  std::erase_if(state.held, [&](const Held& held) {
    return held.what == What::reference && held.id == reference;
  });
}

void keep_function(Analysis& analysis, const KernelCall& call) {
  Later later{.function = static_cast<u32>(call.function), .map = call.map};
  later.by = call.root != nullptr ? LaterBy::order : LaterBy::work;
  later.returns_anything = call.row.name.starts_with("bpf_task_work_");
  later.sleeps = call.root == nullptr || analysis.may_sleep();
  if (call.root != nullptr) {
    later.type = call.root->type_id;
    later.offset = call.root->node_offset;
  }
  keep_for_later(analysis, later);
}

}  // namespace

Check check_own_access(const Analysis& analysis, const Value& pointer, const Access& access) {
  const std::string is = format("{} is {}", register_name(access.r), describe(pointer));
  const auto refuse = [&](std::string message) {
    return Refusal{Property::own_object, std::move(message), is, {}};
  };
  if (auto refused = check_may_look(analysis, "an object of the program's own")) return refused;
  if (access.by == By::helper)
    return refuse("an object of the program's own is handed to a helper");
  if (!pointer.number.is_constant())
    return refuse("an object of the program's own is reached at a variable offset");
  if (access.touch == Touch::write && pointer.trust == Trust::untrusted)
    return refuse("an object of the program's own is written that may be gone");
  const s64 offset = pointer.offset + access.offset + static_cast<s64>(pointer.number.value());
  const btf::Types& types = *analysis.program.types;
  if (offset < 0) return refuse("an access in front of an object of the program's own");
  for (const MapField& field : analysis.fields_of(pointer).all) {
    const s64 end = static_cast<s64>(field.offset) + platform::row(field.kind).bytes;
    if (offset >= end || offset + access.bytes <= static_cast<s64>(field.offset)) continue;
    return Refusal{
        Property::special_field,
        format("the {} at offset {} of a {} is {}", platform::row(field.kind).name, field.offset,
               types.c_name(pointer.type), access.touch == Touch::read ? "read" : "written"),
        is,
        {}};
  }
  const std::string problem =
      problem_of_field(types, pointer.type, static_cast<u64>(offset), access.bytes);
  if (problem.empty()) return {};
  return refuse(format("{} at offset {} of a {}: {}", counted(access.bytes, "byte"), offset,
                       types.c_name(pointer.type), problem));
}

Check check_own_argument(Analysis& analysis, State& state, KernelCall& call,
                         const KernelParameter& of) {
  switch (of.kind) {
    case KernelArgument::allocated:
    case KernelArgument::counted: return check_allocated(analysis, state, call, of);
    case KernelArgument::list_head:
      return check_root(analysis, state, call, of.r, SpecialKind::list_head);
    case KernelArgument::tree_root:
      return check_root(analysis, state, call, of.r, SpecialKind::rb_root);
    case KernelArgument::list_node:
      return check_node(analysis, state, call, of.r, SpecialKind::list_node);
    case KernelArgument::tree_node:
      return check_node(analysis, state, call, of.r, SpecialKind::rb_node);
    case KernelArgument::work_queue:
      return check_work(analysis, state, call, of.r, SpecialKind::workqueue);
    case KernelArgument::task_work:
      return check_work(analysis, state, call, of.r, SpecialKind::task_work);
    case KernelArgument::function: return check_function(state, call, of.r);
    case KernelArgument::ignored:
    case KernelArgument::number:
    case KernelArgument::context:
    case KernelArgument::null:
    case KernelArgument::dynptr:
    case KernelArgument::iterator:
    case KernelArgument::text:
    case KernelArgument::map:
    case KernelArgument::irq_flag:
    case KernelArgument::spin_lock:
    case KernelArgument::structure:
    case KernelArgument::memory:
    case KernelArgument::sized_memory: break;
  }
  return kernel_argument_not_yet(call, of.r);
}

Check finish_own_call(Analysis& analysis, State& state, KernelCall& call) {
  if (call.row.name == "bpf_obj_new_impl" || call.row.name == "bpf_percpu_obj_new_impl") {
    if (auto refused = make_object(analysis, call)) return refused;
  }
  if (call.function >= 0) keep_function(analysis, call);
  if (call.handed_on != 0) {
    hand_on(state, call.handed_on);
  } else if (call.root != nullptr) {
    call.own = {.type = call.root->type_id, .offset = call.root->node_offset};
  }
  return {};
}

void forget_not_owned(State& state, isa::InstructionIndex at) {
  const auto is_others = [](const Value& value) {
    return value.kind == Kind::own && value.trust == Trust::none && value.reference == 0;
  };
  state.change_values(is_others, [&](Value& value) {
    value = Value::of_number(Scalar::unknown());
    value.lost_at = at.value() + 1;
  });
}

}  // namespace skep::verify
