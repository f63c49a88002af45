// Our helpers beside the kernel's: the same packet, the same arguments, the same answer and the
// same packet after.
//
// For each case a program of a few instructions is loaded through bpf(2) that calls one or more
// helpers with constant arguments, stores what it wants to show into the packet's last bytes or
// returns it, and is run once with BPF_PROG_TEST_RUN. The same calls are made to our bodies on the
// same packet.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "kernel_bpf.hpp"
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime {
namespace {

using platform::ProgramType;
using Block = std::vector<std::byte>;

// ---- programs by hand
// --------------------------------------------------------------------------------------------

bpf_insn instruction(u8 code, u8 dst, u8 src, s16 offset, s32 immediate) {
  bpf_insn i{};
  i.code = code;
  i.dst_reg = dst & 0xf;
  i.src_reg = src & 0xf;
  i.off = offset;
  i.imm = immediate;
  return i;
}

// An argument of a call: a number, or memory on the stack that holds `bytes` beforehand.
struct Operand {
  u64 number = 0;
  Block memory = {};
  bool is_memory = false;
};
Operand number(u64 value) { return {value, {}, false}; }
Operand memory(Block bytes) { return {0, std::move(bytes), true}; }

struct HelperCall {
  s32 helper;
  std::vector<Operand> arguments;  // from r2 on when `takes_context`, else from r1
  bool takes_context = true;
};

// What a case compares: the results of all calls, summed up with a multiplier, the memory of the
// last call's arguments, and fields of the context, all folded into one 32-bit number; and the
// packet.
struct Outcome {
  u32 answer = 0;
  Block packet;
};

constexpr u32 kFactor = 31;
u32 mixed(u32 answer, u32 more) { return answer * kFactor + more; }

struct Case {
  ProgramType type;
  Block packet;
  std::vector<HelperCall> calls;
  std::vector<u32> fields = {};  // offsets of context fields that go into the answer at the end
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  out << platform::row(one.type).name << ", packet of " << one.packet.size();
  for (const HelperCall& call : one.calls) {
    out << ", " << platform::helper_name(call.helper) << "(";
    for (const Operand& operand : call.arguments) {
      if (operand.is_memory) out << "[" << operand.memory.size() << " bytes] ";
      if (!operand.is_memory) out << static_cast<s64>(operand.number) << " ";
    }
    out << ")";
  }
  return out;
}

// r6 context, r7 answer.
class Assembler {
 public:
  explicit Assembler(const Case& one) {
    move(6, 1);
    set(7, 0);
    for (const HelperCall& call : one.calls) add_call(call);
    for (const u32 field : one.fields) {
      emit(BPF_LDX | BPF_MEM | BPF_W, 0, 6, static_cast<s16>(field), 0);
      add_answer();
    }
    move(0, 7);
    emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }
  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  void emit(int code, u8 dst, u8 src, s16 offset, s32 immediate) {
    code_.push_back(instruction(static_cast<u8>(code), dst, src, offset, immediate));
  }
  void move(u8 dst, u8 src) { emit(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0); }
  void set(u8 dst, u64 value) {
    emit(BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, static_cast<s32>(value));
    emit(0, 0, 0, 0, static_cast<s32>(value >> 32));
  }
  void add_answer() {  // w7 = w7 * factor + w0
    emit(BPF_ALU | BPF_MUL | BPF_K, 7, 0, 0, static_cast<s32>(kFactor));
    emit(BPF_ALU | BPF_ADD | BPF_X, 7, 0, 0, 0);
  }
  void add_call(const HelperCall& call) {
    s32 stack = 0;
    std::vector<std::pair<s32, u32>> places;  // of memory operands
    u8 next = call.takes_context ? 2 : 1;
    for (const Operand& operand : call.arguments) {
      if (operand.is_memory) {
        const u32 size = static_cast<u32>((operand.memory.size() + 7) / 8 * 8);
        stack -= static_cast<s32>(size);
        for (u32 at = 0; at < size; at += 8) {
          u64 word = 0;
          std::memcpy(&word, operand.memory.data() + at,
                      std::min<std::size_t>(8, operand.memory.size() - at));
          set(0, word);
          emit(BPF_STX | BPF_MEM | BPF_DW, 10, 0, static_cast<s16>(stack + static_cast<s32>(at)),
               0);
        }
        places.emplace_back(stack, size);
        move(next, 10);
        emit(BPF_ALU64 | BPF_ADD | BPF_K, next, 0, 0, stack);
      } else {
        set(next, operand.number);
      }
      ++next;
    }
    if (call.takes_context) move(1, 6);
    emit(BPF_JMP | BPF_CALL, 0, 0, 0, call.helper);
    add_answer();
    for (const auto& [at, size] : places) {
      for (u32 word = 0; word < size; word += 4) {
        emit(BPF_LDX | BPF_MEM | BPF_W, 0, 10, static_cast<s16>(at + static_cast<s32>(word)), 0);
        add_answer();
      }
    }
  }
  std::vector<bpf_insn> code_;
};

Outcome kernel_outcome(const Case& one) {
  const Assembler program(one);
  std::vector<char> log(1 << 16);
  bpf_attr load = kernel_test::no_attributes();
  load.prog_type = platform::kernel_number(one.type);
  load.insns = reinterpret_cast<u64>(program.code().data());
  load.insn_cnt = static_cast<u32>(program.code().size());
  load.license = reinterpret_cast<u64>("GPL");
  load.log_buf = reinterpret_cast<u64>(log.data());
  load.log_size = static_cast<u32>(log.size());
  load.log_level = 1;
  const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, load);
  if (fd < 0) {
    ADD_FAILURE() << one << ": " << std::strerror(static_cast<int>(-fd)) << "\n" << log.data();
    return {};
  }
  const Fd owned = Fd::adopt(static_cast<int>(fd));
  Outcome outcome;
  outcome.packet.resize(1 << 16);
  bpf_attr run = kernel_test::no_attributes();
  run.test.prog_fd = static_cast<u32>(fd);
  run.test.data_in = reinterpret_cast<u64>(one.packet.data());
  run.test.data_size_in = static_cast<u32>(one.packet.size());
  run.test.data_out = reinterpret_cast<u64>(outcome.packet.data());
  run.test.data_size_out = static_cast<u32>(outcome.packet.size());
  run.test.repeat = 1;
  const s64 error = kernel_test::bpf(BPF_PROG_TEST_RUN, run);
  EXPECT_EQ(error, 0) << one;
  outcome.packet.resize(run.test.data_size_out);
  outcome.answer = run.test.retval;
  return outcome;
}

Outcome our_outcome(const Case& one, Packet& packet) {
  packet.reset(one.type, one.packet, {});
  const auto environment = deterministic_environment();
  Execution execution{environment.get(), &packet, 0};
  Outcome outcome;
  const auto add = [&](u32 more) { outcome.answer = mixed(outcome.answer, more); };
  for (const HelperCall& call : one.calls) {
    std::array<u64, 5> registers{};
    std::array<std::array<u8, 512>, 5> stacks{};
    std::size_t next = 0;
    if (call.takes_context) registers[next++] = reinterpret_cast<u64>(&packet.context());
    for (const Operand& operand : call.arguments) {
      if (operand.is_memory)
        std::memcpy(stacks[next].data(), operand.memory.data(), operand.memory.size());
      registers[next] =
          operand.is_memory ? reinterpret_cast<u64>(stacks[next].data()) : operand.number;
      ++next;
    }
    const auto& [r1, r2, r3, r4, r5] = registers;
    add(static_cast<u32>(
        kHelperBodies[static_cast<u32>(call.helper)](r1, r2, r3, r4, r5, &execution)));
    next = call.takes_context ? 1 : 0;
    for (const Operand& operand : call.arguments) {
      for (u32 at = 0; operand.is_memory && at < operand.memory.size(); at += 4) {
        u32 word;
        std::memcpy(&word, stacks[next].data() + at, sizeof(word));
        add(word);
      }
      if (operand.is_memory && operand.memory.size() % 8 != 0 && operand.memory.size() % 8 <= 4)
        add(0);
      ++next;
    }
  }
  for (const u32 field : one.fields) add(packet.field<u32>(field));
  const std::span<const std::byte> bytes = packet.bytes();
  outcome.packet.assign(bytes.begin(), bytes.end());
  if (one.type == ProgramType::xdp) {  // data_out begins with the metadata
    const auto* meta = reinterpret_cast<const std::byte*>(packet.context().data_meta);
    outcome.packet.insert(outcome.packet.begin(), meta, bytes.data());
  }
  return outcome;
}

// ---- random packets and arguments
// --------------------------------------------------------------------------------

class HelpersBesideTheKernel : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  }

  u32 below(u32 bound) { return static_cast<u32>(random_()) % bound; }
  u32 pick(std::initializer_list<u32> values) {
    return values.begin()[below(static_cast<u32>(values.size()))];
  }
  u64 any() { return static_cast<u64>(random_()) << 32 | static_cast<u32>(random_()); }
  Block noise(u32 bytes) {
    Block block(bytes);
    for (std::byte& byte : block) byte = static_cast<std::byte>(random_());
    return block;
  }
  // Ethernet of `type` (0: random bytes), behind it noise.
  Block ethernet(u16 type, u32 bytes) {
    Block packet = noise(bytes);
    packet[12] = static_cast<std::byte>(type >> 8);
    packet[13] = static_cast<std::byte>(type);
    if (bytes > kEthernetBytes && type == kEtherIpv4) packet[14] = std::byte{0x45};
    if (bytes > kEthernetBytes && type == kEtherIpv6) packet[14] = std::byte{0x60};
    return packet;
  }
  u16 some_type() {
    return static_cast<u16>(
        pick({kEtherIpv4, kEtherIpv6, kEtherVlan, kEtherServiceVlan, 0x0806, 60}));
  }
  u32 some_length() { return 54 + below(100); }

  void compare(const Case& one) {
    const Outcome theirs = kernel_outcome(one), ours = our_outcome(one, arena_[0]);
    ASSERT_EQ(ours.answer, theirs.answer) << one;
    ASSERT_EQ(ours.packet, theirs.packet) << one;
  }

  std::mt19937 random_{42};
  PacketArena arena_ = PacketArena::create(1).value();
};

