#include "cli/attaching.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "cli/placing.hpp"
#include "object/tail_calls.hpp"

namespace skep::cli {
namespace {

// Others run when they are called: by test-run, by a tail call, or by their structure of
// operations.
bool is_attached_by_itself(const object::Object& object, const object::ProgramEntry& program,
                           const Arguments& arguments) {
  if (!kernel::has_hook(program)) return false;
  const auto targets = object::tail_call_targets(object);
  return std::ranges::find(targets, program.name) == targets.end() ||
         arguments.text(Flag::program) == program.name;
}

// What is made when everything is pinned.
std::vector<std::string> planned_pins(const kernel::App& app,
                                      const std::vector<kernel::Link>& links,
                                      const std::string& folder) {
  std::vector<std::string> paths;
  for (const kernel::Link& each : links)
    std::ranges::move(each.pin_paths(folder), std::back_inserter(paths));
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

Result<Attached> attach_all(const kernel::App& app, const Arguments& arguments,
                            const kernel::Place& everywhere, Output& out) {
  Attached attached{TRY(OwnedLinks::begin())};
  const auto add = [&](kernel::Link link) -> Result<void> {
    attached.links.push_back(std::move(link));
    return attached.owned.record(attached.links.back());
  };
  for (const kernel::LoadedProgram& each : app.programs()) {
    if (!is_attached_by_itself(app.object(), each.entry, arguments)) continue;
    const kernel::Place place =
        TRY(place_for(arguments, everywhere, app.object(), each.entry.name));
    TRY(attached.owned.intend(each.entry.name, kernel::hook_of(each.entry)));
    TRY(add(TRY(kernel::attach(app, each, place))));
  }
  for (std::size_t number = 0; number < app.operations().size(); ++number) {
    const kernel::LoadedMap& map = app.maps()[app.operations()[number].map];
    TRY(attached.owned.intend(map.spec().name, kernel::Hook::operations));
    TRY(add(TRY(kernel::attach_operations(app, number))));
  }
  for (const kernel::Link& each : attached.links) {
    out.note(format("attached {} to {} {}", each.program(), kernel::row(each.hook()).name,
                    each.where()));
  }
  if (!attached.links.empty()) return attached;
  return Error(Fault::usage,
               format("{} has no program that is attached to something", app.object().name()),
               "skep test-run --engine kernel runs programs that are called");
}

Result<void> pin_all(const kernel::App& app, Attached& attached, const std::string& folder,
                     Output& out) {
  Pins pins = TRY(Pins::begin(folder, planned_pins(app, attached.links, folder)));
  TRY(attached.owned.intend_to_pin());
  for (kernel::Link& each : attached.links) TRY(pins.link(each));
  for (const kernel::LoadedMap& each : app.maps()) {
    if (!each.spec().is_globals && !each.was_there) TRY(pins.map(each));
  }
  for (const std::string& each : pins.finish()) out.note(format("pinned {}", each));
  attached.owned.keep();
  return {};
}

}  // namespace skep::cli
