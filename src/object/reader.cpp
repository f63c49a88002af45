// From a file to an Object: each part is read once, in the order in which one needs the other.
#include <algorithm>
#include <set>

#include "object/globals.hpp"
#include "object/image.hpp"
#include "object/maps.hpp"
#include "object/object.hpp"
#include "object/struct_ops.hpp"
#include "platform/map_fields.hpp"

namespace skep::object {
namespace {

std::string address_note(std::string_view section) {
  return format(
      "variables of section {} that are initialised with addresses hold offsets only: as in "
      "libbpf, data is not relocated",
      section);
}

}  // namespace

class Reader {
 public:
  Result<Object> run(Bytes file, std::string name) {
    TRY(Elf::probe(file));  // before the bytes are copied
    object_.name_ = std::move(name);
    image_.file = TRY(Mapping::copy_of(file));
    image_.elf = TRY(Elf::read(image_.file->bytes()));
    TRY(unique_names());
    TRY(limit_zeroed(image_.elf));
    image_.functions = TRY(Functions::read(image_.elf));
    image_.types = TRY(read_types(image_.elf));
    const Section* ext = image_.elf.find(".BTF.ext");
    if (ext != nullptr && !image_.types.types->empty()) {
      image_.ext = TRY(BtfExt::read(ext->bytes, *image_.types.types).within("section .BTF.ext"));
    }
    image_.tags = Tags::read(*image_.types.types);
    TRY(license());
    Externs externs = read_externs(image_.elf, image_.types);
    image_.externs_of_symbols = std::move(externs.of_symbol);
    object_.externs_ =
        std::make_shared<const std::vector<platform::Extern>>(std::move(externs.all));
    TRY(maps());
    TRY(programs());
    notes();
    object_.types_ = image_.types.types;
    object_.image_ = std::make_shared<const Image>(std::move(image_));
    return std::move(object_);
  }

 private:
  // BTF and its lines name sections, so code and data must have names of their own.
  Result<void> unique_names() const {
    std::set<std::string_view> seen;
    for (const Section& section : image_.elf.sections()) {
      if (!section.is_loaded() || section.size == 0 || seen.insert(section.name).second) continue;
      return Error(Fault::malformed, format("{}: a second section of that name",
                                            place(section.name, section.offset)));
    }
    return {};
  }

  Result<void> license() {
    const Section* section = image_.elf.find("license");
    if (section == nullptr) return {};
    object_.license_ = TRY(section->bytes.c_string(0).within("section license"));
    return {};
  }

  // User maps first, then globals, configuration and operations: the order of libbpf.
  Result<void> maps() {
    object_.maps_ = std::make_shared<std::vector<platform::MapSpec>>();
    TRY(append(TRY(read_maps(image_.elf, image_.functions, image_.types))));
    image_.map_of = TRY(add_globals(image_.elf, image_.types, *object_.maps_));
    if (auto configuration = configuration_map(image_.types)) {
      image_.configuration = static_cast<u32>(object_.maps_->size());
      object_.maps_->push_back(std::move(*configuration));
    }
    TRY(append(TRY(read_struct_ops(image_.elf, image_.functions, image_.types))));
    std::ranges::sort(image_.map_places);
    for (platform::MapSpec& map : *object_.maps_) {
      if (map.kind != platform::MapKind::struct_ops)
        platform::find_fields(*image_.types.types, map);
    }
    return name_records(image_.types, *object_.maps_);
  }

  Result<void> append(std::vector<MapDefinition> maps) {
    for (MapDefinition& map : maps) {
      const std::string_view section = image_.elf.sections()[map.section].name;
      if (!map_names_.insert(map.spec.name).second) {
        return Error(Fault::malformed, format("{}: a second map named {}",
                                              place(section, map.offset), map.spec.name));
      }
      image_.map_places.push_back(
          {map.section, map.offset, static_cast<u32>(object_.maps_->size())});
      object_.maps_->push_back(std::move(map.spec));
    }
    return {};
  }

  Result<void> programs() {
    std::set<std::string_view> names;
    const std::vector<FunctionSymbol>& functions = image_.functions.all();
    for (u32 number = 0; number < functions.size(); ++number) {
      const FunctionSymbol& function = functions[number];
      const Section& section = image_.elf.sections()[function.section];
      if (!image_.functions.is_program(number, image_.elf)) continue;
      object_.programs_.push_back(entry(function, section));
      image_.programs.push_back(number);
      if (names.insert(function.name).second) continue;
      return Error(Fault::malformed, format("{}: a second program named {}",
                                            place(section.name, function.offset), function.name));
    }
    return {};
  }

  // A section name that no program type has, or a target that cannot be read, is an error only for
  // those who load or attach the program.
  ProgramEntry entry(const FunctionSymbol& function, const Section& section) const {
    std::string_view name = section.name;
    const bool is_optional = name.starts_with('?');
    if (is_optional) name.remove_prefix(1);
    ProgramEntry out{.name = std::string(function.name),
                     .section = std::string(name),
                     .slots = function.slots(),
                     .is_optional = is_optional};
    const platform::SectionName* known = platform::find_section(name);
    if (known == nullptr) return out;
    out.type = known->type;
    out.attach_type = known->attach_type;
    out.flags = known->flags;
    auto target = platform::parse_target(*known, name);
    if (target.ok()) out.target = std::move(*target);
    return out;
  }

  void notes() {
    const Section* legacy = image_.elf.find("maps");
    if (legacy != nullptr && legacy->size != 0) {
      object_.notes_.push_back(
          "maps in section maps are of the old form, which libbpf 1.0 and later refuse");
    }
    for (u32 number = 0; number < image_.elf.sections().size(); ++number) {
      if (!image_.map_of[number] || image_.elf.relocations(number).empty()) continue;
      object_.notes_.push_back(address_note(image_.elf.sections()[number].name));
    }
  }

  std::set<std::string> map_names_;
  Object object_;
  Image image_;
};

Result<Object> Object::read(Bytes file, std::string name) {
  const std::string where = name;
  return Reader().run(file, std::move(name)).within(where);
}

}  // namespace skep::object
