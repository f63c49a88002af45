// What CO-RE costs: relocating an object of forty programs with 36 relocations each (core.bpf.c)
// against the types of this machine's kernel, which are opened anew each time.
#include <unistd.h>

#include "base/text.hpp"
#include "btf/targets.hpp"
#include "figures.hpp"
#include "object/object.hpp"

namespace skep::bench {
namespace {

constexpr const char* kObject = SKEP_BINARY_DIR "/bench/core.bpf.o";
constexpr const char* kKernel = "/sys/kernel/btf/vmlinux";

Result<void> relocate_all(const object::Object& object, const btf::Targets* targets) {
  for (const object::ProgramEntry& each : object.programs()) {
    TRY(object.program(each.name, {.targets = targets}));
  }
  return {};
}

Result<u64> count_relocations(const object::Object& object) {
  u64 count = 0;
  for (const object::ProgramEntry& each : object.programs()) {
    count += TRY(object.core_uses(each.name, nullptr)).size();
  }
  return count;
}

// A second time with the same types, too: what the relocations cost when the names are known.
Result<double> once(const object::Object& object, btf::Targets& targets) {
  const u64 begin = thread_ns();
  if (targets.empty()) TRY(targets.open(kKernel));
  TRY(relocate_all(object, &targets));
  return static_cast<double>(thread_ns() - begin) / 1e6;
}

}  // namespace

Result<void> core(Report& report) {
  if (::access(kKernel, R_OK) != 0) {
    report.note(format("{} cannot be read: left out", kKernel));
    return {};
  }
  const auto object = TRY(object::Object::open(kObject));
  const u64 count = TRY(count_relocations(object));
  report.title(format("core: core.bpf.o against {}, {}, {}", kKernel,
                      counted(object.programs().size(), "program"), counted(count, "relocation")));
  Samples first, again, each;
  for (u32 round = 0; round < kRounds; ++round) {
    btf::Targets targets;
    first.push_back(TRY(once(object, targets)));
    again.push_back(TRY(once(object, targets)));
    each.push_back(again.back() * 1e6 / static_cast<double>(count));
  }
  report.value("open the types and relocate all", first, "ms");
  report.value("relocate all again", again, "ms");
  report.value("a relocation", each, "ns");
  return {};
}

}  // namespace skep::bench
