#include "jit/compile.hpp"

#include <algorithm>

#include "jit/address.hpp"
#include "jit/arenas.hpp"
#include "jit/code_pages.hpp"
#include "jit/combine.hpp"
#include "jit/dataflow.hpp"
#include "jit/layout.hpp"
#include "jit/lookups.hpp"
#include "jit/promote.hpp"
#include "jit/select.hpp"
#include "jit/symbols.hpp"
#include "jit/widen.hpp"

namespace skep::jit {
namespace {

Result<CodePages> seal(Emitted& emitted) {
  CodePages pages = TRY(CodePages::reserve(emitted.linked.code.size()));
  target::resolve_calls(emitted.linked, pages.address());
  TRY(pages.seal(emitted.linked.code));
  return pages;
}

// bpf_prog_NAME for the program, bpf_prog_NAME_FUNCTION for its other functions.
std::vector<Symbol> symbols_of(const Source& source, const Emitted& emitted, u64 address) {
  std::vector<Symbol> out;
  const std::string name = "bpf_prog_" + source.name;
  for (std::size_t at = 0; at < source.functions.size(); ++at) {
    const u32 begin = at == 0 ? 0 : emitted.functions[at];
    const auto end = static_cast<u32>(
        at + 1 < emitted.functions.size() ? emitted.functions[at + 1] : emitted.linked.code.size());
    out.push_back(
        {at == 0 ? name : name + "_" + source.functions[at].name, address + begin, end - begin});
  }
  return out;
}

// What a Compiled keeps: its pages, its names, and the table that calls through a register use.
struct Kept {
  explicit Kept(CodePages code) : pages(std::move(code)) {}
  CodePages pages;
  std::shared_ptr<const platform::Bindings> bindings;
  std::unique_ptr<Registration> registration;
};

}  // namespace

Result<target::Target> this_machine() {
  const CodeRange range = TRY(CodePages::range());
  target::Target out = this_processor();
  out.code_begin = range.begin;
  out.code_end = range.end;
  return out;
}

void reduce(Unit& unit, const platform::Bindings& bindings, const Addressing& addressing,
            const RegisterFile& file) {
  combine(unit);
  simplify(unit);
  find_keys(unit, bindings);
  if (!unit.pays) select(unit);  // it joins blocks
  fold_addresses(unit, addressing);
  widen(unit);
  reach_arena(unit, bindings.arena);
  promote(unit, file);
  lay_out(unit);
}

Result<Compiled> Compiler::compile(const Source& source, const platform::Bindings& bindings,
                                   const target::Target& machine) {
  const auto kept_bindings = std::make_shared<const platform::Bindings>(bindings);
  Unit unit = lower(source, *kept_bindings);
  reduce(unit, *kept_bindings, target::kAddressing, target::register_file(needs_of(unit)));
  Emitted emitted = target::Emitter(unit, *kept_bindings, machine).run();
  auto kept = std::make_shared<Kept>(TRY(seal(emitted)));
  kept->bindings = kept_bindings;
  const u64 address = kept->pages.address();
  const std::vector<Symbol> symbols = symbols_of(source, emitted, address);
  kept->registration = std::make_unique<Registration>(symbols, address, emitted.linked.code.size());
  tell_perf(symbols);

  Compiled out;
  out.entry_ = reinterpret_cast<Entry>(address + emitted.entry);
  out.tail_entry_ = reinterpret_cast<const void*>(address + emitted.tail_entry);
  out.code_ = {reinterpret_cast<const std::byte*>(address), emitted.linked.code.size()};
  out.places_ = std::move(emitted.linked.places);
  out.pages_ = std::move(kept);
  return out;
}

Source source_of(const verify::VerifiedProgram& verified) {
  const platform::Program& program = verified.program();
  Source source;
  source.name = program.name;
  source.code = verified.code();
  source.facts = verified.facts();
  for (std::size_t at = 0; at < program.functions.size(); ++at) {
    const platform::Function& function = program.functions[at];
    source.functions.push_back(
        {function.name, function.begin.value(), function.end.value(), verified.frame(at)});
  }
  return source;
}

void reserve_addresses_nearby() { (void)CodePages::range(); }

Result<Compiled> compile(const verify::VerifiedProgram& program,
                         const platform::Bindings& bindings) {
  return Compiler::compile(source_of(program), bindings, TRY(this_machine()));
}

Result<u64> run_confined(const isa::Code& code, const platform::Bindings& bindings,
                         const interpret::Confinement& confinement) {
  TRY(interpret::check_confinable(code, bindings));
  alignas(16) std::array<std::byte, interpret::kConfinedStackBytes> own;
  const std::span<std::byte> stack =
      confinement.stack.empty() ? std::span<std::byte>(own) : confinement.stack;
  EXPECT(stack.size() == interpret::kConfinedStackBytes);
  std::ranges::fill(stack, std::byte{0});

  const Source source{.name = "confined",
                      .code = code,
                      .functions = {{"confined", 0, static_cast<u32>(code.size())}},
                      .trust = Trust::confined};
  Unit unit = lower(source, bindings);
  simplify(unit);
  const Confines confines{reinterpret_cast<u64>(confinement.memory.data()),
                          confinement.memory.size(),
                          reinterpret_cast<u64>(stack.data() + stack.size())};
  const target::Target machine = TRY(this_machine());
  Emitted emitted = target::Emitter(unit, bindings, machine, confines).run();
  const CodePages pages = TRY(seal(emitted));
  State state{.fuel = confinement.fuel, .loops = interpret::kLoopsMax};
  const auto entry = reinterpret_cast<ConfinedEntry>(pages.address() + emitted.entry);
  const u64 r0 = entry(confinement.memory.data(), &state);
  const interpret::Trapped trapped{static_cast<interpret::Trap>(state.trap), state.instruction,
                                   state.address};
  if (trapped.trap == interpret::Trap::none) return r0;
  return interpret::to_error(code, trapped, confinement.fuel);
}

}  // namespace skep::jit
