// An object that was loaded by an engine: its programs can be run and attached, its maps and
// variables read and written.
//
// An App and what was taken from it (programs, maps, rings, variables) share what they need, so
// they may outlive each other. Programs may be run by several threads at once, each on packets of
// its own; one ring is read by one thread at a time.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "skep/link.hpp"
#include "skep/map.hpp"
#include "skep/ring.hpp"

namespace skep {

// What one run of a program left.
struct Run {
  std::uint32_t return_value = 0;   // XDP_PASS is 2
  std::vector<std::byte> packet{};  // as the program left it
  // The same of the context: of a program that takes no packet, or of a packet that was given one.
  std::vector<std::byte> context{};
};

struct VerdictCount {
  std::string name;  // "XDP_PASS"
  std::uint64_t packets = 0;
};

// What the packets of a capture came to.
struct Feed {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::vector<VerdictCount> verdicts{};  // those that occurred
  // The capture could not be read any further, or the kernel did not take a packet.
  std::optional<Error> cut_short{};
};

class Program {
 public:
  explicit Program(detail::Named at) : at_(std::move(at)) {}
  const std::string& name() const { return at_.name; }

  // On one Ethernet frame of 14 to 65,550 bytes, as `bpftool prog run` does. Programs that take no
  // packets get the bytes as their context: those of type syscall, at most 65,535 bytes and as many
  // as the program touches (Fault::usage), and in the kernel raw tracepoint and sk_lookup; other
  // types are Fault::unsupported.
  Result<Run> run(std::span<const std::byte> input);
  // The same with what is known of the packet, a struct xdp_md or __sk_buff: fields that the engine
  // does not take are Fault::usage (the user engine names them) unless they are zero. Of XDP
  // programs the first `data` bytes of the packet are metadata, `data_end` is its length.
  Result<Run> run(std::span<const std::byte> packet, std::span<const std::byte> context);
  // On every packet of a pcap or pcapng file. In the user engine the program's clock shows the time
  // of each; in the kernel it is the kernel's, each packet is a run of its own, packets of less
  // than 14 bytes are refused, and of those that do not fit into a page XDP programs see the first
  // part, of about 3500 bytes.
  Result<Feed> feed(const std::string& capture);
  // To what its section and `place` say, until the Link goes. Kernel engine only: the user engine
  // is Fault::unsupported. Other faults: denied (a privilege, which is named), usage (the section
  // does not say where), absent (an interface, function or tracepoint that is not there).
  Result<Link> attach(const Place& place = {});

 private:
  detail::Named at_;
};

class App {
 public:
  // "user" or "kernel".
  std::string_view engine() const;

  Program program(std::string_view name) const { return Program(named(name)); }
  Map map(std::string_view name) const { return Map(named(name)); }
  template <Plain T>
  Ring<T> ring(std::string_view name) const {
    return Ring<T>(named(name));
  }
  RingBytes ring(std::string_view name) const { return RingBytes(named(name)); }
  // The value now. Of constants (.rodata) it cannot be changed any more.
  GlobalVariable global(std::string_view name) const;

  // Program::attach() by name, or a structure of operations (SEC(".struct_ops")) by the name of its
  // variable.
  Result<Link> attach(std::string_view name, const Place& place = {}) const;
  // Every program that is attached to something, and every structure of operations; not those that
  // others call, such as targets of tail calls. All of them or none: errors detach what was
  // attached before. Fault::usage when there is nothing of the kind.
  Result<std::vector<Link>> attach_all(const Place& place = {}) const;

  detail::Named named(std::string_view name) const { return {app_, std::string(name)}; }

 private:
  friend class Engine;
  explicit App(std::shared_ptr<detail::EngineApp> app) : app_(std::move(app)) {}
  std::shared_ptr<detail::EngineApp> app_;
};

}  // namespace skep
