// A BPF token: what the administrator lets a user namespace load, in the form of a descriptor.
//
// In: the folder where a file system of type bpf is mounted that belongs to this process's user
// namespace and was mounted with delegate_cmds, delegate_maps, delegate_progs or delegate_attachs.
// Out: a Token for LoadOptions; commands that carry it take the namespace's CAP_BPF for the real
// one, as far as the mount delegates. Refused, with the reason: another file system, one of another
// namespace, one that delegates nothing, the first user namespace, kernels before 6.9. Source:
// kernel/bpf/token.c, kernel/bpf/inode.c (bpf_parse_param).
#pragma once

#include <string>

#include "base/fd.hpp"
#include "kernel/bpf.hpp"

namespace skep::kernel {

class Token {
 public:
  static Result<Token> create(const std::string& folder);

  int descriptor() const { return fd_.get(); }
  const std::string& folder() const { return folder_; }

  // What `command` does and the token leaves out, as an option of the mount: "delegate_maps=hash".
  // Empty when it delegates the command and all of these.
  struct Use {
    Command command;
    std::optional<u32> map{}, program{}, attach{};  // numbers of the kernel
  };
  std::string left_out(const Use& use) const;
  // The error of a refused command with advice that names what is left out; others stay.
  Error explained(Error error, const Use& use) const;

 private:
  Token(Fd fd, std::string folder) : fd_(std::move(fd)), folder_(std::move(folder)) {}
  Fd fd_;
  std::string folder_;
};

}  // namespace skep::kernel
