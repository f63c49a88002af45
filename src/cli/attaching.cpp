#include "cli/attaching.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "cli/placing.hpp"

namespace skep::cli {
namespace {

// What is made when everything is pinned.
std::vector<std::string> planned_pins(const kernel::App& app,
                                      const std::vector<RecordedLink>& attached,
                                      const std::string& folder) {
  std::vector<std::string> paths;
  for (const RecordedLink& each : attached)
    std::ranges::move(each.link.pin_paths(folder), std::back_inserter(paths));
  for (const kernel::LoadedMap& each : app.maps()) {
    if (!each.spec().is_globals && !each.was_there)
      paths.push_back(format("{}/map_{}", folder, each.spec().name));
  }
  return paths;
}

// Pins made so far; who goes away before all are takes them along.
class Pins {
 public:
  static Result<Pins> begin(std::string folder, std::vector<std::string> planned) {
    for (const std::string& each : planned) {
      if (::access(each.c_str(), F_OK) == 0) return kernel::path_is_taken(each);
    }
    const bool is_new = ::mkdir(folder.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return system_error("make", folder, errno);
    auto made = std::make_shared<std::vector<std::string>>(std::move(planned));
    const auto undo = [made, folder, is_new] {
      for (const std::string& each : *made) ::unlink(each.c_str());
      if (is_new) ::rmdir(folder.c_str());
    };
    auto guard = kernel::Guard::start(undo, {});
    made->clear();  // here, not in the guard, what is really made is known
    if (!guard.ok()) {
      undo();
      return std::move(guard).error();
    }
    return Pins(std::move(folder), std::move(made), std::move(*guard));
  }

  Result<void> link(kernel::Link& link) {
    std::ranges::move(TRY(link.pin(folder_)), std::back_inserter(*made_));
    return {};
  }
  Result<void> map(const kernel::LoadedMap& map) {
    std::string path = format("{}/map_{}", folder_, map.spec().name);
    TRY(kernel::pin(map.fd(), path));
    made_->push_back(std::move(path));
    return {};
  }
  const std::vector<std::string>& finish() {
    guard_->call_off();
    return *made_;
  }

 private:
  Pins(std::string folder, std::shared_ptr<std::vector<std::string>> made,
       std::unique_ptr<kernel::Guard> guard)
      : folder_(std::move(folder)), made_(std::move(made)), guard_(std::move(guard)) {}

  std::string folder_;
  std::shared_ptr<std::vector<std::string>> made_;
  std::unique_ptr<kernel::Guard> guard_;
};

}  // namespace

Result<std::vector<RecordedLink>> attach_all(const kernel::App& app, const Arguments& arguments,
                                             const kernel::Place& everywhere, Output& out) {
  const auto place = [&](const std::string& program) {
    return place_for(arguments, everywhere, app.object(), program);
  };
  auto attached = TRY(kernel::attach_all(
      app, {.place = place, .also = arguments.text(Flag::program).value_or("")}));
  for (const RecordedLink& each : attached) {
    out.note(format("attached {} to {} {}", each.link.program(), kernel::row(each.link.hook()).name,
                    each.link.where()));
  }
  return attached;
}

Result<void> pin_all(const kernel::App& app, std::vector<RecordedLink>& attached,
                     const std::string& folder, Output& out) {
  Pins pins = TRY(Pins::begin(folder, planned_pins(app, attached, folder)));
  for (RecordedLink& each : attached) TRY(each.owned.intend_to_pin());
  for (RecordedLink& each : attached) TRY(pins.link(each.link));
  for (const kernel::LoadedMap& each : app.maps()) {
    if (!each.spec().is_globals && !each.was_there) TRY(pins.map(each));
  }
  for (const std::string& each : pins.finish()) out.note(format("pinned {}", each));
  for (RecordedLink& each : attached) each.owned.keep();
  return {};
}

}  // namespace skep::cli
