// The sections of the linked object: what stands under one name in the inputs, one after the other,
// each part aligned as it asks for.
//
// License and version are of the whole object: they stand there once, and all files agree on them.
#pragma once

#include <optional>

#include "base/elf_writer.hpp"
#include "object/static_link/input.hpp"

namespace skep::object::static_link {

// Where a section of an input has come to stand.
struct Place {
  u32 section = 0;  // its number in the linked object
  u64 offset = 0;
  bool is_shared = false;  // it is the same as what stood there before
};

class Sections {
 public:
  // Inputs are added in the order of their numbers.
  Result<void> add(const Input& input);

  std::optional<Place> place(u32 input, u32 section) const { return places_[input][section]; }
  const std::vector<ElfSection>& all() const { return all_; }
  // Of a number in a Place.
  ElfSection& at(u32 number) { return all_[number - 1]; }
  const ElfSection& at(u32 number) const { return all_[number - 1]; }
  // 0 when no input has it.
  u32 find(std::string_view name) const;

 private:
  Result<Place> append(const Section& section, const std::string& input);

  std::vector<ElfSection> all_;
  std::vector<std::string> first_inputs_;  // by section: who has it first
  std::vector<std::vector<std::optional<Place>>> places_;
};

}  // namespace skep::object::static_link
