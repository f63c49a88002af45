#include "runtime/engine.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "base/text.hpp"
#include "interpret/trap.hpp"
#include "runtime/helpers/bodies.hpp"
#include "runtime/live_memory.hpp"
#include "threaded/threaded.hpp"

namespace skep::runtime {

// A program in the form of its tier: `threaded` where it is interpreted, `image` where every access
// is checked.
struct LoadedProgram {
  verify::VerifiedProgram verified;
  Tier tier;
  std::optional<interpret::Image> image;
  std::optional<threaded::Image> threaded;
  std::optional<jit::Compiled> compiled;
};

struct App::State {
  State(std::shared_ptr<const std::vector<platform::MapSpec>> specs, Environment& environment,
        const RunRules& rules)
      : specs(std::move(specs)), environment(environment), rules(rules) {}

  platform::Bindings bindings(const verify::VerifiedProgram& program) const;
  Result<Execution> execution() const;
  // `memory` is the context of a program that has no packet.
  Result<u64> run(const LoadedProgram& program, Execution& execution,
                  std::span<std::byte> memory = {}) const;
  Result<u64> run_within_budget(const LoadedProgram& program, Execution& execution,
                                void* context) const;
  Result<void> claim_prog_arrays(const platform::Program& program);
  void put_into_prog_arrays(const LoadedProgram& program, u32 id);

