// What a program is given in its context, where that is the arguments of a function of the kernel.
#include "platform/targets.hpp"
#include "platform/tracepoints.hpp"
#include "verify/kernel_types.hpp"
#include "verify/operations.hpp"

namespace skep::verify {
namespace {

using BtfKind = btf::Kind;
using btf::TypeId;
using btf::Types;
using platform::AttachType;
using platform::ProgramType;

constexpr u32 kArgumentBytes = 8;

// Where the prototype of a program's target stands: a prefix and the kind of type.
struct Place {
  std::string_view prefix;
  BtfKind kind = BtfKind::function;
};

Place place_of(const platform::Program& program) {
  if (program.type == ProgramType::lsm) return {"bpf_lsm_"};
  if (program.attach_type == AttachType::trace_raw_tp) return {"btf_trace_", BtfKind::typedef_};
  if (program.attach_type == AttachType::trace_iter) return {"bpf_iter_"};
  return {""};
}

Refusal bad_argument(const KernelPrototype& prototype, const Access& access, std::string what) {
  return {Property::context_access,
          std::move(what),
          format("{} at offset {} of the arguments of {}", counted(access.bytes, "byte"),
                 access.offset, prototype.name),
          {}};
}

// Elements of a map, in iterators over them: their size is compared when the program is attached.
Value buffer(Analysis& analysis, bool read_only) {
  Value out = Value::pointer(Kind::memory);
  out.range = ~u32{0} >> 1;
  out.read_only = read_only;
  out.null = Null::maybe;
  out.id = analysis.new_id();
  return out;
}

// Arguments of a tracepoint that may be null: those of the table, and those whose names say so. The
// names are in the function that calls the programs; its first argument is none of theirs.
void mark_nullable(const Types& types, KernelPrototype& out) {
  const auto caller = types.find("__bpf_trace_" + out.name, BtfKind::function);
  const TypeId id = caller ? types.at(*caller).type : btf::kVoid;
  const auto named = types.parameters(id);
  const platform::PointerArguments known = platform::pointer_arguments(out.name);
  for (std::size_t number = 0; number < out.arguments.size(); ++number) {
    const bool by_name =
        number + 1 < named.size() &&
        (*(named.begin() + static_cast<std::ptrdiff_t>(number + 1))).name.ends_with("__nullable");
    out.arguments[number].may_be_null = by_name || (known.nullable >> number & 1) != 0;
    out.arguments[number].may_be_error = (known.errors >> number & 1) != 0;
  }
}

// What a program at an LSM hook may answer (bpf_lsm_get_retval_range in kernel/bpf/bpf_lsm.c,
// check_return_code in kernel/bpf/verifier.c). At one that answers nothing, whatever it likes; in a
// cgroup, yes.
std::optional<platform::ReturnRange> results_of_hook(const platform::Program& program,
                                                     const Types& types,
                                                     const KernelPrototype& of) {
  constexpr platform::ReturnRange kYesOrNo{0, 1};
  constexpr platform::ReturnRange kYes{1, 1};
  constexpr platform::ReturnRange kZeroOrError{-4095, 0};
  const bool is_void = types.resolved(of.result).kind == BtfKind::void_;
  if (program.attach_type == AttachType::lsm_cgroup) return is_void ? kYes : kYesOrNo;
  if (is_void) return std::nullopt;
  return platform::lsm_hook(of.name).is_yes_or_no ? kYesOrNo : kZeroOrError;
}

Check check_hook(const Analysis& analysis, std::string_view name) {
  const platform::LsmHook hook = platform::lsm_hook(name);
  if (!analysis.program.gpl_compatible)
    return Refusal{Property::gpl_only, "LSM programs are GPL-compatible", "", {}};
  if (hook.is_disabled) {
    return Refusal{Property::attach_target,
                   format("the hook {} takes no programs", name),
                   "its answer is more than yes or no to the kernel",
                   {}};
  }
  if (analysis.may_sleep() && !hook.may_sleep) {
    return Refusal{Property::attach_target,
                   format("the hook {} takes no programs that may sleep", name), "",
                   "make its section lsm/ instead of lsm.s/"};
  }
  return {};
}

// Whether the kernel takes the program at its target (check_attach_btf_id in
// kernel/bpf/verifier.c); of what its types do not say, as which functions may be told to fail,
// nothing is said.
Check check_target(const Analysis& analysis, const KernelPrototype& target) {
  constexpr std::size_t kArgumentsMax = 12;  // MAX_BPF_FUNC_ARGS
  const platform::Program& program = analysis.program;
  if (program.type == ProgramType::lsm) return check_hook(analysis, target.name);
  const bool is_followed = program.attach_type == AttachType::trace_fentry ||
                           program.attach_type == AttachType::trace_fexit ||
                           program.attach_type == AttachType::trace_fsession ||
                           program.attach_type == AttachType::modify_return;
  if (!is_followed) return {};
  const auto refuse = [&](std::string_view why) {
    return Refusal{Property::attach_target,
                   format("programs cannot be attached to {}", target.name), std::string(why), ""};
  };
  if (!platform::may_be_traced(target.name)) return refuse("programs are entered through it");
  if (program.attach_type != AttachType::trace_fentry && platform::never_returns(target.name))
    return refuse("it never returns");
  if (target.arguments.size() > kArgumentsMax) return refuse("it has more than 12 arguments");
  return {};
}

}  // namespace

TypeId prototype_behind(const Types& types, TypeId id) {
  for (int steps = 0; steps < 8; ++steps) {
    const btf::Type type = types.resolved(id);
    if (type.kind == BtfKind::prototype) return types.resolve(id);
    if (type.kind != BtfKind::pointer && type.kind != BtfKind::function) break;
    id = type.type;
  }
  return btf::kVoid;
}

bool is_typed_by_kernel(const platform::Program& program) {
  return program.type == ProgramType::tracing || program.type == ProgramType::lsm ||
         program.type == ProgramType::struct_ops;
}

Check find_prototype(const Analysis& analysis, KernelPrototype& out) {
  const platform::Program& program = analysis.program;
  if (analysis.kernel == nullptr) return no_kernel_types(program);
  if (program.type == ProgramType::struct_ops) return find_operation(analysis, out);
  const Types& types = *analysis.kernel;
  const Place place = place_of(program);
  out.name = program.target.name.empty() ? program.target.text : program.target.name;
  const auto found = types.find(std::string(place.prefix) + out.name, place.kind);
  const TypeId id = found ? prototype_behind(types, *found) : btf::kVoid;
  if (id == btf::kVoid) {
    return Refusal{
        Property::unsupported,
        format("the kernel's types have no {} {}", name_of(program.target.kind), out.name), "",
        "the function may be inlined, or of another release of Linux"};
  }
  for (const btf::Parameter& parameter : types.parameters(id))
    out.arguments.push_back({parameter.type, parameter.name});
  const bool is_raw = program.attach_type == AttachType::trace_raw_tp;
  if (is_raw && !out.arguments.empty()) out.arguments.erase(out.arguments.begin());  // void *__data
  if (is_raw) mark_nullable(types, out);
  out.result = types.at(id).type;
  out.has_result = program.attach_type == AttachType::trace_fexit ||
                   program.attach_type == AttachType::modify_return ||
                   program.type == ProgramType::lsm;
  if (auto refused = check_target(analysis, out)) return refused;
  const bool is_iterator = program.attach_type == AttachType::trace_iter;
  out.is_trusted = is_raw || is_iterator;
  if (program.type == ProgramType::lsm) {
    out.is_trusted = platform::lsm_hook(out.name).is_trusted;
    out.results = results_of_hook(program, types, out);
  }
  for (std::size_t number = 1; is_iterator && number < out.arguments.size(); ++number) {
    KernelPrototype::Argument& argument = out.arguments[number];
    argument.may_be_null = true;
    const btf::Type type = types.resolved(argument.type);
    argument.is_buffer =
        type.kind == BtfKind::pointer && types.resolved(type.type).kind == BtfKind::void_;
  }
  return {};
}

Check load_argument(Analysis& analysis, const Value& pointer, const Access& access, Value& out) {
  const KernelPrototype& prototype = *analysis.prototype;
  const Types& types = *analysis.kernel;
  if (analysis.program.type == ProgramType::struct_ops && prototype.operations.empty())
    return no_operation(analysis.program);
  const s64 offset = pointer.offset + access.offset;
  if (offset < 0 || offset % access.bytes != 0)
    return bad_argument(prototype, access, "an argument is read across its alignment");
  const u64 number = static_cast<u64>(offset) / kArgumentBytes;
  const u64 count = prototype.arguments.size();
  const bool is_result = prototype.has_result && number == count;
  if (number >= count && !is_result) {
    return bad_argument(prototype, access, format("it has {} only", counted(count, "argument")));
  }
  if (offset % kArgumentBytes != 0)
    return bad_argument(prototype, access, "an argument is read from its middle");
  const KernelPrototype::Argument argument =
      is_result ? KernelPrototype::Argument{prototype.result} : prototype.arguments[number];
  const btf::Type type = types.resolved(argument.type);
  if (type.kind != BtfKind::pointer) {
    const bool is_bounded =
        is_result && prototype.results && analysis.program.attach_type == AttachType::lsm_mac;
    if (!is_bounded || access.bytes < sizeof(u32)) return {};
    const Scalar number = Scalar::signed_range(prototype.results->least, prototype.results->most);
    const bool is_whole = access.bytes == kArgumentBytes;
    out = Value::of_number(is_whole ? number : truncated(number, isa::Width::w32));
    return {};
  }
  if (access.bytes != kArgumentBytes)
    return bad_argument(prototype, access, "a pointer is read in part");
  if (argument.is_buffer) {
    out = buffer(analysis, argument.name == "key");
    return {};
  }
  out =
      argument.may_be_error ? Value::of_number(Scalar::unknown()) : kernel_value(types, type.type);
  if (out.kind != Kind::kernel) return {};
  promote_for_operation(analysis, out);
  if (prototype.is_trusted) out.trust = Trust::reference;
  if (argument.may_be_null) {
    out.null = Null::maybe;
    out.id = analysis.new_id();
  }
  return {};
}

}  // namespace skep::verify
