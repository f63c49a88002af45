// DPDK's librte_bpf: its verifier and its JIT, a peer in user space (BSD-3-Clause).
//
// The library is opened when it is wanted, so nothing is needed to build: open() says in one
// sentence that it is missing and how to install it. No other part of DPDK is initialised. Its
// programs get one pointer; here it is the frame itself (FRAME_ARGUMENT in programs/program.h).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/types.hpp"
#include "skep/result.hpp"

struct rte_bpf;

namespace skep::bench {

class RteLibrary {
 public:
  static Result<RteLibrary> open();

  // The functions of rte_bpf.h and rte_log.h that are used, in DPDK's binary interface 23.
  struct Functions;
  const Functions& functions() const { return *functions_; }

 private:
  explicit RteLibrary(std::shared_ptr<const Functions> functions)
      : functions_(std::move(functions)) {}
  std::shared_ptr<const Functions> functions_;  // the library stays open until the process ends
};

class RteEngine {
 public:
  // The program `name` of the object at `path`, for frames of `frame_bytes`. Fault::rejected has
  // the library's own reason; Fault::unsupported when it made no machine code.
  static Result<RteEngine> load(const RteLibrary& library, const std::string& path,
                                const std::string& name, std::size_t frame_bytes);

  // CPU time of one run of the machine code in ns, mean of `repeat`, and the last result.
  struct Runs {
    double ns = 0;
    u32 verdict = 0;
  };
  Runs run(std::span<const std::byte> frame, u32 repeat) const;

 private:
  using Code = u64 (*)(void*);
  struct Destroy {
    void (*destroy)(rte_bpf*);
    void operator()(rte_bpf* program) const { destroy(program); }
  };
  RteEngine(std::unique_ptr<rte_bpf, Destroy> program, Code code)
      : program_(std::move(program)), code_(code) {}
  std::unique_ptr<rte_bpf, Destroy> program_;
  Code code_;
};

}  // namespace skep::bench
