// Reading the text of verifier_cases.c; its head says what each line is.
#include "selftests/verifier_case.hpp"

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/text.hpp"
#include "platform/map_fields.hpp"
#include "selftests/new_tags.hpp"

namespace skep::selftests {
namespace {

u8 digit(char c) { return static_cast<u8>(c <= '9' ? c - '0' : c - 'a' + 10); }

// The words of one line, in order. Numbers and bytes that are not there are 0 and none: the file is
// complete when its last line says `end`.
class Line {
 public:
  explicit Line(const std::string& text) : text_(text) { name = word(); }

  std::string name;

  std::string word() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::size_t begin = at_;
    at_ = std::min(text_.find(' ', at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }
  s64 number() { return std::strtoll(word().c_str(), nullptr, 10); }
  u32 count() { return static_cast<u32>(number()); }
  std::optional<u32> maybe() {
    const s64 value = number();
    return value < 0 ? std::nullopt : std::optional(static_cast<u32>(value));
  }
  ByteString bytes() {
    const std::string digits = word();
    ByteString out(digits.size() / 2);
    for (std::size_t n = 0; n < out.size(); ++n) {
      out[n] = static_cast<std::byte>(digit(digits[2 * n]) << 4 | digit(digits[2 * n + 1]));
    }
    return out;
  }
  std::vector<isa::Slot> slots() {
    const ByteString from = bytes();
    std::vector<isa::Slot> out(from.size() / sizeof(isa::Slot));
    if (!out.empty()) std::memcpy(out.data(), from.data(), out.size() * sizeof(isa::Slot));
    return out;
  }
  std::string rest() { return at_ < text_.size() ? text_.substr(at_ + 1) : ""; }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

Expected expected(const std::string& word) {
  if (word == "none") return Expected::none;
  return word == "reject" ? Expected::rejected : Expected::accepted;
}

void read_map(Line& line, Case& to) {
  CaseMap map;
  map.spec.name = format("map_{}", to.maps.size());
  map.spec.kind = platform::map_kind(line.count());
  map.spec.key_size = line.count();
  map.spec.value_size = line.count();
  map.spec.max_entries = line.count();
  map.spec.flags = line.count();
  map.inner = line.maybe();
  map.types = line.maybe();
  map.spec.key_type = line.count();
  map.spec.value_type = line.count();
  if (map.inner) map.spec.inner = std::make_shared<platform::MapSpec>(to.maps.at(*map.inner).spec);
  to.maps.push_back(std::move(map));
}

void read_use(Line& line, Case& to) {
  CaseUse use{.slot = line.count()};
  if (line.word() == "map") {
    use.map = line.count();
  } else {
    use.function = line.word();
  }
  to.program.uses.push_back(std::move(use));
}

using Reader = void (*)(Line&, Case&);
// clang-format off
const std::map<std::string_view, Reader> kReaders = {
    {"case", [](Line& l, Case& c) { c = {}; c.name = l.word() + ":" ; c.name += " " + l.rest(); }},
    {"type", [](Line& l, Case& c) { c.program.type = l.count(); c.attach_type = l.count(); c.flags = l.count(); }},
    {"target", [](Line& l, Case& c) { c.target = l.word(); }},
    {"types", [](Line& l, Case& c) { c.types.push_back(with_new_tags(l.bytes())); }},
    {"map", read_map},
    {"program", [](Line& l, Case& c) { const u32 type = l.count(); c.programs.push_back({type, l.slots(), {}}); }},
    {"program_use", [](Line& l, Case& c) { const u32 n = l.count(), slot = l.count(); c.programs.at(n).uses.push_back({slot, l.count(), ""}); }},
    {"element", [](Line& l, Case& c) { const u32 map = l.count(); ByteString key = l.bytes(); c.elements.push_back({map, std::move(key), l.bytes(), {}}); }},
    {"entry", [](Line& l, Case& c) { const u32 map = l.count(); ByteString key = l.bytes(); c.elements.push_back({map, std::move(key), {}, l.count()}); }},
    {"own_types", [](Line& l, Case& c) { c.own_types = l.count(); }},
    {"function", [](Line& l, Case& c) { const u32 slot = l.count(); c.functions.emplace_back(slot, l.count()); }},
    {"use", read_use},
    {"code", [](Line& l, Case& c) { c.program.slots = l.slots(); }},
    {"result", [](Line& l, Case& c) { c.expected = expected(l.word()); }},
    {"result_unprivileged", [](Line& l, Case& c) { c.expected_unprivileged = expected(l.word()); }},
    {"message", [](Line& l, Case& c) { c.message = l.rest(); }},
    {"message_unprivileged", [](Line& l, Case& c) { c.message_unprivileged = l.rest(); }},
    {"processed", [](Line&, Case&) {}},
    {"run", [](Line& l, Case& c) { const u32 result = l.count(), other = l.count(); c.runs.push_back({result, other, l.bytes()}); }},
};
// clang-format on

// Where functions begin: the first instruction, and what local calls and function constants name.
std::vector<platform::Function> functions_of(const isa::Code& code) {
  std::vector<bool> begins(code.size());
  begins[0] = true;
  for (const isa::Instruction& i : code) {
    const bool calls = i.form == isa::Form::call && i.call() == isa::Call::local;
    const bool names = i.form == isa::Form::constant && i.constant() == isa::Constant::function;
    if (calls || names) begins[i.target.value()] = true;
  }
  std::vector<platform::Function> out;
  for (u32 at = 0; at < code.size(); ++at) {
    if (begins[at]) {
      out.push_back({.name = at == 0 ? "main" : format("function_{}", out.size()),
                     .begin = isa::InstructionIndex(at)});
    }
    out.back().end = isa::InstructionIndex(at + 1);
  }
  out.front().linkage = platform::Linkage::global;
  return out;
}

bool is_map(const isa::Instruction& i) {
  return i.form == isa::Form::constant &&
         (i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value);
}

Result<void> check_maps(const isa::Code& code, const CaseProgram& from) {
  for (const isa::Instruction& i : code) {
    const auto is_here = [&](const CaseUse& use) { return use.slot == i.slot.value(); };
    if (!is_map(i) || std::ranges::any_of(from.uses, is_here)) continue;
    return Error{Fault::malformed,
                 format("slot {}: a descriptor that is no map's", i.slot.value())};
  }
  return {};
}

void add_functions(const CaseProgram& from, platform::Program& program) {
  auto externs = std::make_shared<std::vector<platform::Extern>>();
  for (const CaseUse& use : from.uses) {
    if (use.function.empty()) continue;
    const isa::SlotIndex slot(use.slot);
    const auto at = std::ranges::find(program.code, slot, &isa::Instruction::slot);
    const auto number = static_cast<std::size_t>(at - program.code.begin());
    program.uses.push_back({isa::InstructionIndex(number), static_cast<u32>(externs->size())});
    externs->push_back({.name = use.function,
                        .kind = platform::ExternKind::function,
                        .state = platform::ExternState::found});
  }
  program.externs = externs;
}

}  // namespace

Result<std::vector<Case>> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{Fault::absent, format("{} cannot be read", path)};
  std::vector<Case> out;
  std::map<std::string, u32> names;
  Case now;
  u32 number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    Line line(text);
    if (line.name == "end") {
      if (const u32 times = ++names[now.name]; times > 1) now.name += format(" ({})", times);
      out.push_back(std::move(now));
      continue;
    }
    const auto reader = kReaders.find(line.name);
    if (reader == kReaders.end())
      return Error{Fault::malformed, format("{}:{}: unknown item {}", path, number, line.name)};
    reader->second(line, now);
  }
  return out;
}

Result<std::shared_ptr<const platform::Program>> program_of(const Case& from,
                                                            const CaseProgram& program) {
  std::vector<isa::Slot> slots = program.slots;
  u32 function = 0;
  for (const CaseUse& use : program.uses) {
    slots.at(use.slot).immediate = static_cast<s32>(use.function.empty() ? use.map : function++);
  }
  auto out = std::make_shared<platform::Program>();
  out->code = TRY(isa::decode(slots));
  if (out->code.empty()) return Error{Fault::malformed, "a program without instructions"};
  TRY(check_maps(out->code, program));
  out->name = "test";
  out->type = platform::program_type(program.type);
  if (from.attach_type != 0) out->attach_type = static_cast<platform::AttachType>(from.attach_type);
  out->target.name = from.target;
  if ((from.flags & (1u << 4)) != 0) out->flags |= platform::kSleepable;  // BPF_F_SLEEPABLE
  out->gpl_compatible = true;
  out->functions = functions_of(out->code);
  auto maps = std::make_shared<std::vector<platform::MapSpec>>();
  for (const CaseMap& map : from.maps) {
    maps->push_back(map.spec);
    if (!map.types) continue;
    const auto types = btf::Types::read(Bytes(from.types.at(*map.types)));
    if (types.ok()) platform::find_fields(*types, maps->back());
  }
  out->maps = maps;
  add_functions(program, *out);
  return std::shared_ptr<const platform::Program>(std::move(out));
}

}  // namespace skep::selftests
