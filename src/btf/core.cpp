// A relocation is read against the local types first: what is asked (a Question) and what the
// compiler must have answered. Then every candidate is asked the same, and the answers compared.
#include "btf/core.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "btf/question.hpp"

namespace skep::btf {
namespace {

std::string number_text(const std::optional<u64>& value) {
  return value ? format("{}", static_cast<s64>(*value)) : "nothing";
}

Resize resize_of(const Machine& local, const Answer& ours, const Machine& target,
                 const Answer& theirs) {
  if (ours.bytes == theirs.bytes) return Resize::same;
  const Type& before = local.types->at(ours.type);
  const Type& after = target.types->at(theirs.type);
  const auto is_unsigned = [](const Type& type) {
    return type.kind == Kind::integer && type.encoding != Encoding::signed_;
  };
  const bool pointers = before.kind == Kind::pointer && after.kind == Kind::pointer;
  return pointers || (is_unsigned(before) && is_unsigned(after)) ? Resize::follows
                                                                 : Resize::impossible;
}

}  // namespace

CoreResolver::CoreResolver(const Types& local, const Targets& targets, u64 effort)
    : local_(local), targets_(targets), effort_(effort) {}

Result<std::vector<Candidate>*> CoreResolver::candidates(TypeId local_type) {
  const auto known = candidates_.find(local_type);
  if (known != candidates_.end()) return &known->second;
  const Type& type = local_.at(local_type);
  TRY(effort_.spend(targets_.size()));
  return &(candidates_[local_type] = targets_.candidates(essential_name(type.name), type.kind));
}

Result<std::size_t> CoreResolver::candidates_left(TypeId local_type) {
  if (local_.at(local_type).name.empty()) return std::size_t{0};
  return TRY(candidates(local_type))->size();
}

Result<Resolution> CoreResolver::resolve(const CoreRelocation& relocation) {
  if (relocation.kind == CoreKind::type_id_local) return Resolution{.value = relocation.type};
  const Machine local{&local_};
  const Question question = TRY(Question::read(local, relocation));
  const Answer ours = TRY(question.local_answer());
  Resolution found;
  if (ours.is_exact) found.expected = ours.value;
  std::vector<Candidate>& all = *TRY(candidates(relocation.type));
  std::vector<Candidate> answering;
  std::optional<Answer> first;
  for (const Candidate& candidate : all) {
    const Machine target = targets_.of(candidate).machine();
    const auto theirs = TRY(question.ask(target, candidate.id, effort_));
    if (!theirs) continue;
    answering.push_back(candidate);
    if (!first) {
      first = theirs;
      found.value = theirs->value;
      found.from = candidate;
      found.resize = resize_of(local, ours, target, *theirs);
      found.local_bytes = ours.bytes;
      found.target_bytes = theirs->bytes;
    } else if (theirs->value != first->value || theirs->bit_offset != first->bit_offset) {
      const bool moved = theirs->value == first->value;
      return Error(Fault::unsupported,
                   format("{} of {} disagree: {} by type {}, {} by type {}",
                          counted(answering.size(), "type"), targets_.name(),
                          moved ? format("bit {}", first->bit_offset) : number_text(first->value),
                          answering[0].id,
                          moved ? format("bit {}", theirs->bit_offset) : number_text(theirs->value),
                          candidate.id),
                   "ask for something that is the same in all types of that name");
    }
  }
  if (!answering.empty()) all = std::move(answering);
  if (!first && kCoreKinds[relocation.kind].absence == Absence::is_zero) found.value = 0;
  return found;
}

std::string subject_text(const Types& local, const CoreRelocation& relocation) {
  const auto question = Question::read({&local}, relocation);
  if (question.ok()) return question->text();
  return format("{} + \"{}\"", local.c_name(relocation.type), relocation.access.substr(0, 80));
}

std::string describe(const Types& local, const CoreRelocation& relocation) {
  return format("{}: {}", subject_text(local, relocation), kCoreKinds[relocation.kind].name);
}

}  // namespace skep::btf
