// One type as it is written: pieces of it, and the words of it that are offsets of strings or ids
// of types, which have to change when types move from one section to another.
#pragma once

#include <cstring>
#include <span>

#include "base/bytes.hpp"
#include "btf/layout.hpp"

namespace skep::btf {

// A piece of a record whose shape was looked at before; zeros should the file have changed since.
template <class T>
T piece(Bytes bytes, u64 at) {
  T value{};
  if (at <= bytes.size() && sizeof(T) <= bytes.size() - at) {
    std::memcpy(&value, bytes.data() + at, sizeof(T));
  }
  return value;
}

inline Common common_of(std::span<const le32> record) {
  return {.name = record[0], .info = record[1], .size_or_type = record[2]};
}

namespace record {

inline constexpr u32 kCommonWords = sizeof(Common) / sizeof(le32);

template <class Visit>
void for_each(std::span<le32> words, Words which, Visit& visit) {
  for (u32 at = 0; which >> at != 0; ++at) {
    if ((which >> at & 1) != 0) visit(words[at]);
  }
}

template <class Visit>
void for_each_in_list(std::span<le32> record, const Layout& layout, Words which, Visit& visit) {
  const u32 each = layout.each / sizeof(le32);
  if (which == 0) return;
  for (auto list = record.subspan(kCommonWords + layout.fixed / sizeof(le32)); list.size() >= each;
       list = list.subspan(each)) {
    for_each(list, which, visit);
  }
}

}  // namespace record

template <class Visit>
void for_each_name(std::span<le32> record, Visit visit) {
  const Layout& layout = kLayouts[common_of(record).kind()];
  visit(record[0]);
  record::for_each_in_list(record, layout, layout.each_names, visit);
}

template <class Visit>
void for_each_type(std::span<le32> record, Visit visit) {
  const Layout& layout = kLayouts[common_of(record).kind()];
  if (layout.refers != Refers::never) visit(record[2]);
  record::for_each(record.subspan(record::kCommonWords), layout.fixed_types, visit);
  record::for_each_in_list(record, layout, layout.each_types, visit);
}

}  // namespace skep::btf
