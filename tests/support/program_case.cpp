#include "support/program_case.hpp"

#include <algorithm>
#include <sstream>

#include "base/text.hpp"
#include "platform/map_fields.hpp"
#include "support/case_types.hpp"
#include "text/text.hpp"

namespace skep::test {
namespace {

// `value=NAME`: a structure of the case.
Result<void> give_type(platform::MapSpec& map, const std::string& name, const CaseTypes& types) {
  map.value_type = types.structure(name);
  if (map.value_type == 0)
    return Error(Fault::malformed, format("map {}: no structure {}", map.name, name));
  map.value_size = TRY(types.types()->size_of(map.value_type));
  return {};
}

Result<platform::MapSpec> map_of(std::string_view text, const CaseTypes& types) {
  std::istringstream words{std::string(text)};
  platform::MapSpec map;
  std::string kind, word;
  words >> map.name >> kind;
  map.kind = platform::MapKind::count_;
  for (const platform::MapKind known : every<platform::MapKind>()) {
    if (platform::row(known).name == kind) map.kind = known;
  }
  if (map.kind == platform::MapKind::count_)
    return Error(Fault::malformed, format("no map kind {}", kind));
  while (words >> word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (name == "inner") continue;
    if (name == "frozen") {
      map.is_globals = true;
      map.flags |= platform::kReadOnlyForProgram;
      map.initial.assign(map.value_size, std::byte{0});
      const u64 first = parse_unsigned(word.substr(equals + 1)).value_or(0);
      for (std::size_t at = 0; at < 8 && at < map.initial.size(); ++at)
        map.initial[at] = static_cast<std::byte>(first >> (8 * at));
      continue;
    }
    const bool is_named = name == "value" && std::isalpha(word[equals + 1]) != 0;
    if (is_named) {
      TRY(give_type(map, word.substr(equals + 1), types));
      continue;
    }
    const auto value = parse_unsigned(equals == std::string::npos ? "" : word.substr(equals + 1));
    if (!value) return Error(Fault::malformed, format("map {}: {}", map.name, word));
    if (name == "key") map.key_size = static_cast<u32>(*value);
    if (name == "value") map.value_size = static_cast<u32>(*value);
    if (name == "entries") map.max_entries = static_cast<u32>(*value);
    if (name == "flags") map.flags = static_cast<u32>(*value);
  }
  if (map.value_type != 0) map.key_type = types.key(map.key_size);
  if (types.types() != nullptr) platform::find_fields(*types.types(), map);
  return map;
}

// Labels "NAME:" that a call or `function[NAME]` names begin functions: `asm:` puts the main
// program first.
std::vector<platform::Function> functions_of(const isa::Code& code) {
  std::vector<u32> starts{0};
  for (const isa::Instruction& i : code) {
    const bool calls = i.form == isa::Form::call && i.call() == isa::Call::local;
    if (calls || (i.form == isa::Form::constant && i.constant() == isa::Constant::function))
      starts.push_back(i.target.value());
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<platform::Function> out;
  for (std::size_t n = 0; n < starts.size(); ++n) {
    const u32 end = n + 1 < starts.size() ? starts[n + 1] : static_cast<u32>(code.size());
    out.push_back({.name = n == 0 ? "main" : format("function{}", n),
                   .begin = isa::InstructionIndex(starts[n]),
                   .end = isa::InstructionIndex(end)});
  }
  return out;
}

// "kfunc[bpf_task_acquire]" becomes "kfunc[0]", the number of an extern, which is noted.
Result<std::string> with_numbers(std::string_view text, std::vector<platform::Extern>& externs) {
  constexpr std::string_view kBegin = "kfunc[";
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find(kBegin, at);
    if (begin == std::string_view::npos) return out.append(text.substr(at));
    const std::size_t name_at = begin + kBegin.size();
    const std::size_t end = text.find(']', name_at);
    if (end == std::string_view::npos) return Error(Fault::malformed, "kfunc[ without ]");
    const std::string name(text.substr(name_at, end - name_at));
    auto found = std::ranges::find(externs, name, &platform::Extern::name);
    if (found == externs.end()) {
      found = externs.insert(externs.end(), {.name = name,
                                             .kind = platform::ExternKind::function,
                                             .state = platform::ExternState::found});
    }
    out += format("{}{}{}", text.substr(at, begin - at), kBegin, found - externs.begin());
    at = end;
  }
}

// "type[node]" becomes the number of a structure of the case.
Result<std::string> with_types(std::string text, const CaseTypes& types) {
  constexpr std::string_view kBegin = "type[";
  for (std::size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin)) {
    const std::size_t name_at = at + kBegin.size(), end = text.find(']', name_at);
    if (end == std::string::npos) return Error(Fault::malformed, "type[ without ]");
    const btf::TypeId id = types.structure(text.substr(name_at, end - name_at));
    text.replace(at, end + 1 - at, format("{}", id));
  }
  return text;
}

std::vector<platform::ExternUse> uses_of(const isa::Code& code) {
  std::vector<platform::ExternUse> out;
  for (isa::InstructionIndex at{}; at.value() < code.size(); at = at.next()) {
    const isa::Instruction& i = code[at.value()];
    if (i.form == isa::Form::call && i.call() == isa::Call::kfunc)
      out.push_back({.at = at, .number = static_cast<u32>(i.immediate)});
  }
  return out;
}

}  // namespace

platform::Capabilities capabilities_of(const CaseFile& file) {
  if (!file.has("capabilities")) return platform::kAllCapabilities;
  return platform::capabilities_of(file.field("capabilities")).value();
}

Result<std::shared_ptr<const platform::Program>> program_of(const CaseFile& file) {
  auto program = std::make_shared<platform::Program>();
  auto maps = std::make_shared<std::vector<platform::MapSpec>>();
  CaseTypes types = TRY(CaseTypes::of(file));
  for (std::string_view line : file.all("map")) {
    auto map = TRY(map_of(line, types));
    // "inner=NAME": an earlier map that the maps in it look like.
    const std::size_t inner = line.find(" inner=");
    if (inner != std::string_view::npos) {
      const std::string_view name = line.substr(inner + 7);
      const auto found = std::ranges::find(*maps, name, &platform::MapSpec::name);
      if (found == maps->end()) return Error(Fault::malformed, format("no map {}", name));
      map.inner = std::make_shared<const platform::MapSpec>(*found);
    }
    maps->push_back(std::move(map));
  }
  program->name = file.stem();
  program->maps = maps;
  program->gpl_compatible = file.field("license") == "GPL";
  program->type = platform::ProgramType::xdp;
  for (const platform::ProgramType type : every<platform::ProgramType>()) {
    if (platform::row(type).name == file.field("type")) program->type = type;
  }
  auto externs = std::make_shared<std::vector<platform::Extern>>();
  const std::string text = TRY(with_numbers(file.field("asm"), *externs));
  program->code = TRY(text::assemble(TRY(with_types(text, types)), *maps));
  program->uses = uses_of(program->code);
  program->externs = std::move(externs);
  program->functions = functions_of(program->code);
  std::vector<std::string> names;
  for (const platform::Function& function : program->functions) names.push_back(function.name);
  TRY(types.add_functions(names));
  program->types = types.types();
  return std::shared_ptr<const platform::Program>(std::move(program));
}

}  // namespace skep::test
