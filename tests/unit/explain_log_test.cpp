// The walk in the kernel's notation: what is printed, and that the running kernel prints the same.
//
// The expected lines are those that Linux 6.18 gives at log level 2 for the same programs, without
// what it says of itself (live registers, precision). Where bpf(2) is allowed it is asked again.
#include <gtest/gtest.h>

#include <sstream>

#include "../engines/kernel_programs.hpp"
#include "base/text.hpp"
#include "explain/log.hpp"
#include "text/text.hpp"
#include "verify/verify.hpp"

namespace skep::explain {
namespace {

using Lines = std::vector<std::string>;

struct Logged {
  std::string_view name;
  std::string_view code;
  Lines log;
};

const Logged kExamples[] = {
    {"packet",
     "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 14\nr0 = 1\n"
     "if r4 > r3 goto +2\nr0 = *(u8 *)(r2 + 13)\nr0 &= 15\nexit\n",
     {"0: R1=ctx() R10=fp0", "0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2=pkt(r=0)",
      "1: (61) r3 = *(u32 *)(r1 +4)          ; R1=ctx() R3=pkt_end()",
      "2: (bf) r4 = r2                       ; R2=pkt(r=0) R4=pkt(r=0)",
      "3: (07) r4 += 14                      ; R4=pkt(off=14,r=0)",
      "4: (b7) r0 = 1                        ; R0=1",
      "5: (2d) if r4 > r3 goto pc+2          ; R3=pkt_end() R4=pkt(off=14,r=14)",
      "6: (71) r0 = *(u8 *)(r2 +13)          ; "
      "R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff)) R2=pkt(r=14)",
      "7: (57) r0 &= 15                      ; "
      "R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=15,var_off=(0x0; 0xf))",
      "8: (95) exit"}},
    {"stack",
     "r6 = r1\n*(u64 *)(r10 - 8) = r1\nr1 = 5\n*(u64 *)(r10 - 16) = r1\n"
     "call bpf_get_prandom_u32\n*(u32 *)(r10 - 20) = r0\nw1 = w0\nr1 <<= 3\nr1 >>= 2\n"
     "r1 s>>= 1\nr2 = *(u64 *)(r10 - 8)\nr7 = *(u32 *)(r6 + 12)\nr0 = -7\nw0 = w0\n"
     "lock *(u64 *)(r10 - 16) += r0\nr0 = be16 r0\nw0 = -w0\nr0 = 0\nexit\n",
     {"0: R1=ctx() R10=fp0", "0: (bf) r6 = r1                       ; R1=ctx() R6=ctx()",
      "1: (7b) *(u64 *)(r10 -8) = r1         ; R1=ctx() R10=fp0 fp-8=ctx()",
      "2: (b7) r1 = 5                        ; R1=5",
      "3: (7b) *(u64 *)(r10 -16) = r1        ; R1=5 R10=fp0 fp-16=5",
      "4: (85) call bpf_get_prandom_u32#7    ; R0=scalar()"}},
    {"map",
     "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[h] ll\ncall bpf_map_lookup_elem\n"
     "if r0 != 0 goto +2\nr0 = 0\nexit\nr1 = *(u32 *)(r0 + 0)\nr1 &= 7\nr0 = 0\nexit\n",
     {"0: R1=ctx() R10=fp0", "0: (62) *(u32 *)(r10 -4) = 1          ; R10=fp0 fp-8=mmmm????",
      "1: (bf) r2 = r10                      ; R2=fp0 R10=fp0",
      "2: (07) r2 += -4                      ; R2=fp-4",
      "3: (18) r1 = map[h]                   ; R1=map_ptr(map=h,ks=4,vs=16)",
      "5: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=h,ks=4,vs=16)",
      "6: (55) if r0 != 0x0 goto pc+2        ; R0=0",
      "7: (b7) r0 = 0                        ; R0=0", "8: (95) exit", "",
      "from 6 to 9: R0=map_value(map=h,ks=4,vs=16) R10=fp0 fp-8=mmmm????",
      "9: R0=map_value(map=h,ks=4,vs=16) R10=fp0 fp-8=mmmm????",
      "9: (61) r1 = *(u32 *)(r0 +0)          ; R0=map_value(map=h,ks=4,vs=16) "
      "R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))",
      "10: (57) r1 &= 7                      ; "
      "R1=scalar(smin=smin32=0,smax=umax=smax32=umax32=7,var_off=(0x0; 0x7))"}},
    {"function",
     "r1 = 5\ncall f\nexit\nf:\nr0 = r1\nr0 += 2\nexit\n",
     {"0: R1=ctx() R10=fp0", "0: (b7) r1 = 5                        ; R1=5", "1: (85) call pc+1",
      "caller:", " R10=fp0", "callee:", " frame1: R1=5 R10=fp0",
      "3: (bf) r0 = r1                       ; frame1: R0=5 R1=5",
      "4: (07) r0 += 2                       ; frame1: R0=7", "5: (95) exit",
      "returning from callee:", " frame1: R0=7 R1=5 R10=fp0", "to caller at 2:", " R0=7 R10=fp0",
      "2: (95) exit"}},
};

std::shared_ptr<const platform::Program> program_of(const Logged& example) {
  auto program = std::make_shared<platform::Program>();
  program->name = std::string(example.name);
  program->type = platform::ProgramType::xdp;
  platform::MapSpec map;
  map.name = "h";
  map.kind = platform::MapKind::hash;
  map.key_size = map.max_entries = 4;
  map.value_size = 16;
  program->maps = std::make_shared<const std::vector<platform::MapSpec>>(1, map);
  program->code = text::assemble(example.code, *program->maps).value();
  program->functions = {{.name = "main", .end = isa::InstructionIndex(program->code.size())}};
  for (const isa::Instruction& i : program->code) {
    if (!(i.form == isa::Form::call && i.call() == isa::Call::local)) continue;
    program->functions[0].end = i.target;
    program->functions.push_back(
        {.name = "f", .begin = i.target, .end = isa::InstructionIndex(program->code.size())});
  }
  return program;
}

std::string log_of(const std::shared_ptr<const platform::Program>& program, bool& accepted) {
  std::string text;
  {
    Log log(*program, [&](std::string_view lines) { text += lines; });
    accepted =
        verify::verify(program, {.rules = verify::Rules::kernel, .observer = &log}).accepted();
  }
  return text;
}

// Lines from the first state on.
Lines walk_of(const std::string& log) {
  Lines out;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (out.empty() && !line.starts_with("0: R1=ctx()")) continue;
    out.push_back(line);
  }
  return out;
}

class ExplainLog : public testing::TestWithParam<Logged> {};

TEST_P(ExplainLog, HasTheKernelsNotation) {
  bool accepted = false;
  const Lines walk = walk_of(log_of(program_of(GetParam()), accepted));
  EXPECT_TRUE(accepted);
  const Lines& expected = GetParam().log;
  ASSERT_GE(walk.size(), expected.size());
  for (std::size_t at = 0; at < expected.size(); ++at) EXPECT_EQ(walk[at], expected[at]) << at;
}

// What both print of an instruction: the kernel's in our words, with names for addresses of maps;
// without identities, which are numbered in the order in which they are needed.
std::string common(std::string line, std::string_view map) {
  const auto replace = [&](std::string_view what, std::string_view by) {
    for (std::size_t at; (at = line.find(what)) != std::string::npos;)
      line.replace(at, what.size(), by);
  };
  replace("map=h,", "");
  for (std::size_t at; (at = line.find("(id=")) != std::string::npos;) {
    const std::size_t end = line.find_first_of(",)", at);
    line.erase(at + 1, end - at - (line[end] == ',' ? 0 : 1));
  }
  if (const std::size_t at = line.find("r1 = 0xffff"); at != std::string::npos)
    line = line.substr(0, at) + std::string(map) + line.substr(line.find(" ;", at));
  while (line.find("  ") != std::string::npos) replace("  ", " ");
  return line;
}

bool is_instruction(const std::string& line) {
  return line.find(": (") != std::string::npos && line.find(" ; ") != std::string::npos;
}

TEST_P(ExplainLog, IsWhatTheKernelPrints) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto program = program_of(GetParam());
  const auto kernel = kernel_test::kernel_verdict(*program, 2);
  ASSERT_TRUE(kernel.asked && kernel.accepted) << kernel.log;
  bool accepted = false;
  const std::string ours = log_of(program, accepted);
  Lines mine;
  for (const std::string& line : walk_of(ours)) mine.push_back(common(line, ""));
  u32 compared = 0;
  for (const std::string& line : walk_of(kernel.log)) {
    if (!is_instruction(line)) continue;
    ++compared;
    EXPECT_NE(std::ranges::find(mine, common(line, "r1 = map[h]")), mine.end())
        << "the kernel says: " << line << "\nwe say:\n"
        << ours;
  }
  EXPECT_GT(compared, 2u) << kernel.log;
}

INSTANTIATE_TEST_SUITE_P(Programs, ExplainLog, testing::ValuesIn(kExamples),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace skep::explain
