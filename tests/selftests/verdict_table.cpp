#include "selftests/verdict_table.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.hpp"

namespace skep::selftests {
namespace {

constexpr std::string_view kNobodyKnows = "?";
constexpr std::string_view kReleaseLine = "# kernel ";
constexpr u64 kLongProgram = 100;  // instructions, from which on speed counts

Said said(std::string_view text) {
  if (text == "accepted") return Said::accepted;
  return text == "rejected" ? Said::rejected : Said::nothing;
}

std::vector<std::string> columns(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream text(line);
  for (std::string each; std::getline(text, each, '\t');) out.push_back(each);
  return out;
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

std::string reason_of(const Comparison& one, const DifferenceRow* old) {
  if (one.is_false_reject()) return one_line(format("{}: {}", one.property, one.message));
  const bool is_explained = old != nullptr && old->ours == one.ours && old->kernel == one.kernel;
  return is_explained ? old->why : std::string(kNobodyKnows);
}

struct Category {
  u32 count = 0;
  const Comparison* smallest = nullptr;
};

template <class Key>
std::vector<std::pair<std::string, Category>> by_count(const std::vector<Comparison>& all,
                                                       bool (Comparison::*is_one)() const,
                                                       Key key) {
  std::map<std::string, Category> found;
  for (const Comparison& one : all) {
    if (!(one.*is_one)()) continue;
    Category& category = found[key(one)];
    ++category.count;
    if (category.smallest == nullptr || one.instructions < category.smallest->instructions)
      category.smallest = &one;
  }
  std::vector<std::pair<std::string, Category>> out(found.begin(), found.end());
  std::ranges::stable_sort(out, [](const auto& one, const auto& other) {
    return one.second.count > other.second.count;
  });
  return out;
}

// Of programs that both accept and that are long enough for the kernel's clock.
std::string speed(const std::vector<Comparison>& all) {
  double sum = 0;
  u32 count = 0;
  const Comparison* worst = nullptr;
  for (const Comparison& one : all) {
    const bool both = one.ours == Said::accepted && one.kernel == Said::accepted;
    if (!both || one.instructions <= kLongProgram || one.kernel_ns == 0 || one.our_ns == 0)
      continue;
    sum += std::log(static_cast<double>(one.kernel_ns) / static_cast<double>(one.our_ns));
    ++count;
    if (worst == nullptr || one.our_ns > worst->our_ns) worst = &one;
  }
  if (count == 0) return "  speed: no program of more than 100 instructions is accepted by both\n";
  const double ratio = std::exp(sum / count);
#if __has_feature(address_sanitizer)
  constexpr std::string_view kBuild = " (ours under sanitizers: no figure)";
#else
  constexpr std::string_view kBuild = "";
#endif
  return format(
      "  speed: the kernel's time / ours {}.{}{}, geomean of {} accepted programs of more than 100 "
      "instructions{}\n  our longest: {} us ({} us in the kernel), {}\n",
      static_cast<u64>(ratio), static_cast<u64>(ratio * 10) % 10,
      static_cast<u64>(ratio * 100) % 10, count, kBuild, worst->our_ns / 1000,
      worst->kernel_ns / 1000, worst->name);
}

}  // namespace

std::string_view word(Said said) {
  switch (said) {
    case Said::nothing: return "-";
    case Said::accepted: return "accepted";
    case Said::rejected: return "rejected";
  }
  return "";
}

bool Comparison::differs() const {
  if (!is_comparable()) return false;
  return ours != kernel || (expected != Said::nothing && expected != kernel);
}

std::string summary(std::string_view title, const std::vector<Comparison>& all) {
  const auto count = [&](auto is_one) { return std::ranges::count_if(all, is_one); };
  const auto comparable = count(&Comparison::is_comparable);
  const auto same =
      count([](const Comparison& c) { return c.is_comparable() && c.ours == c.kernel; });
  const auto accepts = count(&Comparison::is_false_accept);
  const auto rejects = count(&Comparison::is_false_reject);
  std::string out = format(
      "{}: {} programs, {} comparable, {} the same verdict ({}.{} %), {} accepted by us only, {} "
      "rejected by us only\n",
      title, all.size(), comparable, same, comparable == 0 ? 0 : same * 100 / comparable,
      comparable == 0 ? 0 : same * 1000 / comparable % 10, accepts, rejects);
  for (const Comparison& one : all) {
    if (one.is_false_accept())
      out += format("  accepted by us only: {} (kernel: {})\n", one.name, one.kernel_message);
  }
  out += "  rejected by us only, by property:\n";
  const auto property = [](const Comparison& one) { return one.property; };
  for (const auto& [name, category] : by_count(all, &Comparison::is_false_reject, property)) {
    out += format("  {:6} {:22} {} ({} instructions): {}\n", category.count, name,
                  category.smallest->name, category.smallest->instructions,
                  category.smallest->message);
  }
  return out + speed(all);
}

Result<Differences> Differences::read(const std::string& path) {
  Differences out;
  std::ifstream file(path);
  u32 number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with(kReleaseLine)) {
      out.release_ = line.substr(kReleaseLine.size());
    } else if (line.starts_with("#")) {
      out.head_.push_back(line);
    } else {
      const auto words = columns(line);
      if (words.size() != 5)
        return Error{Fault::malformed,
                     format("{}:{}: {} columns instead of 5", path, number, words.size())};
      out.rows_[words[0]] = {said(words[1]), said(words[2]), said(words[3]), words[4]};
    }
  }
  return out;
}

