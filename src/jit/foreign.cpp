#include "jit/foreign.hpp"

#include <algorithm>

#include "jit/aarch64/emitter.hpp"
#include "jit/compile.hpp"
#include "jit/x86_64/emitter.hpp"

namespace skep::jit {
namespace {

using platform::Architecture;

constexpr u64 kDistance =
    u64{16} << 20;  // from the functions down to the code: any machine's reach

// Where the code would stand: below the helpers, which are near each other in skep's own text.
u64 place_near(const platform::Bindings& bindings) {
  const auto body =
      std::ranges::find_if(bindings.helpers, [](auto each) { return each != nullptr; });
  if (body == bindings.helpers.end()) return 0;
  const u64 address = reinterpret_cast<u64>(*body) & ~u64{0xfff};
  return address > kDistance ? address - kDistance : 0;
}

// What a target brings beside its Emitter and Target.
struct Parts {
  Addressing addressing;
  RegisterFile (*registers)(const Needs&);
  void (*resolve)(Linked&, u64);
};

template <class Emitter, class Target>
ForeignCode emit(const verify::VerifiedProgram& program, const platform::Bindings& bindings,
                 const Parts& parts) {
  const Source source = source_of(program);
  Unit unit = lower(source, bindings);
  reduce(unit, bindings, parts.addressing, parts.registers(needs_of(unit)));
  Target target;
  target.code_begin = target.code_end = place_near(bindings);
  Emitted emitted = Emitter(unit, bindings, target).run();
  parts.resolve(emitted.linked, target.code_begin);
  return {std::move(emitted.linked.code), std::move(emitted.linked.places)};
}

}  // namespace

ForeignCode compile_for(Architecture machine, const verify::VerifiedProgram& program,
                        const platform::Bindings& bindings) {
  if (machine == Architecture::aarch64)
    return emit<aarch64::Emitter, aarch64::Target>(
        program, bindings, {aarch64::kAddressing, aarch64::register_file, aarch64::resolve_calls});
  return emit<x86_64::Emitter, x86_64::Target>(
      program, bindings, {x86_64::kAddressing, x86_64::register_file, x86_64::resolve_calls});
}

}  // namespace skep::jit
