// Loader programs beside libbpf, on every object at hand: what libbpf loads into this kernel, a
// loader program loads too, to the same maps and programs, or is refused by name.
//
// The loader programs are run by what every light header has, here that of flows.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "flows.lskel.hpp"
#include "kernel_bpf.hpp"
#include "kernel_inventory.hpp"
#include "object/light/loader_program.hpp"
#include "object/light_skeleton.hpp"
#include "unit/corpus.hpp"

namespace skep::object {
namespace {

using kernel_test::Inventory;

struct Libbpf {
  explicit Libbpf(const CorpusObject& object, const std::string& name) {
    libbpf_set_print(nullptr);
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.object_name = name.c_str();
    opened = bpf_object__open_mem(object.bytes.data(), object.bytes.size(), &options);
    loaded = opened != nullptr && bpf_object__load(opened) == 0;
  }
  ~Libbpf() { bpf_object__close(opened); }
  bpf_object* opened = nullptr;
  bool loaded = false;
};

struct LoadedPlan {
  std::string why;  // empty when it worked
  std::vector<flows::Descriptor> descriptors;
};

std::string_view view(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

LoadedPlan load(const Object& object, const light::Plan& plan) {
  const auto code = light::loader_program(plan);
  if (!code.ok()) return {code.error().message, {}};
  std::vector<flows::loader::Step> steps;
  for (const light::Step& each : plan.steps) steps.push_back({each.text.c_str(), each.has_log});
  std::vector<std::uint64_t> context(plan.words);
  for (const light::Handed& each : plan.maps) {
    const platform::MapSpec& spec = object.maps()[each.number];
    const bool is_for_cpus = spec.kind == platform::MapKind::perf_event_array;
    if (is_for_cpus && spec.max_entries == 0) context[each.word] = flows::loader::cpus();
  }
  const flows::loader::Loader loader{view(code->data(), code->size() * sizeof(isa::Slot)),
                                     view(plan.blob.data(), plan.blob.size()), plan.blob.size(),
                                     steps, object.license().c_str()};
  if (auto error = flows::loader::run(loader, context)) return {error->what(), {}};
  LoadedPlan out;
  for (const auto* list : {&plan.maps, &plan.programs}) {
    for (const light::Handed& each : *list) {
      out.descriptors.emplace_back(static_cast<int>(context[each.word]));
    }
  }
  return out;
}

std::string differences(const Inventory& ours, const Inventory& theirs) {
  std::string out;
  if (ours.maps.size() != theirs.maps.size()) {
    out += format("{} maps, expected {}\n", ours.maps.size(), theirs.maps.size());
  }
  if (ours.programs.size() != theirs.programs.size()) {
    out += format("{} programs, expected {}\n", ours.programs.size(), theirs.programs.size());
  }
  for (std::size_t at = 0; at < std::min(ours.maps.size(), theirs.maps.size()); ++at) {
    if (ours.maps[at] != theirs.maps[at]) {
      out += "map " + ours.maps[at].name + " differs from " + theirs.maps[at].name + "\n";
    }
  }
  for (std::size_t at = 0; at < std::min(ours.programs.size(), theirs.programs.size()); ++at) {
    const auto& our = ours.programs[at];
    const auto& their = theirs.programs[at];
    if (our.name != their.name || our.facts != their.facts) {
      out += "program " + our.name + " differs from " + their.name + "\n";
    } else if (our.code != their.code) {
      const auto [one, other] = std::ranges::mismatch(our.code, their.code);
      out += format("program {}: instruction {} is {}, expected {}\n", our.name,
                    one - our.code.begin(), one == our.code.end() ? "none" : *one,
                    other == their.code.end() ? "none" : *other);
    }
  }
  return out;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

struct Counts {
  u32 objects = 0, loaded = 0, refused = 0;
};

// libbpf asks kprobes whether system calls have a wrapper; a kernel may be without kprobes.
bool asks_for_wrapper(const Object& object) {
  return std::ranges::find(object.externs(), "LINUX_HAS_SYSCALL_WRAPPER",
                           &platform::Extern::name) != object.externs().end();
}
void forget_configuration(Inventory& inventory) {
  for (auto& map : inventory.maps) {
    if (map.name.ends_with(".kconfig")) map.contents.clear();
  }
}

// Made to keep the kernel's verifier busy; libbpf has it do so twice, to have its log.
bool takes_long(const CorpusObject& each) {
  constexpr std::string_view kNames[] = {"pyperf", "strobemeta", "loop", "xdp_synproxy"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view begin) { return each.name.starts_with(begin); });
}

// An empty text, or what is wrong.
std::string compare(const CorpusObject& each, Counts& counts) {
  const std::string name = "object";
  auto object = Object::read(Bytes(each.bytes), each.name);
  if (!object.ok()) return {};
  static const std::string configuration = output_of("zcat /proc/config.gz");
  static const std::string release = output_of("uname -r");
  if (!object->resolve({.configuration = configuration, .release = release}).ok()) return {};
  ++counts.objects;
  const auto before = kernel_test::bpf_descriptors();
  Inventory theirs;
  bool do_load = false;
  {
    const Libbpf libbpf(each, name);
    do_load = libbpf.loaded;
    if (do_load) theirs = kernel_test::inventory(before);
  }
  const auto plan = light::plan(*object, name);
  if (!plan.ok()) {
    counts.refused += do_load ? 1 : 0;
    if (do_load) {
      std::printf("%s: %s\n", each.name.c_str(), plan.error().what());
    }
    return plan.error().fault == Fault::unsupported ? "" : plan.error().message + "\n";
  }
  if (!do_load) return {};
  const LoadedPlan ours = load(*object, *plan);
  if (!ours.why.empty()) return ours.why + "\n";
  ++counts.loaded;
  Inventory made = kernel_test::inventory(before);
  if (asks_for_wrapper(*object)) {
    for (Inventory* each : {&made, &theirs}) forget_configuration(*each);
  }
  return differences(made, theirs);
}

class LoaderPrograms : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  }

  // Every object of the folder, or every `step`th.
  Counts all_of(const std::string& folder, std::size_t step = 1) {
    Counts counts;
    const auto objects = objects_of_folder(folder);
    for (std::size_t at = 0; at < objects.size(); at += step) {
      const CorpusObject& each = objects[at];
      if (takes_long(each)) {
        std::printf("%s: left out, for time\n", each.name.c_str());
        continue;
      }
      const auto before = kernel_test::bpf_descriptors();
      const std::string wrong = compare(each, counts);
      EXPECT_EQ(wrong, "") << each.name;
      EXPECT_EQ(kernel_test::bpf_descriptors(), before) << each.name;
    }
    std::printf("%s: of %u objects, %u loaded as by libbpf, %u refused\n", folder.c_str(),
                counts.objects, counts.loaded, counts.refused);
    return counts;
  }
};

TEST_F(LoaderPrograms, LoadWhatComesWithSkep) {
  EXPECT_GE(all_of(std::string(SKEP_SOURCE_DIR) + "/build/bpf").loaded, 10u);
}

TEST_F(LoaderPrograms, LoadTheObjectsOfTheTests) {
  EXPECT_GE(all_of(std::string(SKEP_BINARY_DIR) + "/tests/bpf/object").loaded, 5u);
}

// A quarter of them, for time.
TEST_F(LoaderPrograms, LoadTheKernelsOwn) {
  EXPECT_GE(all_of(std::string(SKEP_BINARY_DIR) + "/tests/kernel_programs", 4).loaded, 50u);
}

}  // namespace
}  // namespace skep::object
