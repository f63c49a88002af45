// One program in every form that it is run in, made once for all of its runs.
//
// The forms of machine code are made as jit/compile.hpp makes them, but stand in the same pages,
// and what does not depend on the processor is done once for all: with random programs, which run
// for a microsecond each, making the forms is what takes the time. That each can be made alone, and
// is sealed and named, is what all other tests of this folder go through.
#pragma once

#include <cstddef>

#include "engines.hpp"
#include "jit/code_pages.hpp"
#include "jit/dataflow.hpp"

namespace skep::engines {

// Several pieces of code, sealed together.
class SealedCode {
 public:
  // Where the piece begins, from begin().
  u32 add(jit::Emitted emitted) {
    constexpr u32 kAlignment = 64;  // what a target may ask for its constants
    const u32 at = bytes_;
    bytes_ +=
        static_cast<u32>((emitted.linked.code.size() + kAlignment - 1) / kAlignment) * kAlignment;
    pieces_.push_back({at, std::move(emitted)});
    return at + pieces_.back().emitted.entry;
  }
  // Once, behind the last piece.
  void seal() {
    pages_.emplace(jit::CodePages::reserve(bytes_).value());
    std::vector<u8> code(bytes_);
    for (Piece& piece : pieces_) {
      jit::Linked& linked = piece.emitted.linked;
      jit::target::resolve_calls(linked, pages_->address() + piece.at);
      std::ranges::copy(linked.code, code.begin() + piece.at);
    }
    pages_->seal(code).value();
  }
  template <class Entry>
  Entry entry(u32 at) const {
    return reinterpret_cast<Entry>(pages_->address() + at);
  }

 private:
  struct Piece {
    u32 at;
    jit::Emitted emitted;
  };
  std::vector<Piece> pieces_;
  u32 bytes_ = 0;
  std::optional<jit::CodePages> pages_;
};

// What proved programs that pay are entered with.
struct PayingRun {
  platform::Budget budget;
  u64 unwind_to = 0;
};

inline platform::Bindings paying_bindings() {
  platform::Bindings bindings;
  bindings.pays = true;
  bindings.budget_offset = offsetof(PayingRun, budget);
  bindings.unwind_offset = offsetof(PayingRun, unwind_to);
  bindings.program = 3;
  return bindings;
}

class Forms {
 public:
  static constexpr u64 kEnough = 1'000'000;  // instructions

  // What is known of the code, as a verifier would say it.
  struct Proof {
    std::vector<verify::Fact> facts;
    verify::FrameUse frame;  // of each function
  };

  // `memory` is what each run finds.
  Forms(const Code& code, Proof proof, std::vector<u8> memory)
      : code_(&code),
        proof_(std::move(proof)),
        source_(vouched(code, proof_.facts, proof_.frame)),
        first_(std::move(memory)),
        shared_(first_.size()),
        reference_(interpret::Binder::bind(code, {})),
        threaded_(threaded::Image::bind(source_, plain_)),
        threaded_paying_(threaded::Image::bind(source_, paying_)) {
    const auto machine = jit::this_machine().value();
    const jit::Unit unit = reduced(source_, plain_);
    native_at_ = code_pages_.add(jit::target::Emitter(unit, plain_, machine).run());
    baseline_at_ = code_pages_.add(jit::target::Emitter(unit, plain_, machine.baseline()).run());
    const jit::Unit paying = reduced(source_, paying_);
    paying_at_ = code_pages_.add(jit::target::Emitter(paying, paying_, machine).run());
    add_confined(machine);
    code_pages_.seal();
  }
  Forms(const Forms&) = delete;
  Forms& operator=(const Forms&) = delete;

