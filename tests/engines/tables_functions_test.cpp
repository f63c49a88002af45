// The table of the kernel's functions against the kernel: who may call each, which may sleep, and
// which fields keep the trust of the structure that they are in.
#include <gtest/gtest.h>

#include "platform/kernel_calls.hpp"
#include "tables.hpp"
#include "verify/trust.hpp"

namespace skep::kernel_tables {
namespace {

using platform::KernelFunctionRow;

Slot call_of(u32 id) { return slot(0x85, 0, 2, 0, static_cast<s32>(id)); }

// The kernel's functions that programs may call, by its types.
std::set<std::string> functions_of(const btf::Types& types) {
  std::set<std::string> out;
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    const btf::Type tag = types.at(id);
    if (tag.kind == btf::Kind::declaration_tag && tag.name == "bpf_kfunc")
      out.emplace(types.name(tag.type));
  }
  return out;
}

// Functions without a row: tests of the kernel's own that no program may call.
bool is_for_kernel_only(std::string_view name) {
  return name == "bpf_fentry_test1" || name == "bpf_modify_return_test" ||
         name == "bpf_modify_return_test2";
}

TEST(FunctionTables, HaveTheKernelsFunctions) {
  const auto types = kernel::KernelTypes().vmlinux();
  if (!types.ok()) GTEST_SKIP() << "the kernel's types are not there";
  const auto theirs = functions_of(**types);
  for (const std::string& name : theirs) {
    EXPECT_EQ(platform::find_kernel_function(name) == nullptr, is_for_kernel_only(name)) << name;
  }
  std::string absent;
  for (const KernelFunctionRow& row : platform::kernel_function_rows()) {
    if (!theirs.contains(std::string(row.name))) absent += format(" {}", row.name);
  }
  std::cout << theirs.size() << " functions; not in this kernel:" << absent << "\n";
  EXPECT_GT(theirs.size(), 150u);
}

TEST(FunctionTables, SayWhoMayCallThemAndWhichMaySleep) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto types = kernel::KernelTypes().vmlinux();
  if (!types.ok()) GTEST_SKIP() << "the kernel's types are not there";
  Kernel kernel;
  u32 compared = 0;
  for (const KernelFunctionRow& row : platform::kernel_function_rows()) {
    const auto id = (*types)->find(row.name, btf::Kind::function);
    if (!id) continue;
    for (const Cell& cell : kernel.cells) {
      const auto answer = kernel.load(cell, {call_of(*id), set(0, 0), leave()}, true);
      const bool theirs = answer.log.find("is not allowed") == std::string::npos;
      EXPECT_EQ(platform::may_call(row, cell.type, cell.attach), theirs)
          << cell.name() << " calls " << row.name << "\n"
          << answer.log;
      const bool sleeps = answer.log.find("must be sleepable") != std::string::npos;
      EXPECT_TRUE(!sleeps || row.has(platform::kMaySleep)) << row.name;
      if (cell.type == ProgramType::xdp && theirs)
        EXPECT_EQ(row.has(platform::kMaySleep), sleeps) << row.name;
      ++compared;
    }
  }
  kernel.say_absent();
  std::cout << compared << " cells compared\n";
  EXPECT_GT(compared, 4000u);
}

// The kernel keeps its lists as structures, in its types.
TEST(FunctionTables, SayWhichFieldsKeepTheirTrust) {
  using As = verify::SafeField::As;
  const auto types = kernel::KernelTypes().vmlinux();
  if (!types.ok()) GTEST_SKIP() << "the kernel's types are not there";
  constexpr EnumArray<As, std::string_view> kEndings({
      {As::rcu, "__safe_rcu"},
      {As::rcu_or_null, "__safe_rcu_or_null"},
      {As::trusted, "__safe_trusted"},
      {As::trusted_or_null, "__safe_trusted_or_null"},
  });
  std::set<std::string> ours, theirs;
  for (const verify::SafeField& row : verify::safe_fields())
    ours.insert(format("{}{}.{}", row.structure, kEndings[row.as], row.field));
  for (btf::TypeId id = 1; id < (*types)->count(); ++id) {
    const btf::Type type = (*types)->at(id);
    if (type.kind != btf::Kind::structure || !type.name.contains("__safe_")) continue;
    for (const btf::Member& member : (*types)->members(id)) {
      if ((*types)->resolved(member.type).kind == btf::Kind::pointer)
        theirs.insert(format("{}.{}", type.name, member.name));
    }
  }
  if (theirs.empty()) GTEST_SKIP() << "the kernel's types do not say which fields are safe";
  ours.erase("mm_struct__safe_rcu_or_null.owner");  // kernels without CONFIG_MEMCG have no owner
  theirs.erase("mm_struct__safe_rcu_or_null.owner");
  EXPECT_EQ(ours, theirs);
}

}  // namespace
}  // namespace skep::kernel_tables
