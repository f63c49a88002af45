#include "kernel/inventory_code.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "kernel/symbols.hpp"
#include "kernel/types.hpp"
#include "platform/helpers.hpp"

namespace skep::kernel {
namespace {

using isa::Slot;
using platform::address_of;

constexpr u32 kDumpBytesMax = 256u << 20;                     // of each list: more is not believed
constexpr u8 kMapById = 1, kMapValueById = 2, kFunction = 4;  // sources of wide constants
constexpr u8 kHelperCall = 0, kLocalCall = 1, kKernelFunctionCall = 2;  // and of calls

template <class T>
std::vector<T> room(u32 count) {
  return std::vector<T>(std::min<u64>(count, kDumpBytesMax / sizeof(T)));
}

template <class T>
u32 size_of(const std::vector<T>& list) {
  return static_cast<u32>(list.size());
}

// Finds names for what a program calls in the kernel; what is costly to read is read once and only
// when asked for.
class Callees {
 public:
  // A call of a helper that was replaced by one of the kernel's functions: its distance from
  // __bpf_call_base (kernel/bpf/core.c).
  std::string by_distance(s32 distance) {
    if (!symbols_) symbols_ = Symbols::read();
    if (!symbols_->ok()) return format("base{}{}", distance < 0 ? "" : "+", distance);
    if (!base_) base_ = (*symbols_)->address_of("__bpf_call_base");
    const auto name =
        base_ ? (*symbols_)->at(*base_ + static_cast<u64>(s64{distance})) : std::nullopt;
    return name ? std::string(*name) : format("base{}{}", distance < 0 ? "" : "+", distance);
  }
  std::string by_type(u32 id) {
    const auto types = types_.vmlinux();
    const std::string_view name = types.ok() ? (*types)->name(id) : std::string_view();
    return name.empty() ? format("type{}", id) : std::string(name);
  }

 private:
  std::optional<Result<Symbols>> symbols_;
  std::optional<u64> base_;
  KernelTypes types_;
};

template <class T>
s32 number_in(std::vector<T>& list, const T& value) {
  const auto found = std::ranges::find(list, value);
  if (found != list.end()) return static_cast<s32>(found - list.begin());
  list.push_back(value);
  return static_cast<s32>(list.size() - 1);
}

void set_source(Slot& slot, u8 source) {
  slot.registers = static_cast<u8>(slot.dst() | source << 4);
}

void make_readable(Slot& call, ReadableCode& into, Callees& callees) {
  switch (call.src()) {
    case kLocalCall:  // the distance moved to the offset, the number of the function took its place
      call.immediate = call.offset;
      call.offset = 0;
      return;
    case kKernelFunctionCall:
      call.immediate = number_in(into.names, callees.by_type(static_cast<u32>(call.immediate)));
      call.offset = 0;
      return;
    case kHelperCall:
      if (call.immediate > 0 && call.immediate < static_cast<s32>(platform::kHelpersMax)) return;
      set_source(call, kKernelFunctionCall);
      call.immediate = number_in(into.names, callees.by_distance(call.immediate));
      return;
    default: return;
  }
}

void make_readable(Slot& low, Slot& high, ReadableCode& into) {
  if (low.src() == kMapById || low.src() == kMapValueById) {
    low.immediate = number_in(into.map_ids, static_cast<u32>(low.immediate));
  }
  if (low.src() == kMapById) high.immediate = 0;
  if (low.src() == kFunction) high.immediate = 0;
  low.offset = 0;
}

}  // namespace

Result<ProgramCode> program_code(const Fd& fd) {
  const auto known = TRY(info<platform::ProgramInformation>(fd));
  ProgramCode out;
  out.xlated = room<Slot>(known.xlated_bytes / sizeof(Slot));
  out.jited = room<std::byte>(known.jited_bytes);
  out.functions = room<platform::FunctionInfo>(known.function_count);
  out.lines = room<platform::LineInformation>(known.line_count);
  std::vector<le64> addresses = room<le64>(known.symbol_count),
                    jited_lines = room<le64>(known.jited_line_count);
  std::vector<le32> lengths = room<le32>(known.function_length_count);
  platform::ProgramInformation ask{};
  ask.xlated_bytes = size_of(out.xlated) * static_cast<u32>(sizeof(Slot));
  ask.xlated = address_of(out.xlated.data());
  ask.jited_bytes = size_of(out.jited);
  ask.jited = address_of(out.jited.data());
  ask.symbol_count = size_of(addresses);
  ask.symbols = address_of(addresses.data());
  ask.function_length_count = size_of(lengths);
  ask.function_lengths = address_of(lengths.data());
  ask.function_count = size_of(out.functions);
  ask.functions = address_of(out.functions.data());
  ask.function_record_bytes = sizeof(platform::FunctionInfo);
  ask.line_count = size_of(out.lines);
  ask.lines = address_of(out.lines.data());
  ask.line_record_bytes = sizeof(platform::LineInformation);
  ask.jited_line_count = size_of(jited_lines);
  ask.jited_lines = address_of(jited_lines.data());
  ask.jited_line_record_bytes = sizeof(u64);
  const auto told = TRY(info(fd, ask));
  if (told.xlated == 0)
    out.xlated.clear();  // the kernel's way to say that this process may not see it
  if (told.jited == 0) out.jited.clear();
  out.function_addresses.assign(addresses.begin(), addresses.end());
  out.function_bytes.assign(lengths.begin(), lengths.end());
  out.jited_lines.assign(jited_lines.begin(), jited_lines.end());
  return out;
}

Result<ReadableCode> readable(const std::vector<Slot>& xlated) {
  ReadableCode out;
  Callees callees;
  std::vector<Slot> slots = xlated;
  for (std::size_t at = 0; at < slots.size(); ++at) {
    if (slots[at].opcode == isa::kCallOpcode) make_readable(slots[at], out, callees);
    if (slots[at].opcode != isa::kWideOpcode || at + 1 == slots.size()) continue;
    make_readable(slots[at], slots[at + 1], out);
    ++at;
  }
  out.code = TRY(isa::decode(slots, isa::Unknown::keep));
  return out;
}

}  // namespace skep::kernel
