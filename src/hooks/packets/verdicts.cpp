#include "hooks/packets/verdicts.hpp"

#include <algorithm>

namespace skep::hooks {
namespace {

using platform::ProgramType;

enum Xdp : s64 { kXdpPass = 2, kXdpTx = 3, kXdpRedirect = 4 };
enum Tc : s64 { kTcShot = 2, kTcStolen = 4, kTcQueued = 5, kTcTrap = 8 };

std::string name_of(ProgramType type, s64 verdict) {
  if (type == ProgramType::socket_filter) return verdict == 0 ? "dropped" : "kept";
  for (const platform::Verdict& each : platform::row(type).verdicts) {
    if (each.value == verdict) return std::string(each.name);
  }
  return std::to_string(verdict);
}

}  // namespace

s64 verdict_of(ProgramType type, u32 r0) {
  if (type == ProgramType::sched_cls) return static_cast<s32>(r0);
  return r0;
}

Fate fate_of(ProgramType type, s64 verdict) {
  switch (type) {
    case ProgramType::xdp:
      return verdict >= kXdpPass && verdict <= kXdpRedirect ? Fate::passed : Fate::dropped;
    case ProgramType::sched_cls: {
      const bool gone =
          verdict == kTcShot || verdict == kTcStolen || verdict == kTcQueued || verdict == kTcTrap;
      return gone ? Fate::dropped : Fate::passed;
    }
    default: return verdict == 0 ? Fate::dropped : Fate::passed;
  }
}

// By runs of equal results: most programs say the same of most packets.
void VerdictCounts::count(std::span<const u32> results) {
  for (std::size_t at = 0; at < results.size();) {
    const std::size_t first = at;
    while (at < results.size() && results[at] == results[first]) ++at;
    count(verdict_of(type_, results[first]), at - first);
  }
}

void VerdictCounts::count(s64 verdict, u64 packets) {
  if (type_ == ProgramType::socket_filter) verdict = verdict == 0 ? 0 : 1;
  const auto slot = static_cast<u64>(verdict - kLowest);
  if (slot < common_.size()) {
    common_[slot] += packets;
  } else {
    others_[verdict] += packets;
  }
}

std::vector<VerdictCount> VerdictCounts::named() const {
  std::map<s64, u64> all = others_;
  for (std::size_t slot = 0; slot < common_.size(); ++slot) {
    if (common_[slot] != 0) all[static_cast<s64>(slot) + kLowest] = common_[slot];
  }
  std::vector<VerdictCount> counts;
  for (const auto& [verdict, packets] : all) counts.push_back({name_of(type_, verdict), packets});
  return counts;
}

}  // namespace skep::hooks
