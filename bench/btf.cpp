// What it costs to open the kernel's types and find one structure by its name, beside libbpf; and
// `skep btf find` on it, spawn to exit.
//
// Memory is what becomes resident in a child that does nothing else, in pages. A file that is
// mapped counts as far as it is touched, but where the kernel maps its own memory (sysfs since
// Linux 6.16), there is nothing to count: nothing was copied.
#include <bpf/btf.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "btf/types.hpp"
#include "figures.hpp"
#include "spawn.hpp"

namespace skep::bench {
namespace {

constexpr const char* kSkep = SKEP_BINARY_DIR "/skep";
constexpr const char* kKernel = "/sys/kernel/btf/vmlinux";
constexpr const char* kWanted = "task_struct";
constexpr u32 kOpenings = 41, kChildren = 5;

Result<void> find_ours(const std::string& wanted) {
  const auto types = TRY(btf::Types::open_for_lookups(kKernel));
  if (types.find(wanted, btf::Kind::structure)) return {};
  return Error(Fault::absent, format("no {} in {}", wanted, kKernel));
}

Result<void> find_theirs(const std::string& wanted) {
  const std::unique_ptr<struct btf, decltype(&btf__free)> types(btf__parse(kKernel, nullptr),
                                                                btf__free);
  if (types == nullptr) return Error(Fault::system, format("libbpf does not open {}", kKernel));
  if (btf__find_by_name_kind(types.get(), wanted.c_str(), BTF_KIND_STRUCT) > 0) return {};
  return Error(Fault::absent, format("libbpf finds no {}", wanted));
}

using Find = Result<void> (*)(const std::string& wanted);

Contender timed(Find find, const std::string& wanted) {
  return {wanted, [find, wanted]() -> Result<double> {
            const u64 begin = thread_ns();
            TRY(find(wanted));
            return static_cast<double>(thread_ns() - begin) / 1e6;
          }};
}

// The one that a search in the order of the types comes to last.
std::string last_structure(const btf::Types& types) {
  for (btf::TypeId id = types.count() - 1; id > 0; --id) {
    const bool is_named = types.kind(id) == btf::Kind::structure && !types.name(id).empty();
    if (is_named && types.find(types.name(id), btf::Kind::structure) == id) {
      return std::string(types.name(id));
    }
  }
  return kWanted;
}

double resident_megabytes() {
  unsigned long size = 0, resident = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                             std::fclose);
  if (file == nullptr || std::fscanf(file.get(), "%lu %lu", &size, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// What is found is kept: the memory of a lookup, not what is left after it.
template <class Open>
Result<double> grown_by(Open open) {
  int ends[2];
  if (::pipe(ends) != 0) return system_error("make", "a pipe", errno);
  const pid_t child = ::fork();
  if (child == 0) {
    const double before = resident_megabytes();
    const auto kept = open();
    const double grown = kept ? resident_megabytes() - before : -1;
    ::_exit(::write(ends[1], &grown, sizeof grown) == sizeof grown ? 0 : 1);
  }
  ::close(ends[1]);
  double grown = -1;
  const bool came = ::read(ends[0], &grown, sizeof grown) == sizeof grown;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!came || grown < 0) return Error(Fault::system, "the child found nothing");
  return grown;
}

Result<double> memory_of_ours() {
  return grown_by([] {
    auto types = btf::Types::open_for_lookups(kKernel);
    const bool found = types.ok() && types->find(kWanted, btf::Kind::structure).has_value();
    return found ? std::make_unique<btf::Types>(*std::move(types)) : nullptr;
  });
}

Result<double> memory_of_theirs() {
  return grown_by([] {
    std::unique_ptr<struct btf, decltype(&btf__free)> types(btf__parse(kKernel, nullptr),
                                                            btf__free);
    const bool found =
        types != nullptr && btf__find_by_name_kind(types.get(), kWanted, BTF_KIND_STRUCT) > 0;
    if (!found) types.reset();
    return types;
  });
}

}  // namespace

Result<void> kernel_types(Report& report) {
  if (::access(kKernel, R_OK) != 0) {
    report.note(format("{} cannot be read: left out", kKernel));
    return {};
  }
  const auto types = TRY(btf::Types::open(kKernel));
  const std::string last = last_structure(types);
  report.title(format("btf: {} in {}, {} types", kWanted, kKernel, grouped(types.count())));
  const auto samples = TRY(interleave({timed(find_ours, kWanted), timed(find_theirs, kWanted),
                                       timed(find_ours, last), timed(find_theirs, last)},
                                      kOpenings));
  Samples memory, their_memory, command;
  for (u32 at = 0; at < kChildren; ++at) {
    memory.push_back(TRY(memory_of_ours()));
    their_memory.push_back(TRY(memory_of_theirs()));
    command.push_back(TRY(start_once({kSkep, "btf", "find", kWanted})).milliseconds);
  }
  report.value("open and find", samples[0], "ms", below(1));
  report.value("libbpf: btf__parse and btf__find_by_name_kind", samples[1], "ms");
  report.ratio("libbpf / skep", ratio_of_medians(samples[1], samples[0]));
  report.value(format("the last structure, {}", last), samples[2], "ms");
  report.value("libbpf: the last structure", samples[3], "ms");
  report.value("resident", memory, "MB", below(1));
  report.value("libbpf: resident", their_memory, "MB");
  report.value("skep btf find, spawn to exit", command, "ms");
  return {};
}

}  // namespace skep::bench
