#include "kernel/attach_all.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/bpf.hpp"
#include "object/tail_calls.hpp"

namespace skep::kernel {

bool has_hook(const object::ProgramEntry& program) {
  const Hook hook = hook_of(program);
  return hook != Hook::none && hook != Hook::operations;
}

Result<RecordedLink> attach_owned(const App& app, const LoadedProgram& program,
                                  const Place& place) {
  OwnedLinks owned = TRY(OwnedLinks::begin());
  TRY(owned.intend(program.entry.name, hook_of(program.entry)));
  Link link = TRY(attach(app, program, place));
  TRY(owned.record(link));
  return RecordedLink{std::move(owned), std::move(link)};
}

Result<RecordedLink> attach_operations_owned(const App& app, std::size_t number) {
  OwnedLinks owned = TRY(OwnedLinks::begin());
  TRY(owned.intend(app.maps()[app.operations()[number].map].spec().name, Hook::operations));
  Link link = TRY(attach_operations(app, number));
  TRY(owned.record(link));
  return RecordedLink{std::move(owned), std::move(link)};
}

Result<std::vector<RecordedLink>> attach_all(const App& app, const Selection& choice) {
  std::vector<RecordedLink> out;
  const auto called = object::tail_call_targets(app.object());
  for (const LoadedProgram& each : app.programs()) {
    const std::string& name = each.entry.name;
    const bool is_called = std::ranges::find(called, name) != called.end() && name != choice.also;
    if (!has_hook(each.entry) || is_called) continue;
    out.push_back(TRY(attach_owned(app, each, TRY(choice.place(name)))));
  }
  for (std::size_t number = 0; number < app.operations().size(); ++number) {
    out.push_back(TRY(attach_operations_owned(app, number)));
  }
  if (!out.empty()) return out;
  return Error(Fault::usage, "it has no program that is attached to something",
               "programs that are called run by skep test-run --engine kernel (in C++: "
               "Program::run())");
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
