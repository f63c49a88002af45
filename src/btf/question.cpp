// Bit-fields: what is read is the smallest aligned power of two of bytes, at least as wide as the
// field's type, that holds all bits; the shifts then bring them to the low end of 64 bits.
#include "btf/question.hpp"

#include <bit>

#include "base/text.hpp"

namespace skep::btf {
namespace {

bool is_signed(const Type& type) {
  return (type.kind == Kind::integer || is_enum(type.kind)) && type.encoding == Encoding::signed_;
}

// Where a field is and how wide a read of it.
struct Place {
  u64 byte_offset = 0;
  u32 bytes = 0;
  u64 bits = 0;  // of the value in it
};

Result<Place> bit_field_place(u64 bit_offset, u32 bits, u32 type_bytes) {
  Place place{.bytes = type_bytes, .bits = bits};
  if (!std::has_single_bit(type_bytes) || type_bytes > 8) {
    return Error(Fault::unsupported,
                 format("bit-field of a type of {}", counted(type_bytes, "byte")));
  }
  while (true) {
    place.byte_offset = bit_offset / 8 / place.bytes * place.bytes;
    if (bit_offset + bits <= (place.byte_offset + place.bytes) * 8) return place;
    if (place.bytes == 8) {
      return Error(Fault::unsupported,
                   format("bit-field of {} from bit {} is not inside of 8 aligned bytes",
                          counted(bits, "bit"), bit_offset));
    }
    place.bytes *= 2;
  }
}

Result<Enumerator> enumerator_at(const Types& types, TypeId type, std::string_view access) {
  const auto all = types.enumerators(types.resolve(type));
  const auto number = parse_unsigned(access);
  if (number && *number < all.size()) return all[static_cast<u32>(*number)];
  return Error(Fault::malformed, format("enumerator \"{}\" of {}, which has {}",
                                        access.substr(0, 80), types.c_name(type), all.size()));
}

}  // namespace

Result<Question> Question::read(const Machine& local, const CoreRelocation& relocation) {
  Question question;
  question.local_ = local;
  question.kind_ = relocation.kind;
  question.type_ = relocation.type;
  if (relocation.kind != CoreKind::type_id_local && local.types->at(relocation.type).name.empty()) {
    return Error(Fault::unsupported, format("type {} has no name to be found by", relocation.type),
                 "relocations are against structures, unions, enums and typedefs with names");
  }
  switch (question.subject()) {
    case Subject::field:
      question.access_ = TRY(parse_access(local, relocation.type, relocation.access));
      break;
    case Subject::enumerator:
      question.enumerator_ = TRY(enumerator_at(*local.types, relocation.type, relocation.access));
      break;
    case Subject::type:
      if (relocation.access == "0") break;
      return Error(Fault::malformed,
                   format("access \"{}\" of a type, expected 0", relocation.access.substr(0, 80)));
  }
  return question;
}

Result<Answer> Question::local_answer() const {
  switch (subject()) {
    case Subject::field: return field_answer(local_, access_);
    case Subject::type: return type_answer(local_, type_);
    case Subject::enumerator: break;
  }
  const bool value = kind_ == CoreKind::enumerator_value;
  return Answer{.value = value ? static_cast<u64>(enumerator_.value) : 1};
}

Result<std::optional<Answer>> Question::ask(const Machine& target, TypeId candidate,
                                            Effort& effort) const {
  const Types& types = *target.types;
  switch (subject()) {
    case Subject::field: {
      const auto found = TRY(match_access(local_, access_, target, candidate, effort));
      if (found.mismatch) return std::optional<Answer>();
      return std::optional(TRY(field_answer(target, found.access)));
    }
    case Subject::type: {
      const auto relation = kind_ == CoreKind::type_matches ? types_match : types_compatible;
      if (!TRY(relation(*local_.types, type_, types, candidate, effort))) {
        return std::optional<Answer>();
      }
      return std::optional(TRY(type_answer(target, candidate)));
    }
    case Subject::enumerator: break;
  }
  const auto all = types.enumerators(types.resolve(candidate));
  TRY(effort.spend(all.size()));
  for (u32 i = 0; i < all.size(); ++i) {
    const Enumerator each = all[i];
    if (essential_name(each.name) != essential_name(enumerator_.name)) continue;
    const bool value = kind_ == CoreKind::enumerator_value;
    return std::optional(Answer{.value = value ? static_cast<u64>(each.value) : 1});
  }
  return std::optional<Answer>();
}

Result<Answer> Question::field_answer(const Machine& machine, const Access& access) const {
  const Types& types = *machine.types;
  const AccessStep& last = access.last();
  Answer answer{.bit_offset = access.bit_offset};
  if (kind_ == CoreKind::field_exists) {
    answer.value = 1;
    return answer;
  }
  const bool is_element = last.name.empty();
  Member member{.name = {}, .type = last.type};
  if (!is_element) member = types.members(last.type)[last.index];
  const TypeId type = types.resolve(member.type);
  const bool is_bit_field = member.bit_size != 0;
  Place place;
  if (is_bit_field) {
    place = TRY(bit_field_place(access.bit_offset, member.bit_size, types.at(type).size));
  } else {
    place = {.byte_offset = access.bit_offset / 8, .bytes = TRY(machine.size_of(type))};
    place.bits = u64{place.bytes} * 8;
  }
  answer.is_exact = !is_bit_field;
  if (is_element && kind_ != CoreKind::field_byte_offset && kind_ != CoreKind::field_byte_size) {
    return Error(Fault::malformed,
                 format("{} cannot be asked of an element", kCoreKinds[kind_].name));
  }
  switch (kind_) {
    case CoreKind::field_byte_offset:
      answer.value = place.byte_offset;
      if (is_bit_field) break;
      answer.type = type;
      answer.bytes = TRY(machine.size_of(element_of(types, type)));
      break;
    case CoreKind::field_byte_size: answer.value = place.bytes; break;
    case CoreKind::field_signed:
      answer.value = is_signed(types.at(type)) ? 1 : 0;
      answer.is_exact = true;
      break;
    case CoreKind::field_left_shift:
      answer.value = 64 - (access.bit_offset + place.bits - place.byte_offset * 8);
      break;
    case CoreKind::field_right_shift:
      answer.value = 64 - place.bits;
      answer.is_exact = true;
      break;
    case CoreKind::field_exists:
    case CoreKind::type_id_local:
    case CoreKind::type_id_target:
    case CoreKind::type_exists:
    case CoreKind::type_size:
    case CoreKind::enumerator_exists:
    case CoreKind::enumerator_value:
    case CoreKind::type_matches:
    case CoreKind::count_: break;
  }
  return answer;
}

Result<Answer> Question::type_answer(const Machine& machine, TypeId type) const {
  if (kind_ == CoreKind::type_size) return Answer{.value = TRY(machine.size_of(type))};
  // Ids change when objects are linked.
  if (kind_ == CoreKind::type_id_target) return Answer{.value = type, .is_exact = false};
  return Answer{.value = 1};
}

std::string Question::text() const {
  switch (subject()) {
    case Subject::field: return root_text() + path_text(access_.steps);
    case Subject::enumerator: return format("{}::{}", root_text(), enumerator_.name);
    case Subject::type: break;
  }
  return root_text();
}

std::string Question::root_text() const { return local_.types->c_name(type_); }

}  // namespace skep::btf
