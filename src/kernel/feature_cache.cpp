#include "kernel/feature_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/new_file.hpp"
#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr std::size_t kBytesMax = 4u << 20;
constexpr std::size_t kFields = 8;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value != '/' ? std::string() : std::string(value);
}

std::string folder() {
  if (const std::string runtime = environment("XDG_RUNTIME_DIR"); !runtime.empty())
    return runtime + "/skep";
  if (::geteuid() == 0) return "/run/skep";
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return cache + "/skep";
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/.cache/skep";
}

// The first line: what must be the same for the rest to be true.
std::string heading() {
  const auto boot = read_text("/proc/sys/kernel/random/boot_id");
  return format("skep features 1 {} uid {} capabilities {:x} kernel {}",
                boot.ok() ? trimmed(*boot) : "-", ::geteuid(), effective_capabilities(),
                kernel_release());
}

// Whether a file or folder is this user's and nobody else's to write.
bool is_own(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && facts.st_uid == ::geteuid() && (facts.st_mode & 022) == 0;
}

std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return c == '\t' || c == '\n'; }, ' ');
  return out;
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find('\t', begin), line.size());
    out.emplace_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::optional<Feature> feature_of(std::string_view line) {
  const auto fields = fields_of(line);
  if (fields.size() != kFields) return std::nullopt;
  const auto section = parse_unsigned(fields[0]), there = parse_unsigned(fields[3]);
  if (!section || *section >= kCount<Section> || !there || *there > 2) return std::nullopt;
  Feature out;
  out.section = static_cast<Section>(*section);
  out.name = fields[1];
  out.of = fields[2];
  out.there = static_cast<There>(*there);
  out.since = fields[4];
  out.value = fields[5];
  out.reason = fields[6];
  out.hint = fields[7];
  return out;
}

std::string line_of(const Feature& feature) {
  return format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", feature.section, feature.name, feature.of,
                feature.there, feature.since, one_line(feature.value), one_line(feature.reason),
                one_line(feature.hint));
}

}  // namespace

std::string feature_cache_path() {
  const std::string where = folder();
  return where.empty() ? where : format("{}/features-{}", where, ::geteuid());
}

std::optional<std::vector<Feature>> read_feature_cache(const std::string& path) {
  const auto fd = path.empty() ? Error(Fault::absent, "") : Fd::open(path, O_RDONLY | O_NOFOLLOW);
  if (!fd.ok() || !is_own(fd->get())) return std::nullopt;
  // By its descriptor, so that what is read is what was looked at.
  const auto text = read_text(format("/proc/self/fd/{}", fd->get()), kBytesMax);
  if (!text.ok() || !text->ends_with('\n')) return std::nullopt;
  std::vector<Feature> out;
  std::string_view rest = *text;
  for (bool is_first = true; !rest.empty(); is_first = false) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (is_first && line != heading()) return std::nullopt;
    if (is_first) continue;
    auto feature = feature_of(line);
    if (!feature) return std::nullopt;
    out.push_back(std::move(*feature));
  }
  return out;
}

void write_feature_cache(const std::string& path, const std::vector<Feature>& features) {
  if (path.empty()) return;
  const std::string where = path.substr(0, path.rfind('/'));
  ::mkdir(where.c_str(), 0700);
  const auto held = Fd::open(where, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!held.ok() || !is_own(held->get())) return;
  std::string text = heading() + "\n";
  for (const Feature& each : features) text += line_of(each);
  (void)write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace skep::kernel
