#include "jit/address.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

using isa::Alu;

// Those of an arena get their addresses later.
bool is_access(const Operation& op) {
  return (op.kind == Kind::load || op.kind == Kind::store) && op.region != verify::Region::arena;
}

bool is_alu(const Operation& op, Alu alu) {
  return op.kind == Kind::alu && op.alu() == alu && op.width == isa::Width::w64;
}

// How an address with `part` in it is written by what `part` is made of; nothing when it cannot be.
class Fold {
 public:
  Fold(const Operation& part, const Addressing& addressing) : part_(part), may_(addressing) {}

  // Whether it is worth a look: a register with a value of the right kind.
  bool is_candidate() const {
    if (part_.dst == kNoRegister || part_.dst == kTemporary) return false;
    if (part_.kind == Kind::constant) return may_.absolute;
    if (is_alu(part_, Alu::add)) {
      return part_.has_immediate() || (may_.indexed && !reads_frame_pointer());
    }
    if (is_alu(part_, Alu::mov)) return !part_.has_immediate();
    return may_.scaled && is_alu(part_, Alu::lsh) && part_.has_immediate() &&
           part_.immediate >= 1 && part_.immediate <= 3 && part_.left != isa::kFramePointer;
  }

  Registers sources() const {
    Registers out = 0;
    if (part_.left != kNoRegister) out |= set_of(part_.left);
    if (part_.right != kNoRegister) out |= set_of(part_.right);
    return out;
  }

  std::optional<Operation> into(Operation access) const {
    if (!is_access(access)) return std::nullopt;
    const bool stores_it = access.kind == Kind::store && access.right == part_.dst;
    if (stores_it || (access.left == part_.dst && access.index == part_.dst)) return std::nullopt;
    if (is_alu(part_, Alu::lsh)) return scaled(access);
    if (access.left != part_.dst) return std::nullopt;
    if (part_.kind == Kind::constant) return moved(access, kNoRegister, part_.immediate);
    if (is_alu(part_, Alu::mov)) return moved(access, part_.right, 0);
    if (part_.has_immediate()) return moved(access, part_.left, part_.immediate);
    return summed(access);
  }

 private:
  bool reads_frame_pointer() const {
    return part_.left == isa::kFramePointer || part_.right == isa::kFramePointer;
  }

  std::optional<Operation> moved(Operation access, Register base, s64 distance) const {
    const s64 offset = access.offset + distance;
    if (offset != static_cast<s32>(offset) || (base == kNoRegister && offset < 0))
      return std::nullopt;
    // Near the frame, so that the frame's own distance still fits.
    if (base == isa::kFramePointer && offset != static_cast<s16>(offset)) return std::nullopt;
    if (!may_.index_and_offset && access.index != kNoRegister && offset != 0) return std::nullopt;
    if (!may_.index_and_offset && access.index != kNoRegister && base == isa::kFramePointer)
      return std::nullopt;
    access.left = base;
    access.offset = static_cast<s32>(offset);
    return access;
  }

  std::optional<Operation> summed(Operation access) const {
    if (access.index != kNoRegister || (access.offset != 0 && !may_.index_and_offset))
      return std::nullopt;
    access.left = part_.left;
    access.index = part_.right;
    return access;
  }

  std::optional<Operation> scaled(Operation access) const {
    if (access.index == kNoRegister || access.scale != 0) return std::nullopt;
    if (access.left == part_.dst) {
      if (access.index == isa::kFramePointer) return std::nullopt;
      std::swap(access.left, access.index);
    }
    if (access.index != part_.dst) return std::nullopt;
    access.index = part_.left;
    access.scale = static_cast<u8>(part_.immediate);
    return access;
  }

  const Operation& part_;
  const Addressing& may_;
};

// One operation of a block, and those behind it.
class Folder {
 public:
  Folder(Unit& unit, const Addressing& addressing) : unit_(unit), addressing_(addressing) {}

  // Backwards: what a folded address is made of is looked at next.
  void block(const Block& block) {
    for (u32 at = block.end; at-- > block.begin;) {
      const Operation& part = unit_.operations[at];
      if (part.kind != Kind::alu && part.kind != Kind::constant) continue;
      const Fold fold(part, addressing_);
      if (fold.is_candidate()) try_at(at, block.end, fold);
    }
  }

 private:
  // Finds all that reads the part, and either folds it into all of them and drops it, or leaves it
  // and folds nothing.
  void try_at(u32 at, u32 end, const Fold& fold) {
    const Registers part = set_of(unit_.operations[at].dst), sources = fold.sources();
    u32 last = at;
    bool sources_stand = true;
    for (u32 next = at + 1; next < end; ++next) {
      const Operation& op = unit_.operations[next];
      if ((reads(op, unit_.trust) & part) != 0) {
        if (!sources_stand || !fold.into(op)) return;
        last = next;
      }
      if ((writes(op) & part) != 0) break;
      if (is_call(op.kind) || (writes(op) & sources & ~part) != 0) sources_stand = false;
      if (next + 1 == end && (op.live_after & part) != 0) return;
    }
    if (last == at) return;
    apply(at, last, fold);
  }

  void apply(u32 at, u32 last, const Fold& fold) {
    const Registers part = set_of(unit_.operations[at].dst);
    for (u32 next = at; next <= last; ++next) {
      Operation& op = unit_.operations[next];
      if (next > at && (reads(op, unit_.trust) & part) != 0) op = *fold.into(op);
      if (next < last) op.live_after = (op.live_after & ~part) | fold.sources();
    }
    unit_.operations[at].kind = Kind::nothing;
  }

  Unit& unit_;
  const Addressing& addressing_;
};

}  // namespace

void fold_addresses(Unit& unit, const Addressing& addressing) {
  if (unit.trust != Trust::verified) return;
  Folder folder(unit, addressing);
  for (const Block& block : unit.blocks) folder.block(block);
}

}  // namespace skep::jit
