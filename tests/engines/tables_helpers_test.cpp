// The table of helpers against the kernel: who may call each, with which licence, on which kinds of
// maps, with what in each argument, and whether packets stay where they were.
#include <gtest/gtest.h>

#include "base/enum_array.hpp"
#include "tables_calls.hpp"
#include "platform/contexts.hpp"

namespace skep::kernel_tables {
namespace {

using platform::find_helper;
using platform::kHelpersMax;

// Whether the kernel says that programs of this type have no such helper. It says so before it looks
// at the arguments, or, of a few, after.
bool is_refused(const std::string& log) {
  for (const char* words : {"program of this type cannot use helper", "helper call is not allowed in probe",
                            "not supported for program type", "supported only for fentry"}) {
    if (log.find(words) != std::string::npos) return true;
  }
  return false;
}

// Kernels may be built or locked down so that nobody has them.
bool is_left_out(const HelperRow& helper) {
  return helper.name == "probe_write_user" || helper.name == "override_return";
}

TEST(HelperTables, SayWhoMayCallThem) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  std::set<u32> called;
  for (const Cell& cell : kernel.cells) {
    for (u32 id = 1; id < kHelpersMax; ++id) {
      const auto answer = kernel.load(cell, {call(static_cast<s32>(id)), set(0, 1), leave()}, true);
      const bool theirs = !is_refused(answer.log);
      const bool ours = platform::may_call(*find_helper(id, cell.type), cell.type, cell.attach);
      if (theirs) called.insert(id);
      if (is_left_out(*find_helper(id)) && !theirs) continue;
      EXPECT_EQ(ours, theirs) << cell.name() << " calls bpf_" << find_helper(id)->name;
    }
  }
  kernel.say_absent();
  std::string rest;
  for (u32 id = 1; id < kHelpersMax; ++id) {
    if (!called.contains(id)) rest += format(" bpf_{}", find_helper(id)->name);
  }
  std::cout << "not compared, since no program that loads here may call them:" << rest << "\n";
  EXPECT_GT(called.size(), 190u);
}

// The first cell that may call it.
std::optional<Cell> caller_of(const Kernel& kernel, const HelperRow& helper) {
  std::vector<Cell> cells = kernel.cells;
  // Those that have sockets and tasks at hand first, and those that may sleep only where needed.
  const bool sleeps = helper.needs == platform::Needs::sleepable;
  const auto order = [&](const Cell& cell) {
    if (cell.type == ProgramType::syscall) return sleeps ? 0 : 3;
    if (cell.type == ProgramType::sched_cls) return 1;
    return 2;
  };
  std::ranges::stable_sort(cells, {}, order);
  for (const Cell& cell : cells) {
    if (platform::may_call(helper, cell.type, cell.attach) &&
        find_helper(helper.id, cell.type) == &helper)
      return cell;
  }
  return std::nullopt;
}

TEST(HelperTables, SayWhichAreForGplProgramsOnly) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  u32 compared = 0;
  for (const HelperRow& helper : platform::helpers()) {
    const auto cell = caller_of(kernel, helper);
    if (!cell) continue;
    const Slots code = {call(helper.id), set(0, 1), leave()};
    const auto answer = kernel.trials.load({.type = cell->type,
                                            .attach = cell->attach,
                                            .code = code,
                                            .wants_log = true,
                                            .license = "Proprietary"});
    // Of some types all programs must be.
    const bool is_about_program = answer.log.find("must have a GPL") != std::string::npos;
    if (is_refused(answer.log) || is_about_program) continue;
    ++compared;
    EXPECT_EQ(helper.gpl_only, answer.log.find("GPL-restricted") != std::string::npos)
        << helper.name;
  }
  EXPECT_GT(compared, 190u);
}

TEST(HelperTables, SayWhichMayOnlyBeCalledByThoseWhoMaySleep) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  for (const Cell& cell : kernel.cells) {
    if (cell.type != ProgramType::xdp && cell.type != ProgramType::kprobe) continue;
    for (const HelperRow& helper : platform::helpers()) {
      if (!platform::may_call(helper, cell.type, cell.attach)) continue;
      const auto answer = kernel.load(cell, {call(helper.id), set(0, 1), leave()}, true);
      EXPECT_EQ(helper.needs == platform::Needs::sleepable,
                answer.log.find("might sleep") != std::string::npos)
          << helper.name;
    }
  }
}

constexpr u16 kTimerInit = 169;  // its map is the one that the timer is in

// ---- maps
// ----------------------------------------------------------------------------------------------------------

// Arguments that are more than their kind says, so that maps of this kind need others.
bool is_not_tried(const HelperRow& helper, MapKind kind) {
  const bool is_socket_map = kind == MapKind::sockmap || kind == MapKind::sockhash;
  // Lookups give sockets that are held; updates take sockets.
  return is_socket_map && (helper.name == "map_lookup_elem" || helper.name == "map_update_elem");
}

