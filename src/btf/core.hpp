// CO-RE: what a program asks about the types of the machine that it will run on, and the answers.
//
// clang leaves a question beside an instruction: where is the member that I call task->pid, how
// large is it, is there such a type, what is the value of this enumerator. resolve() answers from
// the Targets: a number to put into the instruction, or that there is no such thing and the
// instruction must not be reached. When several types of the name have it, they must agree.
// Numbers and rules: enum bpf_core_relo_kind in include/uapi/linux/bpf.h, and relo_core.c, of
// Linux; "BPF CO-RE Relocations" in Documentation/bpf/llvm_reloc.rst.
#pragma once

#include <map>

#include "base/enum_array.hpp"
#include "btf/access.hpp"

namespace skep::btf {

// Numbered as BPF_CORE_*.
enum class CoreKind : u8 {
  field_byte_offset,
  field_byte_size,
  field_exists,
  field_signed,
  field_left_shift,
  field_right_shift,
  type_id_local,
  type_id_target,
  type_exists,
  type_size,
  enumerator_exists,
  enumerator_value,
  type_matches,
  count_
};

enum class Subject : u8 { field, type, enumerator };
// What it means that the target has no such thing: the answer 0, or that there is no answer.
enum class Absence : u8 { is_zero, is_fatal };

struct CoreKindRow {
  std::string_view name;  // what is asked, behind the name of the thing
  Subject subject;
  Absence absence;
};

inline constexpr EnumArray<CoreKind, CoreKindRow> kCoreKinds({
    {CoreKind::field_byte_offset, {"byte offset", Subject::field, Absence::is_fatal}},
    {CoreKind::field_byte_size, {"byte size", Subject::field, Absence::is_fatal}},
    {CoreKind::field_exists, {"exists", Subject::field, Absence::is_zero}},
    {CoreKind::field_signed, {"is signed", Subject::field, Absence::is_fatal}},
    {CoreKind::field_left_shift, {"left shift", Subject::field, Absence::is_fatal}},
    {CoreKind::field_right_shift, {"right shift", Subject::field, Absence::is_fatal}},
    {CoreKind::type_id_local, {"type id here", Subject::type, Absence::is_zero}},
    {CoreKind::type_id_target, {"type id", Subject::type, Absence::is_zero}},
    {CoreKind::type_exists, {"exists", Subject::type, Absence::is_zero}},
    {CoreKind::type_size, {"size", Subject::type, Absence::is_zero}},
    {CoreKind::enumerator_exists, {"exists", Subject::enumerator, Absence::is_zero}},
    {CoreKind::enumerator_value, {"value", Subject::enumerator, Absence::is_fatal}},
    {CoreKind::type_matches, {"matches", Subject::type, Absence::is_zero}},
});

struct CoreRelocation {
  CoreKind kind = CoreKind::field_byte_offset;
  TypeId type = kVoid;        // of the local types
  std::string_view access{};  // as clang wrote it
};

// How the width of a load or store follows that of the field, where the two sides differ.
enum class Resize : u8 { same, follows, impossible };

struct Resolution {
  std::optional<u64> value{};     // nothing: there is no such thing
  std::optional<u64> expected{};  // what the compiler wrote; nothing when that is not known exactly
  Resize resize = Resize::same;
  u32 local_bytes = 0;  // of the field, when its offset is asked
  u32 target_bytes = 0;
  std::optional<Candidate> from{};  // the first type that answers
};

// Why there is no answer, for people.
struct Absent {
  std::string message;
  std::string hint;
};

class CoreResolver {
 public:
  // Members and names that may be looked at for all relocations of an object: seconds' worth.
  static constexpr u64 kEffort = u64{1} << 28;

  // Both must live as long.
  CoreResolver(const Types& local, const Targets& targets, u64 effort = kEffort);

  // As in libbpf, a type that has not what one relocation asks is not asked by later ones of the
  // same local type: so the order of calls is that of the relocations in the object. Errors: a
  // relocation that makes no sense, types that disagree, too much to compare.
  Result<Resolution> resolve(const CoreRelocation& relocation);

  // Types that are left for relocations of `local_type`; only with several does order matter.
  Result<std::size_t> candidates_left(TypeId local_type);

  // Why resolve() gave no value.
  Result<Absent> explain(const CoreRelocation& relocation);
  // Why a load or store cannot follow the field: Resize::impossible.
  Absent explain_resize(const CoreRelocation& relocation, const Resolution& resolution) const;

 private:
  Result<std::vector<Candidate>*> candidates(TypeId local_type);
  const Absent& no_such_type(TypeId local_type);

  const Types& local_;
  const Targets& targets_;
  Effort effort_;
  std::map<TypeId, std::vector<Candidate>> candidates_;  // by local type
  std::map<TypeId, Absent> no_such_type_;                // what explain() said, which takes long
};

// "struct task_struct.pid: byte offset". A relocation that makes no sense shows its numbers.
std::string describe(const Types& local, const CoreRelocation& relocation);
// Of what it is asked, without the question: "struct task_struct.pid".
std::string subject_text(const Types& local, const CoreRelocation& relocation);

}  // namespace skep::btf
