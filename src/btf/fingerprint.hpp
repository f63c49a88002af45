// Types as numbers of 64 bits: equal when the types are, for all that a program can tell.
//
// A structure or enum with a name, and a typedef, is its name where it is referred to; without a
// name it is its members. So no number depends on what is only pointed to, and each is made once.
#pragma once

#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

class Fingerprints {
 public:
  explicit Fingerprints(const Types& types) : types_(types), references_(types.count()) {}

  // Of a type where it is used, without its size.
  u64 reference(TypeId id) { return reference(id, 0); }
  // Of what the type is: size, members with their places, enumerators, parameters.
  u64 definition(TypeId id) { return definition(id, 0); }

 private:
  u64 reference(TypeId id, u32 depth);
  u64 definition(TypeId id, u32 depth);
  u64 use(TypeId id, u32 depth);  // a reference and its size
  u64 members(TypeId id, u32 depth);
  u64 parameters(TypeId prototype, u32 depth);

  const Types& types_;
  std::vector<u64> references_;  // 0: not known yet
};

}  // namespace skep::btf
