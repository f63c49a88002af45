// Where a program of the kernel engine is attached: what its section does not say.
//
// Which of it a section needs is in docs/manual/kernel.md; what is needed and not said, or not
// there, is an error that names it.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace skep {

enum class XdpMode : std::uint8_t { any, native, generic };
enum class TcWay : std::uint8_t { any, tcx, clsact };

// Empty and zero: not said.
struct Place {
  // As it would stand behind the section's name. sk_skb, sk_msg: a map of sockets, else the first
  // one of the object. netfilter: FAMILY/HOOK or FAMILY/HOOK/defrag, else ipv4/input. lirc_mode2: a
  // device.
  std::string target{};
  std::optional<std::uint32_t> pid{};  // uprobes, usdt, perf events: only in this process
  std::string interface {};            // its name
  std::string cgroup{};                // its folder
  std::string network_namespace{};     // name of `ip netns` or a file; else this process's
  std::string socket{};                // PID:DESCRIPTOR
  std::string route{};                 // via `interface`: "10.0.0.0/8", "fd00:1::/64 via fe80::1"
  XdpMode xdp_mode = XdpMode::any;
  TcWay tc_way = TcWay::any;
  bool egress = false;        // tc, cgroup/skb: programs whose section does not say which way
  std::uint64_t cookie = 0;   // bpf_get_attach_cookie()
  std::int32_t priority = 0;  // netfilter, clsact; of routes the metric
};

}  // namespace skep
