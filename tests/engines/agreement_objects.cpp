#include "agreement_objects.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/enum_array.hpp"
#include "base/text.hpp"
#include "platform/helpers.hpp"

namespace skep::agreement {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::string_view prefix;
  std::string path;
};
const Folder kFolders[] = {
    {"shipped", SKEP_SOURCE_DIR "/build/bpf"},
    {"cli", SKEP_SOURCE_DIR "/build/bpf/cli"},
    {"link", SKEP_SOURCE_DIR "/build/bpf/link"},
    {"bench", SKEP_AGREEMENT_BENCH},
    {"examples", SKEP_BINARY_DIR "/examples"},
    {"tests", SKEP_BINARY_DIR "/tests/bpf"},
    {"kernel", SKEP_BINARY_DIR "/tests/kernel_programs"},
    {"core", SKEP_BINARY_DIR "/tests/selftests/core"},
};
constexpr std::string_view kFlat[] = {"shipped"};  // its folders are others of the list

template <class Iterator>
void add_folder(const Folder& folder, std::vector<Source>& out) {
  std::error_code missing;
  for (const auto& entry : Iterator(folder.path, missing)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".o") continue;
    std::string name = path.lexically_relative(folder.path).string();
    name.resize(name.size() - 2);
    if (name.ends_with(".bpf")) name.resize(name.size() - 4);
    out.push_back({format("{}/{}", folder.prefix, name), path.string(),
                   folder.prefix == std::string_view("shipped")});
  }
}

constexpr LeftOut kLeftOut[] = {
    {"kernel/test_time_tai", "time_tai", Part::everything, Depends::on_time,
     "it stores the clock into the packet"},
    {"shipped/latency", "latency", Part::maps, Depends::on_time,
     "its histogram is of times between packets"},
};

std::set<const LeftOut*>& used() {
  static std::set<const LeftOut*> rows;
  return rows;
}

struct DependsRow {
  std::string_view name;
  std::array<std::string_view, 5> helpers;
};
constexpr EnumArray<Depends, DependsRow> kDepends({
    {Depends::on_time,
     {"time",
      {"ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns",
       "jiffies64"}}},
    {Depends::on_chance, {"chance", {"get_prandom_u32"}}},
    {Depends::on_the_kernel, {"the kernel", {"get_hash_recalc", "get_numa_node_id"}}},
});

}  // namespace

std::vector<Source> objects() {
  std::vector<Source> out;
  for (const Folder& each : kFolders) {
    if (std::ranges::find(kFlat, each.prefix) != std::end(kFlat)) {
      add_folder<fs::directory_iterator>(each, out);
    } else {
      add_folder<fs::recursive_directory_iterator>(each, out);
    }
  }
  std::ranges::sort(out, {}, &Source::name);
  return out;
}

const LeftOut* find_left_out(const Source& object, std::string_view program) {
  for (const LeftOut& each : kLeftOut) {
    if (each.object != object.name) continue;
    if (!each.program.empty() && each.program != program) continue;
    used().insert(&each);
    return &each;
  }
  return nullptr;
}

std::vector<std::string> unused_rows() {
  std::vector<std::string> out;
  for (const LeftOut& each : kLeftOut) {
    if (!used().contains(&each)) out.push_back(format("{}: {}", each.object, each.program));
  }
  return out;
}

bool calls(const platform::Program& program, Depends depends) {
  const auto& names = kDepends[depends].helpers;
  return std::ranges::any_of(program.code, [&](const isa::Instruction& i) {
    return i.form == isa::Form::call && i.call() == isa::Call::helper &&
           std::ranges::find(names, platform::helper_name(i.immediate)) != names.end();
  });
}

std::string_view name_of(Depends depends) { return kDepends[depends].name; }

}  // namespace skep::agreement
