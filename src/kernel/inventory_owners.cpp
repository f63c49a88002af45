#include "kernel/inventory_owners.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMountsBytesMax = 8u << 20;
constexpr u64 kPinsMax = 100'000;  // files that one walk asks about

struct KindOfDescriptor {
  Kind kind;
  std::string_view target;  // of its symbolic link in /proc/PID/fd
  std::string_view field;   // of its id in /proc/PID/fdinfo
};
// kernel/bpf/syscall.c and btf.c: anon_inode_getfd() and *_show_fdinfo().
constexpr std::array<KindOfDescriptor, 5> kDescriptors{{
    {Kind::program, "anon_inode:bpf-prog", "\nprog_id:\t"},
    {Kind::map, "anon_inode:bpf-map", "\nmap_id:\t"},
    {Kind::link, "anon_inode:bpf_link", "\nlink_id:\t"},
    {Kind::link, "anon_inode:bpf-link", "\nlink_id:\t"},
    {Kind::types, "anon_inode:btf", "\nbtf_id:\t"},
}};

const KindOfDescriptor* row_of(std::string_view target) {
  const auto* const found = std::ranges::find(kDescriptors, target, &KindOfDescriptor::target);
  return found == kDescriptors.end() ? nullptr : found;
}

std::optional<u32> id_in(const std::string& notes, std::string_view field) {
  const std::size_t at = notes.find(field);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + field.size();
  const auto number =
      parse_unsigned(std::string_view(notes).substr(begin, notes.find('\n', begin) - begin));
  return number ? std::optional(static_cast<u32>(*number)) : std::nullopt;
}

std::string comm_of(const std::string& process) {
  const auto comm = read_text(process + "/comm");
  return comm.ok() ? std::string(trimmed(*comm)) : std::string("?");
}

// The descriptors of one process.
void read_process(const std::string& process, u32 pid, Owners& into) {
  std::error_code failed;
  fs::directory_iterator walk(process + "/fd", failed);
  if (failed == std::errc::permission_denied) ++into.closed_processes;
  if (failed) return;
  std::string comm;
  for (; walk != fs::directory_iterator(); walk.increment(failed)) {
    std::error_code gone;
    const KindOfDescriptor* kind = row_of(fs::read_symlink(walk->path(), gone).string());
    if (kind == nullptr) continue;
    const auto notes = read_text(process + "/fdinfo/" + walk->path().filename().string());
    const auto id = notes.ok() ? id_in(*notes, kind->field) : std::nullopt;
    if (!id) continue;
    if (comm.empty()) comm = comm_of(process);
    auto& list = into.of[static_cast<std::size_t>(kind->kind)][*id];
    if (list.empty() || list.back().pid != pid) list.push_back({pid, comm});
  }
}

// What is pinned at `path`.
void read_pin(const std::string& path, Pins& into) {
  const auto fd = open_pinned(path);
  if (!fd.ok()) return;
  std::error_code gone;
  const KindOfDescriptor* kind =
      row_of(fs::read_symlink(format("/proc/self/fd/{}", fd->get()), gone).string());
  if (kind == nullptr) return;
  const auto notes = read_text(format("/proc/self/fdinfo/{}", fd->get()));
  const auto id = notes.ok() ? id_in(*notes, kind->field) : std::nullopt;
  if (id) into.of[static_cast<std::size_t>(kind->kind)][*id].push_back(path);
}

// mountinfo writes spaces and the like as \040 (proc(5)).
std::string unescaped(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1 < text.size() ? at + 1 : at, 3);
    if (text[at] == '\\' && digits.size() == 3 && std::ranges::all_of(digits, is_octal)) {
      out += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

// The files below `mount`, in the order of their names; at most `most`.
std::vector<std::string> files_below(const std::string& mount, u64 most) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator walk(mount, fs::directory_options::skip_permission_denied,
                                        failed);
  for (; !failed && walk != fs::recursive_directory_iterator() && files.size() < most;
       walk.increment(failed)) {
    std::error_code gone;
    if (!walk->is_directory(gone) && !walk->is_symlink(gone))
      files.push_back(walk->path().string());
  }
  std::ranges::sort(files);
  return files;
}

template <class Lists>
const typename Lists::mapped_type& found_in(const Lists& lists, u32 id) {
  static const typename Lists::mapped_type kNone;
  const auto found = lists.find(id);
  return found == lists.end() ? kNone : found->second;
}

}  // namespace

const std::vector<Owner>& Owners::at(Kind kind, u32 id) const {
  return found_in(of[static_cast<std::size_t>(kind)], id);
}
const std::vector<std::string>& Pins::at(Kind kind, u32 id) const {
  return found_in(of[static_cast<std::size_t>(kind)], id);
}

std::optional<Kind> kind_of(const Fd& fd) {
  std::error_code gone;
  const auto* const row =
      row_of(fs::read_symlink(format("/proc/self/fd/{}", fd.get()), gone).string());
  return row == nullptr ? std::nullopt : std::optional(row->kind);
}

Owners owners() {
  Owners out;
  std::error_code failed;
  for (fs::directory_iterator walk("/proc", failed); !failed && walk != fs::directory_iterator();
       walk.increment(failed)) {
    const auto pid = parse_unsigned(walk->path().filename().string());
    if (pid) read_process(walk->path().string(), static_cast<u32>(*pid), out);
  }
  return out;
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the fifth word is the mount
// point, the one behind "-" the type.
std::vector<std::string> mounts_of(std::string_view type) {
  std::vector<std::string> out;
  const auto text = read_text("/proc/self/mountinfo", kMountsBytesMax);
  if (!text.ok()) return out;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto words = words_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 5 || words.end() - dash < 2 || *(dash + 1) != type) continue;
    out.push_back(unescaped(words[4]));
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

Pins pins() {
  Pins out;
  u64 left = kPinsMax;
  for (const std::string& mount : mounts_of("bpf")) {
    const auto files = files_below(mount, left);
    for (const std::string& file : files) read_pin(file, out);
    left -= files.size();
  }
  out.is_cut = left == 0;
  return out;
}

}  // namespace skep::kernel
