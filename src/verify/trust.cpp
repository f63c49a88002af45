#include "verify/trust.hpp"

#include <algorithm>

#include "verify/sections.hpp"

namespace skep::verify {
namespace {

using As = SafeField::As;

constexpr SafeField kSafeFields[] = {
    {"task_struct", "cpus_ptr", As::rcu},
    {"task_struct", "cgroups", As::rcu},
    {"task_struct", "real_parent", As::rcu},
    {"task_struct", "group_leader", As::rcu},
    {"cgroup", "kn", As::rcu},
    {"css_set", "dfl_cgrp", As::rcu},
    {"cgroup_subsys_state", "cgroup", As::rcu},
    {"mm_struct", "exe_file", As::rcu_or_null},
    {"mm_struct", "owner", As::rcu_or_null},
    {"sk_buff", "sk", As::rcu_or_null},
    {"request_sock", "sk", As::rcu_or_null},
    {"bpf_iter_meta", "seq", As::trusted},
    {"bpf_iter__task", "meta", As::trusted},
    {"bpf_iter__task", "task", As::trusted},
    {"linux_binprm", "file", As::trusted},
    {"file", "f_inode", As::trusted},
    {"dentry", "d_inode", As::trusted_or_null},
    {"socket", "sk", As::trusted_or_null},
};

std::optional<As> row_of(const FieldLoad& step) {
  const auto* const found = std::ranges::find_if(kSafeFields, [&](const SafeField& row) {
    return row.structure == step.structure && row.field == step.field;
  });
  return found == std::end(kSafeFields) ? std::nullopt : std::optional(found->as);
}

void make_nullable(Analysis& analysis, Value& out) {
  out.null = Null::maybe;
  out.id = analysis.new_id();
}

void set_rcu(Analysis& analysis, std::optional<As> as, bool has_rcu_tag, Value& out) {
  const bool is_rcu = as == As::rcu || as == As::rcu_or_null || has_rcu_tag;
  out.trust = is_rcu ? Trust::rcu : Trust::none;
  if (is_rcu && as != As::rcu) make_nullable(analysis, out);
}

}  // namespace

std::span<const SafeField> safe_fields() { return kSafeFields; }

void set_trust(Analysis& analysis, const State& state, const FieldLoad& step, Value& out) {
  const bool is_held = step.from.reference != 0 || step.from.trust == Trust::reference;
  const bool may_be_old = step.from.trust == Trust::none && !is_held;
  out.trust = may_be_old && !step.in_union ? Trust::none : Trust::untrusted;
  if (!is_held && step.from.trust != Trust::rcu) return;
  const std::optional<As> as = row_of(step);
  if (step.in_union && as != As::rcu_or_null) return;
  if (as == As::trusted || as == As::trusted_or_null) {
    out.trust = Trust::reference;
    if (as == As::trusted_or_null) make_nullable(analysis, out);
  } else if (is_in_rcu(analysis, state)) {
    set_rcu(analysis, as, step.has_rcu_tag, out);
  }
}

}  // namespace skep::verify
