#include "runtime/engine.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "base/text.hpp"
#include "runtime/helpers/bodies.hpp"
#include "runtime/live_memory.hpp"

namespace skep::runtime {

// A program in one of its forms: `compiled` in the JIT's tier, `image` in the others.
struct LoadedProgram {
  verify::VerifiedProgram verified;
  Tier tier;
  std::optional<interpret::Image> image;
  std::optional<jit::Compiled> compiled;
};

struct App::State {
  State(std::shared_ptr<const std::vector<platform::MapSpec>> specs, Environment& environment,
        platform::Sharing sharing)
      : specs(std::move(specs)), environment(environment), sharing(sharing) {}

  platform::Bindings bindings() const;
  Result<Execution> execution() const;
  void put_into_prog_arrays(const LoadedProgram& program, u32 id);

  std::shared_ptr<const std::vector<platform::MapSpec>> specs;
  Environment& environment;
  platform::Sharing sharing;
  std::thread::id owner = std::this_thread::get_id();
  std::vector<maps::Map> maps;
  std::vector<u64> addresses;  // by number of the map, as Bindings wants them
  std::vector<u64> values;
  std::vector<platform::ArrayShape> arrays;
  std::vector<platform::MapLookup> lookups;
  std::deque<LoadedProgram> programs;  // handles are addresses of these
  std::atomic<u64> skipped = 0;
};

namespace {

constexpr u64 kCheckedFuel = 1'000'000'000;  // instructions: a run beyond this hangs

thread_local bool is_running = false;

// Marks the thread as running a program; `skips` when it was already (a signal, a probe inside a
// helper).
class Running {
 public:
  Running() : skips_(is_running) { is_running = true; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { is_running = skips_; }
  bool skips() const { return skips_; }

 private:
  bool skips_;
};

const void* tail_call_target(u64 map, u64 index, void*) {
  return maps::prog_at(*reinterpret_cast<const maps::Header*>(map), static_cast<u32>(index));
}

Error no_slot() {
  return {Fault::exhausted, format("more than {} threads run programs", maps::kCpuSlots),
          "run programs on fewer threads: each needs a CPU slot of its own in per-CPU maps"};
}

// Puts `packet` into `execution` and its time into the environment.
void arrive(Execution& execution, Packet& packet) {
  execution.packet = &packet;
  if (packet.time_ns() != 0) execution.environment->set_event_time(packet.time_ns());
}

Result<u64> run_one(const LoadedProgram& program, Execution& execution,
                    std::span<const maps::Map> maps) {
  void* context = &execution.packet->context();
  if (program.tier == Tier::jit) return program.compiled->run(context, &execution);
  if (program.tier == Tier::interpreter) return program.image->run(context, &execution);
  LiveMemory memory(*execution.packet, maps);
  return interpret::run_checked(*program.image, context, &execution, memory, kCheckedFuel);
}

}  // namespace

platform::Bindings App::State::bindings() const {
  platform::Bindings bindings;
  bindings.maps = addresses;
  bindings.map_values = values;
  bindings.arrays = arrays;
  bindings.lookups = lookups;
  bindings.sharing = sharing;
  bindings.cpu_offset = offsetof(Execution, cpu);
  bindings.helpers = kHelperBodies;
  bindings.tail_call = tail_call_target;
  bindings.packet_load = load_from_packet;
  return bindings;
}

// What a run on this thread carries with it.
Result<Execution> App::State::execution() const {
  if (sharing == platform::Sharing::nobody && owner != std::this_thread::get_id()) {
    return Error(Fault::usage, "a program is run on a thread that did not make its App",
                 "make the App with Sharing::threads");
  }
  const Execution execution{&environment, nullptr, environment.cpu()};
  if (execution.cpu >= maps::kCpuSlots) return no_slot();
  return execution;
}

void App::State::put_into_prog_arrays(const LoadedProgram& program, u32 id) {
  for (maps::Map& map : maps) {
    for (const auto& [index, name] : map.spec().initial_programs) {
      if (name == program.verified.program().name) map.set_program(index, tail_target(program), id);
    }
  }
}

bool may_change_packet(const LoadedProgram& program) {
  return program.verified.may_change_packet();
}

std::span<const std::byte> machine_code(const LoadedProgram& program) {
  if (program.compiled) return program.compiled->code();
  return {};
}

std::span<const u32> machine_code_offsets(const LoadedProgram& program) {
  if (program.compiled) return program.compiled->offsets();
  return {};
}

const void* tail_target(const LoadedProgram& program) {
  if (program.compiled) return program.compiled->tail_entry();
  return &*program.image;
}

Result<App> App::create(std::shared_ptr<const std::vector<platform::MapSpec>> specs,
                        Environment& environment, platform::Sharing sharing) {
  auto state = std::make_shared<State>(std::move(specs), environment, sharing);
  for (const platform::MapSpec& spec : *state->specs) {
    const u64 seed = u64{environment.random()} << 32 | environment.random();
    state->maps.push_back(TRY(maps::Map::create(spec, seed)));
    const maps::Map& map = state->maps.back();
    state->addresses.push_back(map.address());
    state->values.push_back(map.values_address());
    state->arrays.push_back(map.array_shape());
    state->lookups.push_back(map.lookup_body());
  }
  return App(std::move(state));
}

Result<const LoadedProgram*> App::load(verify::VerifiedProgram program, Tier tier) {
  State& state = *state_;
  const auto is_compiled = [](Tier one) { return one == Tier::jit; };
  if (!state.programs.empty() && is_compiled(state.programs.front().tier) != is_compiled(tier)) {
    return Error(
        Fault::usage,
        format("program {}: compiled and interpreted programs in one App", program.program().name),
        "load all programs of an App in one tier");
  }
  EXPECT(program.program().maps->size() == state.maps.size());
  LoadedProgram loaded{std::move(program), tier, std::nullopt, std::nullopt};
  const platform::Bindings bindings = state.bindings();
  if (tier == Tier::jit) {
    loaded.compiled = TRY(jit::compile(loaded.verified, bindings));
  } else {
    loaded.image = interpret::Image::bind(loaded.verified, bindings);
  }
  const LoadedProgram& kept = state.programs.emplace_back(std::move(loaded));
  state.put_into_prog_arrays(kept, static_cast<u32>(state.programs.size()));
  return &kept;
}

Result<u64> App::run(const LoadedProgram& program, Packet& packet) {
  const Running running;
  if (running.skips()) {
    state_->skipped.fetch_add(1, std::memory_order_relaxed);
    return u64{0};
  }
  Execution execution = TRY(state_->execution());
  arrive(execution, packet);
  return run_one(program, execution, state_->maps);
}

Result<void> App::run_batch(const LoadedProgram& program, std::span<Packet> packets,
                            std::span<u32> verdicts) {
  EXPECT(verdicts.size() == packets.size());
  const Running running;
  if (running.skips()) {
    state_->skipped.fetch_add(packets.size(), std::memory_order_relaxed);
    std::ranges::fill(verdicts, 0);
    return {};
  }
  Execution execution = TRY(state_->execution());
  const jit::Entry entry = program.compiled ? program.compiled->entry() : nullptr;
  for (std::size_t at = 0; at < packets.size(); ++at) {
    arrive(execution, packets[at]);
    verdicts[at] =
        static_cast<u32>(entry != nullptr ? entry(&packets[at].context(), &execution)
                                          : TRY(run_one(program, execution, state_->maps)));
  }
  return {};
}

std::vector<maps::Map>& App::maps() { return state_->maps; }

maps::Map* App::map(std::string_view name) {
  for (maps::Map& map : state_->maps) {
    if (map.spec().name == name) return &map;
  }
  return nullptr;
}

u64 App::skipped() const { return state_->skipped.load(std::memory_order_relaxed); }

}  // namespace skep::runtime
