// Decoding, one type or element at a time, from bytes that nobody has to have checked: what is not
// inside is void, nameless or left out.
#include "btf/types.hpp"

#include <algorithm>

#include "btf/layout.hpp"
#include "btf/record.hpp"

namespace skep::btf {
namespace {

Scope scope_of(u32 number) {
  return number <= static_cast<u32>(Scope::external) ? static_cast<Scope>(number) : Scope::static_;
}

// 4 bits of encoding, 8 bits of bit offset, 8 bits of width.
void decode_integer(Type& type, u32 word) {
  type.bits = word & 0xff;
  switch (word >> 24 & 0xf) {
    case 1: type.encoding = Encoding::signed_; break;
    case 2: type.encoding = Encoding::character; break;
    case 4: type.encoding = Encoding::boolean; break;
    default: break;
  }
}

void decode_tail(Type& type, const Common& common, Bytes tail) {
  switch (type.kind) {
    case Kind::integer: decode_integer(type, piece<le32>(tail, 0)); break;
    case Kind::array: {
      const auto array = piece<ArrayRecord>(tail, 0);
      type.size = 0;
      type.type = array.type;
      type.index_type = array.index_type;
      type.count = array.count;
      break;
    }
    case Kind::enumeration:
    case Kind::enumeration64:
      type.encoding = common.flag() ? Encoding::signed_ : Encoding::unsigned_;
      break;
    case Kind::forward:
      type.size = 0;
      type.is_union = common.flag();
      break;
    case Kind::function: type.scope = scope_of(common.count()); break;
    case Kind::variable: type.scope = scope_of(piece<le32>(tail, 0)); break;
    case Kind::declaration_tag:
      type.component = static_cast<s32>(u32{piece<le32>(tail, 0)});
      type.is_attribute = common.flag();
      break;
    case Kind::type_tag: type.is_attribute = common.flag(); break;
    default: break;
  }
}

ElementForm form_of(const Common& common) {
  switch (common.kind()) {
    case Kind::structure:
    case Kind::union_: return common.flag() ? ElementForm::bit_fields : ElementForm::plain;
    case Kind::enumeration: return common.flag() ? ElementForm::signed_ : ElementForm::plain;
    case Kind::enumeration64: return ElementForm::wide;
    default: return ElementForm::plain;
  }
}

}  // namespace

std::string_view name_of(Kind kind) { return kLayouts[kind].name; }

std::string label(const Types& types, TypeId id) {
  const Type type = types.at(id);
  const std::string kind = format("type {} ({}", id, name_of(type.kind));
  return type.name.empty() ? kind + ")" : format("{} {})", kind, type.name);
}

Bytes Types::from(TypeId id) const {
  if (id < first()) return base_ ? base_->from(id) : Bytes();
  const auto offset = index_.offset(id - first());
  return offset ? Bytes(records_.span().subspan(*offset)) : Bytes();
}

Bytes Types::record(TypeId id) const {
  const Bytes bytes = from(id);
  const auto common = piece<Common>(bytes, 0);
  const Layout& layout = kLayouts[common.kind()];
  const u64 size = sizeof(Common) + layout.fixed + u64{common.count()} * layout.each;
  return Bytes(bytes.span().first(std::min(size, bytes.size())));
}

Type Types::at(TypeId id) const {
  const Bytes bytes = from(id);
  const auto common = piece<Common>(bytes, 0);
  Type type{.name = text(common.name), .kind = common.kind()};
  const Layout& layout = kLayouts[type.kind];
  (layout.refers == Refers::never ? type.size : type.type) = common.size_or_type;
  if (layout.each != 0) type.count = common.count();
  if (!bytes.empty()) decode_tail(type, common, Bytes(bytes.span().subspan(sizeof(Common))));
  return type;
}

Kind Types::kind(TypeId id) const { return piece<Common>(from(id), 0).kind(); }

std::string_view Types::name(TypeId id) const { return text(piece<Common>(from(id), 0).name); }

std::string_view Types::text(u32 offset) const {
  if (offset < first_string_) return base_->text(offset);
  if (offset - first_string_ >= strings_.size()) return {};
  const auto rest = strings_.span().subspan(offset - first_string_);
  const auto* begin = reinterpret_cast<const char*>(rest.data());
  return {begin, ::strnlen(begin, rest.size())};
}

Result<std::string_view> Types::string(u32 offset) const {
  if (offset < first_string_) return base_->string(offset);
  return strings_.c_string(offset - first_string_);
}

// The elements of which there are bytes.
template <class Element>
List<Element> Types::list(TypeId id) const {
  const Bytes bytes = from(id);
  const auto common = piece<Common>(bytes, 0);
  if (bytes.size() < sizeof(Common)) return {};
  const Bytes tail(bytes.span().subspan(sizeof(Common)));
  const u64 each = kLayouts[common.kind()].each;
  const auto size = static_cast<u32>(std::min<u64>(common.count(), tail.size() / each));
  return {*this, Bytes(tail.span().first(size * each)), size, form_of(common)};
}

List<Member> Types::members(TypeId id) const {
  const Kind kind = this->kind(id);
  return kind == Kind::structure || kind == Kind::union_ ? list<Member>(id) : List<Member>();
}

List<Enumerator> Types::enumerators(TypeId id) const {
  const Kind kind = this->kind(id);
  const bool is_enum = kind == Kind::enumeration || kind == Kind::enumeration64;
  return is_enum ? list<Enumerator>(id) : List<Enumerator>();
}

List<Parameter> Types::parameters(TypeId id) const {
  return kind(id) == Kind::prototype ? list<Parameter>(id) : List<Parameter>();
}

List<SectionVariable> Types::variables(TypeId id) const {
  return kind(id) == Kind::section ? list<SectionVariable>(id) : List<SectionVariable>();
}

template <>
Member List<Member>::operator[](u32 index) const {
  EXPECT(index < size_);
  const auto record = piece<MemberRecord>(bytes_, u64{index} * sizeof(MemberRecord));
  Member out{.name = types_->text(record.name), .type = record.type, .bit_offset = record.offset};
  if (form_ == ElementForm::bit_fields) {  // some are bit-fields: offset and width share the word
    out.bit_size = out.bit_offset >> 24;
    out.bit_offset &= 0xffffff;
  }
  return out;
}

template <>
Enumerator List<Enumerator>::operator[](u32 index) const {
  EXPECT(index < size_);
  if (form_ == ElementForm::wide) {
    const auto wide = piece<Enumerator64Record>(bytes_, u64{index} * sizeof(Enumerator64Record));
    return {types_->text(wide.name), static_cast<s64>(u64{wide.high} << 32 | wide.low)};
  }
  const auto record = piece<EnumeratorRecord>(bytes_, u64{index} * sizeof(EnumeratorRecord));
  const u32 bits = record.value;
  return {types_->text(record.name),
          form_ == ElementForm::signed_ ? s64{static_cast<s32>(bits)} : s64{bits}};
}

template <>
Parameter List<Parameter>::operator[](u32 index) const {
  EXPECT(index < size_);
  const auto record = piece<ParameterRecord>(bytes_, u64{index} * sizeof(ParameterRecord));
  return {.name = types_->text(record.name), .type = record.type};
}

template <>
SectionVariable List<SectionVariable>::operator[](u32 index) const {
  EXPECT(index < size_);
  const auto record = piece<VariableRecord>(bytes_, u64{index} * sizeof(VariableRecord));
  return {.type = record.type, .offset = record.offset, .size = record.size};
}

}  // namespace skep::btf
