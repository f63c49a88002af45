#include <optional>
#include <utility>

#include "jit/compile.hpp"
#include "jit/dataflow.hpp"
#include "jit/emitted.hpp"
#include "threaded/calls.hpp"
#include "threaded/choose.hpp"
#include "threaded/handlers.hpp"

namespace skep::threaded {

using jit::Kind;
using jit::kNoRegister;
using jit::Operation;
using jit::Register;

// The addresses of x86-64, which a handler computes as well as any.
constexpr jit::Addressing kAddressing = {
    .index_and_offset = true, .scaled = true, .absolute = true};

class Maker {
 public:
  Maker(const jit::Unit& unit, const platform::Bindings& bindings) : unit_(unit) {
    auto kept = std::make_unique<Image::Kept>();
    kept->bindings = bindings;
    kept->bindings.maps = {};
    kept->bindings.map_values = {};
    kept->bindings.arrays = {};
    kept->bindings.lookups = {};
    kept->arrays.assign(bindings.arrays.begin(), bindings.arrays.end());
    for (std::size_t map = 0; map < bindings.lookups.size(); ++map) {
      kept->lookups.push_back({bindings.maps[map], bindings.lookups[map]});
    }
    image_.kept_ = std::move(kept);
  }

  Image run() {
    image_.steps_.reserve(unit_.operations.size() + unit_.functions.size());
    first_.resize(unit_.blocks.size());
    for (const jit::Function& function : unit_.functions) {
      entries_.emplace_back(function.first_block, static_cast<u32>(image_.steps_.size()));
      clear(function.frame);
      for (block_ = function.first_block; block_ < function.end_block; ++block_) {
        first_[block_] = static_cast<u32>(image_.steps_.size());
        block(unit_.blocks[block_]);
      }
    }
    resolve();
    return std::move(image_);
  }

 private:
  // What a frame must find zero.
  void clear(const verify::FrameUse& frame) {
    if (frame.zeroed.bytes == 0) return;
    put(choose({.kind = Kind::fill,
                .left = isa::kFramePointer,
                .offset = frame.zeroed.first,
                .target = frame.zeroed.bytes},
               kNoRegister));
  }

  void block(const jit::Block& block) {
    Register last = kNoRegister;
    first_of_pair_.reset();
    if (unit_.pays) {
      Choice choice{.shape = {Family::pay}};
      choice.step.offset = static_cast<s32>(block.charge);
      choice.step.wide = block.from;
      put(choice);
    }
    for (u32 at = block.begin; at < block.end; ++at) {
      const Operation& op = unit_.operations[at];
      if (op.kind == Kind::nothing) continue;
      const bool jumps = op.kind == Kind::jump || op.kind == Kind::branch;
      if (jumps && jit::falls_into(unit_, block_, op.target)) continue;
      Choice choice = choose(op, last);
      last = last_after(op, last);
      if (gives(choice.shape.family)) {
        choice.shape.variant = static_cast<u8>(is_wanted(at, block.end) ? Keeps::yes : Keeps::no);
      }
      complete(op, choice);
      put(choice);
    }
    if (block.jump_to != jit::kNoBlock) leave_for(block.jump_to);
  }

  void leave_for(u32 block) {
    const Operation jump{.kind = Kind::jump, .target = block};
    Choice choice = choose(jump, kNoRegister);
    complete(jump, choice);
    put(choice);
  }

  static bool gives(Family family) {
    return family == Family::binary || family == Family::unary || family == Family::constant ||
           family == Family::load;
  }

  // Whether anyone will look for the result in the State.
  bool is_wanted(u32 at, u32 end) const {
    const Operation& op = unit_.operations[at];
    const jit::Registers result = jit::set_of(op.dst);
    bool is_live = op.dst == jit::kTemporary || (op.live_after & result) != 0;
    for (u32 next = at + 1; next < end && is_live; ++next) {
      const Operation& reader = unit_.operations[next];
      if (reader.kind == Kind::nothing) continue;
      if ((choose(reader, op.dst).from_state & result) != 0) return true;
      if ((jit::writes(reader) & result) != 0) return false;
      is_live = (reader.live_after & result) != 0;
      if (is_live && last_after(reader, op.dst) != op.dst) return true;
    }
    return is_live;
  }

