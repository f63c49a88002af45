#include "skep/link.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "api/state.hpp"

namespace skep {

Link::Link(std::unique_ptr<State> state) : state_(std::move(state)) {}
Link::Link(Link&& other) noexcept = default;
Link& Link::operator=(Link&& other) noexcept = default;
Link::~Link() = default;

const std::string& Link::program() const { return state_->link().program(); }
std::string Link::hook() const { return std::string(kernel::row(state_->link().hook()).name); }
const std::string& Link::where() const { return state_->link().where(); }
std::vector<std::uint32_t> Link::ids() const { return state_->link().ids(); }

Result<std::vector<std::string>> Link::pin(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("make", folder, errno);
  kernel::OwnedLinks& owned = state_->attached.owned;
  TRY(owned.intend_to_pin());
  auto paths = TRY(state_->link().pin(folder));
  owned.keep();
  return paths;
}

Result<std::string> Link::read() const { return kernel::read_iterator(state_->link()); }

}  // namespace skep
