// First come the places for descriptors: fd_array, which is a number of the object's maps and then
// of the modules with functions that are called; then types, programs and what is made in passing.
// Global variables that are zero come last, so that the end of the blob need not be written down.
#include "object/light/plan.hpp"

#include <algorithm>
#include <map>

#include "object/hooks.hpp"
#include "object/light/blob.hpp"
#include "object/light/kernel_program.hpp"
#include "object/light/kernel_types.hpp"
#include "object/light/map_attributes.hpp"
#include "object/light/refuse.hpp"

namespace skep::object::light {
namespace {

using platform::ExternKind;
using platform::MapSpec;

constexpr u32 kDescriptorBytes = 4;
constexpr Offset kModule = 4;  // of an answer: the descriptor of a module's types
constexpr u32 kContextBytesMax = 0xffff;  // of a program of type syscall
constexpr u32 kModulesMax = 0x7fff;       // an index must fit into the offset of an instruction

struct Chosen {
  u32 number;  // in Object::programs()
  KernelProgram program;
};

class Planner {
 public:
  Planner(const Object& object, std::string_view name) : object_(object), name_(name) {}

  Result<Plan> run() {
    TRY(choose());
    TRY(lay_out_descriptors());
    TRY(load_types());
    for (u32 map = 0; map < object_.maps().size(); ++map) create_map(map);
    for (u32 map = 0; map < object_.maps().size(); ++map) fill_map(map);
    for (const auto& [use, answer] : answers_) find_symbol(use.first, use.second, answer);
    for (u32 at = 0; at < chosen_.size(); ++at) load_program(at);
    for (u32 map = 0; map < object_.maps().size(); ++map) add_programs(map);
    hand_over();
    place_zeroed();
    if (plan_.words * sizeof(u64) > kContextBytesMax) {
      return Error(Fault::exhausted, format("{}: more maps and programs than a loader program can "
                                            "give back",
                                            object_.name()));
    }
    plan_.blob = blob_.take();
    return std::move(plan_);
  }

 private:
  const MapSpec& map(u32 number) const { return object_.maps()[number]; }
  Offset map_descriptor(u32 number) const { return array_ + number * kDescriptorBytes; }
  Offset program_descriptor(u32 at) const { return programs_ + at * kDescriptorBytes; }

  // What is loaded, or why something cannot be.
  Result<void> choose() {
    for (const MapSpec& each : object_.maps()) TRY(check_map(each).within(object_.name()));
    for (u32 number = 0; number < object_.programs().size(); ++number) {
      if (object_.programs()[number].is_optional) continue;
      TRY(check_program(object_.programs()[number]).within(object_.name()));
      chosen_.push_back({number, TRY(kernel_program(object_, number))});
    }
    return {};
  }

  Result<void> lay_out_descriptors() {
    const auto maps = static_cast<u32>(object_.maps().size());
    std::map<u32, u32> modules;  // by extern: a position of fd_array
    for (const Chosen& each : chosen_) {
      for (const SymbolUse& use : each.program.symbols) {
        answers_.try_emplace({use.external, use.addend}, 0);
        if (object_.externs()[use.external].kind != ExternKind::function) continue;
        modules.try_emplace(use.external, maps + static_cast<u32>(modules.size()));
      }
    }
    if (maps + modules.size() > kModulesMax) {
      return Error(Fault::exhausted, format("{}: more than {} kernel functions", object_.name(),
                                            kModulesMax - maps));
    }
    array_ = blob_.add_zeros((maps + static_cast<u32>(modules.size())) * kDescriptorBytes);
    for (u32 number = 0; number < maps; ++number) {
      plan_.descriptors.push_back(map_descriptor(number));
    }
    types_ = pass(blob_.add_zeros(kDescriptorBytes));
    inner_ = pass(blob_.add_zeros(kDescriptorBytes));
    programs_ = blob_.add_zeros(static_cast<u32>(chosen_.size()) * kDescriptorBytes);
    for (u32 at = 0; at < chosen_.size(); ++at) {
      plan_.descriptors.push_back(program_descriptor(at));
    }
    for (auto& [use, answer] : answers_) answer = place_answer();
    modules_ = std::move(modules);
    return {};
  }

