// skep prog pin, skep map pin, skep link pin, skep link detach: only what the user names is
// touched.
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/loaded.hpp"

namespace skep::cli {
namespace {

// "id 5 PATH": a selector and behind it where to.
Result<int> pin_one(kernel::Kind kind, const Arguments& arguments, Output& out) {
  const Selector which = TRY(one_selector(kind, arguments));
  if (arguments.operands().size() != 3) {
    return Error(Fault::usage, format("expected a {} and one path", kernel::name_of(kind)),
                 format("usage: skep {} {}", arguments.command().name, arguments.command().usage));
  }
  const std::string& path = arguments.operands()[2];
  const Fd fd = TRY(open_one(kind, which));
  TRY(kernel::pin(fd, path));
  const u32 id = TRY(kernel::id_of(fd, kind));
  if (!out.is_json()) {
    out.note(format("{} {} is pinned at {}", kernel::name_of(kind), id, path));
    return 0;
  }
  JsonWriter json;
  json.begin_object().member("id", id).member("pinned", path).end_object();
  out.write(json.take() + "\n");
  return 0;
}

}  // namespace

Result<int> prog_pin(const Arguments& arguments, Output& out) {
  return pin_one(kernel::Kind::program, arguments, out);
}
Result<int> map_pin(const Arguments& arguments, Output& out) {
  return pin_one(kernel::Kind::map, arguments, out);
}
Result<int> link_pin(const Arguments& arguments, Output& out) {
  return pin_one(kernel::Kind::link, arguments, out);
}

Result<int> link_detach(const Arguments& arguments, Output& out) {
  const Selector which = TRY(one_selector(kernel::Kind::link, arguments));
  const Fd fd = TRY(open_one(kernel::Kind::link, which));
  const u32 id = TRY(kernel::id_of(fd, kernel::Kind::link));
  platform::OneFd detach{};
  detach.fd = static_cast<u32>(fd.get());
  const s64 returned = kernel::bpf(kernel::Command::detach_link, detach);
  if (returned == -EOPNOTSUPP) {
    return Error(
        Fault::unsupported,
        format("link {}: links of its type cannot be detached from outside", id),
        "it goes away with the last process that holds it and the last path where it is pinned: "
        "skep link show");
  }
  TRY(kernel::done(returned, format("detach link {}", id), kernel::kBpf));
  if (!out.is_json()) {
    out.note(format("link {} is detached", id));
    return 0;
  }
  JsonWriter json;
  json.begin_object().member("id", id).member("detached", true).end_object();
  out.write(json.take() + "\n");
  return 0;
}

}  // namespace skep::cli
