#include "soundness_runner.hpp"

#include <algorithm>
#include <cstring>

#include "jit/jit.hpp"
#include "runtime/helpers/bodies.hpp"
#include "runtime/live_memory.hpp"
#include "threaded/threaded.hpp"

namespace skep::soundness {
namespace {

using platform::MapKind;
using runtime::Tier;

constexpr u64 kSeed = 0x5eed;
constexpr u32 kEntriesMax = 64;     // of maps that are put back element by element
constexpr u32 kElementsMax = 1000;  // that are looked at
constexpr u32 kContextBytes = 256;  // of programs that run on memory, at least

void append(std::string& out, std::span<const std::byte> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

const void* tail_call_target(u64 map, u64 index, void*) {
  return maps::prog_at(*reinterpret_cast<const maps::Header*>(map), static_cast<u32>(index));
}

bool is_array(const maps::Map& map) {
  return map.spec().kind == MapKind::array && map.values_address() != 0;
}

std::span<std::byte> values_of(const maps::Map& map) {
  return {reinterpret_cast<std::byte*>(map.values_address()),
          std::size_t{map.stride()} * map.spec().max_entries};
}

void empty(maps::Map& map) {
  std::vector<std::vector<std::byte>> keys;
  for (auto key = map.next_key({}); key; key = map.next_key(*key)) keys.push_back(*key);
  for (const auto& key : keys) (void)map.erase(key);
}

bool is_used_ring(const maps::Map& map) {
  constexpr u64 kProducer = 3;  // BPF_RB_PROD_POS
  return map.spec().kind == MapKind::ringbuf && maps::ring_query(map.header(), kProducer) != 0;
}

bool is_put_back(const platform::MapSpec& spec) {
  const bool is_known = spec.kind == MapKind::array || spec.kind == MapKind::hash ||
                        spec.kind == MapKind::ringbuf || spec.kind == MapKind::prog_array;
  return is_known && (spec.max_entries <= kEntriesMax || spec.kind == MapKind::ringbuf);
}

}  // namespace

struct Runner::Loaded {
  const verify::VerifiedProgram& program;
  std::optional<interpret::Image> image = {};
  std::optional<threaded::Image> threaded = {};
  std::optional<jit::Compiled> compiled = {};

