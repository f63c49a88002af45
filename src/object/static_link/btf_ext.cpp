#include "object/static_link/btf_ext.hpp"

#include "object/btf_ext_layout.hpp"

namespace skep::object::static_link {
namespace {

constexpr u64 kEnd = ~u64{0};

// One table: a record size, then for every section its name, a count and the records.
class Table {
 public:
  // Records of one section that follow each other are gathered under one name.
  template <class Entry>
  void add(u32 section_name, const Entry& entry) {
    if (bytes_.empty()) append(le32(sizeof(Entry)));
    if (section_ != section_name || count_at_ == 0) {
      section_ = section_name;
      count_ = 0;
      append(le32(section_name));
      count_at_ = bytes_.size();
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
  u32 section_ = 0;
  u32 count_ = 0;
  std::size_t count_at_ = 0;
};

class ExtMerger {
 public:
  ExtMerger(std::span<const Input> inputs, const Sections& sections, MergedTypes& types)
      : inputs_(inputs), sections_(sections), types_(types) {}

  std::vector<std::byte> run() {
    for (u32 linked = 1; linked <= sections_.all().size(); ++linked) {
      for (u32 input = 0; input < inputs_.size(); ++input) add(linked, input);
    }
    return written();
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
      functions_.add(text(name), FunctionEntry{at(each.offset, shift), ids[each.type]});
    }
    const btf::Types& types = *inputs_[input].types.types;
    for (LineRecord each : ext.lines(name, 0, kEnd)) {
      each.offset = at(each.offset, shift);
      each.file = text(types.string(each.file).value());
      each.text = text(types.string(each.text).value());
      lines_.add(text(name), each);
    }
    for (const CoreRecord& each : ext.core(name, 0, kEnd)) {
      core_.add(text(name),
                CoreEntry{at(each.offset, shift), ids[each.type], text(each.access), each.kind});
    }
  }

  static u32 at(u64 offset, u32 shift) { return static_cast<u32>(offset) + shift; }
  u32 text(std::string_view text) { return types_.builder.string(text); }

  std::vector<std::byte> written() const {
    const auto size = [](const Table& table) { return static_cast<u32>(table.bytes().size()); };
    if (size(functions_) + size(lines_) + size(core_) == 0) return {};
    const BtfExtHeader header{.magic = kBtfExtMagic,
                              .version = 1,
                              .flags = 0,
                              .header_size = sizeof(BtfExtHeader) + sizeof(CoreHeader),
                              .functions_offset = 0,
                              .functions_size = size(functions_),
                              .lines_offset = size(functions_),
                              .lines_size = size(lines_)};
    const CoreHeader core{.offset = size(functions_) + size(lines_), .size = size(core_)};
    std::vector<std::byte> out(sizeof header + sizeof core);
    std::memcpy(out.data(), &header, sizeof header);
    std::memcpy(out.data() + sizeof header, &core, sizeof core);
    for (const Table* table : {&functions_, &lines_, &core_}) {
      out.insert(out.end(), table->bytes().begin(), table->bytes().end());
    }
    return out;
  }

  std::span<const Input> inputs_;
  const Sections& sections_;
  MergedTypes& types_;
  Table functions_, lines_, core_;
};

}  // namespace

std::vector<std::byte> merge_btf_ext(std::span<const Input> inputs, const Sections& sections,
                                     MergedTypes& types) {
  return ExtMerger(inputs, sections, types).run();
}

}  // namespace skep::object::static_link
