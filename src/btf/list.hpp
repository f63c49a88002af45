// What one type consists of: members, enumerators, parameters or the variables of a section.
//
// A List is a view: an element is decoded from the bytes of the section each time it is asked for,
// and is a value. `for (const Member& member : types.members(id))` reads as over a vector. A List
// holds as long as its Types stand where they are.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::btf {

using TypeId = u32;
inline constexpr TypeId kVoid = 0;

struct Member {
  std::string_view name = {};  // empty: an anonymous structure or union whose members count as ours
  TypeId type = kVoid;
  u32 bit_offset = 0;
  u32 bit_size = 0;  // 0: not a bit-field
};

struct Enumerator {
  std::string_view name = {};
  s64 value = 0;  // of an unsigned 64-bit enum: the same bits
};

struct Parameter {
  std::string_view name = {};
  TypeId type = kVoid;  // void and without a name in the last place: variadic
};

struct SectionVariable {
  TypeId type = kVoid;  // a variable, or an external function
  u32 offset = 0;       // bytes into the section
  u32 size = 0;
};

class Types;

// How the elements of a list are written: which differs by the type's kind and flag.
enum class ElementForm : u8 { plain, bit_fields, signed_, wide };

template <class Element>
class List {
 public:
  class Iterator {
   public:
    using value_type = Element;
    using reference = Element;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;  // dereferencing gives a value
    using iterator_concept = std::random_access_iterator_tag;

    Iterator() = default;
    Iterator(const List* list, std::ptrdiff_t at) : list_(*list), at_(at) {}

    Element operator*() const { return list_[static_cast<u32>(at_)]; }
    Element operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator+=(difference_type n) { return at_ += n, *this; }
    Iterator& operator-=(difference_type n) { return at_ -= n, *this; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator at, difference_type n) { return at += n; }
    friend Iterator operator+(difference_type n, Iterator at) { return at += n; }
    friend Iterator operator-(Iterator at, difference_type n) { return at -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }
    auto operator<=>(const Iterator& other) const { return at_ <=> other.at_; }

   private:
    List list_;
    std::ptrdiff_t at_ = 0;
  };

  List() = default;

  u32 size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

  // Precondition: index < size().
  Element operator[](u32 index) const;
  Element front() const { return (*this)[0]; }
  Element back() const { return (*this)[size_ - 1]; }

 private:
  friend class Types;
  List(const Types& types, Bytes bytes, u32 size, ElementForm form)
      : types_(&types), bytes_(bytes), size_(size), form_(form) {}

  const Types* types_ = nullptr;  // has the names
  Bytes bytes_;
  u32 size_ = 0;
  ElementForm form_ = ElementForm::plain;
};

template <>
Member List<Member>::operator[](u32 index) const;
template <>
Enumerator List<Enumerator>::operator[](u32 index) const;
template <>
Parameter List<Parameter>::operator[](u32 index) const;
template <>
SectionVariable List<SectionVariable>::operator[](u32 index) const;

}  // namespace skep::btf
