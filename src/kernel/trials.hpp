// Trials: the smallest right program of each type and the smallest map of each kind, made only to
// see what the kernel says.
//
// What stays is a descriptor, which closes itself; nothing is attached. Some types need more than
// code: a tracing program needs a target in the kernel's types, a replacement a program to replace,
// maps of storage need types for their values. What the kernel returned is kept as it is, since its
// errno says why. Source: kernel/bpf/syscall.c, verifier.c (check_attach_btf_id).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "isa/instruction.hpp"
#include "kernel/types.hpp"
#include "platform/attach_types.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"

namespace skep::kernel {

// What the kernel answered: a descriptor, or an errno, and the verifier's log.
struct Answer {
  std::optional<Fd> fd;
  int refusal = 0;  // errno; 0 when there is a descriptor
  std::string log;
};

struct ProgramTrial {
  platform::ProgramType type = platform::ProgramType::socket_filter;
  // How it would be attached; none: as this type mostly is.
  std::optional<platform::AttachType> attach{};
  std::span<const isa::Slot> code{};  // empty: return 0
  bool wants_log = false;
  std::string name{};  // at most 15 letters, digits, '_' and '.'
  std::string license = "GPL";
};

class Trials {
 public:
  Answer load(const ProgramTrial& trial);
  Answer create(platform::MapKind kind, const std::string& name = {});

 private:
  struct Target {
    u32 id = 0;           // in the kernel's types
    u32 attach_type = 0;  // a number, since struct_ops count members here
    int program = -1;     // that would be replaced
  };
  std::optional<Target> target_of(const ProgramTrial& trial);
  std::optional<Target> operations_target();
  std::optional<u32> type_id(std::string_view name, btf::Kind kind);
  int replaced_program();
  int storage_types();

  KernelTypes types_;
  std::optional<Fd> replaced_, replaced_types_, storage_types_, inner_;
};

}  // namespace skep::kernel
