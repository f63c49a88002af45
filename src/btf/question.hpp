// One CO-RE relocation, read against the local types, and how one type answers it.
//
// A Question is a field (an Access), a type or an enumerator (a name). An Answer is the number that
// belongs into the instruction, with what loads and stores have to know. Follows
// bpf_core_calc_field_relo and its siblings in relo_core.c of Linux; where Linux 6.1 takes the size
// of a whole array for the width of a load, its elements' is taken, as libbpf does since 1.6. An
// unsigned enumerator is extended with zeros, as clang does.
#pragma once

#include "btf/core.hpp"

namespace skep::btf {

struct Answer {
  u64 value = 0;
  bool is_exact = true;  // the compiler must have come to it; else there are several good ones
  u64 bit_offset = 0;    // of fields
  u32 bytes = 0;         // of a field whose offset is asked: what a load of it moves
  TypeId type = kVoid;   // and its type
};

class Question {
 public:
  // Fault::malformed: `relocation` does not fit to its type.
  static Result<Question> read(const Machine& local, const CoreRelocation& relocation);

  // What the compiler was to write.
  Result<Answer> local_answer() const;
  // Nothing when the type has no such thing.
  Result<std::optional<Answer>> ask(const Machine& target, TypeId candidate, Effort& effort) const;

  Subject subject() const { return kCoreKinds[kind_].subject; }
  const Access& access() const { return access_; }                  // of a field
  std::string_view enumerator() const { return enumerator_.name; }  // of an enumerator
  std::string text() const;                                         // "struct task_struct.pid"
  std::string root_text() const;                                    // "struct task_struct"

 private:
  Result<Answer> field_answer(const Machine& machine, const Access& access) const;
  Result<Answer> type_answer(const Machine& machine, TypeId type) const;

  Machine local_;
  CoreKind kind_ = CoreKind::count_;
  TypeId type_ = kVoid;
  Access access_;
  Enumerator enumerator_;
};

}  // namespace skep::btf