constexpr u32 kRounds = 150;

TEST_F(HelpersBesideTheKernel, XdpAdjust) {
  for (u32 round = 0; round < kRounds; ++round) {
    Case one{ProgramType::xdp, ethernet(kEtherIpv4, pick({14, 15, 60, 3519, 3520})), {}};
    for (u32 calls = 1 + below(4); calls != 0; --calls) {
      const s32 head = static_cast<s32>(below(300)) - 250,
                tail = static_cast<s32>(below(200)) - 100;
      const s32 meta = static_cast<s32>(below(20)) * static_cast<s32>(pick({1, 4, 16})) * -1 + 4;
      const u32 kind = below(4);
      if (kind == 0) one.calls.push_back({44, {number(static_cast<u64>(s64{head}))}});
      if (kind == 1) one.calls.push_back({65, {number(static_cast<u64>(s64{tail}))}});
      if (kind == 2) one.calls.push_back({54, {number(static_cast<u64>(s64{meta}))}});
      if (kind == 3) one.calls.push_back({188, {}});
    }
    compare(one);
  }
}

TEST_F(HelpersBesideTheKernel, XdpAdjustAtTheEdges) {
  for (const s64 offset :
       {-216, -217, -256, 0, 46, 47, 1 << 20, -(1 << 20), 0x7fffffff, -0x7fffffff - 1}) {
    const Block packet = ethernet(kEtherIpv4, 60);
    compare({ProgramType::xdp, packet, {{44, {number(static_cast<u64>(offset))}}}});
    compare({ProgramType::xdp, packet, {{65, {number(static_cast<u64>(offset))}}}});
    compare({ProgramType::xdp, packet, {{54, {number(static_cast<u64>(offset))}}}});
  }
  for (const s64 offset : {3460, 3461, -46, -47}) {
    compare(
        {ProgramType::xdp, ethernet(kEtherIpv4, 60), {{65, {number(static_cast<u64>(offset))}}}});
  }
  for (const s64 meta : {-252, -256, -212, -216, -220, -4, -2}) {
    compare({ProgramType::xdp, ethernet(kEtherIpv4, 60), {{54, {number(static_cast<u64>(meta))}}}});
  }
}

