// Records may be longer than what is known of them, which is how the format grows.
#include "object/btf_ext.hpp"

#include <algorithm>

#include "object/btf_ext_layout.hpp"

namespace skep::object {
namespace {

template <class Record>
void sort_by_offset(std::vector<Record>& records) {
  const auto offset = [](const Record& each) { return u64{each.offset}; };
  if (!std::ranges::is_sorted(records, {}, offset)) std::ranges::stable_sort(records, {}, offset);
}

template <class Record>
std::span<const Record> between(
    const std::map<std::string_view, std::vector<Record>, std::less<>>& all,
    std::string_view section, u64 begin, u64 end) {
  const auto found = all.find(section);
  if (found == all.end()) return {};
  const auto offset = [](const Record& each) { return u64{each.offset}; };
  const auto first = std::ranges::lower_bound(found->second, begin, {}, offset);
  const auto last = std::ranges::lower_bound(found->second, end, {}, offset);
  return {first, last};
}

}  // namespace

class BtfExtReader {
 public:
  BtfExtReader(Bytes section, const btf::Types& types) : bytes_(section), types_(types) {}

  Result<BtfExt> run() {
    const BtfExtHeader header = TRY(bytes_.read<BtfExtHeader>(0).within("header"));
    if (header.magic != kBtfExtMagic || header.version != 1 || header.flags != 0) {
      return Error(Fault::malformed,
                   format("header: magic number 0x{:x}, version {}, flags {}, expected 0x{:x}, 1, "
                          "0",
                          u16{header.magic}, header.version, header.flags, kBtfExtMagic));
    }
    const u64 base = header.header_size;
    if (base < sizeof(BtfExtHeader)) {
      return Error(Fault::malformed, format("header of {}, expected at least {}",
                                            counted(base, "byte"), sizeof(BtfExtHeader)));
    }
    TRY(table<FunctionEntry>(base + header.functions_offset, header.functions_size)
            .within("function table"));
    TRY(table<LineRecord>(base + header.lines_offset, header.lines_size).within("line table"));
    if (base >= sizeof(BtfExtHeader) + sizeof(CoreHeader)) {
      const CoreHeader core = TRY(bytes_.read<CoreHeader>(sizeof(BtfExtHeader)).within("header"));
      TRY(table<CoreEntry>(base + core.offset, core.size).within("CO-RE table"));
    }
    for (auto& [name, functions] : out_.functions_) sort_by_offset(functions);
    for (auto& [name, lines] : out_.lines_) sort_by_offset(lines);
    for (const CoreRecord& each : out_.all_core_) out_.core_[each.section].push_back(each);
    for (auto& [name, core] : out_.core_) sort_by_offset(core);
    return std::move(out_);
  }

 private:
  template <class Entry>
  Result<void> table(u64 offset, u64 size) {
    const Bytes bytes = TRY(bytes_.slice(offset, size));
    if (bytes.empty()) return {};
    const u32 record_size = TRY(bytes.read<le32>(0));
    if (record_size < sizeof(Entry) || record_size % 4 != 0) {
      return Error(Fault::malformed, format("records of {}, expected at least {}",
                                            counted(record_size, "byte"), sizeof(Entry)));
    }
    for (u64 at = 4; at < bytes.size();) {
      const u32 name = TRY(bytes.read<le32>(at));
      const u32 count = TRY(bytes.read<le32>(at + 4));
      const std::string_view section = TRY(types_.string(name).within("section name"));
      const Bytes records = TRY(bytes.slice(at + 8, u64{count} * record_size).within(section));
      TRY(add_all<Entry>(section, records, record_size).within(section));
      at += 8 + records.size();
    }
    return {};
  }

  template <class Entry>
  Result<void> add_all(std::string_view section, Bytes records, u32 record_size) {
    if constexpr (std::same_as<Entry, LineRecord>) {
      std::vector<LineRecord>& lines = out_.lines_[section];
      lines.reserve(lines.size() + records.size() / record_size);
      for (u64 at = 0; at < records.size(); at += record_size) {
        lines.push_back(TRY(records.read<LineRecord>(at)));
        TRY(check_strings(lines.back()));
      }
    } else {
      for (u64 at = 0; at < records.size(); at += record_size) {
        TRY(add(section, TRY(records.read<Entry>(at))));
      }
    }
    return {};
  }

  Result<void> check_strings(const LineRecord& entry) const {
    if (entry.file < types_.string_bytes() && entry.text < types_.string_bytes()) return {};
    TRY(types_.string(entry.file).within("file name"));
    TRY(types_.string(entry.text).within("source line"));
    return {};
  }

  Result<void> add(std::string_view section, const FunctionEntry& entry) {
    if (entry.type >= types_.count()) {
      return Error(Fault::malformed, format("function of type {} but there are only {}",
                                            u32{entry.type}, types_.count()));
    }
    out_.functions_[section].push_back({.offset = entry.offset, .type = entry.type});
    return {};
  }

  Result<void> add(std::string_view section, const CoreEntry& entry) {
    if (entry.type >= types_.count()) {
      return Error(Fault::malformed, format("relocation of type {} but there are only {}",
                                            u32{entry.type}, types_.count()));
    }
    out_.all_core_.push_back({.section = section,
                              .offset = entry.offset,
                              .type = entry.type,
                              .access = TRY(types_.string(entry.access).within("access")),
                              .access_offset = entry.access,
                              .kind = entry.kind,
                              .number = static_cast<u32>(out_.all_core_.size())});
    return {};
  }

  Bytes bytes_;
  const btf::Types& types_;
  BtfExt out_;
};

Result<BtfExt> BtfExt::read(Bytes section, const btf::Types& types) {
  return BtfExtReader(section, types).run();
}

std::span<const FunctionRecord> BtfExt::functions(std::string_view section, u64 begin,
                                                  u64 end) const {
  return between(functions_, section, begin, end);
}

std::span<const LineRecord> BtfExt::lines(std::string_view section, u64 begin, u64 end) const {
  return between(lines_, section, begin, end);
}

std::span<const CoreRecord> BtfExt::core(std::string_view section, u64 begin, u64 end) const {
  return between(core_, section, begin, end);
}

}  // namespace skep::object
