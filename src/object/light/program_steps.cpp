#include "object/light/program_steps.hpp"

#include <algorithm>
#include <cstring>

#include "object/hooks.hpp"
#include "object/light/refuse.hpp"

namespace skep::object::light {
namespace {

using platform::ExternKind;

// Types of a kernel function or variable, or the address of a symbol.
Action search(const platform::Extern& external, Draft& draft, Offset answer, u32 addend) {
  const bool is_address = external.kind == ExternKind::address;
  const std::string_view name = is_address ? external.name : external.essential_name();
  const Offset text = draft.place_text(name);
  const auto size = static_cast<u32>(name.size()) + 1;
  if (is_address) return FindAddress{text, size, answer, addend, external.is_weak};
  const btf::Kind kind =
      external.kind == ExternKind::function ? btf::Kind::function : btf::Kind::variable;
  return FindType{text, size, kind, answer, external.is_weak};
}

}  // namespace

Result<void> ProgramSteps::choose() {
  const auto maps = static_cast<u32>(object_.maps().size());
  for (u32 number = 0; number < object_.programs().size(); ++number) {
    if (object_.programs()[number].is_optional) continue;
    TRY(check_program(object_.programs()[number]).within(object_.name()));
    chosen_.push_back({number, TRY(kernel_program(object_, number))});
    for (const SymbolUse& use : chosen_.back().program.symbols) {
      answers_.try_emplace({use.external, use.addend}, 0);
      if (use.is_call) modules_.try_emplace(use.external, maps + modules());
    }
  }
  return {};
}

void ProgramSteps::place_descriptors() {
  descriptors_ = draft_.blob.add_zeros(static_cast<u32>(chosen_.size()) * kDescriptorBytes);
  for (std::size_t at = 0; at < chosen_.size(); ++at) {
    draft_.plan.descriptors.push_back(descriptor(at));
  }
  for (auto& [use, answer] : answers_) answer = draft_.place_answer();
}

void ProgramSteps::find_symbols() {
  for (const auto& [use, answer] : answers_) {
    const platform::Extern& external = object_.externs()[use.first];
    draft_.step(format("find the {} {}", platform::name_of(external.kind), external.name),
                search(external, draft_, answer, use.second));
  }
}

void ProgramSteps::load_all() {
  for (std::size_t at = 0; at < chosen_.size(); ++at) load(at);
}

// Where the target of a program is found, if its type has one in BTF.
std::optional<Offset> ProgramSteps::find_target(const ProgramEntry& entry) {
  if ((entry.flags & platform::kTargetInBtf) == 0) return std::nullopt;
  const auto target = name_in_btf(entry.target);
  const Offset answer = draft_.place_answer();
  draft_.step(format("find {}, the target of program {}", target->name, entry.name),
              FindType{draft_.place_text(target->name), static_cast<u32>(target->name.size()) + 1,
                       target->kind, answer, false});
  return answer;
}

void ProgramSteps::load(std::size_t at) {
  const KernelProgram& program = chosen_[at].program;
  const ProgramEntry& entry = object_.programs()[chosen_[at].number];
  const auto target = find_target(entry);
  const Offset code = draft_.blob.add_all(program.slots);
  RunCommand load = draft_.command(Command::load_program, load_attributes(entry, program));
  const auto field = [&](std::size_t offset) { return load.attributes + static_cast<u32>(offset); };
  load.fills = {
      Address{field(offsetof(LoadProgram, insns)), code},
      Address{field(offsetof(LoadProgram, license)), draft_.place_text(object_.license())},
      Address{field(offsetof(LoadProgram, fd_array)), draft_.array},
      Input{field(offsetof(LoadProgram, log_level)), kLogLevel, 4},
      Input{field(offsetof(LoadProgram, log_size)), kLogSize, 4},
      Input{field(offsetof(LoadProgram, log_buf)), kLogBuffer, 8},
      Copy{field(offsetof(LoadProgram, prog_btf_fd)), draft_.types}};
  const auto table = [&](std::size_t offset, const auto& records) {
    if (records.empty()) return;
    load.fills.push_back(Address{field(offset), draft_.blob.add_all(records)});
  };
  table(offsetof(LoadProgram, func_info), program.functions);
  table(offsetof(LoadProgram, line_info), program.lines);
  table(offsetof(LoadProgram, core_relos), program.core);
  if (target) {
    load.fills.push_back(Copy{field(offsetof(LoadProgram, attach_btf_id)), *target});
    load.fills.push_back(Copy{field(offsetof(LoadProgram, attach_btf_obj_fd)), *target + kModule});
  }
  for (const SymbolUse& use : program.symbols) {
    put_symbol(use, program.slots[use.slot], code, load.fills);
  }
  load.descriptor = descriptor(at);
  draft_.step(format("load program {}", entry.name), std::move(load)).has_log = true;
}

// What was found goes into the instruction. That a constant is a variable, or that a function is
// one of a module, is said only when it was found.
void ProgramSteps::put_symbol(const SymbolUse& use, const isa::Slot& slot, Offset code,
                              std::vector<Fill>& fills) const {
  const Offset at = code + use.slot * u32{sizeof(isa::Slot)};
  const Offset immediate = at + u32{offsetof(isa::Slot, immediate)};
  const Offset answer = answers_.at({use.external, use.addend});
  fills.push_back(Copy{immediate, answer});
  if (use.is_call) {
    const u32 position = modules_.at(use.external);
    fills.push_back(Copy{draft_.array + position * kDescriptorBytes, answer + kModule});
    fills.push_back(Choose{at + u32{offsetof(isa::Slot, offset)}, answer + kModule,
                           static_cast<u16>(position), 2});
    return;
  }
  fills.push_back(Copy{immediate + u32{sizeof(isa::Slot)}, answer + kModule});
  if (object_.externs()[use.external].kind == ExternKind::address) return;
  const u32 registers = slot.registers | u32{static_cast<u8>(isa::Constant::variable)} << 4;
  fills.push_back(
      Choose{at + u32{offsetof(isa::Slot, registers)}, answer, static_cast<u16>(registers), 1});
}

void ProgramSteps::put_into_maps() {
  for (u32 number = 0; number < object_.maps().size(); ++number) {
    const platform::MapSpec& map = object_.maps()[number];
    for (const auto& [index, name] : map.initial_programs) {
      const auto found = std::ranges::find_if(chosen_, [&](const Chosen& each) {
        return object_.programs()[each.number].name == name;
      });
      if (found == chosen_.end()) continue;  // one that is not loaded
      const auto at = static_cast<std::size_t>(found - chosen_.begin());
      draft_.step(format("put program {} into map {}", name, map.name),
                  draft_.update(number, index, descriptor(at)));
    }
  }
}

void ProgramSteps::hand_over() {
  Plan& plan = draft_.plan;
  for (std::size_t at = 0; at < chosen_.size(); ++at) {
    plan.programs.push_back({chosen_[at].number, plan.words++});
    draft_.step("", HandOver{plan.programs.back().word, descriptor(at)});
  }
}

}  // namespace skep::object::light
