// What trials of programs and of maps share.
#pragma once

#include "btf/builder.hpp"
#include "kernel/trials.hpp"
#include "platform/bpf_attributes.hpp"

namespace skep::kernel {

Answer answer_of(s64 returned);
void put_name(platform::KernelName& into, const std::string& name);
// A descriptor of types that the kernel took.
Result<Fd> load_types(btf::Builder& builder);
btf::TypeId add_int(btf::Builder& builder);

}  // namespace skep::kernel
