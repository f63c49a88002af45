// The user engine behind the public types: programs run in this process, on packets that the caller
// brings. The pipeline of src/cli/run.cpp, for several programs.
#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>

#include "api/engine_app.hpp"
#include "api/state.hpp"
#include "base/text.hpp"
#include "hooks/packets/feed.hpp"
#include "object/user_engine.hpp"
#include "runtime/engine.hpp"
#include "runtime/packet_context.hpp"

namespace skep::detail {
namespace {

constexpr u64 kBytesWaiting = 0;  // BPF_RB_AVAIL_DATA, as bpf_ringbuf_query() asks
constexpr std::chrono::milliseconds kLookEvery{1};

struct Loaded {
  const runtime::LoadedProgram* program = nullptr;
  platform::ProgramType type = platform::ProgramType::unspecified;
};

// A frame for each thread that runs programs.
Result<runtime::Packet*> packet_of_this_thread() {
  thread_local std::optional<runtime::PacketArena> arena;
  if (!arena) arena = TRY(runtime::PacketArena::create(1));
  return &(*arena)[0];
}

Result<verify::VerifiedProgram> proved(const std::shared_ptr<const platform::Program>& program) {
  verify::Verdict verdict = verify::verify(program);
  if (auto* verified = std::get_if<verify::VerifiedProgram>(&verdict.outcome))
    return std::move(*verified);
  const auto& why = std::get<verify::Report>(verdict.outcome);
  return Error(why.fault, format("program {} is rejected: {}", program->name, why.message),
               why.hint)
      .with_report(verify::to_text(why));
}

Error attaches_nothing() {
  return {Fault::unsupported, "the user engine does not attach programs",
          "run() and feed() give them packets; Engine::open(\"kernel\") attaches them"};
}

Feed feed_of(hooks::RunSummary summary) {
  Feed out{.packets = summary.packets,
           .bytes = summary.bytes,
           .cut_short = std::move(summary.cut_short)};
  for (hooks::VerdictCount& each : summary.verdicts) {
    out.verdicts.push_back({std::move(each.name), each.packets});
  }
  return out;
}

class UserRing final : public Reader {
 public:
  explicit UserRing(maps::Map& map) : map_(map) {}
  u64 drain(const Take& take) override { return map_.drain(take); }
  Result<u64> lost() const override { return map_.lost(); }
  bool has_records() const override { return maps::ring_query(map_.header(), kBytesWaiting) != 0; }
  Woken sleep(std::chrono::milliseconds most) const override {
    const auto until = std::min(most, kLookEvery);
    const timespec time{0, std::chrono::nanoseconds(until).count()};
    return ::nanosleep(&time, nullptr) == 0 ? Woken::look : Woken::by_signal;
  }
  Result<int> fd() const override {
    return Error(Fault::unsupported,
                 format("ring {}: the user engine has no descriptor to poll", map_.spec().name),
                 "call wait(), or drain() after programs ran");
  }

 private:
  maps::Map& map_;
};

class UserApp final : public EngineApp {
 public:
  UserApp(object::Object object, const LoadOptions& options)
      : EngineApp(std::move(object)),
        environment_(options.deterministic ? runtime::deterministic_environment()
                                           : runtime::real_environment()) {
    if (options.trace) environment_->trace = options.trace;
  }

  Result<void> load(const Wanted& wanted);

  kernel::EngineKind engine() const override { return kernel::EngineKind::user; }
  Result<Run> run(std::string_view program, std::span<const std::byte> input) override;
  Result<Run> run(std::string_view program, std::span<const std::byte> packet,
                  std::span<const std::byte> context) override;
  Result<Feed> feed(std::string_view program, const std::string& capture) override;
  Result<Link> attach(std::string_view name, const Place& place) override;
  Result<std::vector<Link>> attach_all(const Place& place) override;

  maps::View& map(u32 number) override { return app_->maps()[number]; }
  Result<u64> lost(u32 map) override { return app_->maps()[map].lost(); }
  Result<void> pin(u32 map, const std::string& path) override;
  Result<Reader*> reader(u32 map) override;
  Result<void> read_globals(u32 map, u32 offset, std::span<std::byte> out) override;
  Result<void> write_globals(u32 map, u32 offset, std::span<const std::byte> value) override;

 private:
  Result<Loaded> loaded(std::string_view program) const;
  // The memory of programs that run: what they do meanwhile is theirs to order.
  std::byte* globals(u32 map, u32 offset) {
    return reinterpret_cast<std::byte*>(app_->maps()[map].values_address()) + offset;
  }