TEST(HelperTables, SayOnWhichMapsTheyWork) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  u32 compared = 0, right = 0;
  for (const HelperRow& helper : platform::helpers()) {
    const auto cell = caller_of(kernel, helper);
    if (helper.maps == 0 || !cell || helper.id == kTimerInit) continue;
    if (!cannot_be_called(helper, *cell).empty()) continue;
    const CallMaps maps = CallMaps::make().value();  // some remember the type that used them first
    for (const MapKind kind : every<MapKind>()) {
      if (maps.of(kind) < 0 || is_not_tried(helper, kind)) continue;
      const auto answer = kernel.load(*cell, code_of({helper, *cell, maps.of(kind)}, maps), true);
      const bool ours = (helper.maps & platform::set_of(kind)) != 0;
      EXPECT_EQ(ours, answer.refusal == 0) << helper.name << " on a " << platform::row(kind).name
                                           << " by " << cell->name() << "\n" << answer.log;
      ++compared;
      right += ours ? 1 : 0;
    }
  }
  std::cout << compared << " pairs compared, " << right << " right\n";
  EXPECT_GT(right, 60u);
}

// ---- arguments
// -----------------------------------------------------------------------------------------------------

using TriedSet = u8;
constexpr TriedSet set_of(Tried tried) { return static_cast<TriedSet>(1u << static_cast<u32>(tried)); }
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
  return helper.name == "snprintf" && r >= 4;  // as the text says
}

int map_for(const HelperRow& helper, const CallMaps& maps) {
  if (helper.id == kTimerInit) return maps.timers();
  if (helper.maps == 0) return maps.of(MapKind::array);
  for (const MapKind kind : every<MapKind>()) {
    if ((helper.maps & platform::set_of(kind)) != 0 && maps.of(kind) >= 0) return maps.of(kind);
  }
  return -1;
}

void compare_arguments(Kernel& kernel, const HelperRow& helper, const Cell& cell, u32& compared) {
  const CallMaps maps = CallMaps::make().value();
  const int map = map_for(helper, maps);
  const auto right = kernel.load(cell, code_of({helper, cell, map}, maps), true);
  if (is_left_out(helper) && is_refused(right.log)) return;
  ASSERT_EQ(right.refusal, 0) << "bpf_" << helper.name << " by " << cell.name() << "\n" << right.log;
  for (u8 r = 1; r <= 5 && helper.arguments[r - 1u] != Argument::none; ++r) {
    for (const Tried with : every<Tried>()) {
      if (is_special(helper, r, with)) continue;
      const bool ours = (taken(helper.arguments[r - 1u]) & set_of(with)) != 0;
      const auto answer = kernel.load(cell, code_of({helper, cell, map, r, with}, maps), true);
      EXPECT_EQ(ours, answer.refusal == 0)
          << "argument " << int{r} << " of bpf_" << helper.name << " by " << cell.name()
          << " is tried with value " << static_cast<int>(with) << "\n" << answer.log;
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
    const std::string why = !cell ? "nothing that loads here may call it" : cannot_be_called(helper, *cell);
    if (why.empty()) return compare_arguments(kernel, helper, *cell, compared);
    rest += format("  bpf_{}: {}\n", helper.name, why);
  };
  for (const HelperRow& helper : platform::helpers()) compare(helper);
  for (const HelperRow& helper : platform::helper_variants()) compare(helper);
  std::cout << compared << " arguments compared; not compared:\n" << rest;
  EXPECT_GT(compared, 2000u);
}

// ---- packets
// -------------------------------------------------------------------------------------------------------

// r8 is a packet pointer with a byte behind it that was proved to be there.
Slots packet_code(const Cell& cell) {
  std::optional<platform::ContextField> first, end;
  for (const platform::ContextField& field : platform::context_of(cell.type)) {
    if (field.kind == platform::FieldKind::packet) first = field;
    if (field.kind == platform::FieldKind::packet_end) end = field;
  }
  if (!first) return {};
  return {load(8, 1, static_cast<s16>(first->offset), first->size),
          load(9, 1, static_cast<s16>(end->offset), end->size),
          copy(0, 8),
          add(0, 1),
          slot(0xbd, 0, 9, 2),  // if r0 <= r9 goto +2
          set(0, 1),
          leave()};
}

TEST(HelperTables, SayWhichMoveThePacket) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const CallMaps maps = CallMaps::make().value();
  u32 compared = 0, move = 0;
  for (const HelperRow& helper : platform::helpers()) {
    const auto cell = caller_of(kernel, helper);
    if (!cell || !cannot_be_called(helper, *cell).empty()) continue;
    Slots code = packet_code(*cell);
    if (code.empty()) continue;
    Slots with_call = code_of({helper, *cell, map_for(helper, maps)}, maps);
    code.insert(code.end(), with_call.begin(), with_call.end());
    code.resize(code.size() - 2);
    append(code, {load(0, 8, 0, 1), set(0, 1), leave()});
    const bool moves = helper.effect == platform::Effect::moves_packet;
    EXPECT_EQ(moves, !kernel.accepts(*cell, code)) << helper.name;
    ++compared;
    move += moves ? 1 : 0;
  }
  std::cout << compared << " helpers compared, " << move << " move it\n";
  EXPECT_GT(move, 20u);
}

}  // namespace
}  // namespace skep::kernel_tables
