// A whole source file as clang -S writes it: sections, symbols, data and instructions.
//
// What describes the source and not the program (.file, .size, .loc, .debug_*) is passed over. BTF
// is data like any other, so programs compiled with -g keep their maps and line information.
// References to what is not global become section plus offset, as clang writes them.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.hpp"
#include "text/data.hpp"
#include "text/layout.hpp"
#include "text/statements.hpp"
#include "text/text.hpp"

namespace skep::text {
namespace {

class ObjectSource final : public StatementSink {
 public:
  ObjectSource() { enter(".text"); }

  Result<void> label(const Token& name) override {
    if (!names_.emplace(name.spelling).second) {
      return error_at(name.place, format("label `{}` is defined twice", name.spelling));
    }
    Section& section = sections_[current_];
    section.labels.emplace(name.spelling, section.data.size());
    return section.layout.label(name);
  }

  Result<void> instruction(const Parsed& parsed) override {
    Section& section = sections_[current_];
    if (!section.data.empty()) return mixed_section(section.name);
    section.layout.instruction(parsed);
    return {};
  }

  Result<void> directive(const Token& name, Cursor& cursor) override;
  bool passes_over(std::string_view first_word) const override {
    const auto known = std::ranges::find(kDirectives, first_word, &Directive::name);
    if (known == kDirectives.end()) return skipping_;
    if (known->run == &ObjectSource::ignore) return true;
    return skipping_ && known->run != &ObjectSource::section && known->run != &ObjectSource::text &&
           known->run != &ObjectSource::initialised && known->run != &ObjectSource::zeroed;
  }

  Result<std::vector<AssembledSection>> finish() &&;

 private:
  struct Directive {
    std::string_view name;
    Result<void> (ObjectSource::*run)(Cursor&, u64 argument);
    u64 argument = 0;
  };
  static const std::array<Directive, 44> kDirectives;

  void enter(std::string_view name) {
    skipping_ = name.starts_with(".debug_");
    if (skipping_) return;
    const auto known = std::ranges::find(sections_, name, &Section::name);
    current_ = static_cast<std::size_t>(known - sections_.begin());
    if (known == sections_.end()) sections_.emplace_back().name = name;
  }

  static void pass(Cursor& cursor) {
    while (!cursor.at_end()) cursor.take();
  }
  Result<void> ignore(Cursor& cursor, u64) {
    pass(cursor);
    return {};
  }

  // ".section NAME" or ".section "NAME"", up to the first comma; flags and type follow from the
  // name.
  Result<void> section(Cursor& cursor, u64) {
    const Token& first = cursor.peek();
    std::string name;
    while (!cursor.at_end() && !cursor.is(",")) name += cursor.take().spelling;
    if (name.empty()) return error_at(first.place, "expected the name of a section");
    enter(name);
    pass(cursor);
    return {};
  }
  Result<void> text(Cursor&, u64) { return enter(".text"), Result<void>(); }
  Result<void> initialised(Cursor&, u64) { return enter(".data"), Result<void>(); }
  Result<void> zeroed(Cursor&, u64) { return enter(".bss"), Result<void>(); }

  Result<std::string> symbol(Cursor& cursor) {
    if (cursor.peek().kind != Token::Kind::word) return cursor.unexpected("a symbol");
    return std::string(cursor.take().spelling);
  }
  Result<void> global(Cursor& cursor, u64) {
    globals_.insert(TRY(symbol(cursor)));
    return {};
  }
  Result<void> local(Cursor& cursor, u64) {
    locals_.insert(TRY(symbol(cursor)));
    return {};
  }
  Result<void> type(Cursor& cursor, u64) {
    const std::string name = TRY(symbol(cursor));
    TRY(cursor.expect(","));
    if (cursor.accept("@") && cursor.is("function")) functions_.insert(name);
    pass(cursor);
    return {};
  }

