// The fields of contexts, and of the structures behind their pointers, against the kernel: for
// every type of programs (in each way of attaching that matters), every offset, every width, a
// load, a store of a register and a store of a constant. Both say the same of each.
#include <gtest/gtest.h>

#include "platform/contexts.hpp"
#include "platform/objects.hpp"
#include "tables.hpp"

namespace skep::kernel_tables {
namespace {

using platform::ObjectKind;

constexpr u32 kWidths[] = {1, 2, 4, 8};
constexpr s16 kFarthest = 256;  // of contexts that are all alike behind this
constexpr s16 kBehind = 8;

// Types whose context is described by the kernel's own types.
bool is_by_types(ProgramType type) {
  return type == ProgramType::tracing || type == ProgramType::lsm ||
         type == ProgramType::struct_ops || type == ProgramType::ext;
}

bool depends_on_attach(ProgramType type) {
  for (const platform::ContextField& field : platform::context_of(type)) {
    if (field.attach != 0) return true;
  }
  return false;
}

std::vector<s16> offsets_of(u32 size) {
  std::vector<s16> out;
  const s16 last = static_cast<s16>(std::min<u32>(size, 32000));
  for (s16 at = 0; at < std::min<s16>(last, kFarthest) + kBehind; ++at) out.push_back(at);
  for (s16 at = static_cast<s16>(last - 8); last > kFarthest && at < last + kBehind; ++at)
    out.push_back(at);
  return out;
}

class Accesses {
 public:
  // Every access through register `r`, which `before` sets.
  void compare(const Cell& cell, const Slots& before, u8 r, u32 size) {
    for (const s16 offset : offsets_of(size)) {
      for (const u32 bytes : kWidths) {
        one(cell, before, {load(0, r, offset, bytes)});
        one(cell, before, {set(0, 0), store(r, 0, offset, bytes)});
        if (offset % static_cast<s16>(bytes) == 0)
          one(cell, before, {store_zero(r, offset, bytes)});
      }
    }
  }

  Kernel kernel;
  u32 compared = 0, accepted = 0;

 private:
  void one(const Cell& cell, const Slots& before, std::initializer_list<Slot> access) {
    Slots code = before;
    append(code, access);
    append(code, {set(0, 1), leave()});
    const bool theirs = kernel.accepts(cell, code);
    const verify::Verdict ours = our_verdict(cell, code);
    ++compared;
    accepted += theirs ? 1 : 0;
    if (ours.accepted() == theirs) return;
    const Slot& last = *(access.end() - 1);
    ADD_FAILURE() << cell.name() << ", opcode " << int{last.opcode} << " at offset " << last.offset
                  << ": the kernel " << (theirs ? "accepts" : "rejects")
                  << ", ours: " << text_of(ours);
  }
};

TEST(ContextTables, SayOfEveryAccessWhatTheKernelSays) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Accesses accesses;
  std::set<ProgramType> done;
  for (const Cell& cell : accesses.kernel.cells) {
    if (is_by_types(cell.type)) continue;
    const bool is_first = done.insert(cell.type).second;
    if (!is_first && !depends_on_attach(cell.type)) continue;
    accesses.compare(cell, {}, 1, platform::row(cell.type).context_size);
  }
  accesses.kernel.say_absent();
  std::cout << accesses.compared << " accesses compared, " << accesses.accepted << " accepted\n";
  EXPECT_GT(accesses.accepted, 3000u);
}

// How a program comes to have a pointer to such a structure in r6.
struct Way {
  ObjectKind kind;
  Cell cell;
  Slots code;
};
std::vector<Way> ways() {
  constexpr s32 kSkFullsock = 95, kTcpSock = 96;
  const Cell tc{ProgramType::sched_cls, std::nullopt};
  Slots common = {load(6, 1, 168, 8)};
  leave_if_null(common, 6);
  std::vector<Way> out = {{ObjectKind::socket_common, tc, common}};
  for (const auto& [kind, helper] :
       {std::pair(ObjectKind::socket, kSkFullsock), std::pair(ObjectKind::tcp_socket, kTcpSock)}) {
    Slots code = common;
    append(code, {copy(1, 6), call(helper)});
    leave_if_null(code, 0);
    append(code, {copy(6, 0)});
    out.push_back({kind, tc, code});
  }
  out.push_back({ObjectKind::flow_keys,
                 {ProgramType::flow_dissector, AttachType::flow_dissector},
                 {load(6, 1, 144, 8)}});
  return out;
}

TEST(ObjectTables, SayOfEveryAccessWhatTheKernelSays) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Accesses accesses;
  for (const Way& way : ways())
    accesses.compare(way.cell, way.code, 6, platform::row(way.kind).size);
  std::cout << accesses.compared << " accesses compared, " << accesses.accepted << " accepted\n";
  EXPECT_GT(accesses.accepted, 700u);
}

// Pointers that a context holds: which may be null, and which are sockets, packets or other things.
TEST(ContextTables, PointersAreWhatTheKernelSaysTheyAre) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Accesses accesses;
  u32 pointers = 0;
  std::set<ProgramType> done;
  for (const Cell& cell : accesses.kernel.cells) {
    if (!done.insert(cell.type).second) continue;
    for (const platform::ContextField& field : platform::context_of(cell.type)) {
      if (field.kind == platform::FieldKind::number ||
          field.kind == platform::FieldKind::kernel_pointer)
        continue;
      ++pointers;
      const s16 at = static_cast<s16>(field.offset);
      for (const bool compares : {false, true}) {
        Slots code = {load(6, 1, at, field.size)};
        if (compares) leave_if_null(code, 6);
        accesses.compare(cell, code, 6, 8);
      }
    }
  }
  EXPECT_GT(pointers, 40u);
}

// Packets behind data and data_end: read by all that have them, written by some.
TEST(ContextTables, PacketsAreReadAndWrittenByWhomTheKernelLets) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Accesses accesses;
  std::set<ProgramType> done;
  for (const Cell& cell : accesses.kernel.cells) {
    if (!done.insert(cell.type).second) continue;
    std::optional<platform::ContextField> first, end;
    for (const platform::ContextField& field : platform::context_of(cell.type)) {
      if (field.kind == platform::FieldKind::packet) first = field;
      if (field.kind == platform::FieldKind::packet_end) end = field;
    }
    if (!first) continue;
    const Slots code = {load(6, 1, static_cast<s16>(first->offset), first->size),
                        load(7, 1, static_cast<s16>(end->offset), end->size),
                        copy(0, 6),
                        add(0, 4),
                        slot(0xbd, 0, 7, 2),  // if r0 <= r7 goto +2
                        set(0, 1),
                        leave()};
    accesses.compare(cell, code, 6, 4);
  }
  std::cout << accesses.compared << " accesses compared, " << accesses.accepted << " accepted\n";
  EXPECT_GT(accesses.accepted, 100u);
}

// Legacy packet loads.
TEST(ContextTables, PacketLoadsAreForWhomTheKernelSays) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  Kernel kernel;
  for (const Cell& cell : kernel.cells) {
    const Slots code = {copy(6, 1), slot(0x20), set(0, 1), leave()};
    EXPECT_EQ(our_verdict(cell, code).accepted(), kernel.accepts(cell, code)) << cell.name();
  }
}

}  // namespace
}  // namespace skep::kernel_tables
