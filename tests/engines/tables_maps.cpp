// The maps that calls of helpers work on, and who calls them.
#include "btf/builder.hpp"
#include "kernel/bpf.hpp"
#include "kernel/trial_parts.hpp"
#include "tables_calls.hpp"

namespace skep::kernel_tables {
namespace {

Result<Fd> with_types(btf::Builder& builder, u32 value_bytes, btf::TypeId value) {
  Fd types = TRY(kernel::load_types(builder));
  platform::CreateMap create{};
  create.map_type = platform::kernel_number(MapKind::array);
  create.key_size = 4;
  create.value_size = value_bytes;
  create.max_entries = 1;
  create.btf_fd = static_cast<u32>(types.get());
  create.btf_key_type_id = 1;
  create.btf_value_type_id = value;
  return kernel::descriptor(kernel::bpf(platform::Command::create_map, create), "create map",
                            kernel::kBpf);
}

// An array of structures with one member at 0, of a type that the kernel knows by its name.
Result<Fd> of_special(std::string_view name, u32 bytes) {
  btf::Builder builder;
  kernel::add_int(builder);
  const btf::TypeId special = builder.add(
      {.name = name, .kind = btf::Kind::structure, .size = bytes}, std::span<const btf::Member>());
  const btf::Member member{.name = "it", .type = special};
  const btf::TypeId value = builder.add(
      {.name = "value", .kind = btf::Kind::structure, .size = bytes}, std::span(&member, 1));
  return with_types(builder, bytes, value);
}

Result<Fd> array_of(u32 value_bytes, u32 flags) {
  platform::CreateMap create{};
  create.map_type = platform::kernel_number(MapKind::array);
  create.key_size = 4;
  create.value_size = value_bytes;
  create.max_entries = 1;
  create.map_flags = flags;
  return kernel::descriptor(kernel::bpf(platform::Command::create_map, create), "create map",
                            kernel::kBpf);
}

}  // namespace

Result<CallMaps> CallMaps::make() {
  CallMaps out;
  kernel::Trials trials;
  for (const MapKind kind : every<MapKind>()) {
    if (auto answer = trials.create(kind); answer.fd)
      out.maps_.emplace(kind, std::move(*answer.fd));
  }
  out.values_ = TRY(array_of(64, 0));
  out.text_ = TRY(array_of(16, platform::kReadOnlyForProgram));
  const u32 key = 0;
  const char text[16] = "%d";
  TRY(kernel::update_element(*out.text_, &key, text, "fill"));
  bpf_attr freeze = kernel_test::no_attributes();
  freeze.map_fd = static_cast<u32>(out.text_->get());
  kernel_test::bpf(BPF_MAP_FREEZE, freeze);
  out.locks_ = TRY(of_special("bpf_spin_lock", 4));
  out.timers_ = TRY(of_special("bpf_timer", 16));
  return out;
}

// Whether the kernel says that programs of this type have no such helper. It says so before it
// looks at the arguments, or, of a few, after.
bool is_refused(const std::string& log) {
  for (const char* words :
       {"program of this type cannot use helper", "helper call is not allowed in probe",
        "not supported for program type", "supported only for fentry"}) {
    if (log.find(words) != std::string::npos) return true;
  }
  return false;
}

// Kernels may be built or locked down so that nobody has them.
bool is_left_out(const HelperRow& helper) {
  return helper.name == "probe_write_user" || helper.name == "override_return";
}

// The first cell that may call it.
std::optional<Cell> caller_of(const Kernel& kernel, const HelperRow& helper) {
  std::vector<Cell> cells = kernel.cells;
  // Those that have sockets and tasks at hand first, and those that may sleep only where needed.
  const bool sleeps = helper.needs == platform::Needs::sleepable;
  const auto order = [&](const Cell& cell) {
    if (cell.type == ProgramType::syscall) return sleeps ? 0 : 3;
    if (cell.type == ProgramType::sched_cls) return 1;
    return 2;
  };
  std::ranges::stable_sort(cells, {}, order);
  for (const Cell& cell : cells) {
    if (platform::may_call(helper, cell.type, cell.attach) &&
        platform::find_helper(helper.id, cell.type) == &helper)
      return cell;
  }
  return std::nullopt;
}

int map_for(const HelperRow& helper, const CallMaps& maps) {
  if (helper.id == kTimerInit) return maps.timers();
  if (helper.maps == 0) return maps.of(MapKind::array);
  for (const MapKind kind : every<MapKind>()) {
    if ((helper.maps & platform::set_of(kind)) != 0 && maps.of(kind) >= 0) return maps.of(kind);
  }
  return -1;
}

}  // namespace skep::kernel_tables
