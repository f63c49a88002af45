#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/attach.hpp"
#include "kernel/bpf.hpp"
#include "object/tail_calls.hpp"

namespace skep::kernel {

bool has_hook(const object::ProgramEntry& program) {
  const Hook hook = hook_of(program);
  return hook != Hook::none && hook != Hook::operations;
}

Result<std::vector<Link>> attach_all(const App& app, const Place& place) {
  std::vector<Link> links;
  const auto called = object::tail_call_targets(app.object());
  for (const LoadedProgram& each : app.programs()) {
    const bool is_called = std::ranges::find(called, each.entry.name) != called.end();
    if (has_hook(each.entry) && !is_called) links.push_back(TRY(attach(app, each, place)));
  }
  for (std::size_t number = 0; number < app.operations().size(); ++number) {
    links.push_back(TRY(attach_operations(app, number)));
  }
  if (!links.empty()) return links;
  return Error(Fault::usage, "it has no program that is attached to something",
               "Program::run() runs programs that are called");
}

Result<std::string> read_iterator(const Link& link) {
  if (link.hook() != Hook::iterator) {
    return Error(Fault::usage,
                 format("program {} is attached to {} {}, and only iterators are read",
                        link.program(), row(link.hook()).name, link.where()));
  }
  platform::CreateIterator create{};
  create.link_fd = static_cast<u32>(link.links()[0].get());
  const Fd iterator = TRY(descriptor(bpf(Command::create_iterator, create),
                                     format("read {}", link.where()), kBpf | kPerfmon));
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(iterator.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return system_error("read", link.where(), errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace skep::kernel
