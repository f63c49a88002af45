// Internet checksums, changed by the difference that an edit makes (RFC 1624;
// include/net/checksum.h).
//
// Sums are in the byte order of memory: ones' complement does not care. No packet here has a
// checksum that hardware is still to finish (CHECKSUM_PARTIAL), so that the flag for the pseudo
// header changes nothing.
#include <algorithm>

#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

constexpr u64 kFieldBytes = 0xf;  // BPF_F_HDR_FIELD_MASK

u32 add(u32 sum, u32 addend) {
  const u32 result = sum + addend;
  return result + (result < addend ? 1 : 0);
}
u32 subtract(u32 sum, u32 subtrahend) { return add(sum, ~subtrahend); }

u16 folded_to_16(u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>((sum & 0xffff) + (sum >> 16));
}

u16 add_16(u16 sum, u16 addend) {
  const u16 result = static_cast<u16>(sum + addend);
  return static_cast<u16>(result + (result < addend ? 1 : 0));
}

u16 replaced_by_difference(u16 checksum, u32 difference) {
  return static_cast<u16>(~folded_to_16(add(difference, ~u32{checksum})));
}
u16 replaced_4(u16 checksum, u32 from, u32 to) {
  return static_cast<u16>(~folded_to_16(add(subtract(~u32{checksum}, from), to)));
}
u16 replaced_2(u16 checksum, u16 from, u16 to) {
  const u16 without = add_16(static_cast<u16>(~checksum), static_cast<u16>(~from));
  return static_cast<u16>(~add_16(without, to));
}

// csum_partial(): the ones' complement sum of words, the last one filled up with zeroes.
u32 sum_of(const u8* at, u32 bytes, u32 seed) {
  u64 sum = seed;
  for (u32 done = 0; done < bytes; done += 4) {
    u32 word = 0;
    std::memcpy(&word, at + done, std::min(4u, bytes - done));
    sum += word;
  }
  sum = (sum & 0xffffffff) + (sum >> 32);
  return static_cast<u32>((sum & 0xffffffff) + (sum >> 32));
}

// The checksum at `offset`, or the error that both helpers give.
s64 load_checksum(const Packet& packet, u32 offset, u16& checksum) {
  if (offset > 0xffff || offset % 2 != 0 || offset + 2 > packet.length()) return kFault;
  std::memcpy(&checksum, packet.data() + offset, sizeof(checksum));
  return 0;
}

void store_checksum(const Packet& packet, u32 offset, u16 checksum) {
  std::memcpy(packet.data() + offset, &checksum, sizeof(checksum));
}

}  // namespace

u64 l3_csum_replace(u64, u64 offset, u64 from, u64 to, u64 flags, void* execution) {
  const Packet& packet = packet_of(execution);
  const u32 at = static_cast<u32>(offset);
  u16 checksum = 0;
  if ((flags & ~kFieldBytes) != 0) return failure(kInvalid);
  if (const s64 error = load_checksum(packet, at, checksum); error != 0) return failure(error);
  if (flags == 0 && from == 0) {
    checksum = replaced_by_difference(checksum, static_cast<u32>(to));
  } else if (flags == 2) {
    checksum = replaced_2(checksum, static_cast<u16>(from), static_cast<u16>(to));
  } else if (flags == 4) {
    checksum = replaced_4(checksum, static_cast<u32>(from), static_cast<u32>(to));
  } else {
    return failure(kInvalid);
  }
  store_checksum(packet, at, checksum);
  return 0;
}

u64 l4_csum_replace(u64, u64 offset, u64 from, u64 to, u64 flags, void* execution) {
  constexpr u64 kPseudoHeader = 16, kMarkMangled = 32, kMarkEnforce = 64, kIpv6 = 128;  // BPF_F_*
  constexpr u16 kMangled = 0xffff;  // CSUM_MANGLED_0: UDP's zero means that there is no checksum
  const Packet& packet = packet_of(execution);
  const u32 at = static_cast<u32>(offset);
  u16 checksum = 0;
  if ((flags & ~(kFieldBytes | kPseudoHeader | kMarkMangled | kMarkEnforce | kIpv6)) != 0)
    return failure(kInvalid);
  if (const s64 error = load_checksum(packet, at, checksum); error != 0) return failure(error);
  const bool mark = (flags & kMarkMangled) != 0;
  if (mark && (flags & kMarkEnforce) == 0 && checksum == 0) return 0;
  const u64 bytes = flags & kFieldBytes;
  if (bytes == 0 && from == 0) {
    checksum = replaced_by_difference(checksum, static_cast<u32>(to));
  } else if (bytes == 2) {
    checksum = replaced_4(checksum, static_cast<u16>(from), static_cast<u16>(to));
  } else if (bytes == 4) {
    checksum = replaced_4(checksum, static_cast<u32>(from), static_cast<u32>(to));
  } else {
    return failure(kInvalid);
  }
  store_checksum(packet, at, mark && checksum == 0 ? kMangled : checksum);
  return 0;
}

// As since Linux 6.13: any sizes, and the sum folded to 16 bits. Kernels before refused sizes that
// are not multiples of 4 with -EINVAL and returned an unfolded sum.
u64 csum_diff(u64 from, u64 from_bytes, u64 to, u64 to_bytes, u64 seed, void*) {
  const u32 old_bytes = static_cast<u32>(from_bytes), new_bytes = static_cast<u32>(to_bytes);
  u32 sum = static_cast<u32>(seed);
  if (old_bytes != 0 && new_bytes != 0) {
    sum = subtract(sum_of(memory_at<u8>(to), new_bytes, sum),
                   sum_of(memory_at<u8>(from), old_bytes, 0));
  } else if (new_bytes != 0) {
    sum = sum_of(memory_at<u8>(to), new_bytes, sum);
  } else if (old_bytes != 0) {
    sum = ~sum_of(memory_at<u8>(from), old_bytes, ~sum);
  }
  return folded_to_16(sum);
}

}  // namespace skep::runtime::helpers
