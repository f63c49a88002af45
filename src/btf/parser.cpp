// From the bytes of a .BTF section to Types: header, strings, then one type after the other.
//
// What a type says about itself is checked here, what it says about others in check.cpp. Memory
// grows with the section only: no count is believed before its bytes are seen.
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u16 kMagic = 0xeb9f, kMagicSwapped = 0x9feb;
constexpr u32 kTypesMax = 0xfffff;  // BTF_MAX_TYPE
constexpr u32 kCountMask = 0xffffff, kKindShift = 24, kKindMask = 0x1f, kReservedBits = 0x60000000;

constexpr bool flag_of(u32 info) { return info >> 31 != 0; }

struct Header {
  le16 magic;
  u8 version;
  u8 flags;
  le32 header_size;
  le32 type_offset, type_size;  // offsets count from behind the header
  le32 string_offset, string_size;
};
static_assert(sizeof(Header) == 24);

struct Common {
  le32 name;
  le32 info;
  le32 size_or_type;
};

}  // namespace

class Parser {
 public:
  Result<Types> run(Bytes section) {
    TRY(header(section));
    while (at_ < bytes_.size()) {
      if (out_.count() > kTypesMax) {
        return Error(Fault::unsupported, format("more than {} types", kTypesMax));
      }
      const u64 start = at_;
      auto parsed = one();
      if (!parsed.ok()) {
        return std::move(parsed).error().within(
            format("type {} at offset {}", out_.count(), start + types_offset_));
      }
    }
    if (highest_reference_ >= out_.count()) {
      return Error(Fault::malformed, format("type {} refers to type {} but there are only {}",
                                            highest_referrer_, highest_reference_, out_.count()));
    }
    TRY(check(out_));
    return std::move(out_);
  }

 private:
  Result<void> header(Bytes section) {
    const Header head = TRY(section.read<Header>(0).within("header"));
    if (head.magic == kMagicSwapped) {
      return Error(Fault::unsupported, "types are big-endian", "compile with --target=bpfel");
    }
    if (head.magic != kMagic) {
      return Error(Fault::malformed,
                   format("magic number is 0x{:x}, expected 0x{:x}", u16{head.magic}, kMagic));
    }
    if (head.version != 1 || head.flags != 0) {
      return Error(
          Fault::unsupported,
          format("version {} with flags {}, expected version 1 without", head.version, head.flags));
    }
    if (head.header_size < sizeof(Header)) {
      return Error(Fault::malformed, format("header has {} bytes, expected at least {}",
                                            u32{head.header_size}, sizeof(Header)));
    }
    types_offset_ = u64{head.header_size} + head.type_offset;
    bytes_ = TRY(section.slice(types_offset_, head.type_size).within("types"));
    const u64 strings_at = u64{head.header_size} + head.string_offset;
    return strings(TRY(section.slice(strings_at, head.string_size).within("strings")));
  }

  Result<void> strings(Bytes bytes) {
    constexpr std::byte kZero{0};
    if (bytes.empty() || bytes.span().front() != kZero || bytes.span().back() != kZero) {
      return Error(Fault::malformed, "strings do not begin and end with a zero byte");
    }
    out_.strings_.assign(bytes.span().begin(), bytes.span().end());
    return {};
  }

  template <class T>
  Result<T> take() {
    const T value = TRY(bytes_.read<T>(at_));
    at_ += sizeof(T);
    return value;
  }

  Result<u32> word() { return u32{TRY(take<le32>())}; }

  Result<TypeId> reference() {
    const TypeId id = TRY(word());
    if (id > highest_reference_) {
      highest_reference_ = id;
      highest_referrer_ = out_.count();
    }
    return id;
  }

  Result<std::string_view> name() { return out_.string(TRY(word())).within("name"); }

  Result<void> one() {
    Type type;
    type.name = TRY(name());
    const u32 info = TRY(word());
    const u32 kind = info >> kKindShift & kKindMask;
    if (kind == 0 || kind >= kCount<Kind>) {
      return Error(Fault::unsupported, format("unknown kind {}", kind));
    }
    if ((info & kReservedBits) != 0) {
      return Error(Fault::malformed, format("reserved bits are set in 0x{:x}", info));
    }
    type.kind = static_cast<Kind>(kind);
    const Layout& layout = kLayouts[type.kind];
    if (layout.refers == Refers::never) {
      type.size = TRY(word());
    } else {
      type.type = TRY(reference());
    }
    if (layout.each != 0) {
      type.count = info & kCountMask;
      TRY(bytes_.slice(at_, u64{type.count} * layout.each).within(counted(type.count, "element")));
    }
    TRY(tail(type, info));
    out_.types_.push_back(type);
    return {};
  }

