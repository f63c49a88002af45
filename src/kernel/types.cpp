#include "kernel/types.hpp"

#include <array>
#include <mutex>

#include "base/text.hpp"
#include "kernel/bpf.hpp"
#include "platform/bpf_information.hpp"

namespace skep::kernel {
namespace {

constexpr std::string_view kTypesFolder = "/sys/kernel/btf/";

// The name of a module that these types are of; empty for others.
Result<std::string> module_of(const Fd& types) {
  std::array<char, 64> name{};
  platform::TypesInformation begin{};
  begin.name = platform::address_of(name.data());
  begin.name_bytes = static_cast<u32>(name.size());
  const platform::TypesInformation about = TRY(info(types, begin));
  if (about.is_of_kernel == 0) return std::string();
  std::string text(name.data());
  return text == "vmlinux" ? std::string() : text;
}

}  // namespace

// They do not change while the kernel runs, so that a process opens them once.
Result<std::shared_ptr<const btf::Types>> KernelTypes::vmlinux() {
  static std::mutex mutex;
  static std::shared_ptr<const btf::Types> known;
  const std::lock_guard guard(mutex);
  if (known) return known;
  auto types = btf::Types::open_for_lookups(std::string(kTypesFolder) + "vmlinux");
  if (!types.ok()) {
    return Error(
        Fault::unsupported,
        format("this kernel does not show its types: {}", types.error().message),
        "kernels from 5.2 on have /sys/kernel/btf/vmlinux when built with CONFIG_DEBUG_INFO_BTF");
  }
  known = std::make_shared<const btf::Types>(std::move(*types));
  return known;
}

Result<void> KernelTypes::open_modules() {
  if (modules_) return {};
  modules_.emplace();
  const auto base = TRY(vmlinux());
  for (const u32 id : TRY(ids(Kind::types))) {
    auto descriptor = open_id(Kind::types, id);
    if (!descriptor.ok()) continue;  // gone since
    auto name = module_of(*descriptor);
    if (!name.ok() || name->empty()) continue;
    auto types = btf::Types::open_for_lookups(std::string(kTypesFolder) + *name, base);
    if (!types.ok()) continue;  // unloaded since, or not shown
    modules_->push_back({std::move(*name), std::move(*descriptor),
                         std::make_shared<const btf::Types>(std::move(*types))});
  }
  return {};
}

Result<std::optional<FoundType>> KernelTypes::find(std::string_view name, btf::Kind kind,
                                                   std::string_view module) {
  if (module.empty() || module == "vmlinux") {
    const auto base = TRY(vmlinux());
    if (const auto id = base->find(name, kind)) return std::optional(FoundType{*id, 0, base.get()});
    if (!module.empty()) return std::optional<FoundType>();
  }
  TRY(open_modules());
  for (const Module& each : *modules_) {
    if (!module.empty() && each.name != module) continue;
    for (const btf::TypeId id : each.types->find_all(name, each.types->first())) {
      if (each.types->kind(id) == kind) {
        return std::optional(FoundType{id, each.descriptor.get(), each.types.get()});
      }
    }
  }
  return std::optional<FoundType>();
}

Result<btf::Types> types_of(u32 id) {
  const Fd types = TRY(open_id(Kind::types, id));
  platform::TypesInformation begin{};
  std::vector<std::byte> bytes(TRY(info(types, begin)).btf_bytes);
  begin.btf = platform::address_of(bytes.data());
  begin.btf_bytes = static_cast<u32>(bytes.size());
  TRY(info(types, begin));
  return btf::Types::read(Bytes(bytes)).within(format("types {}", id));
}

}  // namespace skep::kernel
