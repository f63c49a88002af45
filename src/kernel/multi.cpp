// Many functions with one program and one link: kprobe.multi, uprobe.multi and their sessions.
#include <cerrno>

#include "base/text.hpp"
#include "kernel/attachers.hpp"
#include "kernel/tracefs.hpp"
#include "kernel/user_functions.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kAtReturn = 1;  // BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN

bool is_return(const Attachment& at) {
  return at.program.entry.section.starts_with("kretprobe") ||
         at.program.entry.section.starts_with("uretprobe");
}

std::string counted_functions(std::string_view text, std::size_t count) {
  return format("{} ({})", text, counted(count, "function"));
}

}  // namespace

Result<Link> attach_kprobe_multi(const Attachment& at) {
  const auto functions = TRY(functions_matching(at.target.name));
  std::vector<const char*> names;
  for (const std::string& each : functions) names.push_back(each.c_str());
  platform::CreateLink create{};
  create.attach_type = at.attach_type(platform::AttachType::trace_kprobe_multi);
  create.kprobe_multi = {};
  create.kprobe_multi.flags = is_return(at) ? kAtReturn : 0;
  create.kprobe_multi.count = static_cast<u32>(names.size());
  create.kprobe_multi.symbols = platform::address_of(names.data());
  const std::vector<u64> cookies(at.place.cookie == 0 ? 0 : names.size(), at.place.cookie);
  if (!cookies.empty()) create.kprobe_multi.cookies = platform::address_of(cookies.data());
  Link link = at.link(counted_functions(at.target.text, names.size()));
  auto made = create_link(at, create, link.where());
  if (!made.ok() && made.error().fault == Fault::unsupported) {
    return Error(Fault::unsupported, "this kernel cannot probe many functions at once",
                 "kernels from 5.18 on can, when built with CONFIG_FPROBE; SEC(\"kprobe\") takes "
                 "one function");
  }
  link.hold_link(TRY(std::move(made)));
  return link;
}

Result<Link> attach_uprobe_multi(const Attachment& at) {
  const std::string path = TRY(find_binary(at.target.place));
  const auto functions = TRY(TRY(UserFile::open(path)).functions_matching(at.target.name));
  if (functions.empty()) {
    return Error(Fault::absent, format("no function of {} matches {}", path, at.target.name));
  }
  std::vector<u64> offsets;
  for (const UserFunction& each : functions) offsets.push_back(each.offset);
  platform::CreateLink create{};
  create.attach_type = at.attach_type(platform::AttachType::trace_uprobe_multi);
  create.uprobe_multi = {};
  create.uprobe_multi.path = platform::address_of(path.c_str());
  create.uprobe_multi.offsets = platform::address_of(offsets.data());
  create.uprobe_multi.count = static_cast<u32>(offsets.size());
  create.uprobe_multi.flags = is_return(at) ? kAtReturn : 0;
  create.uprobe_multi.pid = at.place.pid.value_or(0);
  const std::vector<u64> cookies(at.place.cookie == 0 ? 0 : offsets.size(), at.place.cookie);
  if (!cookies.empty()) create.uprobe_multi.cookies = platform::address_of(cookies.data());
  Link link = at.link(counted_functions(format("{}:{}", path, at.target.name), offsets.size()));
  link.hold_link(TRY(create_link(at, create, link.where())));
  return link;
}

}  // namespace skep::kernel
