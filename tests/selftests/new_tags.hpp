// The types of 6.1 as kernels since 6.4 take them: what they call "kptr" was "kptr_ref", and "kptr"
// is now "kptr_untrusted" (btf_find_kptr in kernel/bpf/btf.c). A type tag is the words name, kind
// and type.
#pragma once

#include "selftests/verifier_case.hpp"

namespace skep::selftests {

// Types without the old tags are left as they are.
ByteString with_new_tags(ByteString types);

}  // namespace skep::selftests
