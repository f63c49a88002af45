// The machine that runs Steps.
//
// Every code of step.hpp has a handler of its own, an instance of step<code>() in which form,
// operation, width and source are constants: the row of the instruction table is bound there and
// compiles to the operation itself. run() goes from handler to handler by computed goto, which g++
// turns into one indirect jump an instruction. Every access, the frames and the fuel are checked:
// this is the reference, and threaded code (src/threaded) the engine that trusts a proof.
#pragma once

#include <array>
#include <atomic>
#include <cstring>

#include "interpret/interpret.hpp"
#include "interpret/trap.hpp"

namespace skep::interpret {

// What bounds a run, and what stopped it.
struct Checking {
  Memory& memory;
  u64 fuel;
  u32 tail_calls = 0;
  Trapped trapped = {};
  const Image* image = nullptr;  // where it was trapped
  bool stopped() const { return trapped.trap != Trap::none; }
};

enum class Next : u8 { go, stop };

// The frames of a program that was proved.
struct alignas(16) Stack {
  std::byte bytes[isa::kRunFramesMax * isa::kStackBytes];
  u64 end() const { return reinterpret_cast<u64>(bytes + sizeof bytes); }
};

// What a local call saves.
struct Frame {
  const Step* back;
  std::array<u64, 4> saved;  // r6 to r9
  u64 loops;
};

// What a program is entered with.
struct Start {
  const Image& image;
  u64 r1;
  u64 r2;
  void* execution;
  u64 stack_end;  // one behind the first frame; `frames_max` of them lie before it
  u32 frames_max = isa::kRunFramesMax;
};

#define SKEP_INLINE [[gnu::always_inline]] inline

class Machine {
 public:
  // Runs to the exit, or to where it was stopped. The value is r0.
  static u64 run(const Start& start, Checking& checking);

 private:
  SKEP_INLINE Machine(const Start& start, Checking& checking)
      : image_(&start.image),
        execution_(start.execution),
        stack_end_(start.stack_end),
        frames_max_(start.frames_max),
        checking_(checking) {
    r_.fill(0);
    r_[1] = start.r1;
    r_[2] = start.r2;
    r_[isa::kFramePointer] = start.stack_end;
    zero(start.image.zeroed());
  }

  // The part of a frame that must be zero at its start (Binder::zeroed).
  SKEP_INLINE void zero(u64 part) {
    const auto first = static_cast<s32>(static_cast<u32>(part));
    if (part >> 32 == 0) return;
    std::memset(reinterpret_cast<void*>(r_[isa::kFramePointer] + static_cast<u64>(s64{first})), 0,
                part >> 32);
  }

  template <u32 code>
  SKEP_INLINE Next step(const Step*& at) {
    if constexpr (code >= kCodesUsed) __builtin_unreachable();
    constexpr Shape shape = shape_of(code);
    if constexpr (shape.form == isa::Form::alu) return alu<shape>(at);
    if constexpr (shape.form == isa::Form::constant) return constant(at);
    if constexpr (shape.form == isa::Form::load) return load<shape>(at);
    if constexpr (shape.form == isa::Form::load_signed) return load_signed<shape>(at);
    if constexpr (shape.form == isa::Form::store) return store<shape>(at);
    if constexpr (shape.form == isa::Form::atomic) return atomic<shape>(at);
    if constexpr (shape.form == isa::Form::packet_load) return packet_load<shape>(at);
    if constexpr (shape.form == isa::Form::address_space_cast) return cast(at);
    if constexpr (shape.form == isa::Form::jump) return jump<shape>(at);
    if constexpr (shape.form == isa::Form::jump_always) return jump_always(at);
    if constexpr (shape.form == isa::Form::may_goto) return may_goto(at);
    if constexpr (shape.form == isa::Form::exit) return leave(at);
    if constexpr (shape.form == isa::Form::call) {
      if constexpr (shape.operation == kTailCall) return tail_call(at);
      if constexpr (shape.operation == kThrow) return throw_exception(at);
      if constexpr (shape.operation == static_cast<u8>(isa::Call::helper)) return call(at);
      if constexpr (shape.operation == static_cast<u8>(isa::Call::local)) return call_local(at);
      return call_indirect(at);
    }
  }

  // ---- arithmetic and jumps, straight from the tables ----