  Result<void> tail(Type& type, u32 info) {
    switch (type.kind) {
      case Kind::integer: return integer(type);
      case Kind::array: return array(type);
      case Kind::structure:
      case Kind::union_: return members(type, info);
      case Kind::enumeration:
      case Kind::enumeration64: return enumerators(type, info);
      case Kind::forward:
        type.size = 0;
        type.is_union = flag_of(info);
        return {};
      case Kind::prototype: return parameters(type);
      case Kind::function: return scope(type, info & kCountMask);
      case Kind::variable: return scope(type, TRY(word()));
      case Kind::section: return variables(type);
      case Kind::floating: return whole_size(type, 16);
      case Kind::declaration_tag: type.component = static_cast<s32>(TRY(word())); return {};
      case Kind::void_:
      case Kind::pointer:
      case Kind::typedef_:
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::type_tag:
      case Kind::count_: return {};
    }
    return {};
  }

  static Result<void> whole_size(const Type& type, u32 most) {
    if (type.size != 0 && type.size <= most) return {};
    return Error(Fault::malformed, format("{} {} of {} bytes, expected 1 to {}",
                                          kLayouts[type.kind].name, type.name, type.size, most));
  }

  // 4 bits of encoding, 8 bits of bit offset, 8 bits of width.
  Result<void> integer(Type& type) {
    TRY(whole_size(type, 16));
    const u32 word = TRY(this->word());
    type.bits = word & 0xff;
    const u32 offset = word >> 16 & 0xff;
    if (type.bits == 0 || type.bits + offset > type.size * 8) {
      return Error(Fault::malformed, format("integer {} has {} bits from bit {} in {}", type.name,
                                            type.bits, offset, counted(type.size, "byte")));
    }
    switch (word >> 24 & 0xf) {
      case 0: type.encoding = Encoding::unsigned_; return {};
      case 1: type.encoding = Encoding::signed_; return {};
      case 2: type.encoding = Encoding::character; return {};
      case 4: type.encoding = Encoding::boolean; return {};
      default:
        return Error(Fault::unsupported,
                     format("integer {} has the unknown encoding {}", type.name, word >> 24 & 0xf));
    }
  }

  Result<void> array(Type& type) {
    type.size = 0;
    type.type = TRY(reference());
    TRY(reference());  // the index type, which says nothing
    type.count = TRY(word());
    return {};
  }

  Result<void> members(Type& type, u32 info) {
    type.first = static_cast<u32>(out_.members_.size());
    for (u32 i = 0; i < type.count; ++i) {
      Member member{.name = TRY(name()), .type = TRY(reference()), .bit_offset = TRY(word())};
      if (flag_of(info)) {  // some are bit-fields: offset and width share the word
        member.bit_size = member.bit_offset >> 24;
        member.bit_offset &= 0xffffff;
      }
      out_.members_.push_back(member);
    }
    return {};
  }

  Result<void> enumerators(Type& type, u32 info) {
    const bool is_signed = flag_of(info);
    TRY(whole_size(type, 8));
    type.encoding = is_signed ? Encoding::signed_ : Encoding::unsigned_;
    type.first = static_cast<u32>(out_.enumerators_.size());
    for (u32 i = 0; i < type.count; ++i) {
      Enumerator enumerator{.name = TRY(name())};
      const u32 low = TRY(word());
      if (type.kind == Kind::enumeration64) {
        enumerator.value = static_cast<s64>(u64{TRY(word())} << 32 | low);
      } else {
        enumerator.value = is_signed ? s64{static_cast<s32>(low)} : s64{low};
      }
      out_.enumerators_.push_back(enumerator);
    }
    return {};
  }

  Result<void> parameters(Type& type) {
    type.first = static_cast<u32>(out_.parameters_.size());
    for (u32 i = 0; i < type.count; ++i) {
      out_.parameters_.push_back({.name = TRY(name()), .type = TRY(reference())});
    }
    return {};
  }

  Result<void> variables(Type& type) {
    type.first = static_cast<u32>(out_.variables_.size());
    for (u32 i = 0; i < type.count; ++i) {
      out_.variables_.push_back(
          {.type = TRY(reference()), .offset = TRY(word()), .size = TRY(word())});
    }
    return {};
  }

  static Result<void> scope(Type& type, u32 number) {
    if (number > static_cast<u32>(Scope::external)) {
      return Error(Fault::unsupported, format("{} {} has the unknown linkage {}",
                                              kLayouts[type.kind].name, type.name, number));
    }
    type.scope = static_cast<Scope>(number);
    return {};
  }

  Bytes bytes_;  // of the types
  u64 types_offset_ = 0;
  u64 at_ = 0;
  TypeId highest_reference_ = 0;
  TypeId highest_referrer_ = 0;
  Types out_;
};

Result<Types> Types::read(Bytes btf_section) { return Parser().run(btf_section); }

}  // namespace skep::btf
