// What the arguments of helpers are, against the kernel: every argument of every helper that can be
// called here is tried with a number, null, a map, stack memory and the context; the kernel takes
// those that the kind of the argument says, and no others.
#include <gtest/gtest.h>

#include "base/enum_array.hpp"
#include "tables_calls.hpp"

namespace skep::kernel_tables {
namespace {

using TriedSet = u8;
constexpr TriedSet set_of(Tried tried) {
  return static_cast<TriedSet>(1u << static_cast<u32>(tried));
}
constexpr TriedSet kNothing = 0, kAnything = 0b11111;
constexpr TriedSet kNumber = set_of(Tried::number), kNull = set_of(Tried::null),
                   kMap = set_of(Tried::map), kStack = set_of(Tried::stack),
                   kContext = set_of(Tried::context);

// Which of the values an argument of a kind takes.
constexpr TriedSet taken(Argument argument) {
  switch (argument) {
    case Argument::anything: return kAnything;
    case Argument::number: return kNumber | kNull;
    case Argument::context: return kContext;
    case Argument::context_or_null: return kContext | kNull;
    case Argument::map: return kMap;
    case Argument::map_key:
    case Argument::map_value:
    case Argument::map_value_out:
    case Argument::memory:
    case Argument::writable_memory:
    case Argument::updated_memory:
    case Argument::fixed_memory:
    case Argument::fixed_memory_out:
    case Argument::updated_fixed_memory:
    case Argument::dynptr_out: return kStack;
    case Argument::map_value_or_null:
    case Argument::memory_or_null:
    case Argument::writable_memory_or_null:
    case Argument::updated_memory_or_null: return kStack | kNull;
    case Argument::size: return kNumber;
    case Argument::size_or_zero:
    case Argument::constant_size:
    case Argument::record_size: return kNumber | kNull;
    case Argument::socket_or_null:
    case Argument::kernel_socket_or_null:
    case Argument::kernel_type_or_null: return kNull;
    case Argument::count_:
    case Argument::none:
    case Argument::map_value_memory:
    case Argument::constant_string:
    case Argument::function:
    case Argument::stack_or_null:
    case Argument::spin_lock:
    case Argument::timer:
    case Argument::kptr:
    case Argument::owned_or_null:
    case Argument::dynptr:
    case Argument::dynptr_taken:
    case Argument::record:
    case Argument::socket_common:
    case Argument::socket:
    case Argument::socket_taken:
    case Argument::kernel_socket:
    case Argument::kernel_type:
    case Argument::per_cpu_variable: return kNothing;
  }
  return kNothing;
}

// Rules of single helpers, which are more than the kind of an argument.
bool is_special(const HelperRow& helper, u8 r, Tried with) {
  if (helper.name == "get_local_storage" && r == 2) return with != Tried::null;  // flags must be 0
  return helper.name == "snprintf" && r >= 4;                                    // as the text says
}

void compare_arguments(Kernel& kernel, const HelperRow& helper, const Cell& cell, u32& compared) {
  const CallMaps maps = CallMaps::make().value();
  const int map = map_for(helper, maps);
  const auto right = kernel.load(cell, code_of({helper, cell, map}, maps), true);
  if (is_left_out(helper) && is_refused(right.log)) return;
  ASSERT_EQ(right.refusal, 0) << "bpf_" << helper.name << " by " << cell.name() << "\n"
                              << right.log;
  for (u8 r = 1; r <= 5 && helper.arguments[r - 1u] != Argument::none; ++r) {
    for (const Tried with : every<Tried>()) {
      if (is_special(helper, r, with)) continue;
      const bool ours = (taken(helper.arguments[r - 1u]) & set_of(with)) != 0;
      const auto answer = kernel.load(cell, code_of({helper, cell, map, r, with}, maps), true);
      EXPECT_EQ(ours, answer.refusal == 0)
          << "argument " << int{r} << " of bpf_" << helper.name << " by " << cell.name()
          << " is tried with value " << static_cast<int>(with) << "\n"
          << answer.log;
      ++compared;
    }
  }
}

TEST(HelperTables, SayWhatEachArgumentIs) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  std::string rest;
  u32 compared = 0;
  const auto compare = [&](const HelperRow& helper) {
    const auto cell = caller_of(kernel, helper);
    const std::string why =
        !cell ? "nothing that loads here may call it" : cannot_be_called(helper, *cell);
    if (why.empty()) return compare_arguments(kernel, helper, *cell, compared);
    rest += format("  bpf_{}: {}\n", helper.name, why);
  };
  for (const HelperRow& helper : platform::helpers()) compare(helper);
  for (const HelperRow& helper : platform::helper_variants()) compare(helper);
  std::cout << compared << " arguments compared; not compared:\n" << rest;
  EXPECT_GT(compared, 2000u);
}

}  // namespace
}  // namespace skep::kernel_tables