  template <Shape shape>
  SKEP_INLINE Next alu(const Step*& at) {
    constexpr auto row = isa::kAlu[static_cast<isa::Alu>(shape.operation)];
    constexpr auto eval64 = row.eval64;
    constexpr auto eval32 = row.eval32;
    u64& dst = r_[at->dst];
    if constexpr (row.operands == isa::Operands::byte_order) {
      dst = eval64(dst, isa::bits_of(shape.memory_width()));
    } else {
      const u64 source = shape.source() == isa::Source::reg ? r_[at->src] : at->immediate;
      if constexpr (shape.width() == isa::Width::w64) {
        dst = eval64(dst, source);
      } else {
        dst = eval32(static_cast<u32>(dst), static_cast<u32>(source));
      }
    }
    ++at;
    return Next::go;
  }

  template <Shape shape>
  SKEP_INLINE Next jump(const Step*& at) {
    constexpr auto row = isa::kJump[static_cast<isa::Jump>(shape.operation)];
    constexpr auto eval64 = row.eval64;
    constexpr auto eval32 = row.eval32;
    const u64 dst = r_[at->dst];
    const u64 source = shape.source() == isa::Source::reg ? r_[at->src] : at->immediate;
    bool holds;
    if constexpr (shape.width() == isa::Width::w64) {
      holds = eval64(dst, source);
    } else {
      holds = eval32(static_cast<u32>(dst), static_cast<u32>(source));
    }
    at += holds ? at->offset : 1;
    return Next::go;
  }

  SKEP_INLINE Next constant(const Step*& at) {
    r_[at->dst] = at->immediate;
    ++at;
    return Next::go;
  }

  SKEP_INLINE Next jump_always(const Step*& at) {
    at += at->offset;
    return Next::go;
  }

  SKEP_INLINE Next may_goto(const Step*& at) {
    if (loops_ == 0) return jump_always(at);
    --loops_;
    ++at;
    return Next::go;
  }

  // To what user space sees; a null pointer stays one.
  SKEP_INLINE Next cast(const Step*& at) {
    const auto half = static_cast<u32>(r_[at->src]);
    r_[at->dst] = half == 0 ? 0 : at->immediate | half;
    ++at;
    return Next::go;
  }

  // ---- memory ----

  template <isa::Width width>
  using Unsigned =
      std::tuple_element_t<static_cast<std::size_t>(width), std::tuple<u8, u16, u32, u64>>;

  SKEP_INLINE bool allowed(const Step* at, u64 address, u32 bytes, Touch touch) {
    const u64 frame_begin = r_[isa::kFramePointer] - isa::kStackBytes;
    if (address >= frame_begin && address <= stack_end_ - bytes) return true;
    if (checking_.memory.allows(address, bytes, touch)) return true;
    trap(at, Trap::outside, address);
    return false;
  }

  template <class T>
  SKEP_INLINE bool read(const Step* at, T& value) {
    const u64 address =
        r_[at->src] + static_cast<u64>(static_cast<s64>(at->offset)) + at->immediate;
    if (!allowed(at, address, sizeof(T), Touch::read)) return false;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof(T));
    return true;
  }

  template <Shape shape>
  SKEP_INLINE Next load(const Step*& at) {
    Unsigned<shape.memory_width()> value;
    if (!read(at, value)) return Next::stop;
    r_[at->dst] = value;
    ++at;
    return Next::go;
  }

  template <Shape shape>
  SKEP_INLINE Next load_signed(const Step*& at) {
    std::make_signed_t<Unsigned<shape.memory_width()>> value;
    if (!read(at, value)) return Next::stop;
    r_[at->dst] = static_cast<u64>(s64{value});
    ++at;
    return Next::go;
  }

  template <Shape shape>
  SKEP_INLINE Next store(const Step*& at) {
    const u64 source = shape.stored() == isa::Source::reg ? r_[at->src] : at->immediate;
    const auto value = static_cast<Unsigned<shape.memory_width()>>(source);
    u64 address = r_[at->dst] + static_cast<u64>(static_cast<s64>(at->offset));
    if constexpr (shape.operation == kIntoArena) address += image_->bindings().arena.base;
    if (!allowed(at, address, sizeof value, Touch::write)) return Next::stop;
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
    ++at;
    return Next::go;
  }

  // Memory operand of atomic operations: load_acquire reads from src, all others touch dst. In an
  // arena it is the word that the address is in.
  template <Shape shape>
  SKEP_INLINE Next atomic(const Step*& at) {
    using T = Unsigned<shape.memory_width()>;
    constexpr auto operation = static_cast<isa::Atomic>(shape.operation);
    constexpr bool loads = operation == isa::Atomic::load_acquire;
    const u64 base = loads ? r_[at->src] : r_[at->dst];
    u64 address = base + static_cast<u64>(static_cast<s64>(at->offset)) + at->immediate;
    if (at->immediate != 0) address -= address % sizeof(T);
    if (!allowed(at, address, sizeof(T), loads ? Touch::read : Touch::write)) return Next::stop;
    if (address % sizeof(T) != 0) return trap(at, Trap::misaligned, address);
    exchange<operation>(at, *reinterpret_cast<T*>(address));
    ++at;
    return Next::go;
  }

