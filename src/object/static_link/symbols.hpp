// The symbols of the linked object: local ones of every file, and for each visible name one symbol
// that all files share.
//
// A strong definition goes before a weak one, the first of several weak ones before the others, and
// any before a declaration, in whatever order the files come (libbpf takes a weak definition for a
// strong one when a strong declaration came before). Of what the files say, the stricter holds: one
// strong declaration makes the symbol strong, one hidden one makes it hidden. What loses keeps its
// place in its section, where nothing refers to it any more.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "object/static_link/sections.hpp"

namespace skep::object::static_link {

// What a symbol of an input has become: a symbol and bytes behind it.
struct Target {
  u32 symbol = 0;
  u64 addend = 0;
};

enum class Standing : u8 { declared, weak, defined };

// What one input says of a visible name.
struct Claim {
  u32 input = 0;
  Standing standing = Standing::declared;
  Declaration declaration;
  std::string_view section;  // where it is or has to be; empty: anywhere
};

struct Global {
  u32 symbol = 0;
  Claim claim;  // of the file whose word counts: its definition, or the first declaration
};

class Symbols {
 public:
  Symbols(std::span<const Input> inputs, const Sections& sections)
      : inputs_(inputs), sections_(sections), section_symbols_(sections.all().size() + 1) {}

  // Inputs are added in the order of their numbers.
  Result<void> add(u32 input);

  // Nothing for symbols of sections that are not linked.
  std::optional<Target> target(u32 input, u32 symbol) const { return targets_[input][symbol]; }
  // Null for a name that is not visible in any file.
  const Global* find(std::string_view name) const;
  const std::vector<ElfSymbol>& all() const { return all_; }
  // Names that are only declared, beside those that a kernel has; sorted.
  std::vector<std::string> undefined() const;

 private:
  Result<std::optional<Target>> one(u32 input, const Symbol& symbol);
  Result<Target> visible(u32 input, const Symbol& symbol, std::optional<Place> place);
  Result<Claim> claim_of(u32 input, const Symbol& symbol) const;
  Result<void> agree(const Symbol& symbol, const Claim& known, const Claim& added) const;
  u32 append(const Symbol& symbol, std::optional<Place> place);
  u32 section_symbol(u32 section);

  std::span<const Input> inputs_;
  const Sections& sections_;
  std::vector<ElfSymbol> all_;
  std::map<std::string_view, Global> globals_;
  std::vector<std::optional<u32>> section_symbols_;  // by section of the linked object
  std::vector<std::vector<std::optional<Target>>> targets_;
};

}  // namespace skep::object::static_link
