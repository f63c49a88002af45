#include "random_sides.hpp"

#include <algorithm>

namespace skep::random_kernel {
namespace {

using engines::kArrayEntries, engines::kHashEntries, engines::kKeys, engines::kMapValueBytes,
    engines::kMemoryValueBytes, engines::kPacketBytesMin;
using platform::ProgramType;

constexpr u32 kProgramsOfAnApp = 64;  // it keeps them as long as it lives
constexpr std::size_t kGrowthMax = 1024;

Buffer random_bytes(u64 seed, std::size_t bytes) {
  std::mt19937_64 random(seed);
  Buffer out(bytes);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random());
  return out;
}

// No protocol that the kernel looks into: only what programs do with it counts.
Buffer packet_of(u64 seed) {
  Buffer out = random_bytes(seed * 3, kPacketBytesMin + seed % 60);
  out[12] = std::byte{0x88};
  out[13] = std::byte{0xb5};  // for local experiments (IEEE Std 802)
  return out;
}

// An element of one of the maps.
struct Element {
  u32 map;
  u64 key;
  Buffer value;  // empty: none with this key
};

std::vector<Element> first_elements(u64 seed) {
  std::vector<Element> out{{engines::kMemoryMap, 0, random_bytes(seed * 5, kMemoryValueBytes)}};
  for (u64 key = 0; key < kArrayEntries; ++key)
    out.push_back({engines::kArrayMap, key, random_bytes(seed * 7 + key, kMapValueBytes)});
  for (u64 key = 0; key < kKeys; ++key) {
    const bool has = key < kHashEntries && (seed >> key & 1) != 0;
    out.push_back(
        {engines::kHashMap, key, has ? random_bytes(seed * 11 + key, kMapValueBytes) : Buffer()});
  }
  return out;
}

// "R1 invalid mem access 'scalar'" and "R2 ..." are one reason.
std::string without_numbers(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && (out.empty() || out.back() != '#')) out += '#';
  }
  return out;
}

// The line in front of "processed N insns".
std::string last_line(const std::string& log) {
  std::string out = "without a word";
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const std::string line = log.substr(at, end - at);
    if (line.starts_with("processed ")) break;
    if (!line.empty()) out = line;
    at = end + 1;
  }
  return out;
}

std::string words(const Buffer& bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += format("{:02x}", std::to_integer<unsigned>(byte));
  return out;
}

u64 address(const void* pointer) { return reinterpret_cast<u64>(pointer); }

bpf_attr element(const Fd& map, const u64& key, const void* value) {
  bpf_attr out = kernel_test::no_attributes();
  out.map_fd = static_cast<u32>(map.get());
  out.key = address(&key);
  out.value = address(value);
  return out;
}

std::string why_refused(bpf_attr load) {
  std::vector<char> log(1 << 22);
  load.log_buf = address(log.data());
  load.log_size = static_cast<u32>(log.size());
  load.log_level = 1;
  const s64 error = kernel_test::bpf(BPF_PROG_LOAD, load);
  return without_numbers(last_line(log.data())) + ", " + std::strerror(static_cast<int>(-error));
}

Answer refusal(std::string why) {
  Answer out;
  out.refused = std::move(why);
  return out;
}

}  // namespace

std::string difference(const Answer& ours, const Answer& theirs) {
  if (!ours.tiers_differ.empty()) return ours.tiers_differ;
  if (ours.return_value != theirs.return_value)
    return format("return value: 0x{:x} and 0x{:x}", ours.return_value, theirs.return_value);
  if (ours.packet != theirs.packet)
    return format("packet: {}\nand    {}", words(ours.packet), words(theirs.packet));
  if (ours.maps != theirs.maps)
    return format("maps:   {}\nand    {}", words(ours.maps), words(theirs.maps));
  return {};
}

std::string listing(const platform::Program& program) {
  std::string out;
  for (u32 at = 0; at < program.code.size(); ++at)
    out += text::disassemble(program.code, isa::InstructionIndex(at), text::kPeople, {}) + "\n";
  return out;
}

// ---- the kernel
// ---------------------------------------------------------------------------------------------------

KernelSide::KernelSide() {
  for (const platform::MapSpec& spec : *engines::maps_of_random_packets())
    maps_.push_back(Fd::adopt(static_cast<int>(kernel_test::create_map(spec))));
}

