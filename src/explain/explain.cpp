#include "explain/explain.hpp"

#include "explain/counterexample.hpp"
#include "explain/edit.hpp"
#include "explain/origins.hpp"
#include "explain/retrace.hpp"
#include "explain/shown.hpp"

namespace skep::explain {
namespace {

// What no run is needed for: rules about the shape of the program, and what is no fault of it.
bool is_decided(verify::Report& report, const std::vector<Stop>& stops) {
  switch (shown_by(report.property)) {
    case ShownBy::limit: report.cause = verify::Cause::limit; return true;
    case ShownBy::unsupported: report.cause = verify::Cause::unsupported; return true;
    case ShownBy::fault:
    case ShownBy::reaching: break;
  }
  if (!stops.empty()) return false;
  report.cause = verify::Cause::bug;
  report.ending = "it is the shape of the program that is refused";
  report.input = {"any input"};
  return true;
}

}  // namespace

verify::Report explain(const std::shared_ptr<const platform::Program>& program,
                       const verify::Limits& limits, verify::Report report,
                       const Options& options) {
  std::vector<Stop> stops;
  if (report.property != "too-complex") stops = retrace(program, limits, report);
  const Way way(*program, stops);
  if (shown_by(report.property) != ShownBy::unsupported && !stops.empty())
    explain_values(way, report);
  if (is_decided(report, stops)) return report;
  const SearchLimits search{.time_max = options.search_max};
  const bool is_whole = report.way.size() == stops.size();
  report.cause = verify::Cause::imprecision;
  if (is_whole && options.search_max.count() != 0) find_cause(way, search, report);
  if (options.suggests) report.edit = find_edit(program, limits, report);
  return report;
}

}  // namespace skep::explain
