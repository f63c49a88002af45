// What a program may touch at this moment, for runs in the checked tier.
//
// Its context, its packet with the metadata in front (if it has one), the values of the App's maps,
// and ring records that are reserved and not yet given back. It is slow on purpose: it asks the
// owners of the memory instead of the verifier.
#pragma once

#include <span>

#include "interpret/interpret.hpp"
#include "maps/map.hpp"
#include "runtime/packet.hpp"

namespace skep::runtime {

class LiveMemory final : public interpret::Memory {
 public:
  // Of a run on memory `packet` is null and `context` that memory.
  LiveMemory(const Packet* packet, std::span<const std::byte> context,
             std::span<const maps::Map> maps)
      : packet_(packet), context_(context), maps_(maps) {}
  bool allows(u64 address, u32 bytes, interpret::Touch touch) override;

 private:
  bool is_in_packet(u64 address, u32 bytes, interpret::Touch touch) const;

  const Packet* packet_;
  std::span<const std::byte> context_;
  std::span<const maps::Map> maps_;
};

}  // namespace skep::runtime