  std::unique_ptr<runtime::Environment> environment_;
  std::optional<runtime::App> app_{};
  std::map<std::string, Loaded, std::less<>> programs_{};
  std::map<u32, UserRing> rings_{};  // by number of map
};

Result<void> UserApp::load(const Wanted& wanted) {
  for (const auto& each : wanted.programs) TRY(object::check_runs_in_user_engine(each));
  std::vector<verify::VerifiedProgram> verified;
  for (const auto& each : wanted.programs) {
    verified.push_back(TRY(proved(TRY(object().program(each.name, {.targets = wanted.types()})))));
  }
  app_ = TRY(runtime::App::create(verified[0].program().maps, *environment_,
                                  {.budget = wanted.options.budget}));
  const auto tier = wanted.options.interpret ? runtime::Tier::interpreter : runtime::Tier::jit;
  for (std::size_t at = 0; at < verified.size(); ++at) {
    const auto* loaded = TRY(app_->load(std::move(verified[at]), tier));
    programs_.emplace(wanted.programs[at].name, Loaded{loaded, wanted.programs[at].type});
  }
  for (u32 number = 0; number < app_->maps().size(); ++number) {
    maps::Map& each = app_->maps()[number];
    if (each.spec().kind == platform::MapKind::ringbuf) rings_.try_emplace(number, each);
  }
  return {};
}

Result<Loaded> UserApp::loaded(std::string_view program) const {
  const auto found = programs_.find(program);
  if (found != programs_.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [each, at] : programs_) known.push_back(each);
  return no_program(program, known);
}

Result<Run> UserApp::run(std::string_view program, std::span<const std::byte> input) {
  const Loaded at = TRY(loaded(program));
  if (object::takes_packets(at.type)) {
    Run out = TRY(run(program, input, runtime::plain_context(at.type, input.size())));
    out.context.clear();  // none was given
    return out;
  }
  Run out{.context = {input.begin(), input.end()}};
  out.return_value = static_cast<u32>(TRY(app_->run(*at.program, out.context)));
  return out;
}

Result<Run> UserApp::run(std::string_view program, std::span<const std::byte> packet,
                         std::span<const std::byte> context) {
  const Loaded at = TRY(loaded(program));
  if (!object::takes_packets(at.type)) return takes_no_packet(program, at.type);
  TRY(check_packet(packet.size()));
  runtime::Packet& frame = *TRY(packet_of_this_thread());
  TRY(runtime::set_up(frame, at.type, packet, context).within(program));
  const u64 r0 = TRY(app_->run(*at.program, frame).within(program));
  const auto left = runtime::bytes_after(frame);
  return Run{
      static_cast<u32>(r0), {left.begin(), left.end()}, runtime::context_after(frame, context)};
}

Result<Feed> UserApp::feed(std::string_view program, const std::string& capture) {
  const Loaded at = TRY(loaded(program));
  if (!object::takes_packets(at.type)) return feeds_no_packets(program, at.type);
  auto reader = TRY(hooks::CaptureReader::open(capture));
  auto summary =
      TRY(hooks::feed(*app_, *environment_, reader, {.program = *at.program, .type = at.type}));
  return feed_of(std::move(summary));
}

Result<Link> UserApp::attach(std::string_view name, const Place&) {
  TRY(loaded(name));
  return attaches_nothing().within(format("program {}", name));
}

Result<std::vector<Link>> UserApp::attach_all(const Place&) { return attaches_nothing(); }

Result<void> UserApp::pin(u32 map, const std::string&) {
  return Error(Fault::unsupported,
               format("map {}: maps of the user engine are of this process and cannot be pinned",
                      app_->maps()[map].spec().name),
               "Engine::open(\"kernel\") has maps that can");
}

Result<Reader*> UserApp::reader(u32 map) {
  const auto found = rings_.find(map);
  if (found == rings_.end()) return no_ring(map);
  return &found->second;
}

Result<void> UserApp::read_globals(u32 map, u32 offset, std::span<std::byte> out) {
  std::memcpy(out.data(), globals(map, offset), out.size());
  return {};
}

Result<void> UserApp::write_globals(u32 map, u32 offset, std::span<const std::byte> value) {
  std::memcpy(globals(map, offset), value.data(), value.size());
  return {};
}

}  // namespace

Result<std::shared_ptr<EngineApp>> load_user(object::Object object, const Wanted& wanted) {
  auto app = std::make_shared<UserApp>(std::move(object), wanted.options);
  TRY(app->load(wanted).within(app->object().name()));
  return std::shared_ptr<EngineApp>(std::move(app));
}

}  // namespace skep::detail
