#include "optimize/information.hpp"

#include <algorithm>
#include <tuple>

#include "object/btf_ext_writer.hpp"
#include "object/image.hpp"

namespace skep::optimize {
namespace {

constexpr u64 kEnd = ~u64{0};

// A text of .BTF by what it says: the records that were read name their sections so.
std::optional<u32> find_string(const btf::Types& types, std::string_view wanted) {
  for (u32 at = 0; at < types.string_bytes();) {
    const auto text = types.string(at);
    if (!text.ok()) return std::nullopt;
    if (*text == wanted) return at;
    at += static_cast<u32>(text->size()) + 1;
  }
  return std::nullopt;
}

auto place_of(const object::LineRecord& line) {
  return std::tuple(u32{line.file}, u32{line.text}, u32{line.line_and_column});
}

class Writer {
 public:
  Writer(const object::Object& object, const Layout& layout)
      : object_(object), image_(object.image()), layout_(layout) {}

  std::vector<std::byte> run() {
    for (const CodeSection& each : layout_.sections()) {
      const std::string_view name = image_.elf.sections()[each.section].name;
      const auto string = find_string(object_.types(), name);
      if (!string) continue;
      section_ = *string;
      add_functions(each, name);
      add_lines(each);
      add_core(each);
    }
    return object::write_btf_ext(tables_);
  }

 private:
  std::string_view name_of(u32 section) const { return image_.elf.sections()[section].name; }

  void add_functions(const CodeSection& section, std::string_view name) {
    for (const PlacedFunction& each : section.functions) {
      const u64 before = image_.functions.all()[each.function].offset;
      for (const object::FunctionRecord& record :
           image_.ext.functions(name, before, before + sizeof(isa::Slot))) {
        tables_.functions.add(section_, {offset_of(each.slot), record.type});
      }
    }
  }

  // The record that covers an instruction of its function, and whether it begins there.
  struct Line {
    const object::LineRecord* record = nullptr;
    bool begins = false;
  };
  Line line_of(const Origin& origin) const {
    const auto all = image_.ext.lines(name_of(origin.section), 0, kEnd);
    const auto behind = std::ranges::upper_bound(
        all, origin.offset(), {}, [](const object::LineRecord& each) { return u64{each.offset}; });
    if (behind == all.begin()) return {};
    const object::LineRecord& record = *(behind - 1);
    return {&record, record.offset == origin.offset()};
  }

  void add_lines(const CodeSection& section) {
    const object::LineRecord* last = nullptr;
    std::size_t function = 0;
    for (const PlacedStep& each : section.steps) {
      if (function < section.functions.size() && section.functions[function].slot == each.slot) {
        ++function;
        last = nullptr;
      }
      const Line line = line_of(each.step->origin);
      if (line.record == nullptr) continue;
      const bool same = last != nullptr && place_of(*last) == place_of(*line.record);
      const bool repeats = line.begins && each.step->is_original;
      if (same && !repeats) continue;
      last = line.record;
      object::LineRecord written = *line.record;
      written.offset = offset_of(each.slot);
      tables_.lines.add(section_, written);
    }
  }

  void add_core(const CodeSection& section) {
    for (const PlacedStep& each : section.steps) {
      if (!each.step->is_original) continue;
      const u64 before = each.step->origin.offset();
      for (const object::CoreRecord& record : image_.ext.core(name_of(each.step->origin.section),
                                                              before, before + sizeof(isa::Slot))) {
        tables_.core.add(section_,
                         {offset_of(each.slot), record.type, record.access_offset, record.kind});
      }
    }
  }

  static le32 offset_of(u32 slot) { return static_cast<u32>(slot * sizeof(isa::Slot)); }

  const object::Object& object_;
  const object::Image& image_;
  const Layout& layout_;
  u32 section_ = 0;  // its name, in .BTF
  object::ExtTables tables_;
};

}  // namespace

std::vector<std::byte> write_information(const object::Object& object, const Layout& layout) {
  return Writer(object, layout).run();
}

}  // namespace skep::optimize
