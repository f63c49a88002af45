#include "btf/section_reader.hpp"

#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

// Of the type at `at`, with its list.
Result<u64> record_size(Bytes bytes, u64 at) {
  const Common common = TRY(bytes.read<Common>(at));
  if (!common.has_known_kind()) {
    return Error(Fault::unsupported, format("unknown kind {}", common.kind_number()));
  }
  const Layout& layout = kLayouts[common.kind()];
  const u64 size = sizeof(Common) + layout.fixed + u64{common.count()} * layout.each;
  if (size <= bytes.size() - at) return size;
  const u64 past = size - (bytes.size() - at);
  return Error(Fault::malformed,
               format("{} goes {} past the end", layout.name, counted(past, "byte")));
}

}  // namespace

SectionReader::SectionReader(std::shared_ptr<const Types> base, Walk walk) : walk_(walk) {
  if (!base || base->empty()) return;
  out_.first_string_ = base->string_bytes();
  out_.base_ = std::move(base);
}

Result<Types> SectionReader::copied(Bytes section) {
  out_.owned_.assign(section.span().begin(), section.span().end());
  return run(Bytes(out_.owned_));
}

Result<Types> SectionReader::mapped(Mapping mapping, Bytes section) {
  out_.mapping_ = std::move(mapping);
  return run(section);
}

Result<Types> SectionReader::run(Bytes section) {
  out_.section_ = section;
  TRY(header());
  out_.index_ = RecordIndex(out_.records_, room());
  if (walk_ == Walk::now) TRY(shape());
  return std::move(out_);
}

Result<void> SectionReader::header() {
  const Header head = TRY(out_.section_.read<Header>(0).within("header"));
  if (head.magic == kMagicSwapped) {
    return Error(Fault::unsupported, "types are big-endian", "compile with --target=bpfel");
  }
  if (head.magic != kMagic) {
    return Error(Fault::malformed,
                 format("magic number is 0x{:x}, expected 0x{:x}", u16{head.magic}, kMagic));
  }
  if (head.version != 1 || head.flags != 0) {
    return Error(Fault::unsupported, format("version {} with flags {}, expected version 1 without",
                                            head.version, head.flags));
  }
  if (head.header_size < sizeof(Header)) {
    return Error(Fault::malformed, format("header has {} bytes, expected at least {}",
                                          u32{head.header_size}, sizeof(Header)));
  }
  types_offset_ = u64{head.header_size} + head.type_offset;
  out_.records_ = TRY(out_.section_.slice(types_offset_, head.type_size).within("types"));
  const u64 strings_at = u64{head.header_size} + head.string_offset;
  out_.strings_ = TRY(out_.section_.slice(strings_at, head.string_size).within("strings"));
  return strings();
}

// Those of a split section go on where the base's end, and may be none.
Result<void> SectionReader::strings() const {
  constexpr std::byte kZero{0};
  const auto all = out_.strings_.span();
  const bool begins = out_.base_ != nullptr || (!all.empty() && all.front() == kZero);
  const bool ends = all.empty() || all.back() == kZero;
  if (!begins || !ends) {
    return Error(Fault::malformed, "strings do not begin and end with a zero byte",
                 begins ? "" : "the types of a kernel module need those of the kernel as base");
  }
  if (out_.strings_.size() > ~u32{0} - out_.first_string_) {
    return Error(Fault::malformed, "strings are larger than 4 GiB");
  }
  return {};
}

Result<void> SectionReader::shape() const {
  const RecordIndex& index = out_.index_;
  const u32 count = index.size();
  if (index.end() == out_.records_.size()) return {};
  if (count == room())
    return Error(Fault::exhausted, format("more than {} types, which is all that fit", kTypesMax));
  return bad_record(out_.first() + count, index.end());
}

u32 SectionReader::room() const { return kTypesMax - std::min(kTypesMax, out_.first() - 1); }

Error SectionReader::bad_record(u64 id, u64 at) const {
  return record_size(out_.records_, at)
      .error()
      .within(format("type {} at offset {}", id, at + types_offset_));
}

Result<Types> Types::read(Bytes btf_section, std::shared_ptr<const Types> base) {
  Types types = TRY(SectionReader(std::move(base), Walk::now).copied(btf_section));
  TRY(types.check());
  return types;
}

}  // namespace skep::btf