  template <isa::Atomic operation, class T>
  SKEP_INLINE void exchange(const Step* at, T& memory) {
    constexpr auto row = isa::kAtomic[operation];
    constexpr auto eval = row.eval;
    const std::atomic_ref<T> shared(memory);
    const u64 source = r_[at->src];
    if constexpr (operation == isa::Atomic::load_acquire) {
      r_[at->dst] = shared.load(std::memory_order_acquire);
    } else if constexpr (operation == isa::Atomic::store_release) {
      shared.store(static_cast<T>(source), std::memory_order_release);
    } else if constexpr (operation == isa::Atomic::cmpxchg) {
      T expected = static_cast<T>(r_[0]);
      shared.compare_exchange_strong(expected, static_cast<T>(source));
      r_[0] = expected;
    } else {
      T before = shared.load(std::memory_order_relaxed);
      while (!shared.compare_exchange_weak(before, static_cast<T>(eval(before, source)))) {
      }
      if constexpr (row.fetch == isa::Fetch::source) r_[at->src] = before;
    }
  }

  // RFC 9669, 5.5: the context is in r6; a load outside of the packet leaves the function with 0.
  template <Shape shape>
  SKEP_INLINE Next packet_load(const Step*& at) {
    constexpr bool indirect = shape.operation == static_cast<u8>(isa::Packet::indirect);
    const auto load = image_->bindings().packet_load;
    if (load == nullptr) return trap(at, Trap::packet, 0);
    u64 offset = at->immediate;
    if constexpr (indirect) offset += r_[at->src];
    const s64 value = load(r_[6], static_cast<s32>(static_cast<u32>(offset)),
                           isa::bytes_of(shape.memory_width()), execution_);
    forget_arguments();
    r_[0] = value < 0 ? 0 : static_cast<u64>(value);
    if (value < 0) return leave(at);
    ++at;
    return Next::go;
  }

  // ---- calls ----

  SKEP_INLINE void forget_arguments() { std::fill_n(r_.begin() + 1, 5, u64{0}); }

  SKEP_INLINE void call_body(platform::HelperBody body) {
    r_[0] = body(r_[1], r_[2], r_[3], r_[4], r_[5], execution_);
    forget_arguments();
  }

  SKEP_INLINE Next call(const Step*& at) {
    const auto body = reinterpret_cast<platform::HelperBody>(at->immediate);
    if (body == nullptr) return trap(at, Trap::helper, 0);
    call_body(body);
    ++at;
    return Next::go;
  }

  SKEP_INLINE Next call_indirect(const Step*& at) {
    const u64 id = r_[at->dst];
    if (!is_bound(image_->bindings(), id)) return trap(at, Trap::helper, id);
    call_body(image_->bindings().helpers[id]);
    ++at;
    return Next::go;
  }

  SKEP_INLINE Next call_local(const Step*& at) {
    if (depth_ + 1 == frames_max_) return trap(at, Trap::frames, 0);
    Frame& frame = frames_[depth_++];
    frame = {at + 1, {r_[6], r_[7], r_[8], r_[9]}, loops_};
    r_[isa::kFramePointer] -= isa::kStackBytes;
    zero(at->immediate);
    loops_ = kLoopsMax;
    at += at->offset;
    return Next::go;
  }

  SKEP_INLINE Next leave(const Step*& at) {
    if (depth_ == 0) return Next::stop;
    const Frame& frame = frames_[--depth_];
    at = frame.back;
    for (std::size_t saved = 0; saved < frame.saved.size(); ++saved) {
      r_[isa::kR6 + saved] = frame.saved[saved];
    }
    r_[isa::kFramePointer] += isa::kStackBytes;
    loops_ = frame.loops;
    forget_arguments();
    return Next::go;
  }

