// The same random program, packet and maps in the kernel.
//
// Its maps are made once and filled anew for each program.
#pragma once

#include "base/mapping.hpp"
#include "kernel_bpf.hpp"
#include "random_user_side.hpp"

namespace skep::random_packets {

class KernelSide {
 public:
  KernelSide();
  Answer run(const std::shared_ptr<const platform::Program>& program, u64 seed);

 private:
  Answer run(const Fd& loaded, u64 seed);
  void fill(u64 seed);
  Buffer contents(u64 seed);
  std::vector<Fd> maps_;  // without the arena, where the kernel has none
  std::optional<Mapping> arena_;
};

}  // namespace skep::random_packets