  // Of what is not needed once the programs are loaded.
  Offset pass(Offset descriptor) {
    plan_.descriptors.push_back(descriptor);
    passing_.push_back(descriptor);
    return descriptor;
  }
  Offset place_answer() {
    const Offset answer = blob_.add_zeros(sizeof(u64));
    pass(answer + kModule);
    return answer;
  }

  Offset text(std::string_view text) {
    const auto [known, is_new] = texts_.try_emplace(std::string(text), 0);
    if (is_new) known->second = blob_.add_text(text);
    return known->second;
  }

  void step(std::string text, Action action) {
    plan_.steps.push_back({std::move(text), std::move(action)});
  }

  // A command, its attributes taken into the blob.
  template <class Attributes>
  RunCommand command(Command command, const Attributes& attributes) {
    return {.command = command,
            .attributes = blob_.add_value(attributes),
            .size = sizeof(Attributes),
            .fills = {}};
  }

  Result<void> load_types() {
    const std::vector<std::byte> types = TRY(kernel_types(object_.image()).within(object_.name()));
    if (types.empty()) return {};
    LoadTypes attributes;
    attributes.btf_size = static_cast<u32>(types.size());
    RunCommand load = command(Command::load_types, attributes);
    load.fills = {Address{load.attributes + u32{offsetof(LoadTypes, btf)}, blob_.add(types)},
                  Input{load.attributes + u32{offsetof(LoadTypes, btf_log_level)}, kLogLevel, 4},
                  Input{load.attributes + u32{offsetof(LoadTypes, btf_log_size)}, kLogSize, 4},
                  Input{load.attributes + u32{offsetof(LoadTypes, btf_log_buf)}, kLogBuffer, 8}};
    load.descriptor = types_;
    step("load the types", std::move(load));
    return {};
  }

  RunCommand creation(const MapSpec& spec, std::string_view name) {
    const CreateMap attributes = map_attributes(spec, name);
    RunCommand create = command(Command::create_map, attributes);
    if (attributes.btf_value_type_id != 0) {
      create.fills.push_back(Copy{create.attributes + u32{offsetof(CreateMap, btf_fd)}, types_});
    }
    return create;
  }

  void create_map(u32 number) {
    const MapSpec& spec = map(number);
    if (spec.inner != nullptr) {
      RunCommand create = creation(*spec.inner, spec.inner->name);
      create.descriptor = inner_;
      step(format("create the pattern of the maps in map {}", spec.name), std::move(create));
    }
    RunCommand create = creation(spec, kernel_name(spec, name_));
    if (spec.inner != nullptr) {
      create.fills.push_back(
          Copy{create.attributes + u32{offsetof(CreateMap, inner_map_fd)}, inner_});
    }
    plan_.maps.push_back({number, plan_.words++});
    create.fills.push_back(Input{create.attributes + u32{offsetof(CreateMap, max_entries)},
                                 plan_.maps.back().word, 4});
    create.descriptor = map_descriptor(number);
    step(format("create map {}", spec.name), std::move(create));
    if (spec.inner != nullptr) step("close a pattern", Close{inner_});
  }

  // An update of one element; `value` is an offset.
  RunCommand update(u32 map, u32 key, Offset value) {
    RunCommand update = command(Command::update_element, UpdateElement{});
    update.fills = {
        Copy{update.attributes + u32{offsetof(UpdateElement, map_fd)}, map_descriptor(map)},
        Address{update.attributes + u32{offsetof(UpdateElement, key)}, blob_.add_value(le32(key))},
        Address{update.attributes + u32{offsetof(UpdateElement, value)}, value}};
    return update;
  }

  void fill_map(u32 number) {
    const MapSpec& spec = map(number);
    for (const auto& [index, inner] : spec.initial_maps) {
      step(format("put map {} into map {}", map(inner).name, spec.name),
           update(number, index, map_descriptor(inner)));
    }
    if (spec.is_globals) set_globals(number);
  }

