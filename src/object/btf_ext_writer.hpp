// Writes .BTF.ext, for those who make an object of others: linked ones, optimised ones.
#pragma once

#include <cstring>
#include <vector>

#include "object/btf_ext_layout.hpp"

namespace skep::object {

// One table: a record size, then for every section its name, a count and the records.
template <class Entry>
class ExtTable {
 public:
  // Records of one section that follow each other are gathered under one name, a string of .BTF.
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

struct ExtTables {
  ExtTable<FunctionEntry> functions;
  ExtTable<LineRecord> lines;
  ExtTable<CoreEntry> core;
};

// The section; empty when no table has a record.
std::vector<std::byte> write_btf_ext(const ExtTables& tables);

}  // namespace skep::object
