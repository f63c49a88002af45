// From a file to an Object: each part is read once, in the order in which one needs the other.
#include <algorithm>
#include <set>

#include "object/globals.hpp"
#include "object/image.hpp"
#include "object/maps.hpp"
#include "object/object.hpp"

namespace skep::object {
namespace {

constexpr u64 kFileMax = u64{256} << 20;

// Names that users may have meant by an unknown section name.
std::string advice(std::string_view section) {
  std::vector<std::string_view> known;
  for (const platform::SectionName& each : platform::section_names()) {
    std::string_view name = each.name;
    if (name.ends_with('+')) name.remove_suffix(1);
    known.push_back(name);
  }
  std::string out = did_you_mean(section, known);
  if (!out.empty()) return out;
  const auto longest = [](std::string_view left, std::string_view right) {
    return left.size() < right.size();
  };
  std::erase_if(known, [&](std::string_view name) { return !section.starts_with(name); });
  const auto prefix = std::ranges::max_element(known, longest);
  if (prefix != known.end()) return format("did you mean {}?", *prefix);
  return "sections are named after program types: xdp, tc, socket, kprobe/FUNCTION and others";
}

}  // namespace

class Reader {
 public:
  Result<Object> run(Bytes file, std::string name) {
    if (file.size() > kFileMax) {
      return Error(Fault::exhausted, format("the file has {} bytes, more than the limit of {}",
                                            file.size(), kFileMax));
    }
    object_.name_ = std::move(name);
    image_.file.assign(file.span().begin(), file.span().end());
    image_.elf = TRY(Elf::read(Bytes(image_.file)));
    TRY(unique_names());
    TRY(limit_zeroed(image_.elf));
    image_.functions = TRY(Functions::read(image_.elf));
    image_.types = TRY(read_types(image_.elf));
    const Section* ext = image_.elf.find(".BTF.ext");
    if (ext != nullptr && !image_.types.types->empty()) {
      image_.ext = TRY(BtfExt::read(ext->bytes, *image_.types.types).within("section .BTF.ext"));
    }
    TRY(license());
    TRY(maps());
    TRY(programs());
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

  Result<void> maps() {
    object_.maps_ = std::make_shared<std::vector<platform::MapSpec>>();
    std::set<std::string> names;
    for (MapDefinition& map : TRY(read_maps(image_.elf, image_.functions, image_.types))) {
      if (!names.insert(map.spec.name).second) {
        return Error(Fault::malformed, format("{}: a second map named {}",
                                              place(".maps", map.offset), map.spec.name));
      }
      image_.map_offsets.push_back(map.offset);
      object_.maps_->push_back(std::move(map.spec));
    }
    image_.map_of = add_globals(image_.elf, image_.types, *object_.maps_);
    return name_records(image_.types, *object_.maps_);
  }

  Result<void> programs() {
    std::set<std::string_view> names;
    const std::vector<FunctionSymbol>& functions = image_.functions.all();
    for (u32 number = 0; number < functions.size(); ++number) {
      const FunctionSymbol& function = functions[number];
      const Section& section = image_.elf.sections()[function.section];
      if (!image_.functions.is_program(number, image_.elf)) continue;
      TRY(program(function, section));
      image_.programs.push_back(number);
      if (names.insert(function.name).second) continue;
      return Error(Fault::malformed, format("{}: a second program named {}",
                                            place(section.name, function.offset), function.name));
    }
    return {};
  }

  Result<void> program(const FunctionSymbol& function, const Section& section) {
    const platform::SectionName* known = platform::find_section(section.name);
    std::string_view name = section.name;
    const bool is_optional = name.starts_with('?');
    if (is_optional) name.remove_prefix(1);
    if (known == nullptr) {
      return Error(Fault::unsupported,
                   format("{}: no program type has a section named {} (program {})",
                          place(section.name, function.offset), name, function.name),
                   advice(name));
    }
    object_.programs_.push_back({.name = std::string(function.name),
                                 .section = std::string(name),
                                 .type = known->type,
                                 .slots = function.slots(),
                                 .is_optional = is_optional});
    return {};
  }

  Object object_;
  Image image_;
};

Result<Object> Object::read(Bytes file, std::string name) {
  const std::string where = name;
  return Reader().run(file, std::move(name)).within(where);
}

}  // namespace skep::object
