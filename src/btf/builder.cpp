#include "btf/builder.hpp"

#include <algorithm>

#include "btf/layout.hpp"
#include "btf/record.hpp"

namespace skep::btf {
namespace {

constexpr u32 kElementsMax = 0xffff;  // in the words that kernels know
constexpr u32 kBitOffsetMax = 0xffffff, kBitSizeMax = 0xff;

bool has_bit_fields(std::span<const Member> members) {
  return std::ranges::any_of(members, [](const Member& each) { return each.bit_size != 0; });
}

u32 integer_word(const Type& type) {
  constexpr u32 kNumbers[] = {0, 1, 2, 4};  // of Encoding
  return kNumbers[static_cast<u32>(type.encoding)] << 24 | (type.bits & 0xff);
}

}  // namespace

Builder::Builder(std::shared_ptr<const Types> base) : base_(std::move(base)) {
  if (!base_) return;
  first_ = base_->count();
  first_string_ = base_->string_bytes();
  strings_.clear();
  for (u32 at = 0; at < first_string_;) {
    const std::string_view text = base_->string(at).value();
    offsets_.emplace(text, at);
    at += static_cast<u32>(text.size()) + 1;
  }
}

u32 Builder::string(std::string_view text) {
  if (text.empty()) return 0;
  const auto [entry, is_new] = offsets_.try_emplace(std::string(text), 0);
  if (is_new) {
    entry->second = first_string_ + static_cast<u32>(strings_.size());
    strings_.append(text).push_back('\0');
  }
  return entry->second;
}

void Builder::put(u32 word) {
  words_.push_back(word);
  ++records_.back().count;
}

void Builder::fail(std::string message) {
  if (!failure_) failure_ = Error(Fault::unsupported, std::move(message));
}

void Builder::check_room() {
  if (next_id() > kTypesMax) fail(format("more than {} types, which is all that fit", kTypesMax));
}

TypeId Builder::begin(const Type& type, u32 count, u32 flag) {
  const bool has_list = kLayouts[type.kind].each != 0;
  if (has_list && count > kElementsMax) {
    fail(format("{} {} has more than {} parts", name_of(type.kind), type.name, kElementsMax));
  }
  check_room();
  const TypeId id = next_id();
  records_.push_back({static_cast<u32>(words_.size()), 0});
  put(string(type.name));
  put(static_cast<u32>(type.kind) << Common::kKindShift | (count & kElementsMax) | flag);
  put(kLayouts[type.kind].refers == Refers::never ? type.size : type.type);
  return id;
}

TypeId Builder::add(const Type& type) {
  EXPECT(kLayouts[type.kind].each == 0 && type.kind != Kind::void_ && type.kind != Kind::count_);
  const bool flag = type.kind == Kind::forward ? type.is_union : type.is_attribute;
  const u32 scope = static_cast<u32>(type.scope);
  const TypeId id = begin(type, type.kind == Kind::function ? scope : 0, flag ? Common::kFlag : 0);
  if (type.kind == Kind::integer) put(integer_word(type));
  if (type.kind == Kind::variable) put(scope);
  if (type.kind == Kind::declaration_tag) put(static_cast<u32>(type.component));
  if (type.kind == Kind::array) {
    put(type.type);
    put(type.index_type);
    put(type.count);
  }
  return id;
}

TypeId Builder::add(const Type& type, std::span<const Member> members) {
  EXPECT(type.kind == Kind::structure || type.kind == Kind::union_);
  const bool packs = has_bit_fields(members);
  const TypeId id = begin(type, static_cast<u32>(members.size()), packs ? Common::kFlag : 0);
  for (const Member& each : members) {
    put(string(each.name));
    put(each.type);
    put(packs ? each.bit_size << 24 | (each.bit_offset & kBitOffsetMax) : each.bit_offset);
    if (each.bit_size > kBitSizeMax || (packs && each.bit_offset > kBitOffsetMax)) {
      fail(format("{} has bit-fields further in than BTF can say", type.name));
    }
  }
  return id;
}

TypeId Builder::add(const Type& type, std::span<const Enumerator> enumerators) {
  EXPECT(type.kind == Kind::enumeration || type.kind == Kind::enumeration64);
  const bool is_signed = type.encoding == Encoding::signed_;
  const TypeId id =
      begin(type, static_cast<u32>(enumerators.size()), is_signed ? Common::kFlag : 0);
  for (const Enumerator& each : enumerators) {
    const u64 value = static_cast<u64>(each.value);
    put(string(each.name));
    put(static_cast<u32>(value));
    if (type.kind == Kind::enumeration64) put(static_cast<u32>(value >> 32));
  }
  return id;
}

TypeId Builder::add(const Type& type, std::span<const Parameter> parameters) {
  EXPECT(type.kind == Kind::prototype);
  const TypeId id = begin(type, static_cast<u32>(parameters.size()), 0);
  for (const Parameter& each : parameters) {
    put(string(each.name));
    put(each.type);
  }
  return id;
}

TypeId Builder::add(const Type& type, std::span<const SectionVariable> variables) {
  EXPECT(type.kind == Kind::section);
  const TypeId id = begin(type, static_cast<u32>(variables.size()), 0);
  for (const SectionVariable& each : variables) {
    put(each.type);
    put(each.offset);
    put(each.size);
  }
  return id;
}

u32 Builder::append(const Types& types) {
  EXPECT(types.base() == base_);
  const TypeId shift = next_id() - types.first();
  for (TypeId id = types.first(); id < types.count(); ++id) {
    const Bytes bytes = types.record(id);
    const auto count = static_cast<u32>(bytes.size() / sizeof(le32));
    records_.push_back({static_cast<u32>(words_.size()), count});
    words_.resize(words_.size() + count);
    const auto record = std::span(words_).last(count);
    std::memcpy(record.data(), bytes.data(), record.size_bytes());
    for_each_name(record, [&](le32& name) {
      const auto text = types.string(name);
      name = text.ok() ? string(*text) : 0;
    });
    for_each_type(record, [&](le32& type) {
      if (type >= types.first()) type = type + shift;
    });
    check_room();
  }
  return shift;
}

std::span<le32> Builder::record(TypeId id) {
  EXPECT(id >= first_ && id < next_id());
  const Place& place = records_[id - first_];
  return std::span(words_).subspan(place.begin, place.count);
}

std::vector<TypeId> Builder::replace(std::span<const TypeId> by) {
  EXPECT(by.size() == next_id());
  const std::vector<le32> words = std::exchange(words_, {});
  const std::vector<Place> records = std::exchange(records_, {});
  std::vector<TypeId> ids(by.size());
  for (TypeId id = 0; id < by.size(); ++id) {
    if (id < first_ || by[id] != id) continue;
    ids[id] = next_id();
    const auto record =
        std::span(words).subspan(records[id - first_].begin, records[id - first_].count);
    records_.push_back({static_cast<u32>(words_.size()), static_cast<u32>(record.size())});
    words_.insert(words_.end(), record.begin(), record.end());
  }
  for (TypeId id = 0; id < by.size(); ++id) ids[id] = id < first_ ? id : ids[by[id]];
  for (const Place& place : records_) {
    for_each_type(std::span(words_).subspan(place.begin, place.count),
                  [&](le32& type) { type = ids[type]; });
  }
  return ids;
}

Result<std::vector<std::byte>> Builder::bytes() const {
  if (failure_) return *failure_;
  const u64 types_size = words_.size() * sizeof(le32);
  if (types_size + strings_.size() > ~u32{0}) {
    return Error(Fault::exhausted, "types and strings are larger than 4 GiB");
  }
  const auto size = static_cast<u32>(types_size);
  const Header header{.magic = kMagic,
                      .version = 1,
                      .flags = 0,
                      .header_size = sizeof(Header),
                      .type_offset = 0,
                      .type_size = size,
                      .string_offset = size,
                      .string_size = static_cast<u32>(strings_.size())};
  std::vector<std::byte> out(sizeof header + size + strings_.size());
  std::memcpy(out.data(), &header, sizeof header);
  if (size != 0) std::memcpy(out.data() + sizeof header, words_.data(), size);
  std::memcpy(out.data() + sizeof header + size, strings_.data(), strings_.size());
  return out;
}

}  // namespace skep::btf
