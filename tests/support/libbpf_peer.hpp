// libbpf as the oracle of the loader, without a kernel: it opens and relocates an object, and what
// it would give to bpf(2) is looked at instead.
//
// While a FakeKernel lives, bpf(2) of this process succeeds without doing anything: maps, programs
// and BTF get descriptors of /dev/null. So objects for hooks that this kernel lacks, or refuses,
// are compared as well, by any user. libbpf reaches bpf(2) by the C library's syscall(), which the
// executable replaces.
#pragma once

#include <bpf/libbpf.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "isa/instruction.hpp"
#include "object/object.hpp"

namespace skep::peer {

class FakeKernel {
 public:
  FakeKernel();
  ~FakeKernel();
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;
};

using PeerObject = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;

// The object as libbpf relocates it, against the types of the file `types` or, when that is empty,
// of the running kernel. Only `program` is loaded; all are when it is empty. Null, and `log` says
// why, when libbpf refuses it.
PeerObject load(const std::string& object, const std::string& types, const std::string& program,
                std::string& log);

// The instructions of a program of a loaded object, with the numbers of `maps` in the place of
// descriptors. Empty when it was not loaded.
std::vector<isa::Slot> instructions(const bpf_object* object, const std::string& program,
                                    const std::vector<platform::MapSpec>& maps);

}  // namespace skep::peer
