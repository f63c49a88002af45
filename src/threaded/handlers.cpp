#include "threaded/handlers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "threaded/calls.hpp"
#include "threaded/pairs.hpp"

namespace skep::threaded {
namespace {

template <Shape shape>
SKEP_INLINE const Step* body(const Step* at, State& state, u64& last) {
  if constexpr (shape.family == Family::binary) return binary<shape>(at, state, last);
  if constexpr (shape.family == Family::unary) return unary<shape>(at, state, last);
  if constexpr (shape.family == Family::constant) return constant<shape>(at, state, last);
  if constexpr (shape.family == Family::load) return load<shape>(at, state, last);
  if constexpr (shape.family == Family::store) return store<shape>(at, state, last);
  if constexpr (shape.family == Family::branch) return branch<shape>(at, state, last);
  if constexpr (shape.family == Family::select) return select<shape>(at, state, last);
  if constexpr (shape.family == Family::atomic) return atomic<shape>(at, state, last);
  if constexpr (shape.family == Family::packet_load) return packet_load<shape>(at, state, last);
  if constexpr (shape.family == Family::array_lookup) return array_lookup<shape>(at, state, last);
  if constexpr (shape.family == Family::map_lookup) return map_lookup(at, state, last);
  if constexpr (shape.family == Family::fill) return fill(at, state);
  if constexpr (shape.family == Family::copy) return copy(at, state);
  if constexpr (shape.family == Family::jump) return target_of(at);
  if constexpr (shape.family == Family::may_goto) return may_goto(at, state);
  if constexpr (shape.family == Family::call_helper) return call_helper(at, state, last);
  if constexpr (shape.family == Family::call_indirect) return call_indirect(at, state, last);
  if constexpr (shape.family == Family::call_local) return call_local(at, state);
  if constexpr (shape.family == Family::tail_call) return tail_call(at, state, last);
  if constexpr (shape.family == Family::throw_exception) return throw_exception(at, state);
  if constexpr (shape.family == Family::pay) return pay(at, state);
  if constexpr (shape.family == Family::exit) return leave(state);
}

constexpr bool may_end(Family family) {
  return family == Family::exit || family == Family::packet_load || family == Family::tail_call ||
         family == Family::throw_exception || family == Family::pay;
}

// A handler does what stands before the last shape, and then that.
#if SKEP_TAIL_CALLS
template <Shape shape, Shape... before>
SKEP_HANDLER u64 handle(const Step* at, State* state, u64 last) {
  ((at = body<before>(at, *state, last)), ...);
  if constexpr (shape.family == Family::branch) {
    // A jump for each way: the processor predicts them apart.
    if (holds<shape>(at, *state, last)) {
      at = target_of(at);
      [[clang::musttail]] return at->run(at, state, last);
    }
    ++at;
  } else {
    at = body<shape>(at, *state, last);
    if constexpr (may_end(shape.family)) {
      if (at == nullptr) return state->registers[0];
    }
  }
  [[clang::musttail]] return at->run(at, state, last);
}
#else
template <Shape shape, Shape... before>
const Step* handle(const Step* at, State* state) {
  ((at = body<before>(at, *state, state->last)), ...);
  return body<shape>(at, *state, state->last);
}
#endif

template <std::size_t... codes>
constexpr std::array<Run, kShapes> handlers(std::index_sequence<codes...>) {
  return {[]() -> Run {
    if constexpr (exists(shape_of(codes))) return &handle<shape_of(codes)>;
    return nullptr;
  }()...};
}
constexpr std::array<Run, kShapes> kHandlers = handlers(std::make_index_sequence<kShapes>());

struct Fused {
  u32 codes;
  Run run;
};
constexpr u32 both(Code first, Code second) { return u32{first} << 16 | second; }

template <std::size_t... rows>
constexpr auto fused(std::index_sequence<rows...>) {
  std::array<Fused, sizeof...(rows)> out = {
      Fused{both(code_of(kPairs[rows].first), code_of(kPairs[rows].second)),
            &handle<kPairs[rows].second, kPairs[rows].first>}...};
  std::ranges::sort(out, {}, &Fused::codes);
  return out;
}
constexpr auto kFused = fused(std::make_index_sequence<std::size(kPairs)>());

}  // namespace

Run handler_of(Code code) {
  EXPECT(kHandlers[code] != nullptr);
  return kHandlers[code];
}

Run handler_of(Code first, Code second) {
  const u32 codes = both(first, second);
  const auto found = std::ranges::lower_bound(kFused, codes, {}, &Fused::codes);
  return found != kFused.end() && found->codes == codes ? found->run : nullptr;
}

// Not inlined: where a function with a frame that is not of one size, as the sanitizer makes it,
// calls one that preserves nothing, clang 19 forgets to save the register that it finds the frame
// by.
[[gnu::noinline]] u64 run(State& state, const Step* at) {
#if SKEP_TAIL_CALLS
  return at->run(at, &state, 0);
#else
  while (at != nullptr) at = at->run(at, &state);
  return state.registers[0];
#endif
}

}  // namespace skep::threaded
