// What an object asks of a kernel (tests/bpf/object/kernel.bpf.c): found, left open, or named.
#include <algorithm>

#include "object/requirements.hpp"
#include "object_files.hpp"

namespace skep::object {
namespace {

using platform::ExternKind;
using platform::ExternState;

constexpr std::string_view kConfiguration =
    "#\n# a comment\nCONFIG_BOOL=y\nCONFIG_MODULE=m\n# CONFIG_ABSENT is not set\n"
    "CONFIG_LETTER=n\nCONFIG_HUNDRED=0x64\nCONFIG_NEGATIVE=-5\nCONFIG_TEXT=\"a long text\"\n"
    "CONFIG_HUNDRED_MORE=1\n";

Object kernel() { return Object::open(object_path("kernel")).value(); }

const platform::Extern& named(const Object& object, std::string_view name) {
  const auto found = std::ranges::find(object.externs(), name, &platform::Extern::name);
  EXPECT_NE(found, object.externs().end()) << name;
  return *found;
}

// A value of the configuration as a number.
s64 value_of(const Object& object, std::string_view name) {
  const platform::Extern& external = named(object, name);
  s64 out = 0;
  std::memcpy(&out, map_named(object, ".kconfig").initial.data() + external.offset,
              std::min<std::size_t>(external.size, 8));
  return out;
}

TEST(Kernel, ListsExterns) {
  const Object object = kernel();
  EXPECT_EQ(object.externs().size(), 11u);
  EXPECT_EQ(named(object, "CONFIG_HUNDRED").kind, ExternKind::configuration);
  EXPECT_FALSE(named(object, "CONFIG_HUNDRED").is_weak);
  EXPECT_TRUE(named(object, "CONFIG_BOOL").is_weak);
  EXPECT_EQ(named(object, "bpf_prog_put").kind, ExternKind::address);
  EXPECT_EQ(named(object, "bpf_prog_put").state, ExternState::unresolved);
  const Object others = Object::open(object_path("extern")).value();
  EXPECT_EQ(named(others, "bpf_kernel_function").kind, ExternKind::function);
  EXPECT_EQ(named(others, "kernel_variable").kind, ExternKind::variable);
}

TEST(Kernel, TakesValuesFromAConfiguration) {
  Object object = kernel();
  ASSERT_TRUE(object.resolve({.configuration = kConfiguration, .release = "6.1.9-x"}).ok());
  EXPECT_EQ(value_of(object, "LINUX_KERNEL_VERSION"), 6 << 16 | 1 << 8 | 9);
  EXPECT_EQ(value_of(object, "LINUX_HAS_BPF_COOKIE"), 1);
  EXPECT_EQ(value_of(object, "CONFIG_BOOL"), 1);
  EXPECT_EQ(value_of(object, "CONFIG_MODULE"), 2);
  EXPECT_EQ(value_of(object, "CONFIG_LETTER"), 'n');
  EXPECT_EQ(value_of(object, "CONFIG_HUNDRED"), 100);
  EXPECT_EQ(value_of(object, "CONFIG_NEGATIVE"), 0xfb);
  EXPECT_EQ(value_of(object, "CONFIG_ABSENT"), 0);
  EXPECT_EQ(named(object, "CONFIG_ABSENT").state, ExternState::absent);
  const auto* text = reinterpret_cast<const char*>(map_named(object, ".kconfig").initial.data()) +
                     named(object, "CONFIG_TEXT").offset;
  EXPECT_EQ(std::string(text), "a long ");
}

TEST(Kernel, RefusesValuesThatDoNotFit) {
  for (const char* line :
       {"CONFIG_BOOL=m\n", "CONFIG_BOOL=12\n", "CONFIG_NEGATIVE=128\n", "CONFIG_HUNDRED=\"text\"\n",
        "CONFIG_TEXT=\"open\n", "CONFIG_HUNDRED=y\n", "CONFIG_HUNDRED=-1\n",
        "CONFIG_HUNDRED=18446744073709551616\n"}) {
    Object object = kernel();
    const auto resolved = object.resolve({.configuration = line});
    ASSERT_FALSE(resolved.ok()) << line;
    EXPECT_EQ(resolved.error().fault, Fault::malformed);
    EXPECT_NE(resolved.error().message.find("CONFIG_"), std::string::npos);
  }
}

// The section says how large its variable is, and so does the variable's type.
TEST(Kernel, RefusesSizesThatContradictTheType) {
  std::vector<std::byte> bytes = object_bytes("kernel");
  const u32 id = *kernel().types().find("CONFIG_BOOL", btf::Kind::variable);
  const u32 as_compiled[] = {id, 0, 1}, contradicting[] = {id, 0, 0};  // type, offset, size
  const auto pattern = std::as_bytes(std::span(as_compiled));
  const auto found = std::ranges::search(bytes, pattern);
  ASSERT_FALSE(found.empty());
  std::memcpy(&*found.begin(), contradicting, sizeof contradicting);
  const auto object = Object::read(Bytes(bytes), "damaged.o");
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().message,
            "damaged.o: section .kconfig: CONFIG_BOOL has 0 bytes, expected the 1 of _Bool");
}

TEST(Kernel, FindsAddressesOfSymbols) {
  Object object = kernel();
  const std::string_view symbols =
      "ffffffff81000000 T first\nnot a line\nffffffff81234567 T bpf_prog_put\t[module]\n";
  ASSERT_TRUE(object.resolve({.symbols = symbols}).ok());
  EXPECT_EQ(named(object, "bpf_prog_put").value, 0xffffffff81234567u);
  EXPECT_EQ(named(object, "symbol_that_is_not_there").state, ExternState::absent);
  const auto program = object.program("symbols").value();
  const bool has_address = std::ranges::any_of(program->code, [](const isa::Instruction& i) {
    return i.form == isa::Form::constant && static_cast<u64>(i.immediate) == 0xffffffff81234567u;
  });
  EXPECT_TRUE(has_address);
}

TEST(Kernel, LeavesNumbersOfExternsInTheCode) {
  const Object object = Object::open(object_path("extern")).value();
  const auto calls = object.program("calls").value();
  ASSERT_EQ(calls->uses.size(), 1u);
  const isa::Instruction& call = calls->code[calls->uses[0].at.value()];
  EXPECT_EQ(call.call(), isa::Call::kfunc);
  EXPECT_EQ((*calls->externs)[static_cast<u32>(call.immediate)].name, "bpf_kernel_function");
  const auto reads = object.program("reads").value();
  const isa::Instruction& constant = reads->code[reads->uses[0].at.value()];
  EXPECT_EQ(constant.constant(), isa::Constant::variable);
  EXPECT_EQ((*reads->externs)[constant.map_number()].name, "kernel_variable");
}

TEST(Kernel, ReadsMapsOfMaps) {
  const Object object = kernel();
  const platform::MapSpec& outer = map_named(object, "outer");
  ASSERT_NE(outer.inner, nullptr);
  EXPECT_EQ(outer.inner->name, "outer.inner");
  EXPECT_EQ(outer.inner->value_size, 8u);
  EXPECT_EQ(outer.value_size, 4u);
  ASSERT_EQ(outer.initial_maps.size(), 2u);
  EXPECT_EQ(object.maps()[outer.initial_maps[0].second].name, "second");
  EXPECT_EQ(outer.initial_maps[1].first, 3u);
  EXPECT_EQ(object.maps()[outer.initial_maps[1].second].name, "first");
  const platform::MapSpec& recent = map_named(object, "recent");
  EXPECT_EQ(recent.kind, platform::MapKind::lru_percpu_hash);
  EXPECT_EQ(recent.numa_node, 1u);
  EXPECT_TRUE(recent.is_pinned_by_name);
}

TEST(Kernel, ReadsOperations) {
  const Object object = kernel();
  const platform::MapSpec& linked = map_named(object, "linked");
  EXPECT_EQ(linked.kind, platform::MapKind::struct_ops);
  EXPECT_EQ(linked.flags, platform::kStructOpsLink);
  EXPECT_EQ(linked.initial[8], std::byte{7});
  using Programs = std::vector<std::pair<u32, std::string>>;
  EXPECT_EQ(linked.initial_programs, (Programs{{0, "on_start"}, {2, "on_stop"}}));
  EXPECT_EQ(map_named(object, "plain").initial_programs, (Programs{{2, "on_stop"}}));
}

TEST(Kernel, LinksTheExceptionCallback) {
  const auto program = kernel().program("throws").value();
  ASSERT_TRUE(program->exception_callback.has_value());
  EXPECT_EQ(program->functions[*program->exception_callback].name, "when_thrown");
}

TEST(Kernel, KnowsHowProgramsAttach) {
  const Object object = kernel();
  const auto entry = [&](std::string_view name) {
    return *std::ranges::find(object.programs(), name, &ProgramEntry::name);
  };
  EXPECT_EQ(entry("configured").target.name, "do_unlinkat");
  EXPECT_EQ(entry("symbols").target.place, "syscalls");
  EXPECT_EQ(entry("throws").attach_type, platform::AttachType::tcx_ingress);
  EXPECT_EQ(entry("pieces").flags & platform::kXdpFrags, platform::kXdpFrags);
  EXPECT_TRUE(entry("pieces").is_optional);
  EXPECT_EQ(object.program("symbols").value()->target.name, "sys_enter_openat");
}

TEST(Requirements, ReleasesAreComparedByTheirNumbers) {
  EXPECT_TRUE(is_older("4.9", "4.10"));
  EXPECT_FALSE(is_older("4.10", "4.9"));
  EXPECT_FALSE(is_older("6.6", "6.6"));
  EXPECT_TRUE(is_older("6.1.0-57-cloud-amd64", "6.6"));  // as uname -r prints them
  EXPECT_FALSE(is_older("6.18.44", "6.6"));
  EXPECT_FALSE(is_older("6.18-rc1", "6.18"));
}

TEST(Kernel, ListsWhatItRequires) {
  const Requirements found = requirements_of(kernel());
  EXPECT_TRUE(found.not_read.empty());
  EXPECT_EQ(found.since, "6.6");  // tcx_ingress
  const auto one = [&](std::string_view name) {
    const auto at = std::ranges::find(found.all, name, &Requirement::name);
    EXPECT_NE(at, found.all.end()) << name;
    return *at;
  };
  EXPECT_EQ(one("lru_percpu_hash").since, "4.10");
  EXPECT_EQ(one("BPF_F_LINK").since, "6.4");
  EXPECT_EQ(one("BPF_F_XDP_HAS_FRAGS").since, "5.18");
  EXPECT_TRUE(one("CONFIG_BOOL").is_optional);
  EXPECT_FALSE(one("CONFIG_HUNDRED").is_optional);
  EXPECT_EQ(one("bpf_prog_put").kind, RequirementKind::kernel_symbol);
  EXPECT_TRUE(is_older("4.9", "4.10"));
  EXPECT_FALSE(is_older("5.1", "5.1"));
}

}  // namespace
}  // namespace skep::object
