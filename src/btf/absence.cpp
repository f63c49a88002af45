// Why a relocation has no answer, in the words of whoever wrote the program: which member of which
// structure of whose types is missing, what is there instead, and what that structure looks like.
#include <algorithm>

#include "base/text.hpp"
#include "btf/question.hpp"

namespace skep::btf {
namespace {

constexpr std::string_view kGuard =
    "ask with bpf_core_field_exists() before it is read, or give the types of the machine that it "
    "runs on with --btf";

std::string quoted(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    text += format("{}\"{}\"", text.empty() ? "" : ", ", name);
  }
  return text;
}

std::string nearest_text(std::string_view wanted, const std::vector<std::string_view>& known) {
  const auto names = nearest(wanted, known);
  return names.empty() ? std::string() : "; nearest: " + quoted(names);
}

// Names of the members that can be reached by name, those of anonymous ones too.
void add_member_names(const Types& types, TypeId structure, u32 depth,
                      std::vector<std::string_view>& names) {
  constexpr u32 kDepthMax = 8;
  constexpr std::size_t kNamesMax = 4096;
  const TypeId id = types.resolve(structure);
  const auto members = types.members(id);
  for (u32 i = 0; i < members.size() && names.size() < kNamesMax; ++i) {
    const Member member = members[i];
    names.push_back(member.name);
    if (member.name.empty() && depth < kDepthMax) {
      add_member_names(types, member.type, depth + 1, names);
    }
  }
}

class Explanation {
 public:
  Explanation(const Question& question, const Types& local, const TargetTypes& target)
      : question_(question), local_(local), target_(target), types_(*target.types) {}

  Absent no_member(const Mismatch& mismatch) const {
    const AccessStep& wanted = step(mismatch);
    std::vector<std::string_view> names;
    add_member_names(types_, mismatch.at, 0, names);
    std::erase(names, std::string_view());  // anonymous ones
    const std::string owner = owner_text(mismatch);
    if (names.empty()) {
      return {format("{} is {} in {}, which has no members", owner, types_.c_name(mismatch.at),
                     target_.name),
              std::string(kGuard)};
    }
    return {format("{} has no member \"{}\" in {}{}", owner, wanted.name, target_.name,
                   nearest_text(wanted.name, names)),
            format("{} there has {} in {}; {}", owner, counted(names.size(), "member"),
                   counted(types_.at(mismatch.at).size, "byte"), kGuard)};
  }

  Absent other_type(const Mismatch& mismatch) const {
    const AccessStep& wanted = step(mismatch);
    const TypeId ours =
        wanted.name.empty() ? wanted.type : Member(local_.members(wanted.type)[wanted.index]).type;
    return {format("{} is {} in {}, and {} here", path_to(mismatch.step + 1),
                   types_.c_name(mismatch.at), target_.name, local_.c_name(ours)),
            "declare it as it is there, in a structure with another ___flavour"};
  }

  Absent too_few(const Mismatch& mismatch) const {
    return {format("{} has {} in {}, and number {} is read", path_to(mismatch.step),
                   counted(types_.at(mismatch.at).count, "element"), target_.name,
                   step(mismatch).index),
            std::string(kGuard)};
  }

  Absent not_an_array(const Mismatch& mismatch) const {
    return {format("{} is {} in {}, and an array here", path_to(mismatch.step),
                   types_.c_name(mismatch.at), target_.name),
            "declare it as it is there, in a structure with another ___flavour"};
  }

  Absent no_enumerator(TypeId there) const {
    const auto all = types_.enumerators(types_.resolve(there));
    std::vector<std::string_view> names;
    for (u32 i = 0; i < all.size(); ++i) names.push_back(Enumerator(all[i]).name);
    return {
        format("{} has no enumerator \"{}\" in {}{}", types_.c_name(there), question_.enumerator(),
               target_.name, nearest_text(question_.enumerator(), names)),
        format("{} there has {}; ask with bpf_core_enum_value_exists() before it is used",
               types_.c_name(there), counted(names.size(), "enumerator"))};
  }

 private:
  const AccessStep& step(const Mismatch& mismatch) const {
    return question_.access().steps[mismatch.step];
  }

  // "struct task_struct.mm", the first `steps` of the way.
  std::string path_to(u32 steps) const {
    return question_.root_text() + path_text(std::span(question_.access().steps).first(steps));
  }

  // What has no such member: by its own name, else by the way to it.
  std::string owner_text(const Mismatch& mismatch) const {
    const bool has_name = !types_.at(mismatch.at).name.empty();
    return has_name && types_.at(mismatch.at).count > 0 ? types_.c_name(mismatch.at)
                                                        : path_to(mismatch.step);
  }

  const Question& question_;
  const Types& local_;
  const TargetTypes& target_;
  const Types& types_;
};

Absent mismatched(const Explanation& explanation, const Mismatch& mismatch) {
  switch (mismatch.why) {
    case Mismatch::Why::no_member: return explanation.no_member(mismatch);
    case Mismatch::Why::other_type: return explanation.other_type(mismatch);
    case Mismatch::Why::not_an_array: return explanation.not_an_array(mismatch);
    case Mismatch::Why::too_few_elements: return explanation.too_few(mismatch);
  }
  return {};
}

}  // namespace

Result<Absent> CoreResolver::explain(const CoreRelocation& relocation) {
  const Question question = TRY(Question::read({&local_}, relocation));
  const auto all = *TRY(candidates(relocation.type));
  if (all.empty()) return no_such_type(relocation.type);
  const Candidate& first = all.front();
  const TargetTypes& target = targets_.of(first);
  const Explanation explanation(question, local_, target);
  switch (question.subject()) {
    case Subject::field: {
      const auto found =
          TRY(match_access({&local_}, question.access(), target.machine(), first.id, effort_));
      if (found.mismatch) return mismatched(explanation, *found.mismatch);
      break;
    }
    case Subject::enumerator: return explanation.no_enumerator(first.id);
    case Subject::type: break;
  }
  return Absent{format("{} is something else in {}", question.text(), target.name), {}};
}

const Absent& CoreResolver::no_such_type(TypeId local_type) {
  Absent& said = no_such_type_[local_type];
  if (!said.message.empty()) return said;
  const Type& type = local_.at(local_type);
  const std::string_view name = essential_name(type.name);
  const auto near = targets_.nearest_names(name, type.kind);
  said = {format("{} has no {} {}{}", targets_.name(), name_of(type.kind), name,
                 near.empty() ? "" : "; nearest: " + quoted(near)),
          std::string(kGuard)};
  return said;
}

Absent CoreResolver::explain_resize(const CoreRelocation& relocation,
                                    const Resolution& resolution) const {
  return {format("{} has {} in {} and {} here, and it is read or written as it is here",
                 subject_text(local_, relocation), counted(resolution.target_bytes, "byte"),
                 resolution.from ? targets_.of(*resolution.from).name : targets_.name(),
                 resolution.local_bytes),
          "only pointers and unsigned integers are widened or narrowed: declare it as it is there, "
          "or read it with BPF_CORE_READ_BITFIELD() or bpf_core_read()"};
}

}  // namespace skep::btf
