#include "runtime/packet_context.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "platform/contexts.hpp"

namespace skep::runtime {
namespace {

using platform::ProgramType;
using Context = std::vector<std::byte>;

// A number of a structure, by its offset (include/uapi/linux/bpf.h).
struct Field {
  std::string_view name;
  u32 offset;
  u32 bytes = 4;
};
constexpr Field kData{"data", 0}, kDataEnd{"data_end", 4}, kDataMeta{"data_meta", 8},
    kXdpInterface{"ingress_ifindex", XdpField::ingress_ifindex},
    kQueue{"rx_queue_index", XdpField::rx_queue_index}, kEgress{"egress_ifindex", 20};
constexpr Field kInterface{"ifindex", SkbField::ifindex},
    kWireLength{"wire_len", SkbField::wire_len}, kSegments{"gso_segs", SkbField::gso_segs};

// What convert___skb_to_skb takes of struct __sk_buff and the user engine has. gso_size is not
// among them: what helpers do with packets that stand for several is the kernel's.
constexpr Field kOfSkb[] = {
    {"mark", SkbField::mark},
    {"priority", SkbField::priority},
    {"ingress_ifindex", SkbField::ingress_ifindex},
    kInterface,
    {"cb", SkbField::cb, 20},
    {"tstamp", SkbField::tstamp, 8},
    kWireLength,
    kSegments,
    {"hwtstamp", SkbField::hwtstamp, 8},
};
constexpr u32 kWireLengthMax = 65536, kSegmentsMax = 65535;  // GSO_LEGACY_MAX_SIZE, GSO_MAX_SEGS
constexpr u32 kMetaBytesMax = 216;  // XDP_PACKET_HEADROOM less struct xdp_frame, below 256

u32 number(const Context& context, const Field& field) {
  u32 value;
  std::memcpy(&value, context.data() + field.offset, sizeof(value));
  return value;
}
void set_number(Context& context, const Field& field, u32 value) {
  std::memcpy(context.data() + field.offset, &value, sizeof(value));
}

Error wrong(const Field& field, u64 found, std::string_view expected) {
  return {Fault::usage,
          format("field {} of the context is {}, expected {}", field.name, found, expected)};
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

// The structure in its full length.
Result<Context> whole(ProgramType type, std::span<const std::byte> given) {
  const platform::ProgramTypeRow& row = platform::row(type);
  const std::size_t there = std::min<std::size_t>(given.size(), row.context_size);
  if (!is_zero(given.subspan(there))) {
    return Error(Fault::usage,
                 format("a context of {}, of which those behind the {} bytes of {} are not zero",
                        counted(given.size(), "byte"), row.context_size, row.context_name));
  }
  Context out(row.context_size);
  std::ranges::copy(given.first(there), out.begin());
  return out;
}

// ---- struct xdp_md ----

Result<void> check_xdp(const Context& context, std::size_t bytes) {
  const u32 meta = number(context, kData), end = number(context, kDataEnd);
  if (number(context, kDataMeta) != 0)
    return wrong(kDataMeta, number(context, kDataMeta), "0: metadata is the first of the bytes");
  if (end != bytes)
    return wrong(kDataEnd, end, format("{}, the number of bytes with metadata", bytes));
  if (meta % 4 != 0 || meta > kMetaBytesMax)
    return wrong(kData, meta, format("a multiple of 4 up to {}, bytes of metadata", kMetaBytesMax));
  if (meta + kEthernetBytes > bytes)
    return wrong(kData, meta,
                 format("at most {}, so that a packet is left", bytes - kEthernetBytes));
  if (number(context, kEgress) != 0) return wrong(kEgress, number(context, kEgress), "0");
  const u32 queue = number(context, kQueue);
  if (queue != 0 && number(context, kXdpInterface) == 0)
    return wrong(kQueue, queue, "0 where ingress_ifindex is 0");
  return {};
}

Result<void> set_up_xdp(Packet& packet, std::span<const std::byte> bytes, const Context& context) {
  TRY(check_xdp(context, bytes.size()));
  Arrival arrival;
  if (const u32 interface = number(context, kXdpInterface)) arrival.interface_index = interface;
  const u32 meta = number(context, kData);
  packet.reset(ProgramType::xdp, bytes.subspan(meta), arrival);
  packet.set_field<u32>(XdpField::rx_queue_index, number(context, kQueue));
  if (meta == 0) return {};
  packet.set_meta(packet.context().data - meta);
  std::memcpy(packet.data() - meta, bytes.data(), meta);
  return {};
}

// ---- struct __sk_buff ----

// The name of what stands at `offset`, for fields that are not taken.
std::string name_at(ProgramType type, u32 offset) {
  for (const platform::ContextField& field : platform::context_of(type)) {
    if (offset >= field.offset && offset < u32{field.offset} + field.size)
      return format("field {}", field.name);
  }
  if (offset >= 176 && offset < 180) return "field gso_size";
  return format("the field at offset {}", offset / 4 * 4);
}

Result<void> check_untaken(ProgramType type, const Context& context) {
  Context rest = context;
  for (const Field& field : kOfSkb)
    std::fill_n(rest.begin() + field.offset, field.bytes, std::byte{0});
  for (u32 offset = 0; offset < rest.size(); ++offset) {
    if (rest[offset] == std::byte{0}) continue;
    std::string names;
    for (const Field& field : kOfSkb)
      names += format("{}{}", names.empty() ? "" : ", ", field.name);
    return Error(
        Fault::usage,
        format("{} of the context is set, which packets are not given", name_at(type, offset)),
        "what can be set is " + names);
  }
  return {};
}

Result<void> check_skb(ProgramType type, const Context& context, std::size_t bytes) {
  TRY(check_untaken(type, context));
  const u32 wire = number(context, kWireLength);
  if (wire != 0 && (wire < bytes || wire > kWireLengthMax)) {
    return wrong(kWireLength, wire,
                 format("0, or the packet's {} bytes up to {}", bytes, kWireLengthMax));
  }
  const u32 segments = number(context, kSegments);
  if (segments > kSegmentsMax)
    return wrong(kSegments, segments, format("at most {}", kSegmentsMax));
  return {};
}

Result<void> set_up_skb(Packet& packet, ProgramType type, std::span<const std::byte> bytes,
                        const Context& context) {
  TRY(check_skb(type, context, bytes.size()));
  Arrival arrival;
  if (const u32 interface = number(context, kInterface)) arrival.interface_index = interface;
  packet.reset(type, bytes, arrival);
  const u32 interface = packet.field<u32>(kInterface.offset), wire = packet.wire_length();
  for (const Field& field : kOfSkb)
    packet.set_bytes(field.offset, std::span(context).subspan(field.offset, field.bytes));
  packet.set_field<u32>(kInterface.offset, interface);
  if (number(context, kWireLength) == 0) packet.set_field<u32>(kWireLength.offset, wire);
  return {};
}

}  // namespace

std::vector<std::byte> plain_context(ProgramType type, std::size_t bytes) {
  Context out(platform::row(type).context_size);
  if (type == ProgramType::xdp) set_number(out, kDataEnd, static_cast<u32>(bytes));
  return out;
}

Result<void> set_up(Packet& packet, ProgramType type, std::span<const std::byte> bytes,
                    std::span<const std::byte> context) {
  const Context full = TRY(whole(type, context));
  if (type == ProgramType::xdp) return set_up_xdp(packet, bytes, full);
  return set_up_skb(packet, type, bytes, full);
}

std::vector<std::byte> context_after(const Packet& packet, std::span<const std::byte> context) {
  const u32 size = packet.is_skb() ? kSkbBytes : kXdpBytes;
  Context out(context.begin(), context.begin() + std::min<std::size_t>(context.size(), size));
  out.resize(size);
  if (!packet.is_skb()) {
    const platform::PacketContext& now = packet.context();
    set_number(out, kData, static_cast<u32>(now.data - now.data_meta));
    set_number(out, kDataEnd, static_cast<u32>(now.data_end - now.data_meta));
    return out;
  }
  for (const Field& field : kOfSkb) {
    const auto now = std::as_bytes(std::span(packet.context().fields)).subspan(field.offset);
    std::ranges::copy(now.first(field.bytes), out.begin() + field.offset);
  }
  return out;
}

std::span<const std::byte> bytes_after(const Packet& packet) {
  if (packet.is_skb()) return packet.bytes();
  const u64 meta = packet.context().data - packet.context().data_meta;
  return {reinterpret_cast<const std::byte*>(packet.context().data_meta), packet.length() + meta};
}

}  // namespace skep::runtime
