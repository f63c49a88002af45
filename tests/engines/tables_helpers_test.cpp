// The table of helpers against the kernel: who may call each, with which licence, on which kinds of
// maps, with what in each argument, and whether packets stay where they were.
#include <gtest/gtest.h>

#include "base/enum_array.hpp"
#include "platform/contexts.hpp"
#include "tables_calls.hpp"

namespace skep::kernel_tables {
namespace {

using platform::find_helper;
using platform::kHelpersMax;

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
      EXPECT_EQ(ours, answer.refusal == 0)
          << helper.name << " on a " << platform::row(kind).name << " by " << cell->name() << "\n"
          << answer.log;
      ++compared;
      right += ours ? 1 : 0;
    }
  }
  std::cout << compared << " pairs compared, " << right << " right\n";
  EXPECT_GT(right, 60u);
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