  Result<void> zero(Cursor& cursor, u64) { return read_zeros(cursor, sections_[current_]); }
  Result<void> align(Cursor& cursor, u64 exponents) {
    const auto given = exponents != 0 ? Alignment::exponent : Alignment::bytes;
    TRY(read_alignment(cursor, sections_[current_], given));
    pass(cursor);
    return {};
  }
  Result<void> integers(Cursor& cursor, u64 bytes) {
    return read_integers(cursor, sections_[current_], bytes);
  }
  Result<void> characters(Cursor& cursor, u64 terminators) {
    return read_characters(cursor, sections_[current_], terminators);
  }
  // ".comm NAME, SIZE, ALIGNMENT": a zeroed variable.
  Result<void> common(Cursor& cursor, u64) {
    const std::size_t before = current_;
    const Token name = cursor.peek();
    const std::string variable = TRY(symbol(cursor));
    if (!locals_.contains(variable)) globals_.insert(variable);
    TRY(cursor.expect(","));
    enter(".bss");
    const u64 bytes = TRY(read_count(cursor));
    const u64 alignment = cursor.accept(",") ? std::max<u64>(1, TRY(read_count(cursor))) : 1;
    Section& section = sections_[current_];
    TRY(make_room(cursor, section, bytes + alignment));
    section.data.resize((section.data.size() + alignment - 1) / alignment * alignment);
    TRY(label(name));
    section.data.resize(section.data.size() + bytes);
    current_ = before;
    return {};
  }

  // ---- the end ----

  struct Definition {
    std::string section;
    u64 offset = 0;
  };
  using Definitions = std::map<std::string, Definition, std::less<>>;
  Definitions definitions() const;
  Result<AssembledSection> finish_section(Section& section, const Definitions& defined) const;
  std::vector<AssembledFunction> functions_of(const Section& section) const;
  std::vector<AssembledVariable> variables_of(const Section& section) const;
  platform::Linkage linkage(const std::string& name) const {
    return globals_.contains(name) ? platform::Linkage::global : platform::Linkage::local;
  }

