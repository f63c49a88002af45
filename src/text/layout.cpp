#include "text/layout.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "platform/helpers.hpp"

namespace skep::text {
namespace {

using namespace isa;

// The number of `name`, with or without bpf_ in front; 0 when there is no such helper.
s64 helper_number(std::string_view name) {
  if (name.starts_with("bpf_")) name.remove_prefix(4);
  for (s64 id = 1; id < platform::kHelpersMax; ++id) {
    if (platform::helper_name(id) == name) return id;
  }
  return 0;
}

// "did you mean bpf_ktime_get_ns?", over helpers and labels.
std::string callee_hint(std::string_view name, std::vector<std::string_view> known) {
  const bool prefixed = name.starts_with("bpf_");
  std::vector<std::string> helpers;
  for (s64 id = 1; id < platform::kHelpersMax; ++id) {
    helpers.push_back((prefixed ? "bpf_" : "") + std::string(platform::helper_name(id)));
  }
  known.insert(known.end(), helpers.begin(), helpers.end());
  return did_you_mean(name, known);
}

}  // namespace

Result<void> Layout::label(const Token& name) {
  if (labels_.emplace(std::string(name.spelling), end()).second) return {};
  return error_at(name.place, format("label `{}` is defined twice", name.spelling));
}

void Layout::instruction(const Parsed& parsed) {
  const SlotIndex slot(slot_count());
  if (parsed.reference.kind != Reference::Kind::none) pending_.push_back({end(), parsed.reference});
  code_.push_back(parsed.instruction);
  code_.back().slot = slot;
}

u32 Layout::slot_count() const {
  return code_.empty() ? 0 : code_.back().slot.value() + (code_.back().is_wide() ? 2 : 1);
}

u64 Layout::offset_of(InstructionIndex at) const {
  return sizeof(Slot) * u64{at < end() ? code_[at.value()].slot.value() : slot_count()};
}

bool Layout::is_called(std::string_view label) const {
  return std::ranges::any_of(pending_, [&](const Pending& pending) {
    return pending.reference.kind == Reference::Kind::callee && pending.reference.name == label;
  });
}

Result<Code> Layout::finish(const Outside& outside) && {
  for (const Pending& pending : pending_) TRY(settle(pending, outside));
  return std::move(code_);
}

Result<void> Layout::settle(const Pending& pending, const Outside& outside) {
  switch (pending.reference.kind) {
    case Reference::Kind::none: return {};
    case Reference::Kind::slots: return settle_slots(pending);
    case Reference::Kind::label: return settle_label(pending);
    case Reference::Kind::callee: return settle_callee(pending, outside);
    case Reference::Kind::map: return settle_map(pending, outside);
    case Reference::Kind::constant: return settle_constant(pending, outside);
  }
  return {};
}

Result<void> Layout::settle_slots(const Pending& pending) {
  const s64 wanted = s64{code_[pending.at.value()].slot.value()} + 1 + pending.reference.slots;
  const Place place = pending.reference.place;
  if (wanted < 0 || wanted >= slot_count()) {
    return error_at(place, format("target slot {} is outside of the program of {} slots", wanted,
                                  slot_count()));
  }
  const SlotIndex slot(static_cast<std::size_t>(wanted));
  const auto target = std::ranges::lower_bound(code_, slot, {}, &Instruction::slot);
  if (target == code_.end() || target->slot != slot) {
    return error_at(place, format("target slot {} is the middle of a 64-bit constant", wanted));
  }
  return aim(pending, InstructionIndex(static_cast<std::size_t>(target - code_.begin())));
}

Result<void> Layout::settle_label(const Pending& pending) {
  const auto label = labels_.find(pending.reference.name);
  if (label != labels_.end()) return aim(pending, label->second);
  std::vector<std::string_view> known;
  for (const auto& [name, at] : labels_) known.push_back(name);
  return error_at(pending.reference.place, format("no label `{}` here", pending.reference.name),
                  did_you_mean(pending.reference.name, known));
}

Result<void> Layout::aim(const Pending& pending, InstructionIndex target) {
  Instruction& i = code_[pending.at.value()];
  if (target >= end()) {
    return error_at(pending.reference.place,
                    format("no instruction stands behind label `{}`", pending.reference.name));
  }
  i.target = target;
  const s64 slots = s64{code_[target.value()].slot.value()} - i.slot.value() - 1;
  const bool near = is_conditional(i) || (i.form == Form::jump_always && i.width == Width::w64);
  if (near && slots != static_cast<s16>(slots)) {
    return error_at(pending.reference.place,
                    format("jump over {} slots does not fit in 16 bits", slots),
                    "gotol reaches further than goto");
  }
  return {};
}

Result<void> Layout::settle_callee(const Pending& pending, const Outside& outside) {
  Instruction& i = code_[pending.at.value()];
  const std::string_view name = pending.reference.name;
  const auto label = labels_.find(name);
  const bool is_global = outside.globals != nullptr && outside.globals->contains(name);
  if (label != labels_.end() && !is_global) {
    i.operation = static_cast<u8>(Call::local);
    return aim(pending, label->second);
  }
  i.immediate = is_global ? 0 : helper_number(name);
  if (i.immediate != 0) return {};
  if (outside.references == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& [known_name, at] : labels_) known.push_back(known_name);
    return error_at(pending.reference.place, format("no helper or label `{}`", name),
                    callee_hint(name, known));
  }
  i.operation = static_cast<u8>(Call::local);
  i.target = pending.at;
  refer(pending, outside, AssembledReference::Kind::call);
  return {};
}

void Layout::refer(const Pending& pending, const Outside& outside,
                   AssembledReference::Kind kind) const {
  outside.references->push_back({kind, offset_of(pending.at), std::string(pending.reference.name)});
}

Result<void> Layout::settle_map(const Pending& pending, const Outside& outside) {
  Instruction& i = code_[pending.at.value()];
  const auto map =
      std::ranges::find(outside.maps, pending.reference.name, &platform::MapSpec::name);
  if (map != outside.maps.end()) {
    i.immediate |= map - outside.maps.begin();
    return {};
  }
  if (outside.references != nullptr && i.constant() == Constant::map) {
    i.operation = static_cast<u8>(Constant::number);
    refer(pending, outside, AssembledReference::Kind::constant);
    return {};
  }
  std::vector<std::string_view> known;
  for (const platform::MapSpec& spec : outside.maps) known.push_back(spec.name);
  return error_at(pending.reference.place, format("no map `{}`", pending.reference.name),
                  did_you_mean(pending.reference.name, known));
}

Result<void> Layout::settle_constant(const Pending& pending, const Outside& outside) {
  if (outside.references != nullptr) {
    refer(pending, outside, AssembledReference::Kind::constant);
    return {};
  }
  Instruction& i = code_[pending.at.value()];
  if (labels_.contains(pending.reference.name)) {
    i.operation = static_cast<u8>(Constant::function);
    return settle_label(pending);
  }
  i.operation = static_cast<u8>(Constant::map);
  return settle_map(pending, outside);
}

}  // namespace skep::text
