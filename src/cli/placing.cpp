#include "cli/placing.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/choice.hpp"

namespace skep::cli {
Result<kernel::Place> place_of(const Arguments& arguments) {
  kernel::Place place;
  if (arguments.has(Flag::pid))
    place.pid = static_cast<u32>(TRY(arguments.number(Flag::pid, 1, 0)));
  place.interface = arguments.text(Flag::interface).value_or("");
  place.cgroup = arguments.text(Flag::cgroup).value_or("");
  place.network_namespace = arguments.text(Flag::netns).value_or("");
  place.socket = arguments.text(Flag::socket).value_or("");
  place.route = arguments.text(Flag::route).value_or("");
  place.egress = arguments.has(Flag::egress);
  using kernel::TcWay;
  using kernel::XdpMode;
  place.xdp_mode = TRY(choice<XdpMode>(
      arguments, Flag::xdp_mode,
      {{"any", XdpMode::any}, {"native", XdpMode::native}, {"generic", XdpMode::generic}}));
  place.tc_way =
      TRY(choice<TcWay>(arguments, Flag::tc_way,
                        {{"any", TcWay::any}, {"tcx", TcWay::tcx}, {"clsact", TcWay::clsact}}));
  return place;
}

Result<kernel::Place> place_for(const Arguments& arguments, const kernel::Place& all,
                                const object::Object& object, const std::string& program) {
  kernel::Place place = all;
  for (const std::vector<std::string>& words : arguments.given(Flag::attach)) {
    const std::string& pair = words.back();
    const std::string name = pair.substr(0, pair.find('='));
    const auto& programs = object.programs();
    if (std::ranges::find(programs, name, &object::ProgramEntry::name) == programs.end()) {
      std::vector<std::string_view> names;
      for (const object::ProgramEntry& each : programs) names.push_back(each.name);
      return Error(Fault::usage,
                   format("--attach {}: {} has no program '{}'", pair, object.name(), name),
                   did_you_mean(name, names));
    }
    if (name == program) place.target = pair.substr(name.size() + 1);
  }
  return place;
}

}  // namespace skep::cli
