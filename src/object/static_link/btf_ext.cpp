#include "object/static_link/btf_ext.hpp"

#include "object/btf_ext_writer.hpp"

namespace skep::object::static_link {
namespace {

constexpr u64 kEnd = ~u64{0};

class ExtMerger {
 public:
  ExtMerger(std::span<const Input> inputs, const Sections& sections, MergedTypes& types)
      : inputs_(inputs), sections_(sections), types_(types) {}

  std::vector<std::byte> run() {
    for (u32 linked = 1; linked <= sections_.all().size(); ++linked) {
      for (u32 input = 0; input < inputs_.size(); ++input) add(linked, input);
    }
    return write_btf_ext(tables_);
  }

 private:
  void add(u32 linked, u32 input) {
    const std::string& name = sections_.at(linked).name;
    const Section* section = inputs_[input].elf.find(name);
    if (section == nullptr) return;
    const auto place = sections_.place(input, inputs_[input].elf.number_of(*section));
    if (!place) return;
    const BtfExt& ext = inputs_[input].ext;
    const auto shift = static_cast<u32>(place->offset);
    const auto& ids = types_.ids[input];
    for (const FunctionRecord& each : ext.functions(name, 0, kEnd)) {
      tables_.functions.add(text(name), FunctionEntry{at(each.offset, shift), ids[each.type]});
    }
    const btf::Types& types = *inputs_[input].types.types;
    for (LineRecord each : ext.lines(name, 0, kEnd)) {
      each.offset = at(each.offset, shift);
      each.file = text(types.string(each.file).value());
      each.text = text(types.string(each.text).value());
      tables_.lines.add(text(name), each);
    }
    for (const CoreRecord& each : ext.core(name, 0, kEnd)) {
      tables_.core.add(text(name), CoreEntry{at(each.offset, shift), ids[each.type],
                                             text(each.access), each.kind});
    }
  }

  static u32 at(u64 offset, u32 shift) { return static_cast<u32>(offset) + shift; }
  u32 text(std::string_view text) { return types_.builder.string(text); }

  std::span<const Input> inputs_;
  const Sections& sections_;
  MergedTypes& types_;
  ExtTables tables_;
};

}  // namespace

std::vector<std::byte> merge_btf_ext(std::span<const Input> inputs, const Sections& sections,
                                     MergedTypes& types) {
  return ExtMerger(inputs, sections, types).run();
}

}  // namespace skep::object::static_link
