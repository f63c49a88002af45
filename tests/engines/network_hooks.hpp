// Each hook of the network once: where its program goes, and what makes it run.
#pragma once

#include <functional>
#include <optional>
#include <ostream>

#include "kernel/attach.hpp"
#include "network_bench.hpp"

namespace skep::network_test {

// Why programs cannot be attached here, or an empty text. Enters the test's own network namespace.
std::string why_not();
// An object beside the test, or in the folder SKEP_NETWORK_OBJECTS.
std::string object_path(const std::string& name);
// The programs of network_hooks.bpf.o with these names.
Result<kernel::App> load(const std::vector<std::string>& programs);
Result<kernel::Link> attach(const kernel::App& app, const std::string& program,
                            const kernel::Place& place);
// How often a program ran.
u64 hits(const kernel::App& app, const std::string& program);
u32 program_id(const kernel::App& app, const std::string& program);
bool program_exists(u32 id);
// Tries to attach and compares the refusal; the error of Link begins with the program's name.
struct Expected {
  Fault fault;
  std::string_view message, hint;  // parts of them
};
void expect_refused(const kernel::App& app, const std::string& program, const kernel::Place& place,
                    const Expected& expected);
void expect_refused(const std::string& program, const kernel::Place& place,
                    const Expected& expected);
bool is_older_than(std::string_view release);  // the running kernel

bool has_netkit();  // makes netkit0 and its peer nk0 at the first question

// What a case needs and has for its time.
struct Stage {
  std::optional<OwnCgroup> cgroup{};
  std::optional<Pair> pair{};
  std::optional<Port> port{}, second{};
  std::string skip{};  // why the case cannot be run here
};

struct HookCase {
  std::string name;
  std::string program;
  std::function<kernel::Place(Stage&)> place;
  std::function<void(Stage&, const kernel::App&)> use;
  std::string where{};                // what Link::where() ends with
  std::string since{};                // Linux that has it
  std::vector<std::string> beside{};  // without which the program does not run
  friend std::ostream& operator<<(std::ostream& out, const HookCase& one) {
    return out << one.name;
  }
};
const std::vector<HookCase>& hook_cases();

}  // namespace skep::network_test
