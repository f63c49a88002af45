#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/loader.hpp"
#include "kernel/token.hpp"
#include "object/kernel/map.hpp"
#include "platform/bpf_information.hpp"

namespace skep::kernel {
namespace {

using platform::MapKind;
using platform::MapSpec;

// What creating such a map asks for (map_create in kernel/bpf/syscall.c).
Capabilities needed_for(const MapSpec& spec) {
  return kBpf | capabilities_for(platform::row(spec.kind).privilege);
}

std::string difference(const MapSpec& spec, const platform::MapInformation& there) {
  const auto differs = [](std::string_view what, u64 wanted, u64 found) {
    return wanted == found ? std::string()
                           : format("its {} is {}, expected {}", what, found, wanted);
  };
  for (const std::string& each : {differs("kind", platform::kernel_number(spec.kind), there.type),
                                  differs("key size", spec.key_size, there.key_size),
                                  differs("value size", spec.value_size, there.value_size),
                                  differs("number of entries", spec.max_entries, there.max_entries),
                                  differs("flags", spec.flags, there.flags)}) {
    if (!each.empty()) return each;
  }
  return {};
}

}  // namespace

Result<void> Loader::create_maps() {
  for (const MapSpec& spec : object().maps()) {
    app_.maps_.push_back(TRY(create_map(spec)));
    descriptors_.push_back(app_.maps_.back().fd().get());
  }
  return {};
}

Result<LoadedMap> Loader::create_map(const MapSpec& spec) {
  if (auto there = TRY(pinned_map(spec)))
    return LoadedMap{TRY(Map::of(std::move(*there), spec)), true};
  std::optional<Fd> pattern;
  if (spec.inner != nullptr) pattern = TRY(create(*spec.inner, spec.inner->name, std::nullopt));
  std::string_view file = object().name();
  file.remove_prefix(file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/') + 1);
  Fd made = TRY(create(spec, object::kernel_name(spec, file.substr(0, file.find('.'))),
                       pattern ? std::optional(pattern->get()) : std::nullopt));
  if (spec.is_pinned_by_name) TRY(pin(made, format("{}/{}", options_.pins, spec.name)));
  return LoadedMap{TRY(Map::of(std::move(made), spec)), false};
}

Result<Fd> Loader::create(const MapSpec& spec, std::string_view name, std::optional<int> inner) {
  platform::CreateMap create = object::map_attributes(spec, name);
  if (spec.kind == MapKind::perf_event_array && spec.max_entries == 0)
    create.max_entries = TRY(possible_cpus());
  if (inner) create.inner_map_fd = static_cast<u32>(*inner);
  if (options_.token != nullptr) {
    create.map_token_fd = static_cast<u32>(options_.token->descriptor());
    create.map_flags = create.map_flags | platform::kTokenFlag;
  }
  if (spec.kind == MapKind::struct_ops) {
    fill_operations(spec, create);
  } else if (app_.types_) {
    create.btf_fd = create.btf_value_type_id != 0 ? static_cast<u32>(app_.types_->get()) : 0;
  } else {
    create.btf_key_type_id = create.btf_value_type_id = 0;
  }
  const std::string doing = format("create map {}", spec.name);
  const s64 returned = bpf(Command::create_map, create);
  const bool needs_types = spec.kind == MapKind::struct_ops;
  if (returned >= 0 || create.btf_fd == 0 || needs_types || returned == -EPERM) {
    auto made = descriptor(returned, doing, needed_for(spec));
    if (made.ok() || options_.token == nullptr) return made;
    return options_.token->explained(std::move(made).error(),
                                     {Command::create_map, create.map_type});
  }
  // Kinds that take no types in this kernel.
  create.btf_fd = create.btf_key_type_id = create.btf_value_type_id = 0;
  return descriptor(bpf(Command::create_map, create), doing, needed_for(spec));
}

// The kernel's structure in place of the object's.
void Loader::fill_operations(const MapSpec& spec, platform::CreateMap& create) {
  const auto value = std::ranges::find_if(
      app_.operations_, [&](const auto& each) { return &object().maps()[each.map] == &spec; });
  EXPECT(value != app_.operations_.end());
  create.value_size = static_cast<u32>(value->bytes.size());
  create.btf_key_type_id = create.btf_value_type_id = 0;
  create.btf_vmlinux_value_type_id = value->type;
  // The kernel asks for the object's types although the value's are its own (map_create).
  if (app_.types_) create.btf_fd = static_cast<u32>(app_.types_->get());
  if (value->module == 0) return;
  create.value_type_btf_obj_fd = static_cast<u32>(value->module);
  create.map_flags = create.map_flags | platform::kTypeOfModule;
}

// One that is pinned already, if it is the same; nothing when there is none.
Result<std::optional<Fd>> Loader::pinned_map(const MapSpec& spec) {
  if (!spec.is_pinned_by_name) return std::optional<Fd>();
  const std::string path = format("{}/{}", options_.pins, spec.name);
  if (::access(path.c_str(), F_OK) != 0) return std::optional<Fd>();
  Fd there = TRY(open_pinned(path));
  const std::string why = difference(spec, TRY(info<platform::MapInformation>(there)));
  if (why.empty()) return std::optional(std::move(there));
  return Error(Fault::usage,
               format("the map pinned at {} is not the object's map {}: {}", path, spec.name, why),
               "remove it with rm, or load with --pin-maps FOLDER to keep both");
}

// Its variables stand at its beginning, as in libbpf.
Result<void> Loader::fill_arena(LoadedMap& map) {
  TRY(map.map.map_pages());
  const std::vector<std::byte>& initial = map.spec().initial;
  if (initial.size() > map.map.pages().size()) {
    return Error(Fault::malformed, format("map {}: {} for pages of {}", map.spec().name,
                                          counted(initial.size(), "byte"), map.map.pages().size()));
  }
  if (!initial.empty() && (map.spec().flags & platform::kSignalOnFault) != 0) {
    return Error(Fault::unsupported,
                 format("map {}: variables in an arena with BPF_F_SEGV_ON_FAULT", map.spec().name),
                 "the kernel lets nobody write them before a program has allocated their pages");
  }
  if (!map.was_there) std::ranges::copy(initial, map.map.pages().begin());
  return {};
}

Result<void> Loader::fill_maps() {
  for (LoadedMap& map : app_.maps_) {
    if (map.spec().kind == MapKind::arena) TRY(fill_arena(map));
    for (const auto& [index, inner] : map.spec().initial_maps) {
      const le32 key = index, value = static_cast<u32>(app_.maps_[inner].fd().get());
      TRY(update_element(
          map.fd(), &key, &value,
          format("put map {} into map {}", app_.maps_[inner].spec().name, map.spec().name)));
    }
    if (map.spec().is_globals && !map.was_there) TRY(set_globals(map));
  }
  return {};
}

Result<void> Loader::set_globals(const LoadedMap& map) {
  const bool is_constant = (map.spec().flags & platform::kReadOnlyForProgram) != 0;
  const bool is_zero =
      std::ranges::all_of(map.spec().initial, [](std::byte each) { return each == std::byte{0}; });
  const le32 key = 0;
  if (!is_zero) {
    TRY(update_element(map.fd(), &key, map.spec().initial.data(),
                       format("set the variables of {}", map.spec().name)));
  }
  if (!is_constant) return {};
  platform::FreezeMap freeze{};
  freeze.map_fd = static_cast<u32>(map.fd().get());
  TRY(done(bpf(Command::freeze_map, freeze),
           format("make the constants of {} final", map.spec().name), kBpf));
  return {};
}

}  // namespace skep::kernel