void KernelSide::fill(u64 seed) {
  for (const Element& each : first_elements(seed)) {
    bpf_attr attributes = element(maps_[each.map], each.key, each.value.data());
    if (each.value.empty()) (void)kernel_test::bpf(BPF_MAP_DELETE_ELEM, attributes);
  }
  for (const Element& each : first_elements(seed)) {
    bpf_attr attributes = element(maps_[each.map], each.key, each.value.data());
    if (!each.value.empty()) EXPECT_EQ(kernel_test::bpf(BPF_MAP_UPDATE_ELEM, attributes), 0);
  }
}

Buffer KernelSide::contents() const {
  Buffer out;
  for (const Element& each : first_elements(0)) {
    Buffer value(each.map == engines::kMemoryMap ? kMemoryValueBytes : kMapValueBytes);
    bpf_attr attributes = element(maps_[each.map], each.key, value.data());
    if (kernel_test::bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) value = {std::byte{'-'}};
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

Answer KernelSide::run(const std::shared_ptr<const platform::Program>& program, u64 seed) {
  const auto slots = isa::encode(kernel_test::with_descriptors(program->code, maps_)).value();
  bpf_attr load = load_of(platform::kernel_number(program->type), slots);
  const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, load);
  if (fd < 0) return refusal(why_refused(load));
  return run(Fd::adopt(static_cast<int>(fd)), seed);
}

Answer KernelSide::run(const Fd& loaded, u64 seed) {
  fill(seed);
  const Buffer packet = packet_of(seed);
  Answer out;
  out.packet.resize(packet.size() + kGrowthMax);
  bpf_attr run = kernel_test::no_attributes();
  run.test.prog_fd = static_cast<u32>(loaded.get());
  run.test.data_in = address(packet.data());
  run.test.data_size_in = static_cast<u32>(packet.size());
  run.test.data_out = address(out.packet.data());
  run.test.data_size_out = static_cast<u32>(out.packet.size());
  run.test.repeat = 1;
  EXPECT_EQ(kernel_test::bpf(BPF_PROG_TEST_RUN, run), 0);
  out.return_value = run.test.retval;
  out.packet.resize(run.test.data_size_out);
  out.maps = contents();
  return out;
}

// ---- user space
// ---------------------------------------------------------------------------------------------------

runtime::App& UserSide::app(runtime::Tier tier) {
  Used& used = apps_[tier];
  if (used.programs++ % kProgramsOfAnApp == 0)
    used.app.emplace(
        runtime::App::create(engines::maps_of_random_packets(), *environment_).value());
  return *used.app;
}

Answer UserSide::run(const std::shared_ptr<const platform::Program>& program, u64 seed) {
  const auto verdict = verify::verify(program);
  if (const auto* report = std::get_if<verify::Report>(&verdict.outcome))
    return refusal(without_numbers(report->property + ": " + report->message));
  const auto& verified = std::get<verify::VerifiedProgram>(verdict.outcome);
  Answer reference = run(verified, runtime::Tier::checked, seed);
  const Answer threaded = run(verified, runtime::Tier::interpreter, seed);
  const Answer compiled = run(verified, runtime::Tier::jit, seed);
  if (const std::string text = difference(threaded, reference); !text.empty())
    reference.tiers_differ = "threaded code beside the reference: " + text;
  if (const std::string text = difference(compiled, reference); !text.empty())
    reference.tiers_differ = "JIT beside the reference: " + text;
  return reference;
}

Answer UserSide::run(const verify::VerifiedProgram& verified, runtime::Tier tier, u64 seed) {
  runtime::App& in = app(tier);
  const auto key_of = [&](const Element& each) {
    return std::as_bytes(std::span(&each.key, 1)).first(in.maps()[each.map].spec().key_size);
  };
  for (const Element& each : first_elements(seed)) {
    if (each.value.empty()) (void)in.maps()[each.map].erase(key_of(each));
  }
  for (const Element& each : first_elements(seed)) {
    if (!each.value.empty())
      in.maps()[each.map].update(key_of(each), each.value, platform::Update::any).value();
  }
  const auto* loaded = in.load(verified, tier).value();
  arena_[0].reset(verified.program().type, packet_of(seed), {});
  Answer out;
  out.return_value = static_cast<u32>(in.run(*loaded, arena_[0]).value());
  out.packet.assign(arena_[0].bytes().begin(), arena_[0].bytes().end());
  for (const Element& each : first_elements(0)) {
    const auto value = in.maps()[each.map].lookup_copy(key_of(each));
    if (!value.ok()) out.maps.push_back(std::byte{'-'});
    if (value.ok()) out.maps.insert(out.maps.end(), value->begin(), value->end());
  }
  return out;
}

}  // namespace skep::random_kernel
