// CO-RE relocations of the functions that become one program: looked up, and put into their
// instructions.
//
// An instruction gets the number that btf/core.hpp finds for it: as immediate, as offset of a load
// or store, whose width follows pointers and unsigned integers, or as both halves of a wide
// immediate. What the compiler left there is compared first. An instruction for which there is no
// answer becomes a call that no engine has, as in libbpf: fine where it is never reached. Follows
// bpf_core_patch_insn of tools/lib/bpf/relo_core.c of Linux.
#pragma once

#include "isa/instruction.hpp"
#include "object/image.hpp"
#include "object/object.hpp"

namespace skep::object {

// The helper number of instructions without an answer, which reads "bad relo" (libbpf's).
inline constexpr s32 kPoison = 0xbad2310;

class CoreLinker {
 public:
  CoreLinker(const Image& image, const LinkOptions& options);

  // `slots` are the instructions of one function, [begin, end) of `section`, copied to slot `base`
  // of the program.
  Result<void> apply(std::string_view section, u64 begin, u64 end, u32 base,
                     std::span<isa::Slot> slots);

  // What was asked and answered until now.
  const std::vector<CoreUse>& uses() const { return uses_; }

 private:
  Result<void> one(const CoreRecord& record, u32 base, std::span<isa::Slot> slots);
  Result<void> resolve(const btf::CoreRelocation& relocation, const CoreRecord& record,
                       std::span<isa::Slot> slots, CoreUse& use);
  Result<void> replay(const CoreRecord& record);

  const Image& image_;
  const LinkOptions& options_;
  btf::CoreResolver resolver_;
  std::map<btf::TypeId, u32> replayed_;  // by local type: records before this one are done
  std::vector<CoreUse> uses_;
};

}  // namespace skep::object
