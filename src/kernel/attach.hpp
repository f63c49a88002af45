// Attaches loaded programs to what their sections say.
//
// In: a program of an App and what the user adds to its section. Out: a Link; the program is
// attached as long as the Link lives, and with it the process: all of it hangs on descriptors, so
// that the kernel detaches when the process ends in any way, SIGKILL included. Where the kernel has
// no descriptor for an attachment (tc before 6.6, routes), a guard process detaches in its place.
// pin() makes it outlive the process. Refused: hooks that are taken, that this kernel does not
// have, or for which the user did not say where. bpf_link is used wherever the kernel has it, so
// that programs of others stay where they are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernel/app.hpp"
#include "kernel/hooks.hpp"

namespace skep::kernel {

enum class XdpMode : u8 { any, native, generic };
enum class TcWay : u8 { any, tcx, clsact };

// What the section does not say. Empty and zero: not said.
struct Place {
  // As it would stand behind the section's name. sk_skb, sk_msg: a map of sockets, else the first
  // one of the object. netfilter: FAMILY/HOOK or FAMILY/HOOK/defrag, else ipv4/input. lirc_mode2: a
  // device.
  std::string target{};
  std::optional<u32> pid{};  // uprobes, usdt, perf events: only in this process
  std::string interface {};
  std::string cgroup{};             // its folder
  std::string network_namespace{};  // name of `ip netns` or a file; else this process's
  std::string socket{};             // PID:DESCRIPTOR
  std::string route{};              // via `interface`: "10.0.0.0/8", "fd00:1::/64 via fe80::1"
  XdpMode xdp_mode = XdpMode::any;
  TcWay tc_way = TcWay::any;
  bool egress = false;  // tc, cgroup/skb: programs whose section does not say which way
  u64 cookie = 0;       // bpf_get_attach_cookie()
  s32 priority = 0;     // netfilter, clsact; of routes the metric
};

class Link {
 public:
  Link(std::string program, Hook hook, std::string where)
      : program_(std::move(program)), hook_(hook), where_(std::move(where)) {}
  Link(Link&&) = default;
  Link& operator=(Link&&) = default;
  ~Link();

  const std::string& program() const { return program_; }
  Hook hook() const { return hook_; }
  const std::string& where() const { return where_; }  // "sched/sched_switch", "veth0 (native)"
  // bpf_links, by which others see it; none where the kernel has no such thing for this hook.
  std::vector<u32> ids() const;

  // Lets it outlive the process, as FOLDER/PROGRAM, with _1, _2 behind it when there are more.
  // Fault::unsupported where the kernel has no bpf_link for this hook; nothing stays pinned when
  // one cannot be.
  Result<std::vector<std::string>> pin(const std::string& folder);

  // ---- for those that attach ----
  void hold(Fd descriptor) { held_.push_back(std::move(descriptor)); }
  void take(Link other);  // what it holds
  void hold_link(Fd link) { links_.push_back(std::move(link)); }
  // `undo` runs when the Link goes; when this process is killed, in a guard process, which keeps
  // the descriptors that it `needs` and no others.
  Result<void> undo_with(const std::function<void()>& undo, std::vector<int> needs = {});
  // Of iterators: what is read to make it run.
  const std::vector<Fd>& links() const { return links_; }

 private:
  class Guard;
  std::string program_;
  Hook hook_;
  std::string where_;
  std::vector<Fd> links_;
  std::vector<Fd> held_;  // perf events, programs
  std::shared_ptr<Guard> guard_;
};

// `program` is of `app`. Errors name the program and its hook.
Result<Link> attach(const App& app, const LoadedProgram& program, const Place& place = {});
// A structure of operations, by its number in App::operations().
Result<Link> attach_operations(const App& app, std::size_t number);

}  // namespace skep::kernel
