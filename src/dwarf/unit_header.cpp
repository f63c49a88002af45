#include "dwarf/unit_header.hpp"

namespace skep::dwarf {
namespace {

constexpr u32 kWide = 0xffffffff, kReservedLengths = 0xfffffff0;

enum class In : u8 { info, types };  // .debug_types is of DWARF 4

struct Length {
  u64 bytes;  // of what follows it
  u32 size;   // of itself
  u8 offset;  // bytes of offsets in this unit
};

Result<Length> read_length(Bytes section, u64 at) {
  const u32 narrow = TRY(section.read<le32>(at));
  if (narrow == kWide)
    return Length{.bytes = TRY(section.read<le64>(at + 4)), .size = 12, .offset = 8};
  if (narrow >= kReservedLengths) {
    return Error(Fault::malformed, format("a length of 0x{:x}, which is reserved", narrow));
  }
  return Length{.bytes = narrow, .size = 4, .offset = 4};
}

Result<void> read_kind(Cursor& cursor, UnitHeader& unit, In in) {
  Widths& widths = unit.widths;
  if (widths.version >= 5) {
    unit.kind = static_cast<UnitKind>(cursor.number(1));
    widths.address = static_cast<u8>(cursor.number(1));
    unit.abbreviations = cursor.number(widths.offset);
  } else {
    unit.kind = in == In::types ? UnitKind::type : UnitKind::compile;
    unit.abbreviations = cursor.number(widths.offset);
    widths.address = static_cast<u8>(cursor.number(1));
  }
  if (widths.address == 0 || widths.address > 8) {
    return Error(Fault::malformed, format("addresses of {}", counted(widths.address, "byte")));
  }
  if (unit.kind < UnitKind::compile || unit.kind > UnitKind::split_type) {
    return Error(Fault::unsupported, format("the unknown kind {}", unit.kind));
  }
  const bool has_id = unit.kind == UnitKind::skeleton || unit.kind == UnitKind::split_compile;
  if (has_id || unit.is_type()) unit.id = cursor.number(8);
  if (unit.is_type()) unit.type = cursor.number(widths.offset);
  return {};
}

Result<UnitHeader> read_header(Bytes section, u64 at, const Length& length, In in) {
  UnitHeader unit;
  unit.section = section;
  unit.offset = at;
  unit.bytes = TRY(section.slice(at, length.size));
  unit.bytes = TRY(section.slice(at + length.size, length.bytes));
  unit.bytes = TRY(section.slice(at, length.size + length.bytes));
  if (unit.bytes.size() > ~u32{0}) return Error(Fault::unsupported, "larger than 4 GiB");
  Cursor cursor(unit.bytes, length.size);
  const u64 version = cursor.number(2);
  if (version < 2 || version > 5) {
    return Error(Fault::unsupported, format("DWARF of version {}, expected 2 to 5", version),
                 "compile with -gdwarf-5");
  }
  unit.widths.version = static_cast<u8>(version);
  unit.widths.offset = length.offset;
  TRY(read_kind(cursor, unit, in));
  if (cursor.failed()) return Error(Fault::malformed, "its header is cut");
  unit.size = static_cast<u32>(cursor.at());
  return unit;
}

Result<void> read_all(const Sections& sections, Bytes section, In in,
                      std::vector<UnitHeader>& out) {
  for (u64 at = 0; at < section.size();) {
    const std::string place = format("unit at offset 0x{:x}", at);
    const Length length = TRY(read_length(section, at).within(place));
    if (length.bytes != 0) {  // else padding
      UnitHeader unit = TRY(read_header(section, at, length, in).within(place));
      unit.sections = &sections;
      out.push_back(unit);
    }
    at += length.size + length.bytes;
  }
  return {};
}

}  // namespace

Result<std::vector<UnitHeader>> read_unit_headers(const Sections& sections) {
  std::vector<UnitHeader> out;
  for (const Bytes section : sections.info) TRY(read_all(sections, section, In::info, out));
  for (const Bytes section : sections.types) TRY(read_all(sections, section, In::types, out));
  return out;
}

}  // namespace skep::dwarf
