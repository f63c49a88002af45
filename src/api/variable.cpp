// Global variables: numbers that fit their type, texts that fit their array, and bytes of the right
// size.
#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {
namespace {

using btf::Kind;

struct Number {
  u32 bytes = 0;
  bool is_signed = false;
};

// Nothing when the type is not a number of at most eight bytes.
std::optional<Number> number_of(const btf::Types& types, btf::TypeId id) {
  const btf::Type type = types.resolved(id);
  const bool is_number = type.kind == Kind::integer || type.kind == Kind::enumeration ||
                         type.kind == Kind::enumeration64;
  if (!is_number || type.size == 0 || type.size > 8) return std::nullopt;
  return Number{type.size, type.encoding == btf::Encoding::signed_};
}

bool fits(const Number& number, u64 value, bool is_negative) {
  const u32 bits = number.bytes * 8;
  if (!number.is_signed) return !is_negative && (bits == 64 || value >> bits == 0);
  const auto as_signed = static_cast<s64>(value);
  if (!is_negative) return as_signed >= 0 && as_signed >> (bits - 1) == 0;
  return as_signed >> (bits - 1) == -1;
}

Result<u32> size_of(const GlobalVariable::Place& place) {
  return place.types->size_of(place.type).within(format("global {}", place.name));
}

Error wrong(const GlobalVariable::Place& place, std::string_view what, std::string hint = {}) {
  return {Fault::usage,
          format("global {} is {}: {}", place.name, place.types->c_name(place.type), what),
          std::move(hint)};
}

}  // namespace

Result<void> GlobalVariable::set_number(std::uint64_t value, bool is_negative) {
  if (place_->absent) return *place_->absent;
  const auto number = number_of(*place_->types, place_->type);
  const std::string shown =
      is_negative ? format("{}", static_cast<s64>(value)) : format("{}", value);
  if (!number) return wrong(*place_, format("{} is a number", shown), "set a value of its type");
  if (!fits(*number, value, is_negative)) return wrong(*place_, format("{} does not fit", shown));
  return place_->write(std::as_bytes(std::span(&value, 1)).first(number->bytes));
}

Result<void> GlobalVariable::set_bytes(std::span<const std::byte> value) {
  if (place_->absent) return *place_->absent;
  const u32 size = TRY(size_of(*place_));
  if (number_of(*place_->types, place_->type)) {
    return wrong(*place_, format("{} were given", counted(value.size(), "byte")),
                 "set it to a number");
  }
  if (value.size() != size) {
    return wrong(*place_,
                 format("it has {}, and {} were given", counted(size, "byte"), value.size()));
  }
  return place_->write(value);
}

Result<void> GlobalVariable::set(std::string_view text) {
  if (place_->absent) return *place_->absent;
  const btf::Type array = place_->types->resolved(place_->type);
  const auto element = number_of(*place_->types, array.type);
  if (array.kind != Kind::array || !element || element->bytes != 1) {
    return wrong(*place_, "a text was given", "texts are for arrays of characters");
  }
  if (text.size() >= array.count) {
    return wrong(*place_, format("a text of {} and its final zero do not fit",
                                 counted(text.size(), "byte")));
  }
  std::vector<std::byte> bytes(array.count);
  std::memcpy(bytes.data(), text.data(), text.size());
  return place_->write(bytes);
}

Result<std::uint64_t> GlobalVariable::get_number(std::size_t bytes) const {
  if (place_->absent) return *place_->absent;
  const auto number = number_of(*place_->types, place_->type);
  if (!number) return wrong(*place_, "it was read as a number", "read it as its own type");
  if (number->bytes > bytes) {
    return wrong(*place_, format("it was read as a number of {}", counted(bytes, "byte")));
  }
  u64 value = 0;
  TRY(place_->read(std::as_writable_bytes(std::span(&value, 1)).first(number->bytes)));
  const u32 unused = 64 - number->bytes * 8;
  if (!number->is_signed) return value;
  return static_cast<u64>(static_cast<s64>(value << unused) >> unused);
}

Result<void> GlobalVariable::get_bytes(std::span<std::byte> value) const {
  if (place_->absent) return *place_->absent;
  const u32 size = TRY(size_of(*place_));
  if (value.size() == size) return place_->read(value);
  return wrong(*place_,
               format("it has {}, and was read as {}", counted(size, "byte"), value.size()));
}

}  // namespace skep
