#include "agreement_inputs.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "hooks/packets/capture.hpp"

namespace skep::agreement {
namespace {

namespace fs = std::filesystem;
using platform::ProgramType;
using Random = std::mt19937_64;

constexpr std::size_t kShortest = 15;  // an Ethernet header and something: what the kernel asks for
constexpr std::size_t kLongest = 3400;  // with metadata, the kernel's frame of an XDP test-run
constexpr u64 kSeed = 20260601;

std::vector<Buffer> captured() {
  std::vector<fs::path> captures;
  for (const auto& entry : fs::directory_iterator(SKEP_SOURCE_DIR "/tests/data")) {
    if (entry.path().extension() == ".pcap") captures.push_back(entry.path());
  }
  std::ranges::sort(captures);
  std::vector<Buffer> out;
  for (const fs::path& each : captures) {
    auto capture = hooks::CaptureReader::open(each.string());
    if (!capture.ok()) continue;  // of a link type that is refused
    while (true) {
      const auto packet = capture->next();
      if (!packet.ok() || !*packet) break;
      const auto bytes = (*packet)->bytes;
      if (bytes.size() >= kShortest && bytes.size() <= kLongest)
        out.emplace_back(bytes.begin(), bytes.end());
    }
  }
  return out;
}

// Headers are what programs look at: changes are where they are.
Buffer changed(Buffer packet, Random& random) {
  if (random() % 4 == 0) packet.resize(kShortest + random() % 200, std::byte{0x11});
  const std::size_t reach = std::min<std::size_t>(packet.size(), random() % 2 == 0 ? 24 : 80);
  for (u64 left = 1 + random() % 6; left != 0; --left)
    packet[random() % reach] = static_cast<std::byte>(random());
  return packet;
}

template <class T>
Buffer bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

// Interface 1 is the loopback device, which is there in every network.
Buffer skb_context(std::size_t bytes, Random& random) {
  __sk_buff context{};
  context.mark = static_cast<u32>(random());
  context.priority = static_cast<u32>(random() % 16);
  context.ingress_ifindex = static_cast<u32>(random() % 3);
  context.ifindex = static_cast<u32>(random() % 2);
  for (u32& each : context.cb) each = static_cast<u32>(random());
  context.tstamp = random();
  context.hwtstamp = random();
  context.wire_len = random() % 2 == 0 ? 0 : static_cast<u32>(bytes + random() % 1000);
  context.gso_segs = static_cast<u32>(random() % 4);
  return bytes_of(context);
}

// Puts metadata in front of the packet.
Buffer xdp_context(Buffer& packet, Random& random) {
  xdp_md context{};
  context.data = static_cast<u32>(random() % 4 * 4);
  for (u32 left = context.data; left != 0; --left)
    packet.insert(packet.begin(), static_cast<std::byte>(random()));
  context.data_end = static_cast<u32>(packet.size());
  context.ingress_ifindex = static_cast<u32>(random() % 2);
  return bytes_of(context);
}

Input input_of(ProgramType type, Buffer packet, u64 number, Random& random) {
  Input out{std::move(packet), {}};
  if (number % 3 != 0 || type == ProgramType::socket_filter) return out;
  out.context = type == ProgramType::xdp ? xdp_context(out.packet, random)
                                         : skb_context(out.packet.size(), random);
  return out;
}

}  // namespace

std::vector<Input> packet_inputs(ProgramType type, std::size_t most) {
  static const std::vector<Buffer> all = captured();
  constexpr std::size_t kShortOnes = 64 - kShortest;
  const std::size_t own = std::min(all.size(), (most - std::min(most, kShortOnes)) * 2 / 3);
  Random random(kSeed);
  std::vector<Input> out;
  const auto add = [&](Buffer packet) {
    out.push_back(input_of(type, std::move(packet), out.size(), random));
  };
  for (std::size_t number = 0; number < own; ++number) {
    const Buffer& packet = all[number * all.size() / own];
    add(packet);
    if (number % 2 == 0) add(changed(packet, random));
  }
  for (std::size_t bytes = kShortest; bytes < 64; ++bytes) add(Buffer(bytes, std::byte{0x45}));
  return out;
}

std::vector<Input> context_inputs(u32 bytes, std::size_t most) {
  Random random(kSeed);
  std::vector<Input> out;
  out.push_back({{}, Buffer(bytes)});
  Buffer counting(bytes);
  for (u32 at = 0; at < bytes; ++at) counting[at] = static_cast<std::byte>(at);
  out.push_back({{}, counting});
  while (out.size() < most) {
    Buffer context(std::min<std::size_t>(bytes + random() % 16, 0xffff));
    for (std::byte& each : context) each = static_cast<std::byte>(random());
    // Small numbers are where programs take another way.
    if (out.size() % 2 == 0) {
      for (std::byte& each : context) each = random() % 3 != 0 ? std::byte{0} : each & std::byte{7};
    }
    out.push_back({{}, std::move(context)});
  }
  return out;
}

}  // namespace skep::agreement
