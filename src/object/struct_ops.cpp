#include "object/struct_ops.hpp"

#include <algorithm>
#include <array>

namespace skep::object {
namespace {

struct Family {
  std::string_view section;
  u32 flags;
};
constexpr auto kFamilies = std::to_array<Family>({{".struct_ops", 0},
                                                  {".struct_ops.link", platform::kStructOpsLink},
                                                  {"?.struct_ops", 0},
                                                  {"?.struct_ops.link", platform::kStructOpsLink}});

class OperationsReader {
 public:
  OperationsReader(const Elf& elf, const Functions& functions, const btf::Types& types,
                   const Section& section, u32 flags)
      : elf_(elf), functions_(functions), types_(types), section_(section), flags_(flags) {}

  Result<MapDefinition> map(const btf::SectionVariable& variable) {
    const btf::Type& declared = types_.at(variable.type);
    const btf::TypeId type = types_.resolve(declared.type);
    if (types_.at(type).kind != btf::Kind::structure) {
      return Error(Fault::malformed, format("{} is a {}, expected a struct", declared.name,
                                            types_.c_name(declared.type)));
    }
    MapDefinition out{.spec = {}, .section = elf_.number_of(section_), .offset = variable.offset};
    platform::MapSpec& spec = out.spec;
    spec.name = std::string(declared.name);
    spec.kind = platform::MapKind::struct_ops;
    spec.key_size = 4;
    spec.value_size = types_.at(type).size;
    spec.max_entries = 1;
    spec.flags = flags_;
    spec.value_type = type;
    const Bytes initial = TRY(section_.bytes.slice(variable.offset, spec.value_size));
    spec.initial.assign(initial.span().begin(), initial.span().end());
    TRY(operations(out, type));
    return out;
  }

 private:
  // Members by their offset in bytes.
  using Members = std::map<u64, u32>;

  const Members& members_of(btf::TypeId type) {
    const auto [known, is_new] = members_.try_emplace(type);
    if (!is_new) return known->second;
    u32 number = 0;
    for (const btf::Member& member : types_.members(type)) {
      known->second.emplace(member.bit_offset / 8, number++);
    }
    return known->second;
  }

  Result<void> operations(MapDefinition& map, btf::TypeId type) {
    const auto all = elf_.relocations(map.section);
    auto next = std::ranges::lower_bound(all, map.offset, {}, &Relocation::offset);
    const u64 end = map.offset + map.spec.value_size;
    for (; next != all.end() && next->offset < end; ++next) {
      TRY(operation(map, type, *next).within(place(section_.name, next->offset)));
    }
    return {};
  }

  Result<void> operation(MapDefinition& map, btf::TypeId type, const Relocation& relocation) {
    const Members& members = members_of(type);
    const auto member = members.find(relocation.offset - map.offset);
    const Symbol& symbol = elf_.symbols()[relocation.symbol];
    if (member == members.end()) {
      return Error(Fault::malformed, format("{} has no member at offset {}", types_.c_name(type),
                                            relocation.offset - map.offset));
    }
    const u64 addend = TRY(section_.bytes.read<le64>(relocation.offset));
    const auto function = functions_.at(symbol.section, symbol.value + addend);
    if (!function || !functions_.is_program(*function, elf_)) {
      return Error(Fault::malformed,
                   format("{} points to {}, which is not a program", map.spec.name, symbol.name));
    }
    map.spec.initial_programs.emplace_back(member->second, functions_.all()[*function].name);
    return {};
  }

  const Elf& elf_;
  const Functions& functions_;
  const btf::Types& types_;
  const Section& section_;
  u32 flags_;
  std::map<btf::TypeId, Members> members_;
};

}  // namespace

Result<std::vector<MapDefinition>> read_struct_ops(const Elf& elf, const Functions& functions,
                                                   const SectionTypes& types) {
  std::vector<MapDefinition> out;
  for (const Family& family : kFamilies) {
    const Section* section = elf.find(family.section);
    if (section == nullptr || section->size == 0) continue;
    const btf::TypeId id = types.of(family.section);
    if (id == btf::kVoid) {
      return Error(Fault::unsupported,
                   format("section {}: operations without types (BTF)", family.section),
                   "compile with -g");
    }
    OperationsReader reader(elf, functions, *types.types, *section, family.flags);
    u64 end = 0;  // variables that overlapped would cost more memory than the file has
    for (const btf::SectionVariable& variable : types.types->variables(id)) {
      if (variable.offset < end) {
        return Error(Fault::malformed,
                     format("{}: two variables are there", place(family.section, variable.offset)));
      }
      out.push_back(TRY(reader.map(variable).within(place(family.section, variable.offset))));
      end = u64{variable.offset} + out.back().spec.value_size;
    }
  }
  return out;
}

}  // namespace skep::object
