// What compiling costs, and what a call of compiled code costs besides what the program does.
//
// A program is compiled from its proof to sealed pages, and given back. First come the shipped
// programs, as App::load has them: once, by code that ran for another program before. Then programs
// of ten thousand instructions and of twice as many, whose time must grow as they do.
#include "base/text.hpp"
#include "figures.hpp"
#include "jit/jit.hpp"
#include "text/text.hpp"
#include "user_engine.hpp"

namespace skep::bench {
namespace {

constexpr u32 kTimes = 21;
constexpr u64 kShort = 300;  // instructions
constexpr u32 kPieces = 1250, kPieceInstructions = 8;
constexpr u32 kCalls = 1'000'000;

// The time of App::load, in a new App.
Result<double> compile_once(const std::shared_ptr<const platform::Program>& program) {
  const auto environment = runtime::real_environment();
  auto app = TRY(runtime::App::create(program->maps, *environment));
  auto verified = TRY(prove(program));
  const u64 begin = thread_ns();
  TRY(app.load(std::move(verified), runtime::Tier::jit));
  return static_cast<double>(thread_ns() - begin) / 1e3;
}

Result<void> shipped_programs(Report& report) {
  for (const char* name : kShipped) {
    const object::Object object = TRY(object::Object::open(shipped(name)));
    for (const object::ProgramEntry& entry : object.programs()) {
      const auto program = TRY(object.program(entry.name));
      Samples us;
      for (u32 round = 0; round < kTimes; ++round) us.push_back(TRY(compile_once(program)));
      const u64 count = program->code.size();
      const auto goal = count <= kShort ? std::optional(below(10)) : std::nullopt;
      report.value(format("{}/{}, {} instructions", name, entry.name, count), us, "us", goal);
    }
  }
  return {};
}

Result<verify::VerifiedProgram> proved(std::string_view source) {
  platform::Program program;
  program.name = "bench";
  program.type = platform::ProgramType::xdp;
  program.code = TRY(text::assemble(source));
  program.functions = {{.name = "bench",
                        .begin = isa::InstructionIndex(0),
                        .end = isa::InstructionIndex(static_cast<u32>(program.code.size()))}};
  return prove(std::make_shared<const platform::Program>(std::move(program)));
}

// Arithmetic, accesses to the frame and branches, as many as are asked for.
std::string long_program(u32 pieces) {
  std::string out = "r0 = 1\n*(u64 *)(r10 - 8) = r0\n";
  for (u32 at = 0; at < pieces; ++at) {
    out += format("r0 += {}\nr0 ^= 85\n*(u64 *)(r10 - 16) = r0\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\n",
                  at);
    out += "if r0 > 9 goto +1\nr0 <<= 3\nr0 &= 255\n";
  }
  return out + "exit\n";
}

Result<void> long_programs(Report& report) {
  for (const u32 pieces : {kPieces, 2 * kPieces}) {
    const auto program = TRY(proved(long_program(pieces)));
    Samples ns;
    for (u32 round = 0; round < kTimes; ++round) {
      const u64 begin = thread_ns();
      TRY(jit::compile(program, {}));
      ns.push_back(static_cast<double>(thread_ns() - begin) / (pieces * kPieceInstructions));
    }
    report.value(format("an instruction of {}", pieces * kPieceInstructions), ns, "ns", below(50));
  }
  return {};
}

// What a function of C that returns a number costs, and a program that does.
[[gnu::noinline]] u64 pass(void*, void*) {
  asm volatile("");
  return 2;
}

Result<void> calls(Report& report) {
  const auto compiled = TRY(jit::compile(TRY(proved("r0 = 2\nexit\n")), {}));
  const auto time = [](jit::Entry entry) -> Result<double> {
    jit::Entry volatile called = entry;
    u64 sum = 0;
    const u64 begin = thread_ns();
    for (u32 at = 0; at < kCalls; ++at) sum += called(nullptr, nullptr);
    const double ns = static_cast<double>(thread_ns() - begin) / kCalls;
    EXPECT(sum == u64{2} * kCalls);
    return ns;
  };
  const auto samples = TRY(interleave({{"program", [&] { return time(compiled.entry()); }},
                                       {"function", [&] { return time(&pass); }}},
                                      kTimes));
  report.value("entering and leaving a compiled program", samples[0], "ns", below(2));
  report.value("entering and leaving a function of C", samples[1], "ns");
  return {};
}

}  // namespace

Result<void> compilation(Report& report) {
  report.title("compilation: time of the JIT, and of a call of what it made");
  TRY(shipped_programs(report));
  TRY(long_programs(report));
  return calls(report);
}

}  // namespace skep::bench
