#include "user_engine.hpp"

#include <array>

#include "sampling.hpp"

namespace skep::bench {
namespace {
constexpr u32 kBatch = 64;  // as hooks/packets
}

std::string shipped(const std::string& name) {
  return SKEP_SOURCE_DIR "/build/bpf/" + name + ".bpf.o";
}

Result<verify::VerifiedProgram> prove(std::shared_ptr<const platform::Program> program) {
  verify::Verdict verdict = verify::verify(std::move(program));
  if (auto* proved = std::get_if<verify::VerifiedProgram>(&verdict.outcome)) {
    return std::move(*proved);
  }
  return Error(Fault::rejected, verify::to_text(std::get<verify::Report>(verdict.outcome)));
}

Result<UserEngine> UserEngine::load(const object::Object& object, const std::string& name,
                                    runtime::Tier tier) {
  const auto program = TRY(object.program(name));
  UserEngine engine;
  engine.type_ = program->type;
  engine.environment_ = runtime::real_environment();
  engine.app_ = TRY(runtime::App::create(program->maps, *engine.environment_,
                                         {.sharing = platform::Sharing::nobody}));
  engine.program_ = TRY(engine.app_->load(TRY(prove(program)), tier));
  engine.arena_ = TRY(runtime::PacketArena::create(kBatch));
  return engine;
}

Result<UserEngine::Runs> UserEngine::run(std::span<const std::byte> packet, u32 repeat) {
  std::array<u32, kBatch> verdicts;
  Runs runs;
  const u64 begin = thread_ns();
  for (u32 done = 0; done < repeat;) {
    const u32 count = std::min(kBatch, repeat - done);
    for (u32 at = 0; at < count; ++at) (*arena_)[at].reset(type_, packet, {});
    TRY(app_->run_batch(*program_, arena_->packets().first(count),
                        std::span(verdicts).first(count)));
    done += count;
    runs.verdict = verdicts[count - 1];
  }
  runs.ns = static_cast<double>(thread_ns() - begin) / repeat;
  runs.records = drain();
  return runs;
}

Result<UserEngine::Runs> UserEngine::run_unchanged(std::span<const std::byte> packet, u32 repeat) {
  std::array<u32, kBatch> verdicts;
  for (u32 at = 0; at < kBatch; ++at) (*arena_)[at].reset(type_, packet, {});
  const u64 begin = thread_ns();
  for (u32 done = 0; done < repeat;) {
    const u32 count = std::min(kBatch, repeat - done);
    TRY(app_->run_batch(*program_, arena_->packets().first(count),
                        std::span(verdicts).first(count)));
    done += count;
  }
  const double ns = static_cast<double>(thread_ns() - begin) / repeat;
  return Runs{.ns = ns, .verdict = verdicts[(repeat - 1) % kBatch]};
}

u64 UserEngine::drain() {
  u64 records = 0;
  for (maps::Map& map : app_->maps()) {
    if (map.spec().kind != platform::MapKind::ringbuf) continue;
    records += map.drain([](std::span<const std::byte>) {});
  }
  return records;
}

}  // namespace skep::bench
