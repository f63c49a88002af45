#include "kernel/loader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/cpus.hpp"
#include "kernel/log.hpp"
#include "kernel/token.hpp"
#include "object/hooks.hpp"
#include "object/kernel/types.hpp"
#include "object/user_engine.hpp"
#include "platform/bpf_information.hpp"
#include "verify/verify.hpp"

namespace skep::kernel {
namespace {

using object::KernelProgram;
using object::ProgramEntry;
using platform::ExternKind;
using platform::ProgramType;

constexpr u32 kLogBytes = 1u << 16, kLogBytesMax = 1u << 28;  // the kernel takes up to 1 GiB - 1
// Log level 4: three lines of figures, and what was wrong with the program.
constexpr u32 kFiguresLevel = 4, kFiguresBytes = 4096;

// What loading such a program asks for; without CAP_BPF only where the machine says so.
Capabilities needed_for(ProgramType type) {
  return kBpf | capabilities_for(platform::row(type).privilege);
}

// Refused without a word of the verifier: a privilege, or something that this kernel does not know.
Error not_taken(int answer, ProgramType type) {
  Error out = refused("load it into the kernel", answer, needed_for(type));
  if (out.hint.empty()) {
    out.hint =
        "it may need a newer kernel: skep requires OBJECT says since which release there is what "
        "it uses";
  }
  return out;
}

// What skep's own verifier says of the same program, as far as it knows such ones.
std::string own_verdict(const object::Object& object, const std::string& name,
                        const btf::Targets* targets) {
  auto program = object.program(name, {.targets = targets});
  const btf::Types* types =
      targets == nullptr || targets->empty() ? nullptr : targets->all().front().types.get();
  if (!program.ok() || (types == nullptr && verify::needs_kernel_types(**program))) return {};
  const verify::Verdict verdict =
      verify::verify(std::move(*program), {.instructions_max = verify::kKernelInstructionsMax,
                                           .pending_max = verify::kKernelPendingMax,
                                           .rules = verify::Rules::kernel,
                                           .capabilities = capabilities_here(),
                                           .kernel_types = types,
                                           .cpus = possible_cpus_if_known()});
  if (verdict.accepted()) return "skep's own verifier accepts this program\n";
  return "skep's own verifier rejects it too:\n" +
         verify::to_text(std::get<verify::Report>(verdict.outcome));
}

}  // namespace

Result<App> App::load(const object::Object& object, const LoadOptions& options) {
  return Loader(object, options).run().within(object.name());
}

const LoadedProgram* App::program(std::string_view name) const {
  const auto found =
      std::ranges::find_if(programs_, [&](const auto& each) { return each.entry.name == name; });
  return found == programs_.end() ? nullptr : &*found;
}

std::vector<maps::View*> App::views() {
  std::vector<maps::View*> out;
  for (LoadedMap& each : maps_) out.push_back(&each.map);
  return out;
}

const LoadedMap* App::map(std::string_view name) const {
  const auto found =
      std::ranges::find_if(maps_, [&](const auto& each) { return each.spec().name == name; });
  return found == maps_.end() ? nullptr : &*found;
}

Result<App> Loader::run() {
  if (auto loaded = load(); !loaded.ok()) {
    unpin_maps();
    return std::move(loaded).error();
  }
  return std::move(app_);
}

// Of a load that failed nothing stays: not the maps either that it pinned by name.
void Loader::unpin_maps() {
  for (const LoadedMap& each : app_.maps_) {
    if (!each.spec().is_pinned_by_name || each.was_there) continue;
    ::unlink(format("{}/{}", options_.pins, each.spec().name).c_str());
  }
}

Result<void> Loader::load() {
  TRY(load_types());
  TRY(plan_operations());
  TRY(create_maps());
  TRY(fill_maps());
  TRY(load_programs());
  TRY(complete_operations());
  return fill_program_arrays();
}

// Where the kernel does not take the object's types, maps and programs do without, as in libbpf.
Result<void> Loader::load_types() {
  const std::vector<std::byte> types = TRY(object::kernel_types(object().image()));
  if (types.empty()) return {};
  platform::LoadTypes load{};
  load.btf = platform::address_of(types.data());
  load.btf_size = static_cast<u32>(types.size());
  if (options_.token != nullptr) {
    load.btf_token_fd = static_cast<u32>(options_.token->descriptor());
    load.btf_flags = platform::kTokenFlag;
  }
  const s64 returned = bpf(Command::load_types, load);
  // A token may leave out the types and delegate the rest.
  if (returned == -EPERM && options_.token == nullptr)
    return refused("load the object's types", EPERM, kBpf);
  if (returned >= 0) app_.types_ = Fd::adopt(static_cast<int>(returned));
  return {};
}

bool Loader::is_wanted(const ProgramEntry& entry) const {
  if (options_.programs.empty()) return !entry.is_optional;
  return std::ranges::find(options_.programs, entry.name) != options_.programs.end();
}

Result<void> Loader::load_programs() {
  for (u32 number = 0; number < object().programs().size(); ++number) {
    const ProgramEntry& entry = object().programs()[number];
    if (is_wanted(entry)) TRY(load_program(number).within(format("program {}", entry.name)));
  }
  return {};
}

Result<void> Loader::load_program(u32 number) {
  const ProgramEntry& entry = object().programs()[number];
  if (entry.type == ProgramType::unspecified) {
    return Error(Fault::unsupported,
                 format("no program type has a section named {}", entry.section),
                 platform::section_advice(entry.section));
  }
  KernelProgram program =
      TRY(object::kernel_program(object(), number, {.targets = options_.targets}));
  TRY(put_symbols(program));
  platform::LoadProgram load = object::load_attributes(entry, program);
  TRY(fill_target(entry, load));
  load.insns = platform::address_of(program.slots.data());
  load.license = platform::address_of(object().license().c_str());
  load.fd_array = platform::address_of(descriptors_.data());
  if (app_.types_) {
    load.prog_btf_fd = static_cast<u32>(app_.types_->get());
    load.func_info = platform::address_of(program.functions.data());
    load.line_info = platform::address_of(program.lines.data());
  } else {
    load.func_info_cnt = load.line_info_cnt = 0;
  }
  if (options_.token != nullptr) {
    load.prog_token_fd = static_cast<u32>(options_.token->descriptor());
    load.prog_flags = load.prog_flags | platform::kTokenFlag;
  }
  std::string figures(options_.figures == Figures::yes ? kFiguresBytes : 0, '\0');
  if (!figures.empty()) {
    load.log_level = kFiguresLevel;
    load.log_size = static_cast<u32>(figures.size());
    load.log_buf = platform::address_of(figures.data());
  }
  Fd loaded = TRY(try_load(program, load));
  app_.programs_.push_back({entry, std::move(loaded), verification_time(figures)});
  return {};
}

// "verification time 34 usec" (print_verification_stats in kernel/bpf/verifier.c).
u64 Loader::verification_time(std::string_view figures) {
  constexpr std::string_view kBefore = "verification time ";
  const std::size_t at = figures.find(kBefore);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = figures.substr(at + kBefore.size());
  return parse_unsigned(digits.substr(0, digits.find(' '))).value_or(0);
}

// The id of what the program is attached to, for types that say it when they are loaded.
Result<void> Loader::fill_target(const ProgramEntry& entry, platform::LoadProgram& load) {
  if (const auto operation = operations_.find(entry.name); operation != operations_.end()) {
    load.attach_btf_id = operation->second.type;
    load.attach_btf_obj_fd = static_cast<u32>(operation->second.module);
    load.expected_attach_type = operation->second.member;
    return {};
  }
  if (entry.type == ProgramType::ext) return fill_replaced(entry, load);
  if ((entry.flags & platform::kTargetInBtf) == 0) return {};
  const auto target = object::name_in_btf(entry.target);
  if (!target) {
    return Error(Fault::usage, format("section {} does not name its target", entry.section),
                 format("write SEC(\"{}/NAME\")", entry.section));
  }
  const auto found = TRY(kernel_.find(target->name, target->kind, entry.target.place));
  if (!found) {
    return Error(
        Fault::unsupported,
        format("this kernel has no {} {}", platform::name_of(entry.target.kind), entry.target.name),
        "skep check OBJECT --against FILE says which kernels have it");
  }
  load.attach_btf_id = found->id;
  load.attach_btf_obj_fd = static_cast<u32>(found->module);
  return {};
}

// freplace: the function's id in the types of the program that has it.
Result<void> Loader::fill_replaced(const ProgramEntry& entry, platform::LoadProgram& load) {
  if (!options_.replaces) {
    return Error(
        Fault::usage,
        format("section {} does not say which program's function it replaces", entry.section),
        "say --replaces ID; skep prog list has the ids");
  }
  replaced_ = TRY(open_id(Kind::program, *options_.replaces));
  const u32 types_id = TRY(info<platform::ProgramInformation>(*replaced_)).btf_id;
  if (types_id == 0) {
    return Error(Fault::unsupported,
                 format("program {} was loaded without types (BTF)", *options_.replaces));
  }
  const btf::Types types = TRY(types_of(types_id));
  const auto function = types.find(entry.target.name, btf::Kind::function);
  if (!function) {
    return Error(Fault::absent,
                 format("program {} has no function {}", *options_.replaces, entry.target.name));
  }
  load.attach_btf_id = *function;
  load.attach_btf_obj_fd = static_cast<u32>(replaced_->get());
  return {};
}

Result<void> Loader::put_symbols(KernelProgram& program) {
  for (const object::SymbolUse& use : program.symbols) TRY(put_symbol(use, program));
  return {};
}

// What was found goes into the instruction; a weak symbol that is not there stays "not there".
Result<void> Loader::put_symbol(const object::SymbolUse& use, KernelProgram& program) {
  const platform::Extern& external = object().externs()[use.external];
  isa::Slot& slot = program.slots[use.slot];
  if (external.kind == ExternKind::address) {
    const u64 address =
        external.state == platform::ExternState::found ? external.value + use.addend : 0;
    if (address == 0 && !external.is_weak) {
      return Error(Fault::unsupported,
                   format("this kernel does not show the address of {}", external.name),
                   "/proc/kallsyms lists the symbols, with addresses for CAP_SYSLOG only");
    }
    slot.immediate = static_cast<s32>(address);
    program.slots[use.slot + 1].immediate = static_cast<s32>(address >> 32);
    return {};
  }
  const bool is_function = external.kind == ExternKind::function;
  const auto found = TRY(kernel_.find(external.essential_name(),
                                      is_function ? btf::Kind::function : btf::Kind::variable));
  if (!found) {
    if (external.is_weak) return {};
    return Error(
        Fault::unsupported,
        format("this kernel has no {} {}", platform::name_of(external.kind), external.name),
        "declare it __weak and test for it, to run where it is missing");
  }
  slot.immediate = static_cast<s32>(found->id);
  if (!use.is_call) {
    slot.registers |= static_cast<u8>(static_cast<u8>(isa::Constant::variable) << 4);
    program.slots[use.slot + 1].immediate = found->module;
    return {};
  }
  if (found->module == 0) return {};
  const auto known = std::ranges::find(descriptors_, found->module);
  slot.offset = static_cast<s16>(known - descriptors_.begin());
  if (known == descriptors_.end()) descriptors_.push_back(found->module);
  return {};
}

// Without a log first, which costs the kernel time; with one when it fails.
Result<Fd> Loader::try_load(const KernelProgram& program, platform::LoadProgram& load) {
  const s64 returned = bpf(Command::load_program, load);
  if (returned >= 0) return Fd::adopt(static_cast<int>(returned));
  return rejected(program, load, static_cast<int>(-returned));
}

Error Loader::rejected(const KernelProgram& program, const platform::LoadProgram& load,
                       int answer) {
  std::string log;
  s64 returned = -ENOSPC;
  for (u32 bytes = kLogBytes; returned == -ENOSPC && bytes <= kLogBytesMax; bytes *= 8) {
    log.assign(bytes, '\0');
    platform::LoadProgram again = load;
    again.log_level = 1;
    again.log_size = bytes;
    again.log_buf = platform::address_of(log.data());
    returned = bpf(Command::load_program, again);
    if (returned >= 0) ::close(static_cast<int>(returned));
  }
  log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
  if (!is_verdict(log, answer)) {
    Error error = not_taken(answer, program.program->type);
    if (options_.token == nullptr) return error;
    return options_.token->explained(
        std::move(error), {Command::load_program, {}, load.prog_type, load.expected_attach_type});
  }
  const verify::Report report = read_log(log, program);
  return Error(Fault::rejected, format("the kernel's verifier rejects it: {}", report.message),
               report.hint)
      .with_report(verify::to_text(report) +
                   own_verdict(object(), program.program->name, options_.targets));
}

Result<void> Loader::fill_program_arrays() {
  for (const LoadedMap& map : app_.maps_) {
    if (map.spec().kind != platform::MapKind::prog_array) continue;
    for (const auto& [index, name] : map.spec().initial_programs) {
      const LoadedProgram* program = app_.program(name);
      if (program == nullptr) continue;  // one that is not loaded
      const le32 key = index, value = static_cast<u32>(program->descriptor.get());
      TRY(update_element(map.fd(), &key, &value,
                         format("put program {} into map {}", name, map.spec().name)));
    }
  }
  return {};
}

}  // namespace skep::kernel
