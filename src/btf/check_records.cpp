// What a type says about itself: that its words have meanings that are known, that its names are
// inside the strings, and that it refers to types that exist.
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

class RecordChecker {
 public:
  explicit RecordChecker(const Types& types) : types_(types) {}

  Result<void> run() {
    for (id_ = types_.first(); id_ < types_.count(); ++id_) {
      bytes_ = types_.record(id_);
      at_ = 0;
      const auto start = bytes_.data() - types_.bytes().data();
      TRY(one().within(format("type {} at offset {}", id_, start)));
    }
    if (highest_reference_ >= types_.count()) {
      return Error(Fault::malformed, format("type {} refers to type {} but there are only {}",
                                            highest_referrer_, highest_reference_, types_.count()));
    }
    return {};
  }

 private:
  template <class T>
  Result<T> take() {
    const T value = TRY(bytes_.read<T>(at_));
    at_ += sizeof(T);
    return value;
  }

  Result<u32> word() { return u32{TRY(take<le32>())}; }

  void reference(TypeId id) {
    if (id <= highest_reference_) return;
    highest_reference_ = id;
    highest_referrer_ = id_;
  }

  Result<void> name(u32 offset) const {
    TRY(types_.string(offset).within("name"));
    return {};
  }

  Result<void> one() {
    const Common common = TRY(take<Common>());
    TRY(name(common.name));
    if ((common.info & Common::kReserved) != 0) {
      return Error(Fault::malformed, format("reserved bits are set in 0x{:x}", u32{common.info}));
    }
    if (kLayouts[common.kind()].refers != Refers::never) reference(common.size_or_type);
    return tail(common);
  }

  Result<void> tail(const Common& common) {
    switch (common.kind()) {
      case Kind::integer: return integer();
      case Kind::array: {
        const auto array = TRY(take<ArrayRecord>());
        reference(array.type);
        reference(array.index_type);
        return {};
      }
      case Kind::structure:
      case Kind::union_: return members(common.count());
      case Kind::enumeration: return enumerators<EnumeratorRecord>(common.count());
      case Kind::enumeration64: return enumerators<Enumerator64Record>(common.count());
      case Kind::prototype: return parameters(common.count());
      case Kind::function: return scope(common.count());
      case Kind::variable: return scope(TRY(word()));
      case Kind::section: return variables(common.count());
      case Kind::floating: return whole_size(16);
      case Kind::forward:
      case Kind::declaration_tag:
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

  Result<void> whole_size(u32 most) const {
    const Type type = types_.at(id_);
    if (type.size != 0 && type.size <= most) return {};
    return Error(Fault::malformed, format("{} {} of {} bytes, expected 1 to {}", name_of(type.kind),
                                          type.name, type.size, most));
  }

  Result<void> integer() {
    TRY(whole_size(16));
    const Type type = types_.at(id_);
    const u32 word = TRY(this->word());
    const u32 offset = word >> 16 & 0xff, encoding = word >> 24 & 0xf;
    if (type.bits == 0 || type.bits + offset > type.size * 8) {
      return Error(Fault::malformed, format("integer {} has {} bits from bit {} in {}", type.name,
                                            type.bits, offset, counted(type.size, "byte")));
    }
    if (encoding <= 2 || encoding == 4) return {};
    return Error(Fault::unsupported,
                 format("integer {} has the unknown encoding {}", type.name, encoding));
  }

  Result<void> members(u32 count) {
    for (u32 i = 0; i < count; ++i) {
      const auto member = TRY(take<MemberRecord>());
      TRY(name(member.name));
      reference(member.type);
    }
    return {};
  }

  template <class Record>
  Result<void> enumerators(u32 count) {
    const bool is_declared_only = count == 0 && types_.at(id_).size == 0;  // enum E;
    if (!is_declared_only) TRY(whole_size(8));
    for (u32 i = 0; i < count; ++i) TRY(name(TRY(take<Record>()).name));
    return {};
  }

  Result<void> parameters(u32 count) {
    for (u32 i = 0; i < count; ++i) {
      const auto parameter = TRY(take<ParameterRecord>());
      TRY(name(parameter.name));
      reference(parameter.type);
    }
    return {};
  }

  Result<void> variables(u32 count) {
    for (u32 i = 0; i < count; ++i) reference(TRY(take<VariableRecord>()).type);
    return {};
  }

  Result<void> scope(u32 number) const {
    if (number <= static_cast<u32>(Scope::external)) return {};
    const Type type = types_.at(id_);
    return Error(Fault::unsupported,
                 format("{} {} has the unknown linkage {}", name_of(type.kind), type.name, number));
  }

  const Types& types_;
  Bytes bytes_;  // of the type that is looked at
  u64 at_ = 0;
  TypeId id_ = kVoid;
  TypeId highest_reference_ = 0;
  TypeId highest_referrer_ = 0;
};

}  // namespace

Result<void> check_records(const Types& types) { return RecordChecker(types).run(); }

}  // namespace skep::btf