  void set_globals(u32 number) {
    const MapSpec& spec = map(number);
    const bool is_zero =
        std::ranges::all_of(spec.initial, [](std::byte each) { return each == std::byte{0}; });
    const Offset values = is_zero ? 0 : blob_.add(spec.initial);
    plan_.globals.push_back({number, plan_.words++, values});
    const std::string text = format("set the variables of {}", spec.name);
    if (is_zero) zeroed_.push_back({plan_.globals.size() - 1, plan_.steps.size()});
    step(text, CopyFromUser{values, spec.value_size, plan_.globals.back().pointer});
    step(text, update(number, 0, values));
    if ((spec.flags & platform::kReadOnlyForProgram) == 0) return;
    RunCommand freeze = command(Command::freeze_map, FreezeMap{});
    freeze.fills = {Copy{freeze.attributes, map_descriptor(number)}};
    step(format("make the constants of {} final", spec.name), std::move(freeze));
  }

  void find_symbol(u32 number, u32 addend, Offset answer) {
    const platform::Extern& external = object_.externs()[number];
    const bool is_address = external.kind == ExternKind::address;
    const std::string_view name = is_address ? external.name : external.essential_name();
    const auto size = static_cast<u32>(name.size()) + 1;
    const std::string what =
        format("find the {} {}", platform::name_of(external.kind), external.name);
    if (is_address) {
      step(what, FindAddress{text(name), size, answer, addend, external.is_weak});
      return;
    }
    const btf::Kind kind =
        external.kind == ExternKind::function ? btf::Kind::function : btf::Kind::variable;
    step(what, FindType{text(name), size, kind, answer, external.is_weak});
  }

  // Where the target of a program is found, if its types name one.
  std::optional<Offset> find_target(const ProgramEntry& entry) {
    if ((entry.flags & platform::kTargetInBtf) == 0) return std::nullopt;
    const auto target = name_in_btf(entry.target);
    const Offset answer = place_answer();
    step(format("find {}, the target of program {},", target->name, entry.name),
         FindType{text(target->name), static_cast<u32>(target->name.size()) + 1, target->kind,
                  answer, false});
    return answer;
  }

  void load_program(u32 at) {
    const KernelProgram& program = chosen_[at].program;
    const ProgramEntry& entry = object_.programs()[chosen_[at].number];
    const auto target = find_target(entry);
    const Offset code = blob_.add_all(program.slots);
    RunCommand load = command(Command::load_program, attributes(entry, program));
    const auto field = [&](std::size_t offset) {
      return load.attributes + static_cast<u32>(offset);
    };
    load.fills = {Address{field(offsetof(LoadProgram, insns)), code},
                  Address{field(offsetof(LoadProgram, license)), text(object_.license())},
                  Address{field(offsetof(LoadProgram, fd_array)), array_},
                  Input{field(offsetof(LoadProgram, log_level)), kLogLevel, 4},
                  Input{field(offsetof(LoadProgram, log_size)), kLogSize, 4},
                  Input{field(offsetof(LoadProgram, log_buf)), kLogBuffer, 8},
                  Copy{field(offsetof(LoadProgram, prog_btf_fd)), types_}};
    const auto table = [&](std::size_t offset, const auto& records) {
      if (!records.empty()) load.fills.push_back(Address{field(offset), blob_.add_all(records)});
    };
    table(offsetof(LoadProgram, func_info), program.functions);
    table(offsetof(LoadProgram, line_info), program.lines);
    table(offsetof(LoadProgram, core_relos), program.core);
    if (target) {
      load.fills.push_back(Copy{field(offsetof(LoadProgram, attach_btf_id)), *target});
      load.fills.push_back(
          Copy{field(offsetof(LoadProgram, attach_btf_obj_fd)), *target + kModule});
    }
    for (const SymbolUse& use : program.symbols) {
      put_symbol(use, program.slots[use.slot], code, load.fills);
    }
    load.descriptor = program_descriptor(at);
    step(format("load program {}", entry.name), std::move(load));
  }

