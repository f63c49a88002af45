#include "kernel/owned_links.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr std::string_view kPinned = "pinned.";

std::string records_folder() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return format("{}/skep", runtime != nullptr && *runtime != 0 ? runtime : "/run");
}

// A line a link, "12\tcount_syscalls\ttracepoint\traw_syscalls/sys_enter", and before it one of
// what is about to be attached, with kIntended in place of the number and nothing behind the hook.
constexpr std::string_view kIntended = "-";
constexpr std::string_view kBeingAttached = "being attached";

std::vector<OwnedLink> parse(std::string_view text, u32 pid) {
  std::vector<OwnedLink> out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::vector<std::string_view> parts;
    for (int part = 0; part < 4; ++part) {
      const std::size_t tab = part < 3 ? line.find('\t') : line.size();
      if (tab == std::string_view::npos) break;
      parts.push_back(line.substr(0, tab));
      line.remove_prefix(std::min(line.size(), tab + 1));
    }
    if (parts.size() != 4) continue;
    const bool is_intended = parts[0] == kIntended;
    const auto id = is_intended ? 0 : parse_unsigned(parts[0]);
    if (!id) continue;
    if (!is_intended && !out.empty() && out.back().where == kBeingAttached) out.pop_back();
    out.push_back({.pid = pid,
                   .id = static_cast<u32>(*id),
                   .program = std::string(parts[1]),
                   .hook = std::string(parts[2]),
                   .where = std::string(is_intended ? kBeingAttached : parts[3])});
  }
  return out;
}

// The name of the file at `path` once what it tells of is pinned.
std::string pinned(const std::string& path) {
  const std::size_t name = path.rfind('/') + 1;
  return format("{}{}{}", path.substr(0, name), kPinned, path.substr(name));
}

bool exists(const OwnedLink& link) { return open_id(Kind::link, link.id).ok(); }

}  // namespace

Result<OwnedLinks> OwnedLinks::begin() {
  const std::string in = records_folder();
  if (::mkdir(in.c_str(), 0755) != 0 && errno != EEXIST) {
    Error error = system_error("make", in, errno);
    error.hint = "whose an attachment is stands there: XDG_RUNTIME_DIR names another folder";
    return error;
  }
  static std::atomic<u32> number{0};
  std::string path;
  do {
    path = format("{}/{}.{}", in, ::getpid(), ++number);
  } while (::access(pinned(path).c_str(), F_OK) == 0);  // of a process that had this number
  ::unlink(path.c_str());                               // of a process that had this number
  Fd file = TRY(Fd::open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644));
  return OwnedLinks(std::move(file), std::move(path));
}

Result<void> OwnedLinks::write(std::string_view line) {
  return write_all(file_, path_, std::as_bytes(std::span(line.data(), line.size())));
}

Result<void> OwnedLinks::intend(std::string_view program, Hook hook) {
  return write(format("{}\t{}\t{}\t\n", kIntended, program, row(hook).name));
}

Result<void> OwnedLinks::record(const Link& link) {
  std::vector<u32> ids = link.ids();
  if (ids.empty()) ids.push_back(0);
  std::string lines;
  for (const u32 id : ids) {
    lines += format("{}\t{}\t{}\t{}\n", id, link.program(), row(link.hook()).name, link.where());
  }
  return write(lines);
}

Result<void> OwnedLinks::intend_to_pin() {
  if (path_.empty()) return {};  // it outlives the process already
  const std::string kept = pinned(path_);
  if (::rename(path_.c_str(), kept.c_str()) != 0) return system_error("keep", path_, errno);
  path_ = kept;
  return {};
}

OwnedLinks::~OwnedLinks() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

OwnedLinks& OwnedLinks::operator=(OwnedLinks&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

std::vector<OwnedLink> OwnedLinks::all() {
  std::vector<OwnedLink> out;
  const std::string in = records_folder();
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(in.c_str()), ::closedir);
  if (!open) return out;
  while (const dirent* entry = ::readdir(open.get())) {
    std::string_view name = entry->d_name;
    const bool is_pinned = name.starts_with(kPinned);
    if (is_pinned) name.remove_prefix(kPinned.size());
    const auto pid = parse_unsigned(name.substr(0, name.find('.')));
    if (!pid) continue;
    const std::string path = format("{}/{}", in, entry->d_name);
    const auto text = read_text(path);
    if (!text.ok()) continue;
    auto links = parse(*text, static_cast<u32>(*pid));
    const bool is_gone = is_pinned ? std::ranges::none_of(links, exists)
                                   : ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH;
    if (is_gone) {
      ::unlink(path.c_str());
    } else {
      std::ranges::move(links, std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace skep::kernel
