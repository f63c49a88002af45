// The instructions of one section while they are assembled, and what they refer to.
//
// Labels may be used before they are defined, so references are kept until everything is read.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "text/parse.hpp"
#include "text/text.hpp"

namespace skep::text {

// Where names come from that are not labels of the section. Without `references` there is no linker
// behind us, and every name must be known now. Calls of `globals` are always left to the linker.
struct Outside {
  std::span<const platform::MapSpec> maps{};
  std::vector<AssembledReference>* references = nullptr;
  const std::set<std::string, std::less<>>* globals = nullptr;
};

class Layout {
 public:
  Result<void> label(const Token& name);
  void instruction(const Parsed& parsed);

  bool empty() const { return code_.empty(); }
  // The labels and the instruction behind each, which may be one behind the last.
  const std::map<std::string, isa::InstructionIndex, std::less<>>& labels() const {
    return labels_;
  }
  // Labels that some call names: functions.
  bool is_called(std::string_view label) const;
  isa::InstructionIndex end() const { return isa::InstructionIndex(code_.size()); }
  u64 offset_of(isa::InstructionIndex at) const;  // in bytes

  // Settles every reference.
  Result<isa::Code> finish(const Outside& outside) &&;

 private:
  struct Pending {
    isa::InstructionIndex at{};
    Reference reference;
  };

  Result<void> settle(const Pending& pending, const Outside& outside);
  Result<void> settle_slots(const Pending& pending);
  Result<void> settle_label(const Pending& pending);
  Result<void> settle_callee(const Pending& pending, const Outside& outside);
  Result<void> settle_map(const Pending& pending, const Outside& outside);
  Result<void> settle_constant(const Pending& pending, const Outside& outside);
  Result<void> aim(const Pending& pending, isa::InstructionIndex target);
  void refer(const Pending& pending, const Outside& outside, AssembledReference::Kind kind) const;
  u32 slot_count() const;

  isa::Code code_;
  std::vector<Pending> pending_;
  std::map<std::string, isa::InstructionIndex, std::less<>> labels_;
};

}  // namespace skep::text
