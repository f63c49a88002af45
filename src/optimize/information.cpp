#include "optimize/information.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "object/image.hpp"

namespace skep::optimize {
namespace {

constexpr u64 kEnd = ~u64{0};

// One table: a record size, then for every section its name, a count and the records.
template <class Entry>
class Table {
 public:
  void begin_section(u32 name) {
    section_ = name;
    count_at_ = 0;
  }
  void add(const Entry& entry) {
    if (bytes_.empty()) append(le32(sizeof(Entry)));
    if (count_at_ == 0) {
      append(le32(section_));
      count_at_ = bytes_.size();
      count_ = 0;
      append(le32(0));
    }
    append(entry);
    const le32 count = ++count_;
    std::memcpy(bytes_.data() + count_at_, &count, sizeof count);
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  template <class T>
  void append(const T& record) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&record);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof record);
  }

  std::vector<std::byte> bytes_;
  u32 section_ = 0, count_ = 0;
  std::size_t count_at_ = 0;
};

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
      functions_.begin_section(*string);
      lines_.begin_section(*string);
      core_.begin_section(*string);
      add_functions(each, name);
      add_lines(each);
      add_core(each);
    }
    return written();
  }

 private:
  std::string_view name_of(u32 section) const { return image_.elf.sections()[section].name; }

  void add_functions(const CodeSection& section, std::string_view name) {
    for (const PlacedFunction& each : section.functions) {
      const u64 before = image_.functions.all()[each.function].offset;
      for (const object::FunctionRecord& record :
           image_.ext.functions(name, before, before + sizeof(isa::Slot))) {
        functions_.add({offset_of(each.slot), record.type});
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
      lines_.add(written);
    }
  }

  void add_core(const CodeSection& section) {
    for (const PlacedStep& each : section.steps) {
      if (!each.step->is_original) continue;
      const u64 before = each.step->origin.offset();
      for (const object::CoreRecord& record : image_.ext.core(name_of(each.step->origin.section),
                                                              before, before + sizeof(isa::Slot))) {
        core_.add({offset_of(each.slot), record.type, record.access_offset, record.kind});
      }
    }
  }

  static le32 offset_of(u32 slot) { return static_cast<u32>(slot * sizeof(isa::Slot)); }

  std::vector<std::byte> written() const {
    const auto size = [](const auto& table) { return static_cast<u32>(table.bytes().size()); };
    if (size(functions_) + size(lines_) + size(core_) == 0) return {};
    const object::BtfExtHeader header{
        .magic = object::kBtfExtMagic,
        .version = 1,
        .flags = 0,
        .header_size = sizeof(object::BtfExtHeader) + sizeof(object::CoreHeader),
        .functions_offset = 0,
        .functions_size = size(functions_),
        .lines_offset = size(functions_),
        .lines_size = size(lines_)};
    const object::CoreHeader core{.offset = size(functions_) + size(lines_), .size = size(core_)};
    std::vector<std::byte> out(sizeof header + sizeof core);
    std::memcpy(out.data(), &header, sizeof header);
    std::memcpy(out.data() + sizeof header, &core, sizeof core);
    const auto append = [&](const auto& table) {
      out.insert(out.end(), table.bytes().begin(), table.bytes().end());
    };
    append(functions_);
    append(lines_);
    append(core_);
    return out;
  }

  const object::Object& object_;
  const object::Image& image_;
  const Layout& layout_;
  Table<object::FunctionEntry> functions_;
  Table<object::LineRecord> lines_;
  Table<object::CoreEntry> core_;
};

}  // namespace

std::vector<std::byte> write_information(const object::Object& object, const Layout& layout) {
  return Writer(object, layout).run();
}

}  // namespace skep::optimize
