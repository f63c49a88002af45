// The header is: what every one has (light/runtime.inc), types, the loader program and its blob as
// text, and a class whose members are made from the object.
#include "object/light_skeleton.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "base/text.hpp"
#include "object/cpp_types.hpp"
#include "object/light/loader_program.hpp"
#include "object/light/plan.hpp"

namespace skep::object {
namespace {

using platform::AttachType;
using platform::MapKind;
using platform::MapSpec;
using platform::ProgramType;

constexpr std::string_view kRuntime =
#include "object/light/runtime.inc"
    ;

// Maps whose elements are one key and one value, as lookups of bpf(2) have them.
constexpr platform::MapKinds kSimple =
    platform::set_of(MapKind::hash, MapKind::array, MapKind::lru_hash, MapKind::lpm_trie);

// Programs that BPF_LINK_CREATE attaches to a device, a cgroup or a network namespace, given their
// attach type.
constexpr platform::ProgramTypes kTargeted = platform::set_of(
    ProgramType::cgroup_skb, ProgramType::cgroup_sock, ProgramType::cgroup_sock_addr,
    ProgramType::sock_ops, ProgramType::cgroup_device, ProgramType::cgroup_sysctl,
    ProgramType::cgroup_sockopt, ProgramType::flow_dissector, ProgramType::sk_lookup,
    ProgramType::sched_cls);

bool is_targeted(const ProgramEntry& entry) {
  if (!entry.attach_type) return false;
  return entry.attach_type == AttachType::xdp || entry.attach_type == AttachType::lsm_cgroup ||
         (platform::set_of(entry.type) & kTargeted) != 0;
}

// The type of a program's member, and what it is made of.
struct ProgramMember {
  std::string type;
  std::string made{};
};
ProgramMember member_of(const ProgramEntry& entry) {
  if (is_targeted(entry)) {
    return {"TargetedProgram",
            "{" + std::to_string(platform::kernel_number(*entry.attach_type)) + "}"};
  }
  const bool is_raw = entry.type == ProgramType::raw_tracepoint ||
                      entry.type == ProgramType::raw_tracepoint_writable;
  if (is_raw && !entry.target.name.empty()) {
    return {"RawTracepointProgram", "{" + in_quotes(entry.target.name) + "}"};
  }
  if (entry.attach_type == AttachType::trace_iter) return {"IteratorProgram"};
  const bool is_tracing = entry.type == ProgramType::tracing || entry.type == ProgramType::lsm;
  const bool has_target = (entry.flags & platform::kTargetInBtf) != 0;
  return {is_tracing && has_target ? "TracingProgram" : "Program"};
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// A value that the caller or load() puts into the kernel's configuration.
struct Setting {
  const platform::Extern* external;
  std::string type;
  std::string made_up{};  // what load() takes when the caller gives nothing
};

std::string made_up(std::string_view name) {
  if (name == "LINUX_KERNEL_VERSION") return "loader::kernel_version()";
  if (name == "LINUX_HAS_BPF_COOKIE") return "loader::kernel_version() >= (5u << 16 | 15u << 8)";
  return name == "LINUX_HAS_SYSCALL_WRAPPER" ? "true" : "";
}

class LightWriter {
 public:
  LightWriter(const Object& object, std::string_view name, light::Plan plan)
      : object_(object), name_(name), plan_(std::move(plan)), written_(shortened(plan_.blob)) {}

  Result<std::string> run() {
    const std::vector<isa::Slot> code = TRY(light::loader_program(plan_).within(object_.name()));
    std::string body;
    for (const light::HandedGlobals& each : plan_.globals) TRY(add_globals(each));
    body += globals() + TRY(configuration()) + TRY(maps()) + programs() + load();
    out_ = heading();
    out_ += "namespace " + std::string(name_) + " {\n\n";
    out_ += std::string(kRuntime) + "\n";
    out_ += TRY(cpp_.definitions());
    out_ += constants(code);
    out_ += "// The object, which is part of this file.\nclass Skeleton {\n";
    out_ += body;
    out_ += "};\n\n";
    out_ += format("}  // namespace {}\n", name_);
    return std::move(out_);
  }

 private:
  const MapSpec& map(u32 number) const { return object_.maps()[number]; }
  // "flow_table"; sections are without their dot, "bss", unless a map has that name.
  std::string member(const MapSpec& spec) const {
    if (!spec.is_globals) return identifier(spec.name);
    const std::string name = identifier(std::string_view(spec.name).substr(1));
    const bool is_taken = std::ranges::any_of(
        object_.maps(), [&](const MapSpec& each) { return identifier(each.name) == name; });
    return is_taken ? "section_" + name : name;
  }

  std::string heading() const {
    return format(
               "// {}, with all that loads it into the Linux kernel. Made by `skep gen skeleton "
               "--light`.\n//\n"
               "// Needs Linux {} or later, the right to call bpf(2), and libc.\n"
               "#pragma once\n\n",
               base_name(object_.name()),
               object_.has_core() ? "5.17 (CO-RE relocations)" : "5.14") +
           "#include <sys/mman.h>\n#include <sys/syscall.h>\n#include <sys/utsname.h>\n"
           "#include <unistd.h>\n\n"
           "#include <algorithm>\n#include <array>\n#include <cerrno>\n#include <cstddef>\n"
           "#include <cstdint>\n#include <cstdio>\n#include <cstring>\n#include <new>\n"
           "#include <optional>\n#include <span>\n#include <string>\n#include <string_view>\n"
           "#include <utility>\n#include <vector>\n\n";
  }

  // The bytes without the zeros at their end.
  static Bytes shortened(const std::vector<std::byte>& bytes) {
    const auto last = std::find_if(bytes.rbegin(), bytes.rend(),
                                   [](std::byte each) { return each != std::byte{0}; });
    return {bytes.data(), static_cast<std::size_t>(bytes.rend() - last)};
  }

  std::string constants(const std::vector<isa::Slot>& code) const {
    std::string out = "namespace loader {\n\ninline constexpr Step kSteps[] = {\n";
    const auto last = std::find_if(plan_.steps.rbegin(), plan_.steps.rend(),
                                   [](const light::Step& each) { return !each.text.empty(); });
    for (const light::Step& each : std::span(plan_.steps).first(plan_.steps.rend() - last)) {
      out += "    {" + in_quotes(each.text) + (each.has_log ? ", true},\n" : ", false},\n");
    }
    out += "};\n\n// The loader program.\ninline constexpr char kCode[] =\n" +
           literal(Bytes(code.data(), code.size() * sizeof(isa::Slot))) + ";\n\n";
    out +=
        "// What it works on: commands, code, types and values.\ninline constexpr char kBlob[] "
        "=\n" +
        literal(written_) + ";\n\n";
    out +=
        "inline constexpr Loader kLoader{\n    .code = {kCode, sizeof(kCode) - 1},\n"
        "    .blob = {kBlob, sizeof(kBlob) - 1},\n";
    out += format("    .blob_bytes = {},\n    .steps = kSteps,\n    .license =\n{}",
                  plan_.blob.size(), license());
    out += "};\n\n}  // namespace loader\n\n";
    return out;
  }

  std::string license() const {
    const std::string& text = object_.license();
    return literal(Bytes(text.data(), text.size()));
  }

  struct Variable {
    std::string type, name;
    std::size_t section;  // of sections_
    u32 offset;
  };

  // Sections that user space may map; the others have only variables that nobody else can see.
  Result<void> add_globals(const light::HandedGlobals& handed) {
    const MapSpec& spec = map(handed.map);
    if (spec.name == ".kconfig" || (spec.flags & platform::kMappable) == 0) return {};
    sections_.push_back(&handed);
    const btf::Types& types = object_.types();
    for (const btf::SectionVariable& each : types.variables(types.resolve(spec.value_type))) {
      const btf::Type variable = types.at(each.type);
      if (variable.name.starts_with("skep_record__") || each.size == 0) continue;
      if (u64{each.offset} + each.size > spec.value_size) continue;
      if (!seen_.emplace(variable.name).second) continue;
      variables_.push_back({TRY(cpp_.spelled(variable.type, each.size)), identifier(variable.name),
                            sections_.size() - 1, each.offset});
    }
    return {};
  }

  // The memory of a section, which begins as the blob has it.
  std::string section(const light::HandedGlobals& each) const {
    const u64 begin = std::min<u64>(each.values, written_.size());
    const u64 end = std::min<u64>(u64{each.values} + map(each.map).value_size, written_.size());
    return format("  Values section_{}", each.map) +
           format("{}std::string_view(loader::kBlob + {}, {}), {}{};  // {}\n", "{", begin,
                  end - begin, map(each.map).value_size, "}", in_quotes(map(each.map).name));
  }

  std::string globals() const {
    std::string out;
    for (const light::HandedGlobals* each : sections_) out += section(*each);
    if (!out.empty()) out += "\n";
    out +=
        " public:\n  // To be set before load(); afterwards they are those of the programs, and "
        "what is "
        "constant\n  // cannot be written.\n  struct Globals {\n";
    for (const Variable& each : variables_) out += format("    {}& {};\n", each.type, each.name);
    out += "  } globals{";
    for (const Variable& each : variables_) {
      out += format("\n      section_{}.at<{}, {}>(),", sections_[each.section]->map, each.type,
                    each.offset);
    }
    return out + "};\n\n";
  }

  // As members only where a program asks for some.
  Result<std::string> configuration() {
    for (const platform::Extern& each : object_.externs()) {
      if (each.kind != platform::ExternKind::configuration) continue;
      const btf::TypeId type = object_.types().at(each.type).type;
      settings_.push_back({&each, TRY(cpp_.spelled(type, each.size)), made_up(each.name)});
    }
    if (settings_.empty()) return std::string();
    std::string out =
        "  // Values of the kernel's configuration, to be given before load(). Weak ones may be "
        "left out,\n  // and those that begin with LINUX_.\n  struct Configuration {\n";
    for (const Setting& each : settings_) {
      out +=
          format("    std::optional<{}> {}{};\n", each.type, identifier(each.external->name), "{}");
    }
    return out + "  } configuration;\n\n";
  }

  Result<std::string> maps() {
    std::string out = "  struct Maps {\n";
    for (const light::Handed& each : plan_.maps) {
      out += format("    {} {};\n", TRY(map_type(map(each.number))), member(map(each.number)));
    }
    return out + "  } maps;\n\n";
  }

  Result<std::string> map_type(const MapSpec& spec) {
    if (spec.is_globals || (platform::set_of(spec.kind) & kSimple) == 0) {
      return std::string("AnyMap");
    }
    const std::string key = TRY(cpp_.spelled(spec.key_type, spec.key_size));
    return format("Map<{}, {}>", key, TRY(cpp_.spelled(spec.value_type, spec.value_size)));
  }

  std::string programs() const {
    std::string out = "  struct Programs {\n";
    for (const light::Handed& each : plan_.programs) {
      const ProgramEntry& entry = object_.programs()[each.number];
      const ProgramMember member = member_of(entry);
      out += format("    {} {}{};\n", member.type, identifier(entry.name), member.made);
    }
    return out + "  } programs;\n\n";
  }

  std::string load() const {
    std::string out =
        "  // Creates the maps and loads the programs, once. After an error nothing is left "
        "behind.\n  [[nodiscard]] std::optional<Error> load() {\n";
    out += "    if (is_loaded_) return loader::loaded_before();\n";
    out += format("    std::array<std::uint64_t, {}> context{};\n", plan_.words, "{}");
    out += settings();
    for (const light::Handed& each : plan_.maps) out += entries(each);
    for (const light::HandedGlobals* each : sections_) {
      out += format("    context[{}] = section_{}.address();\n", each->pointer, each->map);
    }
    out +=
        "    if (auto error = loader::run(loader::kLoader, context)) return error;\n"
        "    is_loaded_ = true;\n";
    for (const light::Handed& each : plan_.maps) {
      out += taken("maps." + member(map(each.number)), each.word);
    }
    for (const light::Handed& each : plan_.programs) {
      out += taken("programs." + identifier(object_.programs()[each.number].name), each.word);
    }
    for (const light::HandedGlobals* each : sections_) out += shown(*each);
    out += "    return std::nullopt;\n  }\n\n private:\n";
    if (!sections_.empty()) {
      out +=
          "  Error unload(const char* step) {\n    Error error = loader::failed(step);\n"
          "    maps = Maps();\n    programs = Programs();\n    is_loaded_ = false;\n"
          "    return error;\n  }\n\n";
    }
    return out + "  bool is_loaded_ = false;\n";
  }

  // Values of the configuration, put where the map .kconfig begins with.
  std::string settings() const {
    if (settings_.empty()) return {};
    const auto handed = std::ranges::find_if(plan_.globals, [&](const light::HandedGlobals& each) {
      return map(each.map).name == ".kconfig";
    });
    std::string out =
        format("    std::array<std::byte, {}> values{};\n", map(handed->map).value_size, "{}");
    for (const Setting& each : settings_) {
      const std::string name = identifier(each.external->name);
      if (!each.made_up.empty()) {
        out += format("    loader::put(values, {}, configuration.{}.value_or({}));\n",
                      each.external->offset, name, each.made_up);
        continue;
      }
      out += format("    if (configuration.{}) loader::put(values, {}, *configuration.{});\n", name,
                    each.external->offset, name);
      if (each.external->is_weak) continue;
      out += format("    if (!configuration.{}) return loader::not_given(\"{}\");\n", name, name);
    }
    return out + format("    context[{}] = bpf::address(values.data());\n", handed->pointer);
  }

  // A perf_event_array without a size has one entry for each CPU.
  std::string entries(const light::Handed& each) const {
    const MapSpec& spec = map(each.number);
    const std::string name = "maps." + member(spec);
    std::string out = format("    context[{}] = {}.max_entries;\n", each.word, name);
    if (spec.kind == MapKind::perf_event_array && spec.max_entries == 0) {
      out +=
          format("    if ({}.max_entries == 0) context[{}] = loader::cpus();\n", name, each.word);
    }
    return out;
  }

  static std::string taken(const std::string& member, light::Word word) {
    return format("    {}.descriptor = Descriptor(static_cast<int>(context[{}]));\n", member, word);
  }

  std::string shown(const light::HandedGlobals& each) const {
    const bool is_constant = (map(each.map).flags & platform::kReadOnlyForProgram) != 0;
    const std::string name = map(each.map).name;
    return format("    if (!section_{}.show(maps.{}.descriptor, {})) return unload({});\n",
                  each.map, member(map(each.map)),
                  is_constant ? "PROT_READ" : "PROT_READ | PROT_WRITE", in_quotes("map " + name));
  }

  const Object& object_;
  std::string_view name_;
  light::Plan plan_;
  Bytes written_;  // the blob, as far as it is written down
  CppTypes cpp_{object_.types()};
  std::string out_;
  std::vector<const light::HandedGlobals*> sections_;
  std::set<std::string> seen_;
  std::vector<Variable> variables_;
  std::vector<Setting> settings_;
};

}  // namespace

Result<std::string> light_skeleton(const Object& object, std::string_view name) {
  if (!is_identifier(name)) {
    return Error(Fault::usage, format("'{}' cannot be the name of a namespace", name),
                 "give an identifier with --name");
  }
  return LightWriter(object, name, TRY(light::plan(object, name))).run();
}

}  // namespace skep::object
