// The ways to run an Image: checked, and confined without a proof.
#include <algorithm>

#include "interpret/binder.hpp"
#include "interpret/machine.hpp"

namespace skep::interpret {
namespace {

// Only the buffer of a Confinement.
class BufferMemory final : public Memory {
 public:
  explicit BufferMemory(std::span<std::byte> buffer)
      : begin_(reinterpret_cast<u64>(buffer.data())), size_(buffer.size()) {}

  bool allows(u64 address, u32 bytes, Touch) override {
    return bytes <= size_ && address - begin_ <= size_ - bytes;
  }

 private:
  u64 begin_;
  u64 size_;
};

u64 end_of(std::span<std::byte> stack) {
  return reinterpret_cast<u64>(stack.data() + stack.size());
}

template <class Guard>
Result<u64> result_of(const Guard& guard, u64 r0, u64 fuel) {
  if (!guard.stopped()) return r0;
  return to_error(guard.image->code(), guard.trapped, fuel);
}

Result<u64> run_checking(const Start& start, Memory& memory, u64 fuel) {
  Checking checking{memory, fuel};
  const u64 r0 = Machine::run(start, checking);
  if (checking.trapped.trap == Trap::none) return r0;
  return to_error(checking.image->code(), checking.trapped, fuel);
}

}  // namespace

Result<u64> run_checked(const Image& image, void* context, void* execution, Memory& memory,
                        u64 fuel) {
  Stack stack{};
  return run_checking({image, reinterpret_cast<u64>(context), 0, execution, stack.end()}, memory,
                      fuel);
}

Result<u64> run_confined(const isa::Code& code, const platform::Bindings& bindings,
                         const Confinement& confinement) {
  TRY(check_confinable(code, bindings));
  platform::Bindings bound = bindings;
  bound.tail_call = nullptr;  // a target would run outside of the confinement
  const Image image = Binder::bind(code, bound);
  alignas(16) std::array<std::byte, kConfinedStackBytes> own;
  const std::span<std::byte> stack =
      confinement.stack.empty() ? std::span<std::byte>(own) : confinement.stack;
  EXPECT(stack.size() == kConfinedStackBytes);
  std::ranges::fill(stack, std::byte{0});
  BufferMemory memory(confinement.memory);
  return run_checking({image, reinterpret_cast<u64>(confinement.memory.data()),
                       confinement.memory.size(), nullptr, end_of(stack), isa::kFramesMax},
                      memory, confinement.fuel);
}

}  // namespace skep::interpret