TEST_F(HelpersBesideTheKernel, XdpBytes) {
  for (u32 round = 0; round < kRounds; ++round) {
    const u32 bytes = pick({1, 2, 4, 7, 8, 16, 33});
    const u64 offset = pick({0, below(70), 59, 0xffff, 0x10000, 0xffffffff});
    const s32 helper = static_cast<s32>(pick({189, 190}));
    compare({ProgramType::xdp,
             ethernet(kEtherIpv4, 60),
             {{helper, {number(offset), memory(noise(bytes)), number(bytes)}}}});
  }
}

TEST_F(HelpersBesideTheKernel, SkbBytes) {
  for (u32 round = 0; round < kRounds; ++round) {
    const u32 bytes = pick({1, 2, 4, 7, 8, 16, 33});
    const u64 offset =
        pick({0, below(70), 59, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff});
    Case one{ProgramType::sched_cls, ethernet(some_type(), 60), {}};
    const u32 kind = below(3);
    if (kind == 0) one.calls.push_back({26, {number(offset), memory(noise(bytes)), number(bytes)}});
    if (kind == 1) {
      one.calls.push_back(
          {9,
           {number(offset), memory(noise(bytes)), number(bytes), number(pick({0, 1, 2, 3, 4}))}});
    }
    if (kind == 2) {
      one.calls.push_back(
          {68, {number(offset), memory(noise(bytes)), number(bytes), number(pick({0, 1, 2}))}});
    }
    compare(one);
  }
}

