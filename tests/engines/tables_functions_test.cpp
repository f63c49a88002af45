// The tables of the kernel's functions and types against the kernel: who may call each function,
// which may sleep, which fields keep the trust of the structure that they are in, and which
// arguments of tracepoints may be null.
#include <gtest/gtest.h>

#include "platform/kernel_calls.hpp"
#include "platform/tracepoints.hpp"
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

// ---- tracepoints
// ---------------------------------------------------------------------------------------------------

// What the kernel says of a program that reads the first byte behind argument `number` of the
// tracepoint whose typedef is `id`.
std::string answer_to_read(btf::TypeId id, u32 number) {
  const Slots code = {load(1, 1, static_cast<s16>(8 * number), 8), load(0, 1, 0, 1), set(0, 0),
                      leave()};
  std::string log(1 << 16, '\0');
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.prog_type = BPF_PROG_TYPE_TRACING;
  attributes.expected_attach_type = BPF_TRACE_RAW_TP;
  attributes.attach_btf_id = id;
  attributes.insns = reinterpret_cast<u64>(code.data());
  attributes.insn_cnt = static_cast<u32>(code.size());
  attributes.license = reinterpret_cast<u64>("GPL");
  attributes.log_buf = reinterpret_cast<u64>(log.data());
  attributes.log_size = static_cast<u32>(log.size());
  attributes.log_level = 1;
  const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, attributes);
  if (fd >= 0) ::close(static_cast<int>(fd));
  return log;
}

// The arguments of a tracepoint, behind its data, that point to structures.
std::vector<u32> structure_arguments(const btf::Types& types, btf::TypeId id) {
  const btf::TypeId prototype = types.resolve(types.resolved(id).type);
  std::vector<u32> out;
  u32 number = 0;
  for (const btf::Parameter& parameter : types.parameters(prototype)) {
    const u32 at = number++;
    const btf::Type type = types.resolved(parameter.type);
    const bool is_structure =
        type.kind == btf::Kind::pointer && btf::is_structure(types.resolved(type.type).kind);
    if (at != 0 && is_structure) out.push_back(at - 1);
  }
  return out;
}

TEST(FunctionTables, SayWhichArgumentsOfTracepointsMayBeNull) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto types = kernel::KernelTypes().vmlinux();
  if (!types.ok()) GTEST_SKIP() << "the kernel's types are not there";
  constexpr std::string_view kPrefix = "btf_trace_";
  u32 compared = 0;
  for (btf::TypeId id = 1; id < (*types)->count(); ++id) {
    const btf::Type type = (*types)->at(id);
    if (type.kind != btf::Kind::typedef_ || !type.name.starts_with(kPrefix)) continue;
    const std::string name(type.name.substr(kPrefix.size()));
    const auto traced = (*types)->find("__bpf_trace_" + name, btf::Kind::function);
    for (const u32 number : structure_arguments(**types, id)) {
      const bool theirs = answer_to_read(id, number).contains("or_null_");
      const auto parameters =
          (*types)->parameters(traced ? (*types)->at(*traced).type : btf::kVoid);
      const bool by_name = number + 1 < parameters.size() &&
                           (*(parameters.begin() + (number + 1))).name.ends_with("__nullable");
      const bool ours = by_name || (platform::pointer_arguments(name).nullable >> number & 1) != 0;
      EXPECT_EQ(ours, theirs) << name << ", argument " << number;
      ++compared;
    }
  }
  std::cout << compared << " arguments compared\n";
  EXPECT_GT(compared, 500u);
}

}  // namespace
}  // namespace skep::kernel_tables
