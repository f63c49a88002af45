// Types of the functions of a program, for the kernel, which asks for them where a program takes
// the address of one: a BTF object with a function `int NAME()` each (Documentation/bpf/btf.rst).
#pragma once

#include <vector>

#include "kernel_bpf.hpp"
#include "platform/program.hpp"

namespace skep::kernel_test {

class FunctionTypes {
 public:
  explicit FunctionTypes(const platform::Program& program) {
    constexpr u32 kInt = 1, kPrototype = 13, kFunction = 12, kHeaderBytes = 24;
    std::vector<u32> types = {1, kInt << 24, 4, 1u << 24 | 32, 0, kPrototype << 24, 1};
    std::vector<char> names = {'\0', 'i', 'n', 't', '\0'};
    for (std::size_t at = 0; at < program.functions.size(); ++at) {
      const platform::Function& function = program.functions[at];
      types.insert(types.end(), {static_cast<u32>(names.size()), kFunction << 24, 2});
      names.insert(names.end(), function.name.begin(), function.name.end());
      names.push_back('\0');
      const u32 slot = program.code[function.begin.value()].slot.value();
      information_.push_back({slot, static_cast<u32>(3 + at)});
      if (program.types == nullptr) continue;
      const auto own = program.types->find(function.name, btf::Kind::function);
      if (own) information_.back().type_id = *own;
    }
    const auto type_bytes = static_cast<u32>(types.size() * sizeof(u32));
    const u32 header[] = {0x0001eb9f, kHeaderBytes, 0,
                          type_bytes, type_bytes,   static_cast<u32>(names.size())};
    std::vector<char> all(sizeof header + type_bytes + names.size());
    std::memcpy(all.data(), header, sizeof header);
    std::memcpy(all.data() + sizeof header, types.data(), type_bytes);
    std::memcpy(all.data() + sizeof header + type_bytes, names.data(), names.size());
    bpf_attr load = no_attributes();
    load.btf = reinterpret_cast<u64>(all.data());
    load.btf_size = static_cast<u32>(all.size());
    const s64 fd = bpf(BPF_BTF_LOAD, load);
    if (fd >= 0) types_.push_back(Fd::adopt(static_cast<int>(fd)));
  }

  // The same with the program's own types, which have its functions.
  void tell(bpf_attr& load, const Fd& own) const { tell_of(load, own.get()); }

  // Of BPF_PROG_LOAD; must stay until the program is loaded.
  void tell(bpf_attr& load) const {
    if (!types_.empty()) tell_of(load, types_.front().get());
  }

 private:
  void tell_of(bpf_attr& load, int types) const {
    load.prog_btf_fd = static_cast<u32>(types);
    load.func_info = reinterpret_cast<u64>(information_.data());
    load.func_info_rec_size = sizeof(bpf_func_info);
    load.func_info_cnt = static_cast<u32>(information_.size());
  }

  std::vector<bpf_func_info> information_;
  std::vector<Fd> types_;  // one, or none where the kernel refused it
};

}  // namespace skep::kernel_test