TEST_F(HelpersBesideTheKernel, SkbPullHeadAndTail) {
  for (u32 round = 0; round < kRounds; ++round) {
    Case one{ProgramType::sched_cls,
             ethernet(some_type(), some_length()),
             {},
             {SkbField::len, SkbField::protocol}};
    // Moving the packet into a larger buffer makes the kernel's test-run take its transport header,
    // which was never set, for set: skb_change_tail then has a limit that means nothing.
    bool is_moved = false;
    for (u32 calls = 1 + below(3); calls != 0; --calls) {
      const u64 size =
          pick({0, 1, 13, 14, 60, below(200), below(200), 400, 15000, 16064, 16065, 0xffffffff});
      const u32 kind = is_moved ? pick({0, 2}) : below(3);
      is_moved |= kind == 2;
      if (kind == 0) one.calls.push_back({39, {number(size)}});
      if (kind == 1) one.calls.push_back({38, {number(size), number(pick({0, 0, 0, 1}))}});
      if (kind == 2) one.calls.push_back({43, {number(size), number(pick({0, 0, 0, 1}))}});
    }
    compare(one);
  }
}

TEST_F(HelpersBesideTheKernel, SkbAdjustRoom) {
  for (u32 round = 0; round < 4 * kRounds; ++round) {
    Case one{ProgramType::sched_cls,
             ethernet(pick({0, 1}) != 0 ? kEtherIpv4 : some_type(), some_length()),
             {},
             {SkbField::len, SkbField::protocol}};
    bool is_moved = false;  // as above
    for (u32 calls = 1 + below(3); calls != 0; --calls) {
      const u64 bit = u64{1} << below(11);
      const u64 inner = u64{pick({0, 0, 14, 20})} << 56;
      const u64 flags =
          pick({0, 0, 0, 2, 4, 128, 256}) | (below(3) == 0 ? bit : 0) | (below(4) == 0 ? inner : 0);
      const s64 difference =
          s64{pick({0, 4, 8, 20, 28, 40, 50, 100, 0xfff, 0x1000})} * (below(2) == 0 ? -1 : 1);
      is_moved |= difference == 0xfff;
      one.calls.push_back(
          {50,
           {number(static_cast<u64>(difference)), number(pick({0, 0, 1, 1, 2})), number(flags)}});
      if (below(4) == 0 && !is_moved) one.calls.push_back({38, {number(200), number(0)}});
      if (below(4) == 0)
        one.calls.push_back({68, {number(0), memory(noise(8)), number(8), number(1)}});
    }
    compare(one);
  }
}

