// Prints what programs say while they run and what they leave behind.
//
// Ring buffer records and bpf_trace_printk lines are printed as they come, in the order of their
// kind; maps, verdicts and losses at the end. Nothing that was lost goes unsaid.
#pragma once

#include "btf/types.hpp"
#include "cli/output.hpp"
#include "hooks/packets/feed.hpp"
#include "runtime/engine.hpp"

namespace skep::cli {

class Printer {
 public:
  Printer(runtime::App& app, const btf::Types& types, Output& out, u64 rows_max)
      : app_(app), types_(types), out_(out), rows_max_(rows_max) {}

  void trace_line(std::string_view line);
  // Takes all records out of the rings and prints them.
  void drain_rings();
  void maps();
  void verdicts(std::string_view program, const hooks::RunSummary& summary);
  void losses();

 private:
  void record(const std::string& ring, btf::TypeId type, std::span<const std::byte> bytes);

  runtime::App& app_;
  const btf::Types& types_;
  Output& out_;
  u64 rows_max_;
};

}  // namespace skep::cli
