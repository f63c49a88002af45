// Structures of operations (struct_ops): the object's structure put into the kernel's, member by
// member.
//
// The kernel keeps the structure X in a value `struct bpf_struct_ops_X`, whose member `data` it is.
// Members are found by name, so that an object made for another kernel's structure fits as long as
// what it sets is there. Functions become descriptors of programs when those are loaded, which are
// loaded with the structure's type and the member's number. As libbpf
// (bpf_map__init_kern_struct_ops).
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "kernel/attach.hpp"
#include "kernel/hooks.hpp"
#include "kernel/loader.hpp"

namespace skep::kernel {
namespace {

using platform::MapSpec;

constexpr std::string_view kValuePrefix = "bpf_struct_ops_";

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

struct NumberedMember {
  btf::Member member;
  u32 number = 0;
};

std::optional<NumberedMember> find_member(const btf::Types& types, btf::TypeId structure,
                                          std::string_view name) {
  u32 number = 0;
  for (const btf::Member& each : types.members(structure)) {
    if (each.name == name) return NumberedMember{each, number};
    ++number;
  }
  return std::nullopt;
}

class Filler {
 public:
  Filler(const MapSpec& spec, const btf::Types& types, const FoundType& value,
         const FoundType& structure)
      : spec_(spec),
        types_(types),
        kernel_(*value.types),
        value_(value.id),
        structure_(structure.id) {}

  // The kernel's value, still without the programs; members that hold programs go to `operations`.
  Result<OperationsValue> fill() {
    const auto data = find_member(kernel_, value_, "data");
    if (!data) return Error(Fault::unsupported, "the kernel's structure has no member data");
    data_offset_ = data->member.bit_offset / 8;
    out_.bytes.resize(TRY(kernel_.size_of(value_)));
    u32 number = 0;
    for (const btf::Member& member : types_.members(spec_.value_type)) TRY(put(member, number++));
    return std::move(out_);
  }

 private:
  Result<void> put(const btf::Member& member, u32 number) {
    const u32 size = TRY(types_.size_of(member.type));
    const auto from = std::span(spec_.initial).subspan(member.bit_offset / 8, size);
    const auto program =
        std::ranges::find(spec_.initial_programs, number, &std::pair<u32, std::string>::first);
    const bool is_set = program != spec_.initial_programs.end() || !is_zero(from);
    const auto there = find_member(kernel_, structure_, btf::essential_name(member.name));
    if (!there) return is_set ? Result<void>(missing(member)) : Result<void>();
    const u64 offset = data_offset_ + there->member.bit_offset / 8;
    if (program != spec_.initial_programs.end()) {
      out_.programs.push_back({program->second, there->number, offset});
      return {};
    }
    if (!is_set) return {};
    if (TRY(kernel_.size_of(there->member.type)) != size || offset + size > out_.bytes.size()) {
      return Error(Fault::unsupported,
                   format("its member {} has another size in this kernel", member.name));
    }
    std::memcpy(&out_.bytes[offset], from.data(), size);
    return {};
  }

  Error missing(const btf::Member& member) const {
    return {
        Fault::unsupported,
        format("this kernel's {} has no member {}", types_.c_name(spec_.value_type), member.name),
        "leave the member out, or load the object into a newer kernel"};
  }

