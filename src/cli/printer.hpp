// Prints what programs say while they run and what they leave behind.
//
// Ring buffer records and bpf_trace_printk lines are printed as they come, in the order of their
// kind; maps, verdicts and losses at the end. Nothing that was lost goes unsaid.
#pragma once

#include <optional>

#include "btf/types.hpp"
#include "cli/output.hpp"
#include "hooks/packets/feed.hpp"
#include "maps/view.hpp"

namespace skep::cli {

// What did not arrive; what an engine does not count stays empty.
struct Losses {
  std::optional<u64> ring_events{};  // records that found their ring full
  std::optional<u64> perf_events{};  // the same of perf buffers
  std::optional<u64> map_full{};     // updates that found their map full
  u64 skipped = 0;                   // runs that a running program kept from beginning
};

class Printer {
 public:
  Printer(const btf::Types& types, Output& out, u64 rows_max)
      : types_(types), out_(out), rows_max_(rows_max) {}

  void trace_line(std::string_view line);
  // A record of a ring or perf buffer; `type` is events::record_type() of its map.
  void record(const std::string& ring, btf::TypeId type, std::span<const std::byte> bytes);
  // Its contents, if it is of a kind that has some.
  void map(const maps::View& map);
  void verdicts(std::string_view program, const hooks::RunSummary& summary);
  void losses(const Losses& losses);

 private:
  const btf::Types& types_;
  Output& out_;
  u64 rows_max_;
};

}  // namespace skep::cli
