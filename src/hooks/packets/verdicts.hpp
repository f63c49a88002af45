// What a packet program's return value does to the packet, and how it is counted.
//
// Names are those of the platform's tables; a socket filter returns how many bytes to keep, so its
// packets are counted as kept or dropped. Return values that have no name keep their number: for
// XDP the kernel treats them as XDP_ABORTED, for TC as TC_ACT_UNSPEC.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "platform/program_types.hpp"

namespace skep::hooks {

enum class Fate : u8 { passed, dropped };

// The low half of r0 as this type of program means it: signed for TC.
s64 verdict_of(platform::ProgramType type, u32 r0);
Fate fate_of(platform::ProgramType type, s64 verdict);

struct VerdictCount {
  std::string name;
  u64 packets = 0;
};

class VerdictCounts {
 public:
  explicit VerdictCounts(platform::ProgramType type) : type_(type) {}

  void count(std::span<const u32> results);  // r0's low half of each run
  // Those that occurred, by rising value.
  std::vector<VerdictCount> named() const;

 private:
  void count(s64 verdict, u64 packets);

  static constexpr s64 kLowest = -1;  // TC_ACT_UNSPEC
  platform::ProgramType type_;
  std::array<u64, 16> common_{};  // by value from kLowest on
  std::map<s64, u64> others_;
};

}  // namespace skep::hooks
