#include "object/core.hpp"

#include "isa/tables.hpp"

namespace skep::object {
namespace {

using isa::Slot;

constexpr u8 kClassMask = 0x07, kWidthMask = 0x18;  // RFC 9669, 3.2

enum class Patched : u8 { yes, unresolved };

Error unexpected(s64 found, u64 expected) {
  return {Fault::malformed, format("the instruction holds {} and its relocation says that it is {}",
                                   found, static_cast<s64>(expected))};
}

void poison(std::span<Slot> slots) {
  const std::size_t count = slots[0].opcode == isa::kWideOpcode && slots.size() > 1 ? 2 : 1;
  for (Slot& slot : slots.first(count)) {
    slot = {.opcode = isa::kCallOpcode, .registers = 0, .offset = 0, .immediate = kPoison};
  }
}

Result<void> patch_immediate(Slot& slot, const btf::Resolution& found) {
  if ((slot.opcode & isa::kSourceRegister) != 0) {
    return Error(Fault::malformed, "a relocation of arithmetic between registers");
  }
  if (found.expected && static_cast<s64>(*found.expected) != slot.immediate) {
    return unexpected(slot.immediate, *found.expected);
  }
  const auto value = static_cast<s32>(*found.value);
  const bool is_narrow = (slot.opcode & kClassMask) == isa::kAlu32;
  if (static_cast<u64>(s64{value}) != *found.value && !(is_narrow && *found.value >> 32 == 0)) {
    return Error(Fault::unsupported,
                 format("{} does not fit into a 32-bit immediate", static_cast<s64>(*found.value)));
  }
  slot.immediate = value;
  return {};
}

Result<void> patch_wide(std::span<Slot> slots, const btf::Resolution& found) {
  const Slot plain{.opcode = 0, .registers = 0, .offset = 0, .immediate = 0};
  if (slots[0].opcode != isa::kWideOpcode || slots.size() < 2 || slots[0].src() != 0 ||
      slots[0].offset != 0 || Slot{0, slots[1].registers, slots[1].offset, 0} != plain ||
      slots[1].opcode != 0) {
    return Error(Fault::malformed,
                 "a relocation of an instruction that is no plain 64-bit constant");
  }
  const u64 held =
      u64{static_cast<u32>(slots[1].immediate)} << 32 | static_cast<u32>(slots[0].immediate);
  if (found.expected && *found.expected != held) {
    return unexpected(static_cast<s64>(held), *found.expected);
  }
  slots[0].immediate = static_cast<s32>(*found.value);
  slots[1].immediate = static_cast<s32>(*found.value >> 32);
  return {};
}

std::optional<isa::Width> width_of(u32 bytes) {
  for (const isa::Width width : every<isa::Width>()) {
    if (isa::bytes_of(width) == bytes) return width;
  }
  return std::nullopt;
}

Result<void> set_width(Slot& slot, const btf::Resolution& found) {
  const u32 now = isa::bytes_of(isa::width_of_size(slot.opcode));
  const auto then = width_of(found.target_bytes);
  if (now != found.local_bytes || !then) {
    return Error(Fault::unsupported,
                 format("a field of {} that became one of {} is moved with {}",
                        counted(found.local_bytes, "byte"), found.target_bytes, now));
  }
  slot.opcode = static_cast<u8>((slot.opcode & ~kWidthMask) | isa::size_of_width(*then));
  return {};
}

Result<Patched> patch_memory(Slot& slot, const btf::Resolution& found) {
  if (found.expected && static_cast<s64>(*found.expected) != slot.offset) {
    return unexpected(slot.offset, *found.expected);
  }
  if (*found.value > 0x7fff) {
    return Error(Fault::unsupported,
                 format("offset {} does not fit into a load or store", *found.value),
                 "read it with BPF_CORE_READ() or bpf_core_read()");
  }
  if (found.resize == btf::Resize::impossible) {
    poison({&slot, 1});
    return Patched::unresolved;
  }
  slot.offset = static_cast<s16>(*found.value);
  if (found.resize == btf::Resize::follows) TRY(set_width(slot, found));
  return Patched::yes;
}

// `slots` begin with the instruction.
Result<Patched> patch(std::span<Slot> slots, const btf::Resolution& found) {
  if (!found.value) {
    poison(slots);
    return Patched::unresolved;
  }
  switch (static_cast<isa::Class>(slots[0].opcode & kClassMask)) {
    case isa::kAlu32:
    case isa::kAlu64: TRY(patch_immediate(slots[0], found)); return Patched::yes;
    case isa::kLd: TRY(patch_wide(slots, found)); return Patched::yes;
    case isa::kLdx:
    case isa::kSt:
    case isa::kStx: return patch_memory(slots[0], found);
    case isa::kJmp:
    case isa::kJmp32: break;
  }
  return Error(Fault::malformed,
               format("a relocation of an instruction with opcode 0x{:x}", slots[0].opcode));
}

const btf::Targets& targets_of(const LinkOptions& options) {
  static const btf::Targets kNone;
  return options.targets == nullptr ? kNone : *options.targets;
}

Result<btf::CoreRelocation> relocation_of(const CoreRecord& record) {
  if (record.kind < kCount<btf::CoreKind>) {
    return btf::CoreRelocation{.kind = static_cast<btf::CoreKind>(record.kind),
                               .type = record.type,
                               .access = record.access};
  }
  return Error(Fault::unsupported, format("CO-RE relocation of the unknown kind {}", record.kind));
}

}  // namespace

CoreLinker::CoreLinker(const Image& image, const LinkOptions& options)
    : image_(image), options_(options), resolver_(*image.types.types, targets_of(options)) {}

Result<void> CoreLinker::apply(std::string_view section, u64 begin, u64 end, u32 base,
                               std::span<Slot> slots) {
  for (const CoreRecord& record : image_.ext.core(section, begin, end)) {
    const u64 slot = (record.offset - begin) / sizeof(Slot);
    if (record.offset % sizeof(Slot) != 0) {
      return Error(Fault::malformed, format("{}: a CO-RE relocation inside of an instruction",
                                            place(section, record.offset)));
    }
    TRY(one(record, base + static_cast<u32>(slot), slots.subspan(slot)));
  }
  return {};
}

Result<void> CoreLinker::one(const CoreRecord& record, u32 slot, std::span<Slot> slots) {
  CoreUse use;
  use.slot = slot;
  const auto relocation = relocation_of(record);
  if (relocation.ok()) {
    use.kind = relocation->kind;
    use.text = btf::describe(*image_.types.types, *relocation);
  }
  const auto done =
      relocation.ok() ? resolve(*relocation, record, slots, use) : Result<void>(relocation.error());
  if (!done.ok() && options_.core == Core::list) {
    use.failure = done.error();
  } else if (!done.ok()) {
    return Result<void>(done.error())
        .within(relocation.ok() ? format("{}: CO-RE relocation {}",
                                         place(record.section, record.offset), use.text)
                                : place(record.section, record.offset));
  }
  uses_.push_back(std::move(use));
  return {};
}

Result<void> CoreLinker::resolve(const btf::CoreRelocation& relocation, const CoreRecord& record,
                                 std::span<Slot> slots, CoreUse& use) {
  if (options_.core == Core::leave) return {};
  if (relocation.kind != btf::CoreKind::type_id_local) {
    if (options_.targets == nullptr && options_.core == Core::list) return {};
    if (options_.targets == nullptr) {
      return Error(Fault::unsupported, "there are no types to look this up in",
                   "give those of the kernel or application that it is to run on: --btf FILE, "
                   "such as /sys/kernel/btf/vmlinux");
    }
    TRY(replay(record));
  }
  const btf::Resolution found = TRY(resolver_.resolve(relocation));
  use.value = found.value;
  if (TRY(patch(slots, found)) == Patched::yes) return {};
  use.absent = found.value ? resolver_.explain_resize(relocation, found)
                           : TRY(resolver_.explain(relocation));
  use.value = {};
  return {};
}

// Where several types have the name, what earlier relocations of the object ruled out decides which
// are left. Those of programs that are not loaded unless asked for do not count.
Result<void> CoreLinker::replay(const CoreRecord& record) {
  if (TRY(resolver_.candidates_left(record.type)) < 2) return {};
  const auto all = image_.ext.all_core();
  u32& next = replayed_[record.type];
  for (; next < record.number; ++next) {
    const CoreRecord& earlier = all[next];
    if (earlier.type != record.type || earlier.section.starts_with('?')) continue;
    const auto relocation = relocation_of(earlier);
    if (relocation.ok()) (void)resolver_.resolve(*relocation);
  }
  return {};
}

}  // namespace skep::object
