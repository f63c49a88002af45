// A case by our verifier, and in the user engine: verdicts by the rules of the kernel; what the
// user engine takes as well is run, with maps filled as the case says, programs in its program
// arrays, and every run on the same packet in each tier.
#include "selftests/case_user.hpp"

#include <cstring>

#include "base/text.hpp"
#include "btf/targets.hpp"
#include "runtime/engine.hpp"

namespace skep::selftests {
namespace {

constexpr std::size_t kHeaderBytes = 14;
constexpr runtime::Tier kTiers[] = {runtime::Tier::checked, runtime::Tier::interpreter,
                                    runtime::Tier::jit};

struct Prepared {
  std::unique_ptr<runtime::Environment> environment = runtime::deterministic_environment();
  std::optional<runtime::App> app;
  const runtime::LoadedProgram* program = nullptr;
};

Result<std::vector<const runtime::LoadedProgram*>> load_entries(const Case& of, Prepared& to,
                                                                runtime::Tier tier) {
  std::vector<const runtime::LoadedProgram*> out;
  for (const CaseProgram& each : of.programs) {
    std::optional<verify::VerifiedProgram> proved;
    const UserAnswer answer = ask_verifier(TRY(program_of(of, each)), proved);
    if (!proved)
      return Error{Fault::rejected, format("a program of its program array: {}", answer.message)};
    out.push_back(TRY(to.app->load(std::move(*proved), tier)));
  }
  return out;
}

Result<Prepared> prepare(const Case& of, const verify::VerifiedProgram& proved,
                         runtime::Tier tier) {
  Prepared out;
  out.app.emplace(TRY(runtime::App::create(proved.program().maps, *out.environment)));
  const auto entries = TRY(load_entries(of, out, tier));
  for (const CaseElement& element : of.elements) {
    maps::Map& map = out.app->maps().at(element.map);
    if (!element.program) {
      TRY(map.update(element.key, element.value, platform::Update::any));
      continue;
    }
    u32 index = 0;
    std::memcpy(&index, element.key.data(), sizeof(index));
    map.set_program(index, runtime::tail_target(*entries.at(*element.program)), index + 1);
  }
  out.program = TRY(out.app->load(proved, tier));
  return out;
}

Result<u64> run_once(const Case& of, const verify::VerifiedProgram& proved, const CaseRun& run,
                     runtime::Tier tier) {
  static runtime::PacketArena arena = runtime::PacketArena::create(1).value();
  Prepared ready = TRY(prepare(of, proved, tier));
  const platform::ProgramType type = proved.program().type;
  if (platform::row(type).input == platform::Input::context) {
    std::vector<std::byte> context(proved.context_bytes());
    return ready.app->run(*ready.program, context);
  }
  std::span<const std::byte> packet = run.packet;
  // The kernel's test-run gives socket filters what stands behind the Ethernet header.
  if (type == platform::ProgramType::socket_filter) packet = packet.subspan(kHeaderBytes);
  arena[0].reset(type, packet, {});
  return ready.app->run(*ready.program, arena[0]);
}

void run_all(const Case& of, const verify::VerifiedProgram& proved, UserAnswer& answer) {
  for (const CaseRun& run : of.runs) {
    std::string words, problem;
    u32 result = 0;
    for (const runtime::Tier tier : kTiers) {
      const Result<u64> got = run_once(of, proved, run, tier);
      if (!got.ok() && got.error().fault == Fault::unsupported) {
        answer.not_run = got.error().message;
        return;
      }
      result = got.ok() ? static_cast<u32>(*got) : 0;
      const std::string now = got.ok() ? format("{}", result) : got.error().what();
      if (tier == kTiers[0] && !got.ok()) problem = now;
      if (tier != kTiers[0] && now != words) problem += format(" not {} but {}", words, now);
      words = now;
    }
    answer.results.push_back(result);
    answer.disagreement.push_back(problem);
  }
}

}  // namespace

const btf::Types* types_here() {
  static const auto types = btf::Types::open(btf::kKernelTypes);
  return types.ok() ? &*types : nullptr;
}

UserAnswer ask_verifier(const std::shared_ptr<const platform::Program>& program,
                        std::optional<verify::VerifiedProgram>& proved) {
  const verify::Verdict verdict =
      verify::verify(program, {.instructions_max = verify::kKernelInstructionsMax,
                               .pending_max = verify::kKernelPendingMax,
                               .rules = verify::Rules::kernel,
                               .kernel_types = types_here()});
  UserAnswer out{.accepted = verdict.accepted(),
                 .time_ns = verdict.work.time_ns,
                 .visited = verdict.work.visited};
  if (out.accepted) {
    verify::Verdict here = verify::verify(program);
    if (auto* found = std::get_if<verify::VerifiedProgram>(&here.outcome)) proved = *found;
    return out;
  }
  const auto& report = std::get<verify::Report>(verdict.outcome);
  out.property = report.property;
  out.message = report.message;
  return out;
}

UserAnswer ask_user(const Case& of) {
  const auto program = program_of(of, of.program);
  if (!program.ok()) return {.property = "encoding", .message = program.error().message};
  std::optional<verify::VerifiedProgram> proved;
  UserAnswer out = ask_verifier(*program, proved);
  if (proved) run_all(of, *proved, out);
  return out;
}

}  // namespace skep::selftests