  LoadProgram attributes(const ProgramEntry& entry, const KernelProgram& program) const {
    LoadProgram out;
    std::memset(&out, 0, sizeof(out));
    out.prog_type = platform::kernel_number(entry.type);
    out.insn_cnt = static_cast<u32>(program.slots.size());
    if ((entry.flags & platform::kSleepable) != 0) out.prog_flags = kSleepableFlag;
    if ((entry.flags & platform::kXdpFrags) != 0) out.prog_flags = kXdpFragsFlag;
    entry.name.copy(out.prog_name, kNameBytes - 1);
    if (entry.attach_type) out.expected_attach_type = platform::kernel_number(*entry.attach_type);
    const auto table = [](auto& size, auto& count, const auto& records) {
      if (records.empty()) return;
      size = static_cast<u32>(sizeof(records[0]));
      count = static_cast<u32>(records.size());
    };
    table(out.func_info_rec_size, out.func_info_cnt, program.functions);
    table(out.line_info_rec_size, out.line_info_cnt, program.lines);
    table(out.core_relo_rec_size, out.core_relo_cnt, program.core);
    return out;
  }

  // What was found goes into the instruction; a register's kind and a module only if it was.
  void put_symbol(const SymbolUse& use, const isa::Slot& slot, Offset code,
                  std::vector<Fill>& fills) const {
    const Offset at = code + use.slot * u32{sizeof(isa::Slot)};
    const Offset immediate = at + u32{offsetof(isa::Slot, immediate)};
    const Offset answer = answers_.at({use.external, use.addend});
    fills.push_back(Copy{immediate, answer});
    const ExternKind kind = object_.externs()[use.external].kind;
    if (kind == ExternKind::function) {
      const u32 position = modules_.at(use.external);
      fills.push_back(Copy{array_ + position * kDescriptorBytes, answer + kModule});
      fills.push_back(Choose{at + u32{offsetof(isa::Slot, offset)}, answer + kModule,
                             static_cast<u16>(position), 2});
      return;
    }
    fills.push_back(Copy{immediate + u32{sizeof(isa::Slot)}, answer + kModule});
    if (kind == ExternKind::address) return;
    const u32 registers = slot.registers | u32{static_cast<u8>(isa::Constant::variable)} << 4;
    fills.push_back(Choose{at + u32{offsetof(isa::Slot, registers)}, answer,
                           static_cast<u16>(registers), 1});
  }

  void add_programs(u32 number) {
    for (const auto& [index, name] : map(number).initial_programs) {
      const auto found = std::ranges::find_if(chosen_, [&](const Chosen& each) {
        return object_.programs()[each.number].name == name;
      });
      if (found == chosen_.end()) continue;  // not to be loaded unless asked for
      step(format("put program {} into map {}", name, map(number).name),
           update(number, index, program_descriptor(static_cast<u32>(found - chosen_.begin()))));
    }
  }

  // From here on nothing fails.
  void hand_over() {
    for (const Handed& each : plan_.maps) {
      step("hand over", HandOver{each.word, map_descriptor(each.number)});
    }
    for (u32 at = 0; at < chosen_.size(); ++at) {
      plan_.programs.push_back({chosen_[at].number, plan_.words++});
      step("hand over", HandOver{plan_.programs.back().word, program_descriptor(at)});
    }
    for (const Offset each : passing_) step("close", Close{each});
  }

  void place_zeroed() {
    for (const auto& [globals, at] : zeroed_) {
      HandedGlobals& each = plan_.globals[globals];
      each.values = blob_.add_zeros(map(each.map).value_size);
      std::get<CopyFromUser>(plan_.steps[at].action).to = each.values;
      std::get<Address>(std::get<RunCommand>(plan_.steps[at + 1].action).fills.back()).of =
          each.values;
    }
  }

  struct Zeroed {
    std::size_t globals;  // in the plan
    std::size_t step;     // the first of the two that need the place
  };

  const Object& object_;
  std::string_view name_;
  Plan plan_;
  Blob blob_;
  std::vector<Chosen> chosen_;
  std::map<std::pair<u32, u32>, Offset> answers_;  // by extern and addend
  std::map<u32, u32> modules_;                     // by extern: a position of fd_array
  std::map<std::string, Offset> texts_;
  std::vector<Zeroed> zeroed_;
  std::vector<Offset> passing_;  // descriptors to be closed in the end
  Offset array_ = 0, types_ = 0, inner_ = 0, programs_ = 0;
};

}  // namespace

Result<Plan> plan(const Object& object, std::string_view name) {
  return Planner(object, name).run();
}

}  // namespace skep::object::light
