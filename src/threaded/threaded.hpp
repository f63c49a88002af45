// Threaded code: the engine for verified programs where no machine code may be made.
//
// In: a VerifiedProgram and its Bindings. Out: an Image, ready to run from any number of threads.
// The passes of the compiler turn the program into few and better operations (jit/compile.hpp);
// each becomes a Step (threaded/step.hpp). The proof is trusted: nothing is checked.
#pragma once

#include <memory>
#include <vector>

#include "jit/lower.hpp"
#include "platform/machine.hpp"
#include "threaded/step.hpp"
#include "verify/verify.hpp"

namespace skep::threaded {

// The look-up of one map.
struct Lookup {
  u64 map;
  platform::MapLookup body;
};

class Image {
 public:
  static Image bind(const verify::VerifiedProgram& program, const platform::Bindings& bindings);
  // Preconditions: trust is Trust::verified and rightly so; every helper that is called is bound.
  static Image bind(const jit::Source& source, const platform::Bindings& bindings);

  u64 run(void* context, void* execution) const;

  const Step* entry() const { return steps_.data(); }
  // Without its spans, which may not outlive bind().
  const platform::Bindings& bindings() const { return kept_->bindings; }

 private:
  friend class Maker;
  // What Steps point to.
  struct Kept {
    platform::Bindings bindings;
    std::vector<platform::ArrayShape> arrays;
    std::vector<Lookup> lookups;
  };
  Image() = default;
  std::vector<Step> steps_;
  std::unique_ptr<const Kept> kept_;
};

}  // namespace skep::threaded
