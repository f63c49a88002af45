// A program that is attached to something, as long as this object lives.
//
// Whatever ends the process, SIGKILL too, detaches: the kernel does it with the descriptors. Only
// pin() makes an attachment outlive the process. A Link needs nothing of the App that it comes
// from.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skep/place.hpp"
#include "skep/result.hpp"

namespace skep {

class [[nodiscard]] Link {
 public:
  struct State;
  explicit Link(std::unique_ptr<State> state);
  Link(Link&& other) noexcept;
  Link& operator=(Link&& other) noexcept;  // detaches what was held before
  ~Link();                                 // detaches

  const std::string& program() const;
  std::string hook() const;          // "raw tracepoint"
  const std::string& where() const;  // "sys_enter", "veth0 (native)"
  // The kernel's numbers of it, by which others see it (`skep link list`); none where the kernel
  // has no bpf_link for this hook.
  std::vector<std::uint32_t> ids() const;

  // Keeps it attached when this process has ended, as FOLDER/PROGRAM, with _1, _2 behind it when
  // one program has more; the paths. FOLDER is made if need be, in a file system of type bpf;
  // removing the files detaches. Fault::usage when a path is taken, Fault::unsupported where the
  // kernel has no bpf_link for this hook; nothing stays pinned then.
  Result<std::vector<std::string>> pin(const std::string& folder);

  // Of an iterator (SEC("iter/...")): runs it and returns what it wrote. Fault::usage of others.
  Result<std::string> read() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace skep