  // The addresses that a Step has in it.
  void complete(const Operation& op, Choice& choice) {
    const platform::Bindings& bindings = image_.kept_->bindings;
    const auto number = static_cast<std::size_t>(op.immediate);
    switch (op.kind) {
      case Kind::branch:
      case Kind::jump:
      case Kind::may_goto:
      case Kind::call_local:
        jumps_.push_back(
            {static_cast<u32>(image_.steps_.size()), op.target, op.kind == Kind::call_local});
        break;
      case Kind::throw_exception:
        choice.step.wide = 0;
        if (unit_.exception_callback == jit::kNoBlock) break;
        jumps_.push_back({static_cast<u32>(image_.steps_.size()), unit_.exception_callback, true});
        break;
      case Kind::call_helper:
        choice.step.wide = reinterpret_cast<u64>(jit::body_of(op, bindings));
        break;
      case Kind::array_lookup:
        choice.step.wide = reinterpret_cast<u64>(&image_.kept_->arrays[number]);
        choice.shape.variant = image_.kept_->arrays[number].cpu_stride != 0 ? 1 : 0;
        break;
      case Kind::map_lookup:
        choice.step.wide = reinterpret_cast<u64>(&image_.kept_->lookups[number]);
        break;
      case Kind::atomic:
        choice.shape.variant = bindings.sharing == platform::Sharing::threads ? 1 : 0;
        break;
      default: break;
    }
  }

  void put(const Choice& choice) {
    const Code code = code_of(choice.shape);
    Step step = choice.step;
    step.run = handler_of(code);
    const Run fused = first_of_pair_ ? handler_of(*first_of_pair_, code) : nullptr;
    if (fused != nullptr) image_.steps_.back().run = fused;
    image_.steps_.push_back(step);
    first_of_pair_ = fused != nullptr ? std::nullopt : std::optional(code);
  }

  void resolve() {
    for (const Jump& jump : jumps_) {
      u32 to = first_[jump.target];
      if (jump.is_call) {
        for (const auto& [block, entry] : entries_) {
          if (block == jump.target) to = entry;
        }
      }
      image_.steps_[jump.step].wide = reinterpret_cast<u64>(&image_.steps_[to]);
    }
  }

  struct Jump {
    u32 step;
    u32 target;  // a block
    bool is_call;
  };
  const jit::Unit& unit_;
  Image image_;
  u32 block_ = 0;
  std::optional<Code> first_of_pair_;  // the Step before, when it is of this block and of no pair
  std::vector<u32> first_;             // the first Step of each block
  std::vector<std::pair<u32, u32>> entries_;  // first blocks of functions, and their first Steps
  std::vector<Jump> jumps_;
};

Image Image::bind(const jit::Source& source, const platform::Bindings& bindings) {
  jit::Unit unit = jit::lower(source, bindings);
  jit::reduce(unit, bindings, kAddressing);
  return Maker(unit, bindings).run();
}

Image Image::bind(const verify::VerifiedProgram& program, const platform::Bindings& bindings) {
  return bind(jit::source_of(program), bindings);
}

namespace {

u64 run_at(const Image& image, u64 context, void* execution, u32& tail_calls) {
  // Not cleared: a proved program does not read what it did not write.
  alignas(16) std::byte stack[isa::kRunFramesMax * isa::kStackBytes];
  State state;
  state.registers[1] = context;
  state.registers[isa::kFramePointer] = reinterpret_cast<u64>(stack + sizeof stack);
  state.execution = execution;
  state.image = &image;
  state.loops = interpret::kLoopsMax;
  state.tail_calls = &tail_calls;
  return run(state, image.entry());
}

}  // namespace

u64 Image::run(void* context, void* execution) const {
  u32 tail_calls = 0;
  return run_at(*this, reinterpret_cast<u64>(context), execution, tail_calls);
}

u64 run_nested(const Image& image, u64 context, State& caller) {
  return run_at(image, context, caller.execution, *caller.tail_calls);
}

}  // namespace skep::threaded