  std::vector<Section> sections_;
  std::size_t current_ = 0;
  bool skipping_ = false;
  std::set<std::string, std::less<>> names_, globals_, locals_, functions_;
};

const std::array<ObjectSource::Directive, 44> ObjectSource::kDirectives = {{
    {".section", &ObjectSource::section},     {".text", &ObjectSource::text},
    {".data", &ObjectSource::initialised},    {".bss", &ObjectSource::zeroed},
    {".globl", &ObjectSource::global},        {".global", &ObjectSource::global},
    {".weak", &ObjectSource::global},         {".type", &ObjectSource::type},
    {".byte", &ObjectSource::integers, 1},    {".short", &ObjectSource::integers, 2},
    {".hword", &ObjectSource::integers, 2},   {".2byte", &ObjectSource::integers, 2},
    {".long", &ObjectSource::integers, 4},    {".int", &ObjectSource::integers, 4},
    {".4byte", &ObjectSource::integers, 4},   {".quad", &ObjectSource::integers, 8},
    {".8byte", &ObjectSource::integers, 8},   {".ascii", &ObjectSource::characters, 0},
    {".asciz", &ObjectSource::characters, 1}, {".string", &ObjectSource::characters, 1},
    {".zero", &ObjectSource::zero},           {".skip", &ObjectSource::zero},
    {".space", &ObjectSource::zero},          {".p2align", &ObjectSource::align, 1},
    {".align", &ObjectSource::align},         {".balign", &ObjectSource::align},
    {".comm", &ObjectSource::common},         {".addrsig", &ObjectSource::ignore},
    {".addrsig_sym", &ObjectSource::ignore},  {".cfi_def_cfa", &ObjectSource::ignore},
    {".cfi_endproc", &ObjectSource::ignore},  {".cfi_offset", &ObjectSource::ignore},
    {".cfi_sections", &ObjectSource::ignore}, {".cfi_startproc", &ObjectSource::ignore},
    {".file", &ObjectSource::ignore},         {".hidden", &ObjectSource::ignore},
    {".ident", &ObjectSource::ignore},        {".internal", &ObjectSource::ignore},
    {".loc", &ObjectSource::ignore},          {".local", &ObjectSource::local},
    {".protected", &ObjectSource::ignore},    {".set", &ObjectSource::ignore},
    {".size", &ObjectSource::ignore},         {".version", &ObjectSource::ignore},
}};

Result<void> ObjectSource::directive(const Token& name, Cursor& cursor) {
  for (const Directive& known : kDirectives) {
    if (known.name == name.spelling) return (this->*known.run)(cursor, known.argument);
  }
  std::vector<std::string_view> words;
  for (const Directive& known : kDirectives) words.push_back(known.name);
  return error_at(name.place, format("unknown directive `{}`", name.spelling),
                  did_you_mean(name.spelling, words));
}

ObjectSource::Definitions ObjectSource::definitions() const {
  Definitions out;
  for (const Section& section : sections_) {
    const bool code = !section.layout.empty();
    for (const auto& [name, at] : section.layout.labels()) {
      out[name] = {section.name, code ? section.layout.offset_of(at) : section.labels.at(name)};
    }
  }
  return out;
}

std::vector<AssembledFunction> ObjectSource::functions_of(const Section& section) const {
  std::vector<AssembledFunction> out;
  for (const auto& [name, at] : section.layout.labels()) {
    const bool declared = functions_.contains(name) || globals_.contains(name);
    const bool first = at.value() == 0 && !name.starts_with(".L");
    if (at >= section.layout.end()) continue;
    if (declared || first || section.layout.is_called(name))
      out.push_back({name, at, {}, linkage(name)});
  }
  std::ranges::stable_sort(out, {}, &AssembledFunction::begin);
  for (std::size_t at = 0; at < out.size(); ++at) {
    out[at].end = at + 1 < out.size() ? out[at + 1].begin : section.layout.end();
  }
  return out;
}

std::vector<AssembledVariable> ObjectSource::variables_of(const Section& section) const {
  std::vector<AssembledVariable> out;
  for (const auto& [name, offset] : section.labels) {
    if (!name.starts_with(".L")) out.push_back({name, offset, 0, linkage(name)});
  }
  std::ranges::stable_sort(out, {}, &AssembledVariable::offset);
  for (std::size_t at = 0; at < out.size(); ++at) {
    const u64 end = at + 1 < out.size() ? out[at + 1].offset : section.data.size();
    out[at].size = end - out[at].offset;
  }
  return out;
}

Result<AssembledSection> ObjectSource::finish_section(Section& section,
                                                      const Definitions& defined) const {
  AssembledSection out{.name = section.name};
  if (section.layout.empty()) {
    out.variables = variables_of(section);
  } else {
    out.functions = functions_of(section);
    out.code = TRY(std::move(section.layout).finish({{}, &out.references, &globals_}));
  }
  out.data = std::move(section.data);
  out.references.insert(out.references.end(), section.references.begin(), section.references.end());
  for (AssembledReference& reference : out.references) {
    const auto target = defined.find(reference.symbol);
    if (target == defined.end() || globals_.contains(reference.symbol)) continue;
    reference.symbol = target->second.section;
    reference.addend = target->second.offset;
  }
  return out;
}

Result<std::vector<AssembledSection>> ObjectSource::finish() && {
  const Definitions defined = definitions();
  std::vector<AssembledSection> out;
  for (Section& section : sections_) {
    if (section.layout.empty() && section.data.empty()) continue;
    out.push_back(TRY(finish_section(section, defined)));
  }
  return out;
}

}  // namespace

Result<std::vector<AssembledSection>> assemble_object(std::string_view source) {
  ObjectSource object;
  TRY(read_statements(source, object));
  std::vector<AssembledSection> sections = TRY(std::move(object).finish());
  if (sections.empty())
    return Error(Fault::malformed, "the source has no instructions and no data");
  return sections;
}

}  // namespace skep::text
