// The steps that find what programs need of the running kernel, load them, and put them into maps.
#pragma once

#include "object/kernel/program.hpp"
#include "object/light/draft.hpp"

namespace skep::object::light {

class ProgramSteps {
 public:
  ProgramSteps(const Object& object, Draft& draft) : object_(object), draft_(draft) {}

  // Reads all programs but those in sections with a '?' in front; an error says why one cannot be
  // loaded.
  Result<void> choose();
  // Numbers of kernel functions that are called: each takes a place in fd_array behind the maps.
  u32 modules() const { return static_cast<u32>(modules_.size()); }
  // Once the draft has its fd_array.
  void place_descriptors();

  void find_symbols();
  void load_all();
  // Into the maps that hold programs.
  void put_into_maps();
  // Descriptors to the context.
  void hand_over();

 private:
  struct Chosen {
    u32 number;  // in Object::programs()
    KernelProgram program;
  };

  Offset descriptor(std::size_t at) const {
    return descriptors_ + static_cast<u32>(at) * kDescriptorBytes;
  }
  std::optional<Offset> find_target(const ProgramEntry& entry);
  void load(std::size_t at);
  void put_symbol(const SymbolUse& use, const isa::Slot& slot, Offset code,
                  std::vector<Fill>& fills) const;

  const Object& object_;
  Draft& draft_;
  std::vector<Chosen> chosen_;
  std::map<std::pair<u32, u32>, Offset> answers_;  // by extern and addend
  std::map<u32, u32> modules_;                     // by extern: a position of fd_array
  Offset descriptors_ = 0;
};

}  // namespace skep::object::light
