// The columns of the platform's tables that say which capability something needs, against the
// kernel: types of programs, helpers, kinds of maps and fields of contexts.
//
// The kernel is asked as somebody with CAP_BPF alone, and with one more; without any capability
// only where the machine lets everybody ask (kernel_capabilities.hpp).
#include <gtest/gtest.h>

#include "kernel_capabilities.hpp"
#include "platform/contexts.hpp"
#include "tables_calls.hpp"

namespace skep::kernel_tables {
namespace {

using kernel_test::WithCapabilities;
using platform::Capabilities;
using platform::Privilege;

constexpr Capabilities kSets[] = {
    platform::kNoCapabilities,
    platform::set_of(Privilege::bpf),
    platform::set_of(Privilege::bpf, Privilege::net_admin),
    platform::set_of(Privilege::bpf, Privilege::perfmon),
    platform::set_of(Privilege::bpf, Privilege::net_admin, Privilege::perfmon),
};

// Those that the kernel can be asked for here; says which not.
std::vector<Capabilities> sets_here() {
  std::vector<Capabilities> out;
  for (const Capabilities held : kSets) {
    const std::string why = kernel_test::refusal(held);
    if (why.empty()) {
      out.push_back(held);
    } else {
      std::cout << "not asked with " << platform::text_of(held) << ": " << why << "\n";
    }
  }
  return out;
}

bool may_load(ProgramType type, Capabilities held) {
  const Privilege needed = platform::row(type).privilege;
  return needed == Privilege::none ||
         (platform::has(held, Privilege::bpf) && platform::has(held, needed));
}

TEST(CapabilityTables, SayWhoseProgramsAreOfWhichTypes) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const std::vector<Capabilities> here = sets_here();
  u32 denied = 0;
  for (const Capabilities held : here) {
    for (const Cell& cell : kernel.cells) {
      if (cell.type == ProgramType::ext) continue;  // what it replaces is asked, too
      const WithCapabilities asking(held);
      const bool theirs =
          kernel.accepts(cell, {set(0, 1), leave()}) || kernel.accepts(cell, {set(0, 0), leave()});
      EXPECT_EQ(may_load(cell.type, held), theirs)
          << cell.name() << " with " << platform::text_of(held);
      denied += theirs ? 0 : 1;
    }
  }
  EXPECT_GT(denied, 20u);
}

TEST(CapabilityTables, SayWhoMayCallHelpers) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const std::vector<Capabilities> here = sets_here();
  u32 asked = 0, denied = 0;
  for (const Cell& cell : kernel.cells) {
    for (const HelperRow& row : platform::helpers()) {
      const HelperRow& helper = *platform::find_helper(row.id, cell.type);
      if (is_left_out(helper) || !platform::may_call(helper, cell.type, cell.attach)) continue;
      for (const Capabilities held : here) {
        if (!may_load(cell.type, held)) continue;
        const WithCapabilities asking(held);
        const auto answer = kernel.load(cell, {call(helper.id), set(0, 1), leave()}, true);
        const bool ours = platform::has(held, platform::privilege_of(helper, cell.type));
        ++asked;
        denied += ours ? 0 : 1;
        EXPECT_EQ(ours, !is_refused(answer.log))
            << cell.name() << " calls bpf_" << helper.name << " with " << platform::text_of(held);
      }
    }
  }
  std::cout << asked << " calls asked, " << denied << " denied\n";
  EXPECT_GT(denied, 500u);
}

TEST(CapabilityTables, SayWhoMakesMaps) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const std::vector<Capabilities> here = sets_here();
  u32 denied = 0;
  for (const MapKind kind : every<MapKind>()) {
    if (kernel.trials.create(kind).refusal != 0) continue;
    for (const Capabilities held : here) {
      const WithCapabilities asking(held);
      const bool theirs = kernel.trials.create(kind).refusal != EPERM;
      EXPECT_EQ(platform::has(held, platform::row(kind).privilege), theirs)
          << platform::row(kind).name << " with " << platform::text_of(held);
      denied += theirs ? 0 : 1;
    }
  }
  EXPECT_GT(denied, 4u);
}

TEST(CapabilityTables, SayWhoReachesFields) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  const std::vector<Capabilities> here = sets_here();
  u32 compared = 0;
  for (const ProgramType type : {ProgramType::socket_filter, ProgramType::cgroup_skb}) {
    for (const platform::ContextField& field : platform::context_of(type)) {
      for (const Capabilities held : here) {
        const Cell cell{type, {}};
        const s16 offset = static_cast<s16>(field.offset);
        const u32 bytes = field.size > 8 ? 4 : field.size;
        for (const Slots& code :
             {Slots{load(2, 1, offset, bytes), set(0, 1), leave()},
              Slots{set(2, 0), store(1, 2, offset, bytes), set(0, 1), leave()}}) {
          const bool ours = our_verdict(cell, code, held).accepted();
          const WithCapabilities asking(held);
          EXPECT_EQ(ours, kernel.accepts(cell, code))
              << cell.name() << ", " << field.name << " with " << platform::text_of(held);
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 100u);
}

}  // namespace
}  // namespace skep::kernel_tables
