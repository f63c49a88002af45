#include "interpret/binder.hpp"

#include <algorithm>

#include "interpret/fuel.hpp"
#include "interpret/trap.hpp"
#include "isa/control_flow.hpp"

namespace skep::interpret {
namespace {

bool is_tail_call(const isa::Instruction& i) {
  return i.form == isa::Form::call && i.call() == isa::Call::helper &&
         i.immediate == kTailCallHelper;
}

bool is_kernel_function(const isa::Instruction& i) {
  return i.form == isa::Form::call && i.call() == isa::Call::kfunc;
}

bool is_throw(const isa::Instruction& i) {
  return is_kernel_function(i) &&
         i.immediate == static_cast<s64>(platform::UserFunction::throw_exception);
}

s32 distance(const isa::Instruction& i, u32 from) {
  return static_cast<s32>(i.target.value()) - static_cast<s32>(from);
}

Step step_of(const isa::Instruction& i, u32 at, const platform::Bindings& bindings) {
  Shape shape = shape_of(i);
  EXPECT(kCodes[i.form].operations != 0);
  Step step{.dst = i.dst, .src = i.src, .offset = i.offset};
  step.immediate = static_cast<u64>(i.immediate);
  if (isa::is_local_call(i)) step.immediate = 0;  // nothing of the frame is zeroed, unless proved
  if (isa::has_jump_target(i) || isa::is_local_call(i)) step.offset = distance(i, at);
  if (i.form == isa::Form::address_space_cast)
    step.immediate = bindings.arena.user_begin >> 32 << 32;
  if (i.form == isa::Form::constant) step.immediate = resolve_constant(i, bindings).value_or(0);
  if (is_throw(i)) {
    shape.operation = kThrow;
    step.immediate = 0;
    if (i.target.value() != 0) step.offset = distance(i, at);
  } else if (is_tail_call(i)) {
    shape.operation = kTailCall;
  } else if (is_kernel_function(i)) {
    shape.operation = static_cast<u8>(isa::Call::helper);
    step.immediate =
        reinterpret_cast<u64>(bindings.kernel_functions[static_cast<u64>(i.immediate)]);
  } else if (i.form == isa::Form::call && i.call() == isa::Call::helper) {
    const auto id = static_cast<u64>(i.immediate);
    step.immediate = is_bound(bindings, id) ? reinterpret_cast<u64>(bindings.helpers[id]) : u64{0};
  }
  step.code = code_of(shape);
  return step;
}

}  // namespace

Image Binder::bind(isa::Code code, const platform::Bindings& bindings) {
  Image image;
  const std::vector<u8> charges = block_charges(code);
  image.steps_.reserve(code.size());
  for (u32 at = 0; at < code.size(); ++at) {
    image.steps_.push_back(step_of(code[at], at, bindings));
    image.steps_.back().charge = charges[at];
  }
  image.code_ = std::move(code);
  image.bindings_ = bindings;
  image.bindings_.maps = {};
  image.bindings_.map_values = {};
  image.bindings_.arrays = {};
  return image;
}

void Binder::reach_arena(Image& image, std::size_t at) {
  const isa::Instruction& i = image.code_[at];
  Step& step = image.steps_[at];
  if (i.form == isa::Form::store) {
    Shape shape = shape_of(i);
    shape.operation = kIntoArena;
    step.code = code_of(shape);
  } else if (i.form != isa::Form::alu) {
    step.immediate = image.bindings_.arena.base;
  }
}

u64 Binder::zeroed(const verify::FrameUse& frame) {
  return u64{frame.zeroed.bytes} << 32 | static_cast<u32>(frame.zeroed.first);
}

Image Image::bind(const verify::VerifiedProgram& program, const platform::Bindings& bindings) {
  Image image = Binder::bind(program.code(), bindings);
  const auto& functions = program.program().functions;
  image.zeroed_ = Binder::zeroed(program.frame(0));
  for (u32 at = 0; at < image.code_.size(); ++at) {
    const isa::Instruction& i = image.code_[at];
    if (program.facts()[at].region == verify::Region::arena) Binder::reach_arena(image, at);
    const bool enters = isa::is_local_call(i) || (is_throw(i) && i.target.value() != 0);
    if (!enters) continue;
    const auto callee = std::ranges::find(functions, i.target, &platform::Function::begin);
    const auto number = static_cast<std::size_t>(callee - functions.begin());
    image.steps_[at].immediate = Binder::zeroed(program.frame(number));
  }
  return image;
}

}  // namespace skep::interpret
