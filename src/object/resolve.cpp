// Object::resolve(): externs looked up in what is known of a kernel.
//
// Beside the options of its configuration, three values are made up as libbpf does:
// LINUX_KERNEL_VERSION from the release, and from that whether the kernel has bpf_get_attach_cookie
// (since 5.15) and passes registers to system calls through a wrapper (since 4.17 on x86-64).
#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "object/configuration.hpp"
#include "object/image.hpp"
#include "object/object.hpp"

namespace skep::object {
namespace {

using platform::Extern;
using platform::ExternKind;
using platform::ExternState;

// KERNEL_VERSION(a, b, c) of linux/version.h.
constexpr u32 version(u32 major, u32 minor, u32 patch) {
  return major << 16 | minor << 8 | std::min(patch, 255u);
}

// "6.1.0-18-amd64" as a number; nothing when it does not begin with two numbers.
std::optional<u32> version_of(std::string_view release) {
  std::array<u32, 3> parts{};
  std::size_t count = 0;
  for (; count < parts.size(); ++count) {
    const auto read =
        std::from_chars(release.data(), release.data() + release.size(), parts[count]);
    if (read.ec != std::errc()) break;
    release.remove_prefix(static_cast<std::size_t>(read.ptr - release.data()));
    if (!release.starts_with('.')) {
      ++count;
      break;
    }
    release.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  return version(parts[0], parts[1], parts[2]);
}

// What libbpf makes up; nothing for other names.
std::optional<u64> made_up(std::string_view name, u32 kernel) {
  if (name == "LINUX_KERNEL_VERSION") return kernel;
  if (name == "LINUX_HAS_BPF_COOKIE") return kernel >= version(5, 15, 0) ? 1 : 0;
  if (name == "LINUX_HAS_SYSCALL_WRAPPER") return kernel >= version(4, 17, 0) ? 1 : 0;
  return std::nullopt;
}

// Addresses of the symbols that are wanted, from lines "ffffffff81000000 T name [module]".
std::map<std::string_view, u64> addresses(std::string_view text,
                                          const std::vector<Extern>& wanted) {
  std::set<std::string_view> names;
  for (const Extern& each : wanted) {
    if (each.kind == ExternKind::address) names.insert(each.name);
  }
  std::map<std::string_view, u64> out;
  while (!text.empty() && out.size() < names.size()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    u64 address = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), address, 16);
    line.remove_prefix(static_cast<std::size_t>(read.ptr - line.data()));
    if (read.ec != std::errc() || line.size() < 4) continue;
    const std::string_view name = line.substr(3, line.find_first_of(" \t", 3) - 3);
    if (names.contains(name)) out.emplace(name, address);
  }
  return out;
}

}  // namespace

class ExternResolver {
 public:
  ExternResolver(const KernelFacts& kernel, const btf::Types& types,
                 const std::vector<Extern>& wanted)
      : kernel_(kernel),
        types_(types),
        configuration_(Configuration::read(kernel.configuration, wanted)),
        addresses_(addresses(kernel.symbols, wanted)) {}

  // Fills in what was found; `values` is the contents of .kconfig.
  Result<void> resolve(Extern& external, std::span<std::byte> values) const {
    switch (external.kind) {
      case ExternKind::configuration:
        return configuration(external, values.subspan(external.offset, external.size))
            .within(format("{} of the kernel's configuration", external.name));
      case ExternKind::address:
        if (!kernel_.symbols.empty()) set(external, address_of(external));
        return {};
      case ExternKind::variable:
        if (kernel_.types != nullptr) set(external, type_of(external, btf::Kind::variable));
        return {};
      case ExternKind::function:
        if (kernel_.types != nullptr) set(external, type_of(external, btf::Kind::function));
        return {};
      case ExternKind::count_: break;
    }
    return {};
  }

 private:
  static void set(Extern& external, std::optional<u64> value) {
    external.state = value ? ExternState::found : ExternState::absent;
    external.value = value.value_or(0);
  }

  Result<void> configuration(Extern& external, std::span<std::byte> to) const {
    const btf::TypeId type = types_.at(external.type).type;
    if (const auto kernel = version_of(kernel_.release)) {
      if (const auto value = made_up(external.name, *kernel)) {
        TRY(store_value(types_, type, number_for(type, *value), to));
        external.state = ExternState::found;
        return {};
      }
    }
    if (kernel_.configuration.empty()) return {};
    const auto written = configuration_.value(external.name);
    external.state = written ? ExternState::found : ExternState::absent;
    return written ? store_value(types_, type, *written, to) : Result<void>();
  }

  // As the configuration would spell it.
  std::string number_for(btf::TypeId type, u64 value) const {
    const auto kind = configuration_type(types_, type);
    if (kind != ConfigurationType::boolean && kind != ConfigurationType::tristate) {
      return std::to_string(value);
    }
    return value == 0 ? "n" : "y";
  }

  std::optional<u64> address_of(const Extern& external) const {
    const auto found = addresses_.find(external.name);
    return found == addresses_.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<u64> type_of(const Extern& external, btf::Kind kind) const {
    const auto found = kernel_.types->find(external.essential_name(), kind);
    return found ? std::optional<u64>(*found) : std::nullopt;
  }

  const KernelFacts& kernel_;
  const btf::Types& types_;
  Configuration configuration_;
  std::map<std::string_view, u64> addresses_;
};

Result<void> Object::resolve(const KernelFacts& kernel) {
  if (externs_->empty()) return {};
  auto externs = std::make_shared<std::vector<Extern>>(*externs_);
  auto maps = std::make_shared<std::vector<platform::MapSpec>>(*maps_);
  const ExternResolver resolver(kernel, *types_, *externs);
  for (Extern& each : *externs) {
    std::span<std::byte> values;
    if (image_->configuration) values = (*maps)[*image_->configuration].initial;
    TRY(resolver.resolve(each, values).within(name_));
  }
  externs_ = std::move(externs);
  maps_ = std::move(maps);
  return {};
}

}  // namespace skep::object
