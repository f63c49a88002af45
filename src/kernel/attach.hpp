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
#include "kernel/guard.hpp"
#include "kernel/hooks.hpp"
#include "skep/place.hpp"

namespace skep::kernel {

using skep::Place;
using skep::TcWay;
using skep::XdpMode;

class Link {
 public:
  Link(std::string program, Hook hook, std::string where)
      : program_(std::move(program)), hook_(hook), where_(std::move(where)) {}
  Link(Link&&) = default;
  Link& operator=(Link&&) = default;

  const std::string& program() const { return program_; }
  Hook hook() const { return hook_; }
  const std::string& where() const { return where_; }  // "sched/sched_switch", "veth0 (native)"
  // bpf_links, by which others see it; none where the kernel has no such thing for this hook.
  std::vector<u32> ids() const;

  // What pin() makes.
  std::vector<std::string> pin_paths(const std::string& folder) const;
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
  std::string program_;
  Hook hook_;
  std::string where_;
  std::vector<Fd> links_;
  std::vector<Fd> held_;  // perf events, programs
  std::unique_ptr<Guard> guard_;
};

// `program` is of `app`. Errors name the program and its hook.
Result<Link> attach(const App& app, const LoadedProgram& program, const Place& place = {});
// A structure of operations, by its number in App::operations().
Result<Link> attach_operations(const App& app, std::size_t number);

// Others run when somebody calls them: by test-run or by their structure of operations.
bool has_hook(const object::ProgramEntry& program);

// Runs an iterator; what it wrote. Fault::usage of links to anything else.
Result<std::string> read_iterator(const Link& link);

}  // namespace skep::kernel