  Outcome reference(u64 fuel = kEnough) {
    shared_ = first_;
    Buffer memory(shared_);
    return outcome(show(interpret::run_checked(reference_, shared_.data(), nullptr, memory, fuel)));
  }
  Outcome threaded() {
    shared_ = first_;
    return outcome(show(threaded_.run(shared_.data(), nullptr)));
  }
  Outcome native() { return trusted(native_at_); }
  Outcome baseline() { return trusted(baseline_at_); }
  Outcome confined(u64 fuel = kEnough) {
    shared_ = first_;
    std::ranges::fill(stack_, std::byte{0});
    jit::State state{.fuel = fuel, .loops = interpret::kLoopsMax};
    const u64 r0 = code_pages_.entry<jit::ConfinedEntry>(confined_at_)(shared_.data(), &state);
    const interpret::Trapped trapped{static_cast<interpret::Trap>(state.trap), state.instruction,
                                     state.address};
    return outcome(trapped.trap == interpret::Trap::none ? show(r0) : stopped(trapped, fuel));
  }
  Outcome threaded_within(u64 budget) {
    return within(
        budget, [&](void* memory, void* entered) { return threaded_paying_.run(memory, entered); });
  }
  Outcome native_within(u64 budget) {
    return within(budget, code_pages_.entry<jit::Entry>(paying_at_));
  }

 private:
  class Buffer final : public interpret::Memory {
   public:
    explicit Buffer(std::span<const u8> bytes) : bytes_(bytes) {}
    bool allows(u64 address, u32 bytes, interpret::Touch) override {
      const u64 offset = address - reinterpret_cast<u64>(bytes_.data());
      return bytes <= bytes_.size() && offset <= bytes_.size() - bytes;
    }

   private:
    std::span<const u8> bytes_;
  };

  static jit::Unit reduced(const jit::Source& source, const platform::Bindings& bindings) {
    jit::Unit unit = jit::lower(source, bindings);
    jit::reduce(unit, bindings, jit::target::kAddressing,
                jit::target::register_file(jit::needs_of(unit)));
    return unit;
  }
  void add_confined(const jit::target::Target& machine) {
    const jit::Source source{.name = "confined",
                             .code = *code_,
                             .functions = {{"confined", 0, static_cast<u32>(code_->size())}},
                             .trust = jit::Trust::confined};
    jit::Unit unit = jit::lower(source, plain_);
    jit::simplify(unit);
    const jit::Confines confines{reinterpret_cast<u64>(shared_.data()), shared_.size(),
                                 reinterpret_cast<u64>(stack_ + sizeof stack_)};
    confined_at_ = code_pages_.add(jit::target::Emitter(unit, plain_, machine, confines).run());
  }

  Outcome outcome(std::string result) const { return {std::move(result), shared_}; }
  std::string stopped(const interpret::Trapped& trapped, u64 fuel) const {
    return interpret::to_error(*code_, trapped, fuel).message;
  }
  Outcome trusted(u32 at) {
    shared_ = first_;
    return outcome(show(code_pages_.entry<jit::Entry>(at)(shared_.data(), nullptr)));
  }
  Outcome within(u64 budget, const auto& run) {
    shared_ = first_;
    PayingRun entered{.budget = {.instructions = budget}};
    const u64 r0 = run(shared_.data(), &entered);
    const u32 at = entered.budget.stopped_at;
    if (at == platform::Budget::kNotStopped) return outcome(show(r0));
    EXPECT_EQ(entered.budget.program, paying_.program);
    return outcome(stopped({interpret::Trap::fuel, at, 0}, budget));
  }

  const Code* code_;
  const Proof proof_;
  const jit::Source source_;
  const platform::Bindings plain_, paying_ = paying_bindings();
  const std::vector<u8> first_;
  std::vector<u8> shared_;  // never moves: confined code has its address
  alignas(16) std::byte stack_[interpret::kConfinedStackBytes];
  const interpret::Image reference_;
  const threaded::Image threaded_, threaded_paying_;
  SealedCode code_pages_;
  u32 native_at_ = 0, baseline_at_ = 0, paying_at_ = 0, confined_at_ = 0;
};

}  // namespace skep::engines