TEST_F(HelpersBesideTheKernel, VlanPushAndPop) {
  const std::vector<u32> fields = {SkbField::vlan_present, SkbField::vlan_tci, SkbField::vlan_proto,
                                   SkbField::protocol, SkbField::len};
  for (u32 round = 0; round < 3 * kRounds; ++round) {
    Block packet = ethernet(some_type(), some_length());
    if (below(2) == 0) {  // a second tag
      packet[16] = std::byte{0x81};
      packet[17] = std::byte{0};
    }
    Case one{ProgramType::sched_cls, packet, {}, fields};
    for (u32 calls = 1 + below(5); calls != 0; --calls) {
      if (below(6) == 0) one.calls.push_back({43, {number(below(8)), number(0)}});
      if (below(2) == 0) {
        one.calls.push_back(
            {18, {number(pick({0x0081, 0xa888, 0, 0x0008})), number(below(0x10000))}});
      } else {
        one.calls.push_back({19, {}});
      }
      if (below(4) == 0)
        one.calls.push_back({68, {number(0), memory(noise(8)), number(8), number(1)}});
    }
    compare(one);
  }
}

TEST_F(HelpersBesideTheKernel, ChecksumReplace) {
  for (u32 round = 0; round < 3 * kRounds; ++round) {
    Block packet = ethernet(kEtherIpv4, 60);
    const u32 offset = pick({24, 24, 50, 51, 58, 59, 0x10000});
    if (offset < 59) {
      const u16 checksum = static_cast<u16>(pick({0, 0xffff, below(0x10000), below(0x10000)}));
      std::memcpy(packet.data() + offset, &checksum, 2);
    }
    const u64 flags =
        pick({0, 2, 4, 4, 1, 3, 6}) | (below(2) == 0 ? pick({16, 32, 96, 48, 128, 256}) : 0);
    const u64 from = flags % 16 == 0 && below(8) != 0
                         ? 0
                         : pick({0, 0xffff, below(0x10000), static_cast<u32>(any())});
    const u64 to = pick({0, 0xffff, below(0x10000), static_cast<u32>(any()), 0xffffffff});
    compare({ProgramType::sched_cls,
             packet,
             {{static_cast<s32>(pick({10, 11})),
               {number(offset), number(from), number(to), number(flags)}}}});
  }
}

TEST_F(HelpersBesideTheKernel, ChecksumDifference) {
  for (u32 round = 0; round < 2 * kRounds; ++round) {
    const u32 from = pick({0, 4, 8, 20, 40, 64, 5, 6, 7}),
              to = pick({0, 4, 8, 20, 40, 64, 1, 2, 3});
    const u64 seed = pick({0, 0xffffffff, 0xffff, static_cast<u32>(any())});
    const auto operand = [&](u32 bytes) {
      return bytes == 0 ? number(0) : memory(below(4) == 0 ? Block(bytes) : noise(bytes));
    };
    compare({below(2) == 0 ? ProgramType::xdp : ProgramType::sched_cls,
             ethernet(kEtherIpv4, 60),
             {{28, {operand(from), number(from), operand(to), number(to), number(seed)}, false}}});
  }
  compare({ProgramType::xdp,
           ethernet(kEtherIpv4, 60),
           {{28, {memory(noise(8)), number(6), number(0), number(0), number(0)}, false}}});
}

TEST_F(HelpersBesideTheKernel, ContextOfAFreshPacket) {
  const std::vector<u32> skb = {SkbField::len,        SkbField::pkt_type,
                                SkbField::mark,       SkbField::queue_mapping,
                                SkbField::protocol,   SkbField::vlan_present,
                                SkbField::vlan_tci,   SkbField::vlan_proto,
                                SkbField::priority,   SkbField::ingress_ifindex,
                                SkbField::ifindex,    SkbField::tc_index,
                                SkbField::cb,         SkbField::hash,
                                SkbField::tc_classid, SkbField::napi_id,
                                SkbField::gso_segs,   SkbField::gso_size};
  for (const u32 field : skb) {
    for (u32 round = 0; round < 8; ++round) {
      Block packet = ethernet(static_cast<u16>(pick({kEtherIpv4, kEtherVlan, 60})), 60);
      const std::byte first =
          std::array{std::byte{0}, std::byte{0xff}, std::byte{1}, std::byte{2}}[round % 4];
      std::fill_n(packet.begin(), 6, first);
      if (round >= 4) packet[14] = packet[15] = std::byte{0xff};
      compare({ProgramType::sched_cls, packet, {}, {field}});
    }
  }
  compare({ProgramType::xdp,
           ethernet(kEtherIpv4, 60),
           {},
           {XdpField::ingress_ifindex, XdpField::rx_queue_index}});
}

}  // namespace
}  // namespace skep::runtime