  const MapSpec& spec_;
  const btf::Types& types_;
  const btf::Types& kernel_;
  u32 value_, structure_;
  u64 data_offset_ = 0;
  OperationsValue out_;
};

}  // namespace

Result<void> Loader::plan_operations() {
  for (u32 number = 0; number < object().maps().size(); ++number) {
    const MapSpec& spec = object().maps()[number];
    if (spec.kind != platform::MapKind::struct_ops) continue;
    TRY(plan_operations(spec, number).within(format("map {}", spec.name)));
  }
  return {};
}

Result<void> Loader::plan_operations(const MapSpec& spec, u32 number) {
  const std::string name(btf::essential_name(object().types().name(spec.value_type)));
  const auto value = TRY(kernel_.find(std::string(kValuePrefix) + name, btf::Kind::structure));
  if (!value) {
    return Error(Fault::unsupported, format("this kernel takes no operations of struct {}", name),
                 format("it would have a struct {}{} in its types", kValuePrefix, name));
  }
  const auto structure = value->types->find(name, btf::Kind::structure);
  if (!structure) return Error(Fault::unsupported, format("this kernel has no struct {}", name));
  OperationsValue filled =
      TRY(Filler(spec, object().types(), *value, {*structure, value->module, value->types}).fill());
  filled.map = number;
  filled.type = value->id;
  filled.module = value->module;
  for (const OperationsValue::Member& each : filled.programs) {
    operations_[each.program] = {*structure, each.number, value->module};
  }
  app_.operations_.push_back(std::move(filled));
  return {};
}

// Programs are there now.
Result<void> Loader::complete_operations() {
  for (OperationsValue& each : app_.operations_) {
    for (const OperationsValue::Member& member : each.programs) {
      const LoadedProgram* program = app_.program(member.program);
      if (program == nullptr) continue;
      const le64 descriptor = static_cast<u64>(program->descriptor.get());
      std::memcpy(&each.bytes[member.offset], &descriptor, sizeof(descriptor));
    }
  }
  return {};
}

namespace {

Error operations_refused(const std::string& where, int answer) {
  Error error = refused(format("register {}", where), answer, row(Hook::operations).capabilities);
  if (answer == EEXIST) error.hint = "operations of that name are registered; choose another name";
  if (answer == EINVAL) {
    error.hint =
        "the kernel checks the operations: some may be missing, or the name be empty or too long";
  }
  return error;
}

// Of a structure in .struct_ops.link, which is only checked when it is written.
Result<Fd> link_operations(const LoadedMap& map, const std::string& where) {
  platform::CreateLink create{};
  create.program_fd = static_cast<u32>(map.fd().get());
  create.attach_type = platform::kernel_number(platform::AttachType::struct_ops);
  const s64 returned = bpf(Command::create_link, create);
  if (returned < 0) return operations_refused(where, static_cast<int>(-returned));
  return Fd::adopt(static_cast<int>(returned));
}

void unregister(const Fd& map) {
  const le32 key = 0;
  platform::UpdateElement element{};
  element.map_fd = static_cast<u32>(map.get());
  element.key = platform::address_of(&key);
  bpf(Command::delete_element, element);
}

s64 write_operations(const LoadedMap& map, const OperationsValue& value) {
  const le32 key = 0;
  platform::UpdateElement update{};
  update.map_fd = static_cast<u32>(map.fd().get());
  update.key = platform::address_of(&key);
  update.value = platform::address_of(value.bytes.data());
  return bpf(Command::update_element, update);
}

}  // namespace

Result<Link> attach_operations(const App& app, std::size_t number) {
  if (number >= app.operations().size()) {
    return Error(Fault::usage,
                 format("there is no structure of operations number {}, expected one below {}",
                        number, app.operations().size()));
  }
  const OperationsValue& value = app.operations()[number];
  const LoadedMap& map = app.maps()[value.map];
  const std::string where = app.object().types().c_name(map.spec().value_type);
  Link link(map.spec().name, Hook::operations, where);
  const bool has_link = (map.spec().flags & platform::kStructOpsLink) != 0;
  if (!has_link) {
    const int copy = ::fcntl(map.fd().get(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return system_error("copy the descriptor of", map.spec().name, errno);
    TRY(link.undo_with([held = std::make_shared<const Fd>(Fd::adopt(copy))] { unregister(*held); },
                       {copy}));
  }
  const s64 returned = write_operations(map, value);
  if (returned < 0) return operations_refused(where, static_cast<int>(-returned));
  if (has_link) link.hold_link(TRY(link_operations(map, where)));
  return link;
}

}  // namespace skep::kernel
