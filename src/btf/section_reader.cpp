#include "btf/section_reader.hpp"

#include <algorithm>
#include <array>

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

// What the types of a kind take, and each of their elements.
struct Extent {
  u8 fixed = 0, each = 0;
};
using Extents = std::array<Extent, Common::kKindMask + 1>;
constexpr Extents kExtents = [] {
  Extents out;
  for (const Kind kind : every<Kind>()) {
    const Layout& layout = kLayouts[kind];
    if (kind == Kind::void_) continue;
    out[static_cast<u32>(kind)] = {static_cast<u8>(sizeof(Common) + layout.fixed), layout.each};
  }
  return out;
}();

// The kinds, by a bit each, whose types are their common part alone: functions, pointers, typedefs.
constexpr u32 kBare = [] {
  u32 out = 0;
  for (u32 kind = 0; kind < kExtents.size(); ++kind) {
    const bool is_bare = kExtents[kind].fixed == sizeof(Common) && kExtents[kind].each == 0;
    out |= u32{is_bare} << kind;
  }
  return out;
}();

// As record_size(), which says what is wrong when this is 0 or goes past the end.
u64 size_at(Bytes bytes, u64 at) {
  if (bytes.size() - at < sizeof(Common)) return 0;
  Common common;
  std::memcpy(&common, bytes.data() + at, sizeof common);
  if ((kBare >> common.kind_number() & 1) != 0) return sizeof(Common);
  const Extent extent = kExtents[common.kind_number()];
  return extent.fixed + u64{common.count()} * extent.each;
}

}  // namespace

SectionReader::SectionReader(std::shared_ptr<const Types> base) {
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
  TRY(index());
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

// Room for the offsets is reserved for the smallest types there are; what is not written to is
// never touched. This loop is most of what opening a kernel's types costs: each step has to wait
// for the one before, so the kinds that most types are of are told by a jump that the processor can
// foresee.
Result<void> SectionReader::index() {
  const Bytes bytes = out_.records_;
  std::vector<u32> offsets;
  offsets.reserve(bytes.size() / sizeof(Common));
  const u64 room = kTypesMax - std::min(u64{kTypesMax}, u64{out_.first()} - 1);
  for (u64 at = 0; at < bytes.size();) {
    const u64 size = size_at(bytes, at);
    if (size == 0 || size > bytes.size() - at) return bad_record(out_.first() + offsets.size(), at);
    if (offsets.size() == room) {
      return Error(Fault::unsupported, format("more than {} types", kTypesMax));
    }
    offsets.push_back(static_cast<u32>(at));
    at += size;
  }
  out_.offsets_ = std::move(offsets);
  return {};
}

Error SectionReader::bad_record(u64 id, u64 at) const {
  return record_size(out_.records_, at)
      .error()
      .within(format("type {} at offset {}", id, at + types_offset_));
}

Result<Types> Types::read(Bytes btf_section, std::shared_ptr<const Types> base) {
  Types types = TRY(SectionReader(std::move(base)).copied(btf_section));
  TRY(types.check());
  return types;
}

}  // namespace skep::btf
