#include "kernel/symbols.hpp"

#include <algorithm>
#include <charconv>

#include "base/fd.hpp"

namespace skep::kernel {
namespace {

constexpr std::size_t kSymbolBytesMax = 64u << 20;  // a kernel with all modules has about 15 MiB

}  // namespace

// "ffffffff81000000 T _text", and " [module]" behind those of modules.
Result<Symbols> Symbols::read() {
  Symbols out;
  out.text_ = TRY(read_text("/proc/kallsyms", kSymbolBytesMax));
  const std::string_view text = out.text_;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    u64 address = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), address, 16);
    const auto digits = static_cast<std::size_t>(parsed.ptr - line.data());
    if (address != 0 && line.size() > digits + 3) {
      const std::size_t name = digits + 3;
      const std::size_t length = std::min(line.find_first_of("\t ", name), line.size()) - name;
      out.symbols_.push_back({address, static_cast<u32>(at + name), static_cast<u32>(length)});
    }
    at = end + 1;
  }
  if (out.symbols_.empty()) {
    return Error(Fault::denied, "the kernel hides its addresses in /proc/kallsyms",
                 "run as root, and see sysctl kernel.kptr_restrict");
  }
  std::ranges::stable_sort(out.symbols_, {}, &Symbol::address);
  return out;
}

const Symbols::Symbol* Symbols::find(u64 address) const {
  const auto found = std::ranges::lower_bound(symbols_, address, {}, &Symbol::address);
  return found == symbols_.end() || found->address != address ? nullptr : &*found;
}

std::optional<std::string_view> Symbols::at(u64 address) const {
  const Symbol* found = find(address);
  return found == nullptr ? std::nullopt : std::optional(name(*found));
}

std::string_view Symbols::module_of(u64 address) const {
  const Symbol* found = find(address);
  if (found == nullptr) return {};
  std::string_view rest = std::string_view(text_).substr(found->begin + found->length);
  rest = rest.substr(0, rest.find('\n'));
  const std::size_t begin = rest.find('['), end = rest.find(']');
  return end == std::string_view::npos ? rest.substr(0, 0)
                                       : rest.substr(begin + 1, end - begin - 1);
}

std::optional<u64> Symbols::address_of(std::string_view wanted) const {
  const auto found =
      std::ranges::find_if(symbols_, [&](const Symbol& each) { return name(each) == wanted; });
  return found == symbols_.end() ? std::nullopt : std::optional(found->address);
}

Result<void> find_symbols(object::Object& object) {
  const auto& externs = object.externs();
  const bool asks = std::ranges::find(externs, platform::ExternKind::address,
                                      &platform::Extern::kind) != externs.end();
  if (!asks) return {};
  const std::string symbols = TRY(read_text("/proc/kallsyms", kSymbolBytesMax));
  return object.resolve({.symbols = symbols});
}

}  // namespace skep::kernel
