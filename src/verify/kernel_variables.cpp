// Addresses of the kernel's variables and functions (__ksym with a type).
//
// A structure is one of the kernel's, to be read; other variables are memory that is read only. Of
// what there is once for each CPU a program has to choose one: bpf_per_cpu_ptr, bpf_this_cpu_ptr.
// Follows check_pseudo_btf_id in kernel/bpf/verifier.c of Linux 6.18.
#include "verify/kernel_types.hpp"

namespace skep::verify {
namespace {

constexpr std::string_view kPerCpu = ".data..percpu";

Refusal refused(const platform::Extern& external, std::string_view why) {
  return {Property::unsupported, format("the {} {} {}", name_of(external.kind), external.name, why),
          "", "name the types of a kernel that has it: --btf FILE; or declare it __weak"};
}

bool is_of_each_cpu(const btf::Types& types, btf::TypeId variable) {
  const auto section = types.find(kPerCpu, btf::Kind::section);
  if (!section) return false;
  for (const btf::SectionVariable& each : types.variables(*section)) {
    if (each.type == variable) return true;
  }
  return false;
}

Value memory(u32 bytes) {
  Value out = Value::pointer(Kind::memory);
  out.range = bytes;
  out.read_only = true;
  return out;
}

}  // namespace

Check load_variable(const Analysis& analysis, u32 number, Value& out) {
  const platform::Extern& external = (*analysis.program.externs)[number];
  if (analysis.kernel == nullptr) return no_kernel_types(analysis.program);
  const btf::Types& types = *analysis.kernel;
  const auto id = static_cast<btf::TypeId>(external.value);
  if (external.state != platform::ExternState::found || external.value >= types.count())
    return refused(external, "is not there");
  if (types.kind(id) == btf::Kind::function) {
    out = memory(0);
    return {};
  }
  if (types.kind(id) != btf::Kind::variable) return refused(external, "has no type");
  const btf::TypeId type = types.resolve(types.at(id).type);
  if (is_of_each_cpu(types, id)) {
    out = Value::pointer(Kind::kernel_per_cpu);
    out.type = type;
    return {};
  }
  if (btf::is_structure(types.kind(type))) {
    out = Value::pointer(Kind::kernel);
    out.type = type;
    return {};
  }
  const auto bytes = types.size_of(type);
  if (!bytes.ok()) return refused(external, "has no size");
  out = memory(*bytes);
  return {};
}

}  // namespace skep::verify
