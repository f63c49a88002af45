#include "verify/map_fields.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace skep::verify {
namespace {

using platform::SpecialKind;
using platform::SpecialKinds;

// The kernel's types with a destructor (register_btf_id_dtor_kfuncs), and which of them wait for
// RCU. Linux 6.18 says so of each, when a map with a pointer to it is made.
struct Owned {
  std::string_view name;
  bool waits_for_rcu;
};
constexpr std::array<Owned, 6> kOwned = {{
    {"task_struct", true},
    {"cgroup", true},
    {"bpf_cpumask", true},
    {"bpf_crypto_ctx", true},
    {"prog_test_ref_kfunc", true},
    {"prog_test_member", false},
}};

const Owned* owned(std::string_view name) {
  const auto found = std::ranges::find(kOwned, name, &Owned::name);
  return found == kOwned.end() ? nullptr : found;
}

}  // namespace

bool MapFields::has(SpecialKinds kinds) const { return first(kinds) != nullptr; }

const MapField* MapFields::first(SpecialKinds kinds) const {
  const auto found = std::ranges::find_if(
      all, [&](const MapField& field) { return (set_of(field.kind) & kinds) != 0; });
  return found == all.end() ? nullptr : &*found;
}

const MapField* MapFields::at(s64 offset, SpecialKinds kinds) const {
  const auto found = std::ranges::find_if(all, [&](const MapField& field) {
    return field.offset == offset && (set_of(field.kind) & kinds) != 0;
  });
  return found == all.end() ? nullptr : &*found;
}

MapFields fields_of(const platform::MapSpec& map, const btf::Types* kernel) {
  MapFields out;
  out.problem = map.fields_problem;
  for (const platform::SpecialField& field : map.fields) {
    MapField known{field, btf::kVoid};
    const bool points = (set_of(field.kind) & platform::kPointerFields) != 0;
    if (points && field.kind != SpecialKind::uptr && kernel != nullptr)
      known.kernel_type = kernel->find(field.type, btf::Kind::structure).value_or(btf::kVoid);
    if (field.kind == SpecialKind::kptr && known.kernel_type != 0 && owned(field.type) == nullptr)
      out.problem =
          format("the kernel cannot give back a {}, so that no kptr owns one", field.type);
    out.all.push_back(std::move(known));
  }
  if (!out.problem.empty()) out.all.clear();
  return out;
}

bool is_rcu_protected(const MapField& field) {
  if (field.kind == SpecialKind::percpu_kptr) return true;
  if (field.kind != SpecialKind::kptr) return false;
  if (field.kernel_type == btf::kVoid) return true;  // an object of the program's own
  const Owned* known = owned(field.type);
  return known != nullptr && known->waits_for_rcu;
}

}  // namespace skep::verify
