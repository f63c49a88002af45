// Any bytes that decode as a program: interpreter and JIT must agree on r0, the fault and the
// memory.
//
// The first bytes choose how much memory there is and its contents; the rest are slots, either as
// they are (most do not decode) or made into well-formed instructions. Both engines see the same
// addresses, so that even programs that compute with them mean the same.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "interpret/interpret.hpp"
#include "isa/tables.hpp"
#include "jit/jit.hpp"

namespace {

using namespace skep;

u64 add_up(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void*) { return r1 ^ r2 ^ r3 ^ r4 ^ r5; }

s64 no_packet(u64 context, s32 offset, u32 bytes, void*) {
  return (static_cast<s64>(context) ^ offset) % 1000 - static_cast<s64>(bytes);
}

struct Outcome {
  bool ok;
  u64 r0;
  std::string message;
  std::vector<std::byte> memory;
  bool operator==(const Outcome&) const = default;
};

Outcome run(auto engine, const isa::Code& code, std::span<const std::byte> memory) {
  alignas(16) static std::byte stack[interpret::kConfinedStackBytes];
  alignas(16) static std::byte shared[64];
  std::memcpy(shared, memory.data(), memory.size());
  platform::Bindings bindings;
  bindings.helpers[1] = add_up;
  bindings.helpers[7] = add_up;
  bindings.packet_load = no_packet;
  const std::span<std::byte> used(shared, memory.size());
  const Result<u64> result =
      engine(code, bindings,
             interpret::Confinement{.memory = used, .fuel = 2000, .stack = std::span(stack)});
  return {result.ok(),
          result.ok() ? *result : 0,
          result.ok() ? "" : result.error().message,
          {used.begin(), used.end()}};
}

// Eight bytes as an instruction that is well formed but for its targets.
isa::Instruction shaped(const u8* b, std::size_t count) {
  using namespace isa;
  Instruction i{.form = static_cast<Form>(b[0] % kCount<Form>),
                .width = static_cast<Width>(b[2] % kCount<Width>),
                .source = static_cast<Source>(b[2] >> 7),
                .dst = static_cast<u8>(b[3] % 10),
                .src = static_cast<u8>((b[3] >> 4) % kRegisters),
                .offset = static_cast<s8>(b[4])};
  const bool aims = i.form == Form::jump || i.form == Form::jump_always || i.form == Form::may_goto;
  const u64 number = (u64{b[5]} << b[6] % 64) - (b[7] & 1);
  i.immediate = i.form == Form::constant ? static_cast<s64>(number) : static_cast<s32>(number);
  const bool calls = i.form == Form::call;
  if (aims || calls) i.target = InstructionIndex(b[1] * 256u % count + b[4] % count);
  if (i.target.value() >= count) i.target = InstructionIndex(count - 1);
  switch (i.form) {
    case Form::alu: i.operation = b[1] % kCount<Alu>; break;
    case Form::jump: i.operation = b[1] % kCount<Jump>; break;
    case Form::atomic: i.operation = b[1] % kCount<Atomic>; break;
    case Form::packet_load: i.operation = b[1] % kCount<Packet>; break;
    case Form::address_space_cast: i.operation = b[1] % kCount<AddressSpaceCast>; break;
    case Form::call: i.operation = b[1] % 4 == 2 ? 3 : b[1] % 4; break;
    default: break;
  }
  if (i.form == Form::alu || i.form == Form::jump) {
    i.width = b[2] % 2 == 0 ? Width::w32 : Width::w64;
  }
  if (i.form == Form::alu && kAlu[i.alu()].operands == Operands::byte_order) {
    i.source = Source::immediate;
    i.width = Width::w64;
    i.immediate = 16 << b[5] % 3;
  }
  if (i.form == Form::alu && kAlu[i.alu()].operands == Operands::register_only) {
    i.source = Source::reg;
    if (i.alu() == Alu::movsx32) i.width = Width::w64;
  }
  if (i.form == Form::alu && kAlu[i.alu()].operands == Operands::unary)
    i.source = Source::immediate;
  const bool any_width = i.form == Form::load || i.form == Form::store ||
                         i.form == Form::constant || (i.form == Form::atomic && i.operation >= 10);
  if (!any_width && i.form != Form::alu && i.form != Form::jump) {
    i.width = i.form == Form::atomic ? (b[2] % 2 == 0 ? Width::w32 : Width::w64)
                                     : static_cast<Width>(b[2] % 3);
  }
  if (calls) i.immediate = i.call() == Call::helper ? b[5] % 8 : 0;
  return i;
}

isa::Code shaped_program(std::span<const u8> bytes) {
  isa::Code code;
  const std::size_t count = bytes.size() / 8 + 1;
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    code.push_back(shaped(bytes.data() + at, count));
  }
  code.push_back({});
  isa::assign_slots(code);
  return code;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t memory_bytes = std::min<std::size_t>(data[0] % 65, size - 1);
  const auto memory = std::as_bytes(std::span(data + 1, memory_bytes));
  const std::span rest(data + 1 + memory_bytes, size - 1 - memory_bytes);
  std::vector<isa::Slot> slots(rest.size() / sizeof(isa::Slot));
  if (!slots.empty()) std::memcpy(slots.data(), rest.data(), slots.size() * sizeof(isa::Slot));
  const bool raw = data[0] >= 192;
  const Result<isa::Code> code = raw ? isa::decode(slots) : shaped_program(rest);
  if (!code.ok()) return 0;
  const Outcome want = run(interpret::run_confined, *code, memory);
  const Outcome got = run(jit::run_confined, *code, memory);
  if (got == want) return 0;
  std::fprintf(stderr, "interpreter: %d 0x%lx %s\nJIT:         %d 0x%lx %s\nmemory %s\n", want.ok,
               want.r0, want.message.c_str(), got.ok, got.r0, got.message.c_str(),
               want.memory == got.memory ? "agrees" : "differs");
  std::abort();
}
