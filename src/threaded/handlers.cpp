#include "threaded/handlers.hpp"

#include <utility>

#include "threaded/calls.hpp"

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
  if constexpr (shape.family == Family::exit) return leave(state);
}

constexpr bool may_end(Family family) {
  return family == Family::exit || family == Family::packet_load || family == Family::tail_call;
}

#if SKEP_TAIL_CALLS
template <Code code>
SKEP_HANDLER u64 handle(const Step* at, State* state, u64 last) {
  constexpr Shape shape = shape_of(code);
  if constexpr (shape.family == Family::branch) {
    if (holds<shape>(at, *state, last)) {
      at = target_of(at);
      [[clang::musttail]] return at->run(at, state, last);
    }
    ++at;
    [[clang::musttail]] return at->run(at, state, last);
  } else {
    at = body<shape>(at, *state, last);
    if constexpr (may_end(shape.family)) {
      if (at == nullptr) return state->registers[0];
    }
    [[clang::musttail]] return at->run(at, state, last);
  }
}
#else
template <Code code>
const Step* handle(const Step* at, State* state) {
  return body<shape_of(code)>(at, *state, state->last);
}
#endif

template <std::size_t... codes>
constexpr std::array<Run, kShapes> handlers(std::index_sequence<codes...>) {
  return {[]() -> Run {
    if constexpr (exists(shape_of(codes))) return &handle<static_cast<Code>(codes)>;
    return nullptr;
  }()...};
}
constexpr std::array<Run, kShapes> kHandlers = handlers(std::make_index_sequence<kShapes>());

}  // namespace

Run handler_of(Code code) {
  EXPECT(kHandlers[code] != nullptr);
  return kHandlers[code];
}

}  // namespace skep::threaded