  std::shared_ptr<const std::vector<platform::MapSpec>> specs;
  Environment& environment;
  RunRules rules;
  std::thread::id owner = std::this_thread::get_id();
  std::vector<maps::Map> maps;
  std::vector<u64> addresses;  // by number of the map, as Bindings wants them
  std::vector<u64> values;
  std::vector<platform::ArrayShape> arrays;
  std::vector<platform::MapLookup> lookups;
  // Of prog_arrays that programs name or are in, by number of the map: the type of all of them.
  std::map<u32, platform::ProgramType> prog_array_types;
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

const platform::ProgramTypeRow& type_of(const LoadedProgram& program) {
  return platform::row(program.verified.program().type);
}

Result<void> check_input(const LoadedProgram& program, platform::Input input) {
  if (type_of(program).input == input) return {};
  const bool takes_packets = type_of(program).input == platform::Input::packet;
  return Error(Fault::usage,
               format("program {} is of type {}, which runs on {}", program.verified.program().name,
                      type_of(program).name, takes_packets ? "packets" : "a context"));
}

Result<void> check_context(const LoadedProgram& program, std::size_t bytes) {
  TRY(check_input(program, platform::Input::context));
  const std::string& name = program.verified.program().name;
  const u32 least = program.verified.context_bytes();
  if (bytes < least) {
    return Error(Fault::usage,
                 format("program {} is given a context of {}, and touches the first {} of it", name,
                        counted(bytes, "byte"), least),
                 format("give it {} at least", counted(least, "byte")));
  }
  const u32 most = type_of(program).context_size;
  if (bytes <= most) return {};
  return Error(Fault::usage, format("program {} is given a context of {}, expected {} at most",
                                    name, counted(bytes, "byte"), most));
}

}  // namespace

platform::Bindings App::State::bindings(const verify::VerifiedProgram& program) const {
  platform::Bindings bindings;
  bindings.maps = addresses;
  bindings.map_values = values;
  bindings.arrays = arrays;
  bindings.lookups = lookups;
  bindings.sharing = rules.sharing;
  bindings.cpu_offset = offsetof(Execution, cpu);
  bindings.pays = rules.budget != 0;
  bindings.budget_offset = offsetof(Execution, budget);
  bindings.program = static_cast<u32>(programs.size());
  bindings.unwind_offset = offsetof(Execution, unwind_to);
  if (program.arena()) bindings.arena = maps[*program.arena()].arena_place();
  bindings.helpers = kHelperBodies;
  bindings.kernel_functions = kKernelFunctions;
  bindings.tail_call = tail_call_target;
  bindings.packet_load = load_from_packet;
  return bindings;
}

Result<u64> App::State::run(const LoadedProgram& program, Execution& execution,
                            std::span<std::byte> memory) const {
  void* context = execution.packet != nullptr ? &execution.packet->context()
                                              : static_cast<void*>(memory.data());
  if (program.tier == Tier::checked) {
    LiveMemory live(execution.packet, memory, maps);
    return interpret::run_checked(*program.image, context, &execution, live,
                                  rules.budget != 0 ? rules.budget : kCheckedFuel);
  }
  if (rules.budget != 0) return run_within_budget(program, execution, context);
  if (program.tier == Tier::jit) return program.compiled->run(context, &execution);
  return program.threaded->run(context, &execution);
}

// A run that is stopped gives back its ring records as if it had discarded them: a reader would
// wait for them, and for all behind them. Everything else stays as the run left it.
Result<u64> App::State::run_within_budget(const LoadedProgram& program, Execution& execution,
                                          void* context) const {
  std::vector<void*> held;
  execution.held = &held;
  execution.budget = {.instructions = rules.budget};
  Result<u64> result = program.tier == Tier::jit ? program.compiled->run(context, &execution)
                                                 : program.threaded->run(context, &execution);
  execution.held = nullptr;
  if (execution.budget.stopped_at != platform::Budget::kNotStopped) {
    const interpret::Trapped trapped{interpret::Trap::fuel, execution.budget.stopped_at, 0};
    result = interpret::to_error(programs[execution.budget.program].verified.code(), trapped,
                                 rules.budget);
  }
  for (void* record : held) maps::ring_discard(record);
  return result;
}

// What a run on this thread carries with it.
Result<Execution> App::State::execution() const {
  if (rules.sharing == platform::Sharing::nobody && owner != std::this_thread::get_id()) {
    return Error(Fault::usage, "a program is run on a thread that did not make its App",
                 "make the App with Sharing::threads");
  }
  const Execution execution{
      .environment = &environment, .packet = nullptr, .cpu = environment.cpu()};
  if (execution.cpu >= maps::kCpuSlots) return no_slot();
  return execution;
}

namespace {

bool names(const platform::Program& program, u32 map) {
  return std::ranges::any_of(program.code, [&](const isa::Instruction& i) {
    return i.form == isa::Form::constant && i.constant() == isa::Constant::map &&
           i.map_number() == map;
  });
}

bool is_in(const platform::Program& program, const platform::MapSpec& map) {
  return std::ranges::any_of(map.initial_programs,
                             [&](const auto& each) { return each.second == program.name; });
}

}  // namespace

// A tail call hands its context on, so all programs around one prog_array are of one type
// (bpf_prog_map_compatible in kernel/bpf/core.c).
Result<void> App::State::claim_prog_arrays(const platform::Program& program) {
  for (u32 number = 0; number < maps.size(); ++number) {
    const platform::MapSpec& map = maps[number].spec();
    if (map.kind != platform::MapKind::prog_array) continue;
    if (!names(program, number) && !is_in(program, map)) continue;
    const auto type = prog_array_types.try_emplace(number, program.type).first->second;
    if (type == program.type) continue;
    return Error(
        Fault::unsupported,
        format("program {} is of type {}, and map {} has programs of type {}", program.name,
               platform::row(program.type).name, map.name, platform::row(type).name),
        "programs that call each other are of one type");
  }
  return {};
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

std::span<const platform::CodePlace> machine_code_places(const LoadedProgram& program) {
  if (program.compiled) return program.compiled->places();
  return {};
}

jit::ForeignCode App::code_for(platform::Architecture machine,
                               const verify::VerifiedProgram& program) const {
  return jit::compile_for(machine, program, state_->bindings(program));
}

const void* tail_target(const LoadedProgram& program) {
  if (program.compiled) return program.compiled->tail_entry();
  if (program.threaded) return &*program.threaded;
  return &*program.image;
}

Result<App> App::create(std::shared_ptr<const std::vector<platform::MapSpec>> specs,
                        Environment& environment, const RunRules& rules) {
  auto state = std::make_shared<State>(std::move(specs), environment, rules);
  const bool has_arena = std::ranges::find(*state->specs, platform::MapKind::arena,
                                           &platform::MapSpec::kind) != state->specs->end();
  if (has_arena) jit::reserve_addresses_nearby();  // an arena takes gigabytes
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
  if (!state.programs.empty() && state.programs.front().tier != tier) {
    return Error(Fault::usage,
                 format("program {}: programs of two tiers in one App", program.program().name),
                 "load all programs of an App in one tier");
  }
  EXPECT(program.program().maps->size() == state.maps.size());
  TRY(state.claim_prog_arrays(program.program()));
  LoadedProgram loaded{std::move(program), tier, {}, {}, {}};
  const platform::Bindings bindings = state.bindings(loaded.verified);
  if (tier == Tier::jit) {
    loaded.compiled = TRY(jit::compile(loaded.verified, bindings));
  } else if (tier == Tier::interpreter) {
    loaded.threaded = threaded::Image::bind(loaded.verified, bindings);
  } else {
    loaded.image = interpret::Image::bind(loaded.verified, bindings);
  }
  const LoadedProgram& kept = state.programs.emplace_back(std::move(loaded));
  state.put_into_prog_arrays(kept, static_cast<u32>(state.programs.size()));
  return &kept;
}

Result<u64> App::run(const LoadedProgram& program, Packet& packet) {
  TRY(check_input(program, platform::Input::packet));
  const Running running;
  if (running.skips()) {
    state_->skipped.fetch_add(1, std::memory_order_relaxed);
    return u64{0};
  }
  Execution execution = TRY(state_->execution());
  arrive(execution, packet);
  return state_->run(program, execution);
}

Result<u64> App::run(const LoadedProgram& program, std::span<std::byte> context) {
  TRY(check_context(program, context.size()));
  const Running running;
  if (running.skips()) {
    state_->skipped.fetch_add(1, std::memory_order_relaxed);
    return u64{0};
  }
  Execution execution = TRY(state_->execution());
  return state_->run(program, execution, context);
}

Result<void> App::run_batch(const LoadedProgram& program, std::span<Packet> packets,
                            std::span<u32> verdicts) {
  EXPECT(verdicts.size() == packets.size());
  TRY(check_input(program, platform::Input::packet));
  const Running running;
  if (running.skips()) {
    state_->skipped.fetch_add(packets.size(), std::memory_order_relaxed);
    std::ranges::fill(verdicts, 0);
    return {};
  }
  Execution execution = TRY(state_->execution());
  const bool is_direct = program.compiled && state_->rules.budget == 0;
  const jit::Entry entry = is_direct ? program.compiled->entry() : nullptr;
  for (std::size_t at = 0; at < packets.size(); ++at) {
    arrive(execution, packets[at]);
    verdicts[at] = static_cast<u32>(entry != nullptr ? entry(&packets[at].context(), &execution)
                                                     : TRY(state_->run(program, execution)));
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
