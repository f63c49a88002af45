// The running kernel's types, for what programs name: functions, variables, targets.
//
// vmlinux is opened at the first question, its modules when it does not have the answer, as libbpf
// looks. An answer for bpf(2) is an id and, for a module's type, the descriptor of its BTF.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "btf/types.hpp"

namespace skep::kernel {

struct FoundType {
  u32 id = 0;
  s32 module = 0;                     // descriptor of the module's types, 0 for vmlinux
  const btf::Types* types = nullptr;  // that it is in
};

class KernelTypes {
 public:
  // Of vmlinux. Fault::unsupported when the kernel has none.
  Result<std::shared_ptr<const btf::Types>> vmlinux();

  // nullopt: neither vmlinux nor a module has it. With a module's name, only that is asked.
  Result<std::optional<FoundType>> find(std::string_view name, btf::Kind kind,
                                        std::string_view module = {});

 private:
  struct Module {
    std::string name;
    Fd descriptor;
    std::shared_ptr<const btf::Types> types;
  };
  Result<void> open_modules();

  std::optional<std::vector<Module>> modules_;
};

// Types that were loaded into the kernel with an object, by their id.
Result<btf::Types> types_of(u32 id);

}  // namespace skep::kernel
