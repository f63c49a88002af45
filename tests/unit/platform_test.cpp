// The tables of what Linux is to a program, against Linux: numbers and releases against the header
// of kernel 6.1 and the types of the running kernel, section names against libbpf.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "btf/types.hpp"
#include "object/requirements.hpp"
#include "platform/helpers.hpp"
#include "platform/kernel_functions.hpp"
#include "platform/map_kinds.hpp"
#include "platform/section_names.hpp"

namespace skep::platform {
namespace {

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// A member of one of the kernel's enums, as we have it.
struct Ours {
  std::string name;
  u32 number = 0;
  std::string_view since;
};

std::vector<Ours> ours() {
  std::vector<Ours> out;
  for (const ProgramType each : every<ProgramType>()) {
    if (each == ProgramType::unspecified) continue;
    out.push_back({"BPF_PROG_TYPE_" + upper(row(each).name), kernel_number(each), row(each).since});
  }
  for (const AttachType each : every<AttachType>()) {
    out.push_back({"BPF_" + upper(row(each).name), kernel_number(each), row(each).since});
  }
  for (const MapKind each : every<MapKind>()) {
    out.push_back({"BPF_MAP_TYPE_" + upper(row(each).name), kernel_number(each), row(each).since});
  }
  return out;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every word of the uapi header, which is that of kernel 6.1.
std::set<std::string> words_of_the_header() {
  std::set<std::string> out;
  std::string word;
  for (const char c : contents_of("/usr/include/linux/bpf.h")) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
      word += c;
    } else {
      out.insert(std::exchange(word, {}));
    }
  }
  return out;
}

TEST(Platform, ReleasesAgreeWithTheHeaderOf61) {
  const std::set<std::string> header = words_of_the_header();
  ASSERT_TRUE(header.contains("BPF_MAP_TYPE_USER_RINGBUF"));
  for (const Ours& each : ours()) {
    const bool is_old = !each.since.empty() && !object::is_older("6.1", each.since);
    const bool is_renamed = each.name.ends_with("CGROUP_STORAGE");  // _DEPRECATED since 6.2
    if (is_renamed) continue;
    EXPECT_EQ(is_old, header.contains(each.name)) << each.name << " since " << each.since;
  }
  const std::string text = contents_of("/usr/include/linux/bpf.h");
  for (u32 id = 1; id < kHelpersMax; ++id) {
    const bool is_old = !object::is_older("6.1", helper_since(id));
    const std::string name = "FN(" + std::string(helper_name(id)) + ")";
    EXPECT_EQ(is_old,
              text.contains(name) || text.contains("FN(" + std::string(helper_name(id)) + ","))
        << name;
  }
}

TEST(Platform, NumbersAgreeWithTheRunningKernel) {
  const auto kernel = btf::Types::open("/sys/kernel/btf/vmlinux");
  if (!kernel.ok()) GTEST_SKIP() << kernel.error().message;
  std::map<std::string, s64> theirs;
  for (const char* name : {"bpf_prog_type", "bpf_attach_type", "bpf_map_type", "bpf_func_id"}) {
    const auto id = kernel->find(name, btf::Kind::enumeration);
    if (!id) continue;
    for (const btf::Enumerator& each : kernel->enumerators(*id)) {
      theirs.emplace(std::string(each.name), each.value);
    }
  }
  u32 compared = 0;
  for (const Ours& each : ours()) {
    const auto found = theirs.find(each.name);
    if (found == theirs.end()) continue;
    EXPECT_EQ(found->second, each.number) << each.name;
    ++compared;
  }
  for (u32 id = 1; id < kHelpersMax; ++id) {
    const auto found = theirs.find("BPF_FUNC_" + std::string(helper_name(id)));
    ASSERT_NE(found, theirs.end()) << helper_name(id);
    EXPECT_EQ(found->second, id);
    ++compared;
  }
  std::cout << compared << " numbers compared\n";
  EXPECT_GT(compared, 280u);
}

TEST(Platform, ReleasesAgreeWithTheRunningKernel) {
  const auto kernel = btf::Types::open("/sys/kernel/btf/vmlinux");
  if (!kernel.ok()) GTEST_SKIP() << kernel.error().message;
  std::string release = contents_of("/proc/sys/kernel/osrelease");
  release.resize(release.find('.', release.find('.') + 1));
  std::set<std::string> known;
  for (const char* name : {"bpf_prog_type", "bpf_attach_type", "bpf_map_type"}) {
    const auto id = kernel->find(name, btf::Kind::enumeration);
    if (!id) continue;
    for (const btf::Enumerator& each : kernel->enumerators(*id)) known.emplace(each.name);
  }
  for (const Ours& each : ours()) {
    if (each.since.empty()) continue;  // not known, so nothing is claimed
    EXPECT_EQ(!object::is_older(release, each.since), known.contains(each.name))
        << each.name << " since " << each.since << ", here is " << release;
  }
}

TEST(Platform, SectionsAgreeWithLibbpf) {
  u32 compared = 0;
  std::vector<std::string> newer;
  for (const SectionName& each : section_names()) {
    std::string name(each.name);
    if (name.ends_with('+')) name.back() = '/';
    bpf_prog_type type{};
    bpf_attach_type attach{};
    libbpf_set_print(nullptr);
    if (libbpf_prog_type_by_name(name.c_str(), &type, &attach) != 0) {
      newer.push_back(name);
      continue;
    }
    ++compared;
    EXPECT_EQ(kernel_number(each.type), u32{type}) << name;
    // Since libbpf 1.3 tc/ingress and tc/egress are tcx hooks.
    EXPECT_EQ(each.attach_type ? kernel_number(*each.attach_type) : 0, u32{attach}) << name;
  }
  std::cout << compared << " sections compared; libbpf here is too old for";
  for (const std::string& name : newer) std::cout << ' ' << name;
  std::cout << '\n';
  EXPECT_GE(compared, 81u);
  EXPECT_LE(newer.size(), 35u);
}

TEST(Platform, SectionsAreFound) {
  EXPECT_EQ(find_section("kprobe/x")->name, "kprobe+");
  EXPECT_EQ(find_section("kprobe.multi/x")->name, "kprobe.multi+");
  EXPECT_EQ(find_section("?xdp")->name, "xdp");
  EXPECT_EQ(find_section("xdp/other"), nullptr);
  EXPECT_EQ(find_section("kprobe2"), nullptr);
  EXPECT_EQ(section_advice("xpd"), "did you mean tp or xdp?");
  EXPECT_EQ(section_advice("kprobe/f"), "did you mean kprobe?");
}

Target target_of(std::string_view section) {
  return parse_target(*find_section(section), section).value();
}

TEST(Platform, TargetsAreRead) {
  using enum TargetKind;
  const std::pair<std::string_view, Target> cases[] = {
      {"xdp", {}},
      {"kprobe", {}},
      {"kprobe/do_unlinkat", {kernel_function, "do_unlinkat", "", "", "do_unlinkat", 0}},
      {"kprobe/f+0x10", {kernel_function, "f+0x10", "", "", "f", 16}},
      {"kprobe/f+g", {kernel_function, "f+g", "", "", "f+g", 0}},
      {"fentry/mod:f", {kernel_function, "mod:f", "mod", "", "f", 0}},
      {"uprobe//bin/sh:main+8", {user_function, "/bin/sh:main+8", "/bin/sh", "", "main", 8}},
      {"usdt/./a:b:c", {usdt, "./a:b:c", "./a", "b", "c", 0}},
      {"tp/syscalls/sys_enter_open",
       {tracepoint, "syscalls/sys_enter_open", "syscalls", "", "sys_enter_open", 0}},
      {"?raw_tp/sched_switch", {raw_tracepoint, "sched_switch", "", "", "sched_switch", 0}},
      {"lsm.s/file_open", {lsm_hook, "file_open", "", "", "file_open", 0}},
      {"iter/task", {iterator, "task", "", "", "task", 0}},
      {"kprobe.multi/tcp_*", {kernel_pattern, "tcp_*", "", "", "tcp_*", 0}},
      {"uprobe.multi/./a:f*", {user_pattern, "./a:f*", "./a", "", "f*", 0}},
      {"ksyscall/unlinkat", {system_call, "unlinkat", "", "", "unlinkat", 0}},
      {"freplace/f", {program, "f", "", "", "f", 0}},
  };
  for (const auto& [section, expected] : cases) EXPECT_EQ(target_of(section), expected) << section;
}

TEST(Platform, TargetsThatCannotBeRead) {
  for (const std::string section : {"tp/syscalls", "uprobe/sh", "usdt/a:b", "uprobe.multi/a"}) {
    const auto target = parse_target(*find_section(section), section);
    ASSERT_FALSE(target.ok()) << section;
    EXPECT_NE(target.error().message.find(section), std::string::npos);
    EXPECT_TRUE(target.error().hint.starts_with("it is written ")) << target.error().hint;
  }
}

TEST(Platform, MapFlagsAreThoseOfTheHeader) {
  const std::string header = contents_of("/usr/include/linux/bpf.h");
  for (const MapFlag& flag : map_flags(~0u)) {
    const bool is_old = !object::is_older("6.1", flag.since);
    EXPECT_EQ(is_old, header.contains(std::string(flag.name) + "\t") ||
                          header.contains(std::string(flag.name) + " "))
        << flag.name;
  }
}

// The releases that we know of kernel functions are not newer than a kernel that has them.
TEST(KernelFunctions, ThatThisKernelHasCameWithItOrBefore) {
  const auto types = btf::Types::open("/sys/kernel/btf/vmlinux");
  if (!types.ok()) GTEST_SKIP() << types.error().message << ": NOT CHECKED";
  const std::string release = contents_of("/proc/sys/kernel/osrelease");
  const std::string_view numbers(release.data(), release.find('.', release.find('.') + 1));
  u32 known = 0, unknown = 0;
  for (btf::TypeId id = 1; id < types->count(); ++id) {
    const btf::Type tag = types->at(id);
    if (tag.kind != btf::Kind::declaration_tag || tag.name != "bpf_kfunc") continue;
    const std::string_view since = kernel_function_since(types->at(tag.type).name);
    (since.empty() ? unknown : known) += 1;
    EXPECT_FALSE(object::is_older(numbers, since)) << types->at(tag.type).name << " " << since;
  }
  if (known + unknown == 0) GTEST_SKIP() << "this kernel does not tag its functions: NOT CHECKED";
  EXPECT_GT(known, unknown);
  std::cout << "kernel functions of this kernel: " << known << " of a known release, " << unknown
            << " of an unknown one\n";
}

TEST(KernelFunctions, AreFoundByTheirWholeName) {
  EXPECT_EQ(kernel_function_since("bpf_task_acquire"), "6.2");
  EXPECT_EQ(kernel_function_since("bbr_cwnd_event"), "5.13");  // the first of its row
  EXPECT_EQ(kernel_function_since("tcp_slow_start"), "5.13");  // the last one
  EXPECT_EQ(kernel_function_since("bpf_strstr"), "6.17");
  for (const char* none : {"", "bpf_task", "task_acquire", "bbr_cwnd_event bbr_init"}) {
    EXPECT_EQ(kernel_function_since(none).size(), 0u) << none;
  }
}

TEST(Capabilities, AreReadFromNamesAndWritten) {
  EXPECT_EQ(capabilities_of("none"), kNoCapabilities);
  EXPECT_EQ(capabilities_of("all"), kAllCapabilities);
  EXPECT_EQ(capabilities_of("sys_admin"), kAllCapabilities);
  EXPECT_EQ(capabilities_of("net_admin,bpf"), set_of(Privilege::bpf, Privilege::net_admin));
  for (const char* wrong : {"", "bpf,", ",bpf", "CAP_BPF", "bpf perfmon", "no"})
    EXPECT_EQ(capabilities_of(wrong), std::nullopt) << wrong;
  EXPECT_EQ(text_of(kNoCapabilities), "no capability");
  EXPECT_EQ(text_of(set_of(Privilege::bpf, Privilege::perfmon)), "CAP_BPF and CAP_PERFMON");
  EXPECT_EQ(text_of(kAllCapabilities), "all capabilities");
}

TEST(Capabilities, GiveRightsAsTheKernelDoes) {
  EXPECT_TRUE(has(set_of(Privilege::bpf), Right::functions));
  for (const Right right : {Right::addresses, Right::uninitialised_stack, Right::speculation}) {
    EXPECT_FALSE(has(set_of(Privilege::bpf, Privilege::net_admin), right));
    EXPECT_TRUE(has(set_of(Privilege::perfmon), right));
  }
  for (const Right right : every<Right>()) EXPECT_TRUE(has(kAllCapabilities, right));
}

}  // namespace
}  // namespace skep::platform