  const void* tail_target() const {
    if (compiled) return compiled->tail_entry();
    if (threaded) return &*threaded;
    return &*image;
  }
};

std::unique_ptr<Runner> Runner::of(std::shared_ptr<const std::vector<platform::MapSpec>> specs) {
  std::unique_ptr<Runner> out(new Runner(std::move(specs)));
  out->is_small_ = std::ranges::all_of(*out->specs_, is_put_back);
  if (!out->make_maps().ok()) return nullptr;
  return out;
}

Result<void> Runner::make_maps() {
  maps_.clear();
  for (const platform::MapSpec& spec : *specs_) {
    if (spec.kind == MapKind::arena) jit::reserve_addresses_nearby();
    maps_.push_back(TRY(maps::Map::create(spec, kSeed)));
  }
  note_places();
  return {};
}

void Runner::note_places() {
  addresses_.clear(), values_.clear(), arrays_.clear(), lookups_.clear();
  for (const maps::Map& map : maps_) {
    addresses_.push_back(map.address());
    values_.push_back(map.values_address());
    arrays_.push_back(map.array_shape());
    lookups_.push_back(map.lookup_body());
  }
}

Result<void> Runner::reset_maps() {
  if (!is_small_) return make_maps();
  for (maps::Map& map : maps_) {
    if (is_array(map)) {
      const auto values = values_of(map);
      std::ranges::fill(values, std::byte{0});
      std::ranges::copy(map.spec().initial, values.begin());
    }
    if (map.spec().kind == MapKind::hash) empty(map);
    // A record shows what lay there before.
    if (is_used_ring(map)) map = TRY(maps::Map::create(map.spec(), kSeed));
  }
  note_places();
  return {};
}

platform::Bindings Runner::bindings(const verify::VerifiedProgram& program) const {
  platform::Bindings out;
  out.maps = addresses_;
  out.map_values = values_;
  out.arrays = arrays_;
  out.lookups = lookups_;
  out.cpu_offset = offsetof(runtime::Execution, cpu);
  out.budget_offset = offsetof(runtime::Execution, budget);
  out.unwind_offset = offsetof(runtime::Execution, unwind_to);
  if (program.arena()) out.arena = maps_[*program.arena()].arena_place();
  out.helpers = runtime::kHelperBodies;
  out.kernel_functions = runtime::kKernelFunctions;
  out.tail_call = tail_call_target;
  out.packet_load = runtime::load_from_packet;
  return out;
}

// Every even element leads back to the program itself; the others are empty.
void Runner::put_into_prog_arrays(const void* target) {
  for (maps::Map& map : maps_) {
    if (map.spec().kind != MapKind::prog_array) continue;
    for (u32 index = 0; index < map.spec().max_entries; index += 2)
      map.set_program(index, target, 1);
  }
}

Result<u64> Runner::run_once(const Loaded& loaded, const Input& input, Seen& seen) {
  static runtime::PacketArena arena = runtime::PacketArena::create(1).value();
  const platform::ProgramType type = loaded.program.program().type;
  const bool on_packet = platform::row(type).input == platform::Input::packet;
  std::vector<std::byte> memory;
  runtime::Packet& packet = arena[0];
  runtime::Execution execution{.environment = environment_.get()};
  void* context = nullptr;
  if (on_packet) {
    packet.reset(type, input.bytes, {.interface_index = input.interface});
    if (type == platform::ProgramType::xdp)
      packet.set_field(runtime::XdpField::rx_queue_index, input.queue);
    execution.packet = &packet;
    context = &packet.context();
  } else {
    memory = input.bytes;
    memory.resize(std::max(kContextBytes, loaded.program.context_bytes()));
    context = memory.data();
  }
  Result<u64> result = u64{0};
  if (loaded.image) {
    runtime::LiveMemory live(execution.packet, memory, maps_);
    result = interpret::run_checked(*loaded.image, context, &execution, live, kFuel);
  } else if (loaded.threaded) {
    result = loaded.threaded->run(context, &execution);
  } else {
    result = loaded.compiled->run(context, &execution);
  }
  if (result.ok()) append(seen.text, on_packet ? packet.bytes() : std::span(memory));
  return result;
}

// What is in the maps, in an order that does not depend on theirs. False: a record was reserved and
// never given back.
bool Runner::append_maps(std::string& out) {
  bool all_given_back = true;
  for (maps::Map& map : maps_) {
    if (is_array(map)) {
      append(out, values_of(map));
      continue;
    }
    if (map.spec().kind == MapKind::ringbuf) {
      map.drain([&](std::span<const std::byte> record) { append(out, record); });
      constexpr u64 kAvailable = 0;  // BPF_RB_AVAIL_DATA
      all_given_back = all_given_back && maps::ring_query(map.header(), kAvailable) == 0;
      continue;
    }
    std::vector<std::pair<std::vector<std::byte>, std::vector<std::byte>>> entries;
    auto key = map.next_key({});
    for (u32 n = 0; key && n < kElementsMax; ++n) {
      if (auto value = map.lookup_copy(*key); value.ok())
        entries.emplace_back(*key, std::move(value).take());
      key = map.next_key(*key);
    }
    std::ranges::sort(entries);
    for (const auto& [one, value] : entries) append(out, one), append(out, value);
  }
  return all_given_back;
}

Seen Runner::run(const verify::VerifiedProgram& program, Tier tier, const Inputs& inputs) {
  if (const auto made = reset_maps(); !made.ok()) return {true, false, made.error().what()};
  environment_ = runtime::deterministic_environment();
  Loaded loaded{program};
  const platform::Bindings bound = bindings(program);
  if (tier == Tier::checked) loaded.image = interpret::Image::bind(program, bound);
  if (tier == Tier::interpreter) loaded.threaded = threaded::Image::bind(program, bound);
  if (tier == Tier::jit) loaded.compiled = jit::compile(program, bound).value();
  put_into_prog_arrays(loaded.tail_target());
  Seen seen;
  for (const Input& input : inputs) {
    const Result<u64> result = run_once(loaded, input, seen);
    if (!result.ok() && result.error().fault == Fault::exhausted) {
      seen.is_cut = true;
      // What it held is not given back.
      if (const auto made = make_maps(); !made.ok()) return {true, false, made.error().what()};
      return seen;
    }
    if (!result.ok()) {
      (void)make_maps();
      return {true, false, result.error().what()};
    }
    append(seen.text, std::as_bytes(std::span(&*result, 1)));
  }
  if (!append_maps(seen.text)) {
    (void)make_maps();
    return {true, false, "a ring record was never given back"};
  }
  return seen;
}

}  // namespace skep::soundness
