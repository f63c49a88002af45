// What the kernel's verifier says of a Program: its maps are made and the program is loaded through
// bpf(2), and let go again.
#pragma once

#include <optional>
#include <vector>

#include "function_types.hpp"
#include "isa/instruction.hpp"
#include "kernel/types.hpp"
#include "kernel_capabilities.hpp"
#include "platform/program.hpp"

namespace skep::kernel_test {

struct KernelVerdict {
  bool asked = false;  // else `log` says why the kernel could not be asked
  bool accepted = false;
  std::string log;
};

// The types of a program in the kernel, or a negative errno.
inline s64 load_types(const btf::Types& types) {
  bpf_attr attributes = no_attributes();
  attributes.btf = reinterpret_cast<u64>(types.bytes().data());
  attributes.btf_size = static_cast<u32>(types.bytes().size());
  return bpf(BPF_BTF_LOAD, attributes);
}

// A map as `spec` says, filled and frozen when it holds constants; or a negative errno. Where the
// kernel does not take its types, without them, as libbpf does.
inline s64 create_map(const platform::MapSpec& spec, const Fd* types = nullptr) {
  bpf_attr attributes = no_attributes();
  std::optional<Fd> inner;
  if (spec.inner != nullptr) {
    const s64 fd = create_map(*spec.inner, types);
    if (fd < 0) return fd;
    inner = Fd::adopt(static_cast<int>(fd));
    attributes.inner_map_fd = static_cast<u32>(inner->get());
  }
  attributes.map_type = platform::kernel_number(spec.kind);
  attributes.key_size = spec.key_size;
  attributes.value_size = spec.value_size;
  attributes.max_entries = spec.max_entries;
  attributes.map_flags = spec.flags;
  if (types != nullptr && spec.value_type != 0) {
    attributes.btf_fd = static_cast<u32>(types->get());
    attributes.btf_key_type_id = spec.key_type;
    attributes.btf_value_type_id = spec.value_type;
  }
  s64 fd = bpf(BPF_MAP_CREATE, attributes);
  if (fd < 0 && attributes.btf_fd != 0) {
    attributes.btf_fd = attributes.btf_key_type_id = attributes.btf_value_type_id = 0;
    fd = bpf(BPF_MAP_CREATE, attributes);
  }
  if (fd < 0 || spec.initial.empty()) return fd;
  const u32 key = 0;
  bpf_attr fill = no_attributes();
  fill.map_fd = static_cast<u32>(fd);
  fill.key = reinterpret_cast<u64>(&key);
  fill.value = reinterpret_cast<u64>(spec.initial.data());
  if (bpf(BPF_MAP_UPDATE_ELEM, fill) < 0) return -EIO;
  if ((spec.flags & platform::kReadOnlyForProgram) == 0) return fd;
  bpf_attr freeze = no_attributes();
  freeze.map_fd = static_cast<u32>(fd);
  return bpf(BPF_MAP_FREEZE, freeze) < 0 ? -EIO : fd;
}

// `code` with descriptors in place of the numbers of maps.
inline isa::Code with_descriptors(isa::Code code, const std::vector<Fd>& maps) {
  for (isa::Instruction& i : code) {
    const bool names_map =
        i.form == isa::Form::constant &&
        (i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value);
    if (!names_map || i.map_number() >= maps.size()) continue;
    const u64 high = u64{i.map_value_offset()} << 32;
    i.immediate = static_cast<s64>(high | static_cast<u32>(maps[i.map_number()].get()));
  }
  return code;
}

// `code` with ids of the kernel's types in place of the numbers of its functions.
inline Result<isa::Code> with_functions(isa::Code code, const platform::Program& program) {
  kernel::KernelTypes types;
  for (const platform::ExternUse& use : program.uses) {
    const platform::Extern& external = (*program.externs)[use.number];
    const auto found = TRY(types.find(external.essential_name(), btf::Kind::function));
    if (!found) return Error(Fault::unsupported, "the kernel has no " + external.name);
    code[use.at.value()].immediate = found->id;
  }
  return code;
}

// `log_level` as bpf(2) has it: 1 is the walk up to a refusal, 2 all of it. `held` are the
// capabilities of who makes the maps and loads the program.
inline KernelVerdict kernel_verdict(const platform::Program& program, u32 log_level = 1,
                                    platform::Capabilities held = platform::kAllCapabilities) {
  const WithCapabilities asking(held);
  std::optional<Fd> own_types;
  if (program.types != nullptr) {
    const s64 fd = load_types(*program.types);
    if (fd >= 0) own_types = Fd::adopt(static_cast<int>(fd));
  }
  std::vector<Fd> maps;
  for (const platform::MapSpec& spec : *program.maps) {
    const s64 fd = create_map(spec, own_types ? &*own_types : nullptr);
    if (fd < 0)
      return {fd == -EPERM, false,
              "map " + spec.name + ": " + std::strerror(static_cast<int>(-fd))};
    maps.push_back(Fd::adopt(static_cast<int>(fd)));
  }
  const auto code = with_functions(with_descriptors(program.code, maps), program);
  if (!code.ok()) return {false, false, code.error().what()};
  const auto slots = isa::encode(*code);
  if (!slots.ok()) return {false, false, slots.error().what()};
  std::vector<char> log(1 << 22);
  bpf_attr load = no_attributes();
  load.prog_type = platform::kernel_number(program.type);
  load.insns = reinterpret_cast<u64>(slots->data());
  load.insn_cnt = static_cast<u32>(slots->size());
  load.license = reinterpret_cast<u64>(program.gpl_compatible ? "GPL" : "Proprietary");
  load.log_buf = reinterpret_cast<u64>(log.data());
  load.log_size = static_cast<u32>(log.size());
  load.log_level = log_level;
  // "Syscall programs can only be sleepable" (kernel/bpf/verifier.c); libbpf sets it for
  // SEC("syscall").
  if (program.type == platform::ProgramType::syscall) load.prog_flags = BPF_F_SLEEPABLE;
  const FunctionTypes types(program);
  if (own_types) {
    types.tell(load, *own_types);
  } else if (program.functions.size() > 1) {
    types.tell(load);
  }
  const s64 fd = bpf(BPF_PROG_LOAD, load);
  if (fd >= 0) ::close(static_cast<int>(fd));
  std::string text = log.data();
  if (log_level == 1 && text.size() > 3000) text = "..." + text.substr(text.size() - 3000);
  if (fd < 0) text += std::string("errno: ") + std::strerror(static_cast<int>(-fd));
  return {true, fd >= 0, std::move(text)};
}

}  // namespace skep::kernel_test