  // The program that is called takes the place of this frame: its exit returns to this one's
  // caller. In a function it gets a machine of its own, because it may call as deep as any program;
  // it sees no frame of this one.
  SKEP_INLINE Next tail_call(const Step*& at) {
    const auto target_of = image_->bindings().tail_call;
    if (target_of == nullptr) return trap(at, Trap::helper, 0);
    const void* target = nullptr;
    if (checking_.tail_calls < isa::kTailCallsMax) {
      target = target_of(r_[2], static_cast<u32>(r_[3]), execution_);
    }
    const u64 context = r_[1];
    forget_arguments();
    if (target == nullptr) {
      r_[0] = kTailCallFailed;
      ++at;
      return Next::go;
    }
    ++checking_.tail_calls;
    const Image& image = *static_cast<const Image*>(target);
    if (depth_ != 0) {
      r_[0] = run_nested(image, context, execution_, checking_);
      if (checking_.stopped()) return Next::stop;
      return leave(at);
    }
    image_ = &image;
    r_[1] = context;
    zero(image.zeroed());
    loops_ = kLoopsMax;
    at = image.steps();
    return Next::go;
  }

  // bpf_throw(cookie): ends every function of the program. Its result is the cookie, or what the
  // exception callback makes of it, which takes the place of the program's own function.
  SKEP_INLINE Next throw_exception(const Step*& at) {
    const u64 cookie = r_[1];
    r_[isa::kFramePointer] += u64{depth_} * isa::kStackBytes;
    depth_ = 0;
    loops_ = kLoopsMax;
    forget_arguments();
    r_[0] = cookie;
    if (at->offset == 0) return Next::stop;
    r_[1] = cookie;
    zero(at->immediate);
    at += at->offset;
    return Next::go;
  }

  [[gnu::noinline]] static u64 run_nested(const Image& image, u64 context, void* execution,
                                          Checking& checking) {
    Stack stack;
    stack = {};
    return run({image, context, 0, execution, stack.end()}, checking);
  }

  // ---- what stops a run ----

  SKEP_INLINE Next trap(const Step* at, Trap why, u64 address) {
    checking_.trapped = {why, static_cast<u32>(at - image_->steps()), address};
    checking_.image = image_;
    return Next::stop;
  }

  SKEP_INLINE Next pay(const Step* at) {
    if (checking_.fuel < at->charge) return trap(at, Trap::fuel, 0);
    checking_.fuel -= at->charge;
    return Next::go;
  }

  std::array<u64, 16> r_;
  const Image* image_;
  void* execution_;
  u64 stack_end_;
  u32 frames_max_;
  u64 loops_ = kLoopsMax;
  u32 depth_ = 0;
  Checking& checking_;
  std::array<Frame, isa::kRunFramesMax> frames_;
};

// Numbers are pasted into labels here, never names; both macros end with this function.
// clang-format off
#define SKEP_EACH_16(use, high)                                                                  \
  use(high##0) use(high##1) use(high##2) use(high##3) use(high##4) use(high##5) use(high##6)     \
      use(high##7) use(high##8) use(high##9) use(high##a) use(high##b) use(high##c) use(high##d) \
          use(high##e) use(high##f)
#define SKEP_EACH_CODE(use)                                                                       \
  SKEP_EACH_16(use, 0x0)                                                                          \
  SKEP_EACH_16(use, 0x1)                                                                          \
  SKEP_EACH_16(use, 0x2)                                                                          \
  SKEP_EACH_16(use, 0x3)                                                                          \
  SKEP_EACH_16(use, 0x4)                                                                          \
  SKEP_EACH_16(use, 0x5) SKEP_EACH_16(use, 0x6) SKEP_EACH_16(use, 0x7) SKEP_EACH_16(use, 0x8)     \
      SKEP_EACH_16(use, 0x9) SKEP_EACH_16(use, 0xa) SKEP_EACH_16(use, 0xb) SKEP_EACH_16(use, 0xc) \
          SKEP_EACH_16(use, 0xd) SKEP_EACH_16(use, 0xe) SKEP_EACH_16(use, 0xf)
// clang-format on
#define SKEP_LABEL(code) &&at_##code,
#define SKEP_NEXT()                                        \
  if (machine.pay(at) == Next::stop) return machine.r_[0]; \
  goto* kLabels[at->code]
#define SKEP_STEP(code)                                                       \
  at_##code : if (machine.step<code>(at) == Next::stop) return machine.r_[0]; \
  SKEP_NEXT();

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"  // computed goto

inline u64 Machine::run(const Start& start, Checking& checking) {
  static constexpr const void* kLabels[] = {SKEP_EACH_CODE(SKEP_LABEL)};
  Machine machine(start, checking);
  const Step* at = start.image.steps();
  SKEP_NEXT();
  SKEP_EACH_CODE(SKEP_STEP)
}

#pragma GCC diagnostic pop
#undef SKEP_STEP
#undef SKEP_NEXT
#undef SKEP_LABEL
#undef SKEP_EACH_CODE
#undef SKEP_EACH_16
#undef SKEP_INLINE

}  // namespace skep::interpret
