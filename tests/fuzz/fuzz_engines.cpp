// Any bytes that decode as a program: interpreter and JIT must agree on r0, the fault and the
// memory.
//
// The first bytes choose how much memory there is and its contents; the rest are slots. Both
// engines see the same addresses, so that even programs that compute with them mean the same.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "interpret/interpret.hpp"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t memory_bytes = std::min<std::size_t>(data[0] % 65, size - 1);
  const auto memory = std::as_bytes(std::span(data + 1, memory_bytes));
  std::vector<isa::Slot> slots((size - 1 - memory_bytes) / sizeof(isa::Slot));
  if (!slots.empty()) {
    std::memcpy(slots.data(), data + 1 + memory_bytes, slots.size() * sizeof(isa::Slot));
  }
  const Result<isa::Code> code = isa::decode(slots);
  if (!code.ok()) return 0;
  const Outcome want = run(interpret::run_confined, *code, memory);
  const Outcome got = run(jit::run_confined, *code, memory);
  if (got == want) return 0;
  std::fprintf(stderr, "interpreter: %d 0x%lx %s\nJIT:         %d 0x%lx %s\nmemory %s\n", want.ok,
               want.r0, want.message.c_str(), got.ok, got.r0, got.message.c_str(),
               want.memory == got.memory ? "agrees" : "differs");
  std::abort();
}
