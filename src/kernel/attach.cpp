#include "kernel/attach.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "kernel/attachers.hpp"

namespace skep::kernel {
namespace {

Result<Link> attach_nowhere(const Attachment& at) {
  if (at.hook == Hook::operations) {
    return Error(Fault::usage, "it is attached with its structure of operations, not by itself");
  }
  return Error(Fault::unsupported,
               format("programs of type {} are not attached; they run when they are called",
                      platform::row(at.program.entry.type).name),
               "skep test-run --engine kernel runs them (in C++: Program::run())");
}

using Attacher = Result<Link> (*)(const Attachment&);
constexpr EnumArray<Hook, Attacher> kAttachers({
    {Hook::kprobe, attach_kprobe},
    {Hook::kretprobe, attach_kprobe},
    {Hook::kprobe_multi, attach_kprobe_multi},
    {Hook::system_call, attach_system_call},
    {Hook::uprobe, attach_uprobe},
    {Hook::uretprobe, attach_uprobe},
    {Hook::uprobe_multi, attach_uprobe_multi},
    {Hook::usdt, attach_usdt},
    {Hook::tracepoint, attach_tracepoint},
    {Hook::raw_tracepoint, attach_raw_tracepoint},
    {Hook::tracing, attach_tracing},
    {Hook::lsm, attach_tracing},
    {Hook::lsm_cgroup, attach_lsm_cgroup},
    {Hook::replacement, attach_tracing},
    {Hook::iterator, attach_iterator},
    {Hook::perf_event, attach_perf_event},
    {Hook::xdp, attach_xdp},
    {Hook::tc, attach_tc},
    {Hook::netkit, attach_netkit},
    {Hook::cgroup, attach_cgroup},
    {Hook::sock_map, attach_sock_map},
    {Hook::network_namespace, attach_network_namespace},
    {Hook::socket, attach_socket},
    {Hook::netfilter, attach_netfilter},
    {Hook::route, attach_route},
    {Hook::operations, attach_nowhere},
    {Hook::infrared, attach_infrared},
    {Hook::none, attach_nowhere},
});

struct Requirement {
  std::string_view what;
  std::string_view advice;
};
constexpr EnumArray<Needs, Requirement> kRequirements({
    {Needs::nothing, {"", ""}},
    {Needs::target,
     {"what it is attached to",
      "write it behind the section's name, or say --attach PROGRAM=TARGET (in C++: "
      "Place::target)"}},
    {Needs::interface, {"a network interface", "say --interface NAME (in C++: Place::interface)"}},
    {Needs::cgroup,
     {"a cgroup", "say --cgroup FOLDER, one below /sys/fs/cgroup (in C++: Place::cgroup)"}},
    {Needs::socket, {"a socket", "say --socket PID:DESCRIPTOR (in C++: Place::socket)"}},
    {Needs::route,
     {"a route", "say --route PREFIX and --interface NAME (in C++: Place::route, interface)"}},
});

bool is_given(Needs needs, const Attachment& at) {
  switch (needs) {
    case Needs::nothing:
    case Needs::count_: return true;
    case Needs::target: return !at.target.text.empty();
    case Needs::interface: return !at.place.interface.empty();
    case Needs::cgroup: return !at.place.cgroup.empty();
    case Needs::socket: return !at.place.socket.empty();
    case Needs::route: return !at.place.route.empty() && !at.place.interface.empty();
  }
  return true;
}

// What the user said in place of what the section says.
Result<platform::Target> target_of(const object::ProgramEntry& program, const Place& place) {
  if (place.target.empty()) return program.target;
  const platform::SectionName* row = platform::find_section(program.section);
  if (row == nullptr || row->target == platform::TargetKind::none) {
    return platform::Target{.text = place.target};
  }
  std::string name(row->name);
  if (name.ends_with('+')) name.pop_back();
  return platform::parse_target(*row, format("{}/{}", name, place.target));
}

Result<Link> attach_at(const Attachment& at) {
  const HookRow& hook = row(at.hook);
  if (!is_given(hook.needs, at)) {
    const Requirement& missing = kRequirements[hook.needs];
    return Error(Fault::usage,
                 format("section {} does not say {}", at.program.entry.section, missing.what),
                 std::string(missing.advice));
  }
  return kAttachers[at.hook](at);
}

}  // namespace

Result<Link> attach(const App& app, const LoadedProgram& program, const Place& place) {
  const std::string name = format("program {}", program.entry.name);
  Attachment at{
      .app = app, .program = program, .place = place, .target = {}, .hook = hook_of(program.entry)};
  auto target = target_of(program.entry, place);
  if (!target.ok()) return std::move(target).error().within(name);
  at.target = std::move(*target);
  return attach_at(at).within(name);
}

// ---- Link ----

Result<void> Link::undo_with(const std::function<void()>& undo, std::vector<int> needs) {
  auto guard = Guard::start(undo, std::move(needs));
  if (!guard.ok()) {
    undo();
    return std::move(guard).error();
  }
  guard_ = std::move(*guard);
  return {};
}

void Link::take(Link other) {
  std::ranges::move(other.links_, std::back_inserter(links_));
  std::ranges::move(other.held_, std::back_inserter(held_));
}

std::vector<u32> Link::ids() const {
  std::vector<u32> out;
  for (const Fd& link : links_) {
    if (const auto id = id_of(link, Kind::link); id.ok()) out.push_back(*id);
  }
  return out;
}

std::vector<std::string> Link::pin_paths(const std::string& folder) const {
  std::vector<std::string> paths;
  for (std::size_t number = 0; number < links_.size(); ++number) {
    paths.push_back(number == 0 ? format("{}/{}", folder, program_)
                                : format("{}/{}_{}", folder, program_, number));
  }
  return paths;
}

Result<std::vector<std::string>> Link::pin(const std::string& folder) {
  if (links_.empty()) {
    return Error(
        Fault::unsupported,
        format("{} at {} cannot be pinned: this kernel has no link for it", program_, where_));
  }
  std::vector<std::string> paths = pin_paths(folder);
  for (std::size_t number = 0; number < links_.size(); ++number) {
    auto pinned = kernel::pin(links_[number], paths[number]);
    if (pinned.ok()) continue;
    for (std::size_t made = 0; made < number; ++made) ::unlink(paths[made].c_str());
    return std::move(pinned).error();
  }
  return paths;
}

}  // namespace skep::kernel
