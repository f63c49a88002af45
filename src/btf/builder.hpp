// Writes types: what a .BTF section holds, made from the same values that Types gives out.
//
// Each type gets the next id, so that types may refer to some that come later: next_id() counts.
// Equal strings are written once. The result is not judged here (Types::read and the kernel do),
// but what the format has no room for is an Error of bytes().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

class Builder {
 public:
  Builder() = default;
  // Ids and strings go on where those of the base end; strings of the base are used again.
  explicit Builder(std::shared_ptr<const Types> base);

  TypeId next_id() const { return first_ + static_cast<TypeId>(records_.size()); }

  // A type without a list: of `type`, the fields that its kind has.
  TypeId add(const Type& type);
  TypeId add(const Type& type, std::span<const Member> members);
  TypeId add(const Type& type, std::span<const Enumerator> enumerators);
  TypeId add(const Type& type, std::span<const Parameter> parameters);
  TypeId add(const Type& type, std::span<const SectionVariable> variables);

  // Appends all types of others, without their base, and returns what was added to their ids.
  // Precondition: they have the same base as this, or both have none.
  u32 append(const Types& types);

  // The offset of a text, which is added if it is new; .BTF.ext refers to such.
  u32 string(std::string_view text);

  // Of all strings so far, those of the base included.
  u64 string_bytes() const { return first_string_ + strings_.size(); }

  // A type as it will be written, to be rewritten in place.
  std::span<le32> record(TypeId id);

  // Removes each type for which `by` names another one, lets what refers to it refer to that, and
  // numbers what is left anew. Returns the new id of each old one.
  std::vector<TypeId> replace(std::span<const TypeId> by);

  // The section. Kinds are known, so what can go wrong is too many of something.
  Result<std::vector<std::byte>> bytes() const;

 private:
  struct Place {
    u32 begin, count;  // in words_
  };

  TypeId begin(const Type& type, u32 count, u32 flag);
  void put(u32 word);
  void fail(std::string message);
  void check_room();

  std::shared_ptr<const Types> base_;
  TypeId first_ = 1;
  u32 first_string_ = 0;
  std::vector<le32> words_;
  std::vector<Place> records_;
  std::string strings_ = std::string(1, '\0');
  std::unordered_map<std::string, u32> offsets_;
  std::optional<Error> failure_;
};

}  // namespace skep::btf
