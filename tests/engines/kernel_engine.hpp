// Which of the kernel's engines runs programs, and what it knows.
//
// A guest's kernel (tests/qemu/run) is told to interpret; the kernel that runs the tests is left as
// it is, and compiles.
#pragma once

#include <gtest/gtest.h>

#include "kernel_bpf.hpp"
#include "kernel_programs.hpp"
#include "random_packets.hpp"

namespace skep::random_packets {

inline bpf_attr load_of(u32 type, const std::vector<isa::Slot>& slots) {
  bpf_attr out = kernel_test::no_attributes();
  out.prog_type = type;
  out.insns = reinterpret_cast<u64>(slots.data());
  out.insn_cnt = static_cast<u32>(slots.size());
  out.license = reinterpret_cast<u64>("GPL");
  return out;
}

// A program of the kernel, or a negative errno.
inline s64 load_program(u32 type, const isa::Code& code) {
  const auto slots = isa::encode(code).value();
  bpf_attr attributes = load_of(type, slots);
  return kernel_test::bpf(BPF_PROG_LOAD, attributes);
}

inline bool takes(const isa::Code& code) {
  const s64 fd = load_program(BPF_PROG_TYPE_SOCKET_FILTER, code);
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fd >= 0;
}

// Whether programs that are loaded now are compiled.
inline bool kernel_compiles() {
  using namespace engines;
  const Fd program = Fd::adopt(static_cast<int>(
      load_program(BPF_PROG_TYPE_SOCKET_FILTER, engines::program({mov(0, 1), leave()}))));
  bpf_prog_info info{};
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.info.bpf_fd = static_cast<u32>(program.get());
  attributes.info.info_len = sizeof info;
  attributes.info.info = reinterpret_cast<u64>(&info);
  EXPECT_EQ(kernel_test::bpf(BPF_OBJ_GET_INFO_BY_FD, attributes), 0);
  return info.jited_prog_len != 0;
}

// The kernel has none for programs that it interprets.
inline bool has_arenas() {
  const s64 fd = kernel_test::create_map(engines::maps_of_random_packets()->at(engines::kArenaMap));
  if (fd >= 0) ::close(static_cast<int>(fd));
  return fd >= 0 && kernel_compiles();
}

inline engines::Knows what_the_kernel_knows() {
  using namespace engines;
  return {.version_4 = takes(program({mov(0, 1), alu_reg(Alu::movsx8, 0, 0), leave()})),
          .acquire_and_release =
              takes(program({store(Width::w64, 10, -8, 1),
                             atomic(Atomic::load_acquire, Width::w64, 0, -8, 10), leave()})),
          .arenas = has_arenas()};
}

// In a guest, the interpreter. Says which one it is.
inline void choose_kernel_engine() {
  const char* const guest = std::getenv("SKEP_GUEST");
  if (guest != nullptr) {
    std::FILE* setting = std::fopen("/proc/sys/net/core/bpf_jit_enable", "w");
    ASSERT_NE(setting, nullptr);
    std::fputs("0", setting);
    std::fclose(setting);
    ASSERT_FALSE(kernel_compiles()) << "the guest's kernel does not interpret";
  }
  const engines::Knows knows = what_the_kernel_knows();
  const auto has = [](bool known) { return known ? "has" : "has no"; };
  std::printf("the kernel %s programs, %s instructions of version 4, %s load_acquire, %s arenas\n",
              kernel_compiles() ? "compiles" : "interprets", has(knows.version_4),
              has(knows.acquire_and_release), has(knows.arenas));
}

}  // namespace skep::random_packets
