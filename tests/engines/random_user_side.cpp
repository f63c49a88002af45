#include "random_user_side.hpp"

#include <algorithm>

namespace skep::random_packets {
namespace {

using engines::kArenaBytes, engines::kArenaMap, engines::kArrayEntries, engines::kHashEntries,
    engines::kKeys, engines::kMapValueBytes, engines::kMemoryValueBytes, engines::kPacketBytesMin;

constexpr u32 kProgramsOfAnApp = 64;  // it keeps them as long as it lives

Buffer random_bytes(u64 seed, std::size_t bytes) {
  std::mt19937_64 random(seed);
  Buffer out(bytes);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random());
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

std::string words(const Buffer& bytes) {
  std::string out;
  for (const std::byte byte : bytes)
    out += format(byte < std::byte{16} ? "0{:x}" : "{:x}", std::to_integer<unsigned>(byte));
  return out;
}

}  // namespace

platform::ProgramType type_of(u64 seed) {
  return seed % 2 == 0 ? platform::ProgramType::xdp : platform::ProgramType::sched_cls;
}

// No protocol that the kernel looks into: only what programs do with it counts.
Buffer packet_of(u64 seed) {
  Buffer out = random_bytes(seed * 3, kPacketBytesMin + seed % 60);
  out[12] = std::byte{0x88};
  out[13] = std::byte{0xb5};  // for local experiments (IEEE Std 802)
  return out;
}

u32 Element::value_bytes() const {
  return map == engines::kMemoryMap ? kMemoryValueBytes : kMapValueBytes;
}

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

Buffer first_arena(u64 seed) { return random_bytes(seed * 13, kArenaBytes); }

Answer refusal(std::string_view why) {
  Answer out;
  out.refused = without_numbers(why);
  return out;
}

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

runtime::App& UserSide::app(runtime::Tier tier) {
  Used& used = apps_[tier];
  if (used.programs++ % kProgramsOfAnApp == 0)
    used.app.emplace(
        runtime::App::create(engines::maps_of_random_packets(), *environment_).value());
  return *used.app;
}

Answer UserSide::run(const std::shared_ptr<const platform::Program>& program, u64 seed) {
  const auto verdict =
      verify::verify(program, {.instructions_max = verify::kKernelInstructionsMax});
  if (const auto* report = std::get_if<verify::Report>(&verdict.outcome))
    return refusal(report->property + ": " + report->message);
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
  const std::span<std::byte> pages = in.maps()[kArenaMap].pages().first(kArenaBytes);
  std::ranges::copy(first_arena(seed), pages.begin());
  const auto* loaded = in.load(verified, tier).value();
  arena_[0].reset(verified.program().type, packet_of(seed), {});
  Answer out;
  out.return_value = static_cast<u32>(in.run(*loaded, arena_[0]).value());
  out.packet.assign(arena_[0].bytes().begin(), arena_[0].bytes().end());
  for (const Element& each : first_elements(0)) {
    const auto value = in.maps()[each.map].lookup_copy(key_of(each));
    const Buffer& bytes = value.ok() ? *value : kNone;
    out.maps.insert(out.maps.end(), bytes.begin(), bytes.end());
  }
  out.maps.insert(out.maps.end(), pages.begin(), pages.end());
  return out;
}

}  // namespace skep::random_packets
