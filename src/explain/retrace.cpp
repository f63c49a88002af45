#include "explain/retrace.hpp"

#include <algorithm>
#include <unordered_map>

namespace skep::explain {
namespace {

class Recorder final : public verify::Observer {
 public:
  explicit Recorder(std::span<const verify::Passed> way) {
    for (std::size_t at = 0; at < way.size(); ++at) places_.emplace(key(way[at]), at);
  }

  // Marks are numbered anew for each function; the one that was refused is the last.
  void function_begins(u32) override { found_.clear(); }

  void before(const verify::Moment& moment) override {
    const auto place = places_.find(key({moment.at, moment.mark}));
    if (place == places_.end()) return;
    found_.emplace_back(place->second, Stop{moment.at, moment.state});
  }

  std::vector<Stop> stops() && {
    std::ranges::stable_sort(found_, {}, &std::pair<std::size_t, Stop>::first);
    std::vector<Stop> out;
    for (auto& [place, stop] : found_) out.push_back(std::move(stop));
    return out;
  }

 private:
  static u64 key(const verify::Passed& passed) {
    return u64{static_cast<u32>(passed.mark)} << 32 | passed.at.value();
  }

  std::unordered_map<u64, std::size_t> places_;
  std::vector<std::pair<std::size_t, Stop>> found_;
};

}  // namespace

std::vector<Stop> retrace(const std::shared_ptr<const platform::Program>& program,
                          const verify::Limits& limits, const verify::Report& report) {
  const std::size_t kept = std::min(kStopsMax, report.way.size());
  Recorder recorder(std::span(report.way).last(kept));
  verify::Limits again = limits;
  again.observer = &recorder;
  if (again.paths == verify::Paths::merged) again.paths = verify::Paths::pruned;
  verify::verify(program, again);
  std::vector<Stop> stops = std::move(recorder).stops();
  // A walk that time ended may have come elsewhere.
  if (stops.empty() || stops.back().at != report.at) return {};
  return stops;
}

}  // namespace skep::explain