const DifferenceRow* Differences::find(const std::string& name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : &found->second;
}

std::vector<std::string> Differences::complaints(const std::vector<Comparison>& all,
                                                 Judge judge) const {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const Comparison& one : all) {
    seen.insert(one.name);
    const DifferenceRow* row = find(one.name);
    const std::string now =
        format("{}: ours {}, the kernel's {}", one.name, word(one.ours), word(one.kernel));
    if (judge == Judge::file) {
      if (row != nullptr && row->ours != one.ours)
        out.push_back(format("{}: we said {} before", now, word(row->ours)));
      continue;
    }
    if (row == nullptr) {
      if (one.differs())
        out.push_back(format("{}: a new difference: {}{}", now, one.message,
                             one.is_false_accept() ? one.kernel_message : ""));
      continue;
    }
    if (!one.differs()) {
      if (one.is_comparable()) out.push_back(now + ": a listed difference is gone");
    } else if (row->ours != one.ours || row->kernel != one.kernel ||
               row->expected != one.expected) {
      out.push_back(now + ": not as it is listed");
    } else if (row->why.empty() || row->why == kNobodyKnows) {
      out.push_back(now + ": the list does not say why");
    } else if (one.is_false_reject() && !row->why.starts_with(one.property + ":")) {
      out.push_back(format("{}: rejected by {}, the list says: {}", now, one.property, row->why));
    }
  }
  for (const auto& [name, row] : rows_) {
    if (!seen.contains(name)) out.push_back(name + ": listed, but there is no such program");
  }
  return out;
}

Result<void> Differences::write(const std::string& path, const std::string& release,
                                const std::vector<Comparison>& all) const {
  std::map<std::string, std::string> lines;
  for (const Comparison& one : all) {
    if (!one.differs()) continue;
    lines[one.name] = format("{}\t{}\t{}\t{}\t{}", one.name, word(one.ours), word(one.kernel),
                             word(one.expected), reason_of(one, find(one.name)));
  }
  std::ofstream file(path);
  file << kReleaseLine << release << "\n";
  for (const std::string& line : head_) file << line << "\n";
  for (const auto& [name, line] : lines) file << line << "\n";
  if (!file) return Error{Fault::system, format("{} cannot be written", path)};
  return {};
}

std::string kernel_release() {
  utsname system{};
  ::uname(&system);
  const std::string release = system.release;
  const std::size_t minor = release.find('.') + 1;
  return release.substr(0, release.find_first_not_of("0123456789", minor));
}

}  // namespace skep::selftests
