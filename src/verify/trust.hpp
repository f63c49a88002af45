// Which pointers that are read from the kernel's structures may be trusted.
//
// A pointer that the kernel gives is valid, because it is held or because of an RCU section; what
// is read through it need not be: a few fields are known to be as good as the structure that they
// are in. Everything else may be anything by the time that it is used. The rules are those of
// check_ptr_to_btf_access in kernel/bpf/verifier.c of Linux 6.18.
#pragma once

#include <span>

#include "verify/analysis.hpp"

namespace skep::verify {

// A field that keeps the trust of the structure that it is in (BTF_TYPE_SAFE_*).
struct SafeField {
  enum class As : u8 { rcu, rcu_or_null, trusted, trusted_or_null, count_ };
  std::string_view structure;
  std::string_view field;
  As as;
};
std::span<const SafeField> safe_fields();

// A load of a pointer from a field.
struct FieldLoad {
  const Value& from;
  std::string_view structure;
  std::string_view field;
  bool has_rcu_tag = false;  // __rcu
  bool in_union = false;     // of several members: it may be another one
};
void set_trust(Analysis& analysis, const State& state, const FieldLoad& step, Value& out);

}  // namespace skep::verify
