// What a caller says of a packet besides its bytes, and gets back: struct xdp_md or __sk_buff, as
// ctx_in and ctx_out of BPF_PROG_TEST_RUN.
//
// In: the bytes and such a structure, which may be cut short (the rest is zero). Out: the packet
// set up for a run, and after it the structure and the bytes as the kernel would give them back.
// Fields that the kernel does not take, or that the user engine has no meaning for, are refused by
// name unless they are zero. Follows net/bpf/test_run.c; but an interface is any number here, where
// the kernel wants one that is there.
#pragma once

#include <span>
#include <vector>

#include "runtime/packet.hpp"
#include "skep/result.hpp"

namespace skep::runtime {

// The structure that says nothing: what the kernel assumes without ctx_in. `bytes` of data.
std::vector<std::byte> plain_context(platform::ProgramType type, std::size_t bytes);

// For an XDP program the first `data` bytes of `bytes` are metadata. Fault::usage names the field.
Result<void> set_up(Packet& packet, platform::ProgramType type, std::span<const std::byte> bytes,
                    std::span<const std::byte> context);

// `context` is what the packet was set up with.
std::vector<std::byte> context_after(const Packet& packet, std::span<const std::byte> context);

// The bytes as data_out has them: of an XDP packet with its metadata in front.
std::span<const std::byte> bytes_after(const Packet& packet);

}  // namespace skep::runtime
