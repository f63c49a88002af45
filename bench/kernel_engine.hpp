// The same object in the machine's kernel, loaded by libbpf: what our figures stand beside.
//
// Root is needed. Without it open() says so and the figures print our side alone. The durations are
// the kernel's own (BPF_PROG_TEST_RUN): the mean of a call's runs, without the system call, the
// copy of the packet and the time that others had the CPU.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

struct bpf_object;
struct ring_buffer;

namespace skep::bench {

class KernelEngine {
 public:
  static Result<KernelEngine> load(const std::string& path);
  // Of an object's bytes; `name` is for messages.
  static Result<KernelEngine> read(std::span<const std::byte> file, const std::string& name);

  // Mean duration of `repeat` runs of `program` on the packet, and the last verdict.
  struct Runs {
    double ns = 0;
    u32 verdict = 0;
  };
  Result<Runs> run(const std::string& program, std::span<const std::byte> packet, u32 repeat);
  // Machine code that the kernel made of the program and the functions that it calls.
  Result<double> code_bytes(const std::string& program);
  // Takes what is in the rings out.
  void drain();

  // How long the kernel's verifier took for each program of the object, in us, by their order.
  static Result<std::vector<double>> verification_us(const std::string& path);

 private:
  struct Close {
    void operator()(bpf_object* object) const;
    void operator()(ring_buffer* rings) const;
  };
  explicit KernelEngine(bpf_object* object) : object_(object) {}
  Result<int> descriptor_of(const std::string& program) const;
  Result<void> load_object(const std::string& name);
  Result<void> open_rings();
  std::unique_ptr<bpf_object, Close> object_;
  std::unique_ptr<ring_buffer, Close> rings_;
};

}  // namespace skep::bench
