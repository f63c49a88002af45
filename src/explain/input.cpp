#include "explain/input.hpp"

#include <ranges>

#include "isa/tables.hpp"

namespace skep::explain {
namespace {

u64 mask_of(u32 bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

u64 forward(const Applied& step, u64 value) {
  const isa::AluRow& row = isa::kAlu[step.operation];
  if (row.operands == isa::Operands::byte_order) return row.eval64(value, step.operand);
  if (step.width == isa::Width::w64) return row.eval64(value, step.operand);
  return row.eval32(static_cast<u32>(value), static_cast<u32>(step.operand));
}

// A value that the operation may make `wanted` of; whether it does is tried by whoever asks.
u64 backward(const Applied& step, u64 wanted) {
  using enum isa::Alu;
  const u64 by = step.operand;
  const u64 shift = by % isa::bits_of(step.width);
  u64 out = wanted;
  switch (step.operation) {
    case add: out = wanted - by; break;
    case sub: out = wanted + by; break;
    case xor_: out = wanted ^ by; break;
    case or_: out = wanted & ~by; break;
    case neg: out = u64{0} - wanted; break;
    case mul: out = by == 0 ? wanted : wanted / by; break;
    case div:
    case sdiv: out = wanted * by; break;
    case lsh: out = wanted >> shift; break;
    case rsh:
    case arsh: out = wanted << shift; break;
    case to_le:
    case to_be:
    case bswap: out = forward(step, wanted); break;
    case and_:
    case mod:
    case smod:
    case mov:
    case movsx8:
    case movsx16:
    case movsx32:
    case count_: break;
  }
  return step.width == isa::Width::w64 ? out : out & mask_of(32);
}

u64 extended(const Trace& trace, u64 read) {
  if (!trace.is_signed || trace.bytes >= 8) return read;
  const u32 unused = 64 - 8 * trace.bytes;
  return static_cast<u64>(static_cast<s64>(read << unused) >> unused);
}

}  // namespace

std::optional<u64> undo(const Trace& trace, u64 wanted) {
  if (!trace.any()) return std::nullopt;
  u64 value = wanted;
  for (const Applied& step : std::views::reverse(trace.applied)) value = backward(step, value);
  const u64 read = value & mask_of(8 * trace.bytes);
  if (read > trace.most) return std::nullopt;
  u64 again = extended(trace, read);
  for (const Applied& step : trace.applied) again = forward(step, again);
  if (again != wanted) return std::nullopt;
  return read;
}

std::optional<Input> with_number(const Input& input, const Trace& trace, u64 wanted) {
  const auto read = undo(trace, wanted);
  if (!read) return std::nullopt;
  Input out = input;
  if (trace.at == kSize) {
    out.choose(trace.object, kSize, *read);
    return out;
  }
  for (u32 n = 0; n < trace.bytes; ++n)
    out.choose(trace.object, trace.at + static_cast<s32>(n), *read >> (8 * n) & 0xff);
  return out;
}

}  // namespace skep::explain
