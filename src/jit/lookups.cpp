#include "jit/lookups.hpp"

#include <optional>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

constexpr Register kKey = 2;  // r2 has the key's address
constexpr s32 kKeyBytes = 4;

class KeyFinder {
 public:
  KeyFinder(Unit& unit, const platform::Bindings& bindings) : unit_(unit), bindings_(bindings) {}

  void block(Block& block) {
    for (u32 at = block.begin; at < block.end; ++at) {
      if (unit_.operations[at].kind == Kind::array_lookup) look_up(block, at);
    }
  }

 private:
  Operation& op(u32 at) { return unit_.operations[at]; }

  void look_up(Block& block, u32 at) {
    const auto address = address_of_key(block, at);
    if (!address) return;
    const auto store = store_of_key(block, at, static_cast<s32>(op(*address).immediate));
    if (!store) return;
    if (op(*store).has_immediate()) {
      by_constant(block, at, static_cast<u32>(op(*store).immediate));
    } else if (stands(*store, *address, at)) {
      by_register(at, *store, op(*store).right);
    } else {
      return;
    }
    if (op(at).row != static_cast<u8>(Key::in_memory) || op(at).kind != Kind::array_lookup) {
      drop_address(*address, at);
    }
  }

  // What made r2 a place of the frame.
  std::optional<u32> address_of_key(const Block& block, u32 at) {
    while (at-- > block.begin) {
      const Operation& each = op(at);
      if ((writes(each) & set_of(kKey)) == 0) continue;
      const bool in_frame = each.kind == Kind::alu && each.alu() == isa::Alu::add &&
                            each.width == isa::Width::w64 && each.has_immediate() &&
                            each.left == isa::kFramePointer;
      return in_frame ? std::optional(at) : std::nullopt;
    }
    return std::nullopt;
  }

  // The store that the look-up reads.
  std::optional<u32> store_of_key(const Block& block, u32 at, s32 place) {
    while (at-- > block.begin) {
      const Operation& each = op(at);
      if (is_call(each.kind) || each.kind == Kind::atomic) return std::nullopt;
      if (each.kind != Kind::store || !may_be_in_frame(each)) continue;
      if (each.left != isa::kFramePointer) return std::nullopt;
      if (each.offset == place && each.width >= isa::Width::w32) return at;
      const auto bytes = static_cast<s32>(isa::bytes_of(each.width));
      if (each.offset < place + kKeyBytes && place < each.offset + bytes) return std::nullopt;
    }
    return std::nullopt;
  }

  static bool may_be_in_frame(const Operation& store) {
    switch (store.region) {
      case verify::Region::context:
      case verify::Region::packet:
      case verify::Region::map_value:
      case verify::Region::record:
      case verify::Region::arena: return false;
      default: return true;
    }
  }

  // Whether the register still has the key at the look-up. Where it is r2 itself, it has when its
  // address, which nobody else reads, is not made at all.
  bool stands(u32 store, u32 address, u32 lookup) {
    const Register key = op(store).right;
    if (key == isa::kFramePointer) return false;
    for (u32 at = store + 1; at < lookup; ++at) {
      if ((writes(op(at)) & set_of(key)) == 0) continue;
      if (at != address || is_read(address, lookup)) return false;
    }
    return true;
  }

  // By others than the look-up. Behind it the program does not read r2, but combine() may have made
  // a load through it: another place of the frame is as near to it as to r10.
  bool is_read(u32 address, u32 lookup) {
    if ((op(lookup).live_after & set_of(kKey)) != 0) return true;
    for (u32 at = address + 1; at < lookup; ++at) {
      if ((reads(op(at), unit_.trust) & set_of(kKey)) != 0) return true;
    }
    return false;
  }

  void by_register(u32 lookup, u32 store, Register key) {
    op(lookup).row = static_cast<u8>(Key::in_register);
    op(lookup).left = key;
    for (u32 at = store; at < lookup; ++at) op(at).live_after |= set_of(key);
  }

  void by_constant(Block& block, u32 lookup, u32 index) {
    Operation& each = op(lookup);
    const platform::ArrayShape& array = bindings_.arrays[static_cast<std::size_t>(each.immediate)];
    if (index >= array.entries || index > INT32_MAX) return;
    each.row = static_cast<u8>(Key::constant);
    each.offset = static_cast<s32>(index);
    if (array.cpu_stride != 0) return;
    each.kind = Kind::constant;
    each.dst = isa::kR0;
    each.immediate = static_cast<s64>(array.values + u64{index} * array.stride);
    if (lookup + 1 < block.end) decide(block, op(lookup + 1));
  }

  // r0 is not null.
  static void decide(Block& block, Operation& branch) {
    const bool asks = branch.kind == Kind::branch && branch.left == isa::kR0 &&
                      branch.has_immediate() && branch.immediate == 0 &&
                      branch.width == isa::Width::w64;
    if (!asks) return;
    if (branch.jump() == isa::Jump::eq) {
      branch.kind = Kind::nothing;
      block.branch_to = kNoBlock;
    } else if (branch.jump() == isa::Jump::ne) {
      branch.kind = Kind::jump;
      block.next = kNoBlock;
    }
  }

  void drop_address(u32 address, u32 lookup) {
    if (is_read(address, lookup)) return;
    const bool is_key = op(lookup).kind == Kind::array_lookup && op(lookup).left == kKey;
    op(address).kind = Kind::nothing;
    for (u32 at = address; at < lookup && !is_key; ++at) op(at).live_after &= ~set_of(kKey);
  }

  Unit& unit_;
  const platform::Bindings& bindings_;
};

}  // namespace

void find_keys(Unit& unit, const platform::Bindings& bindings) {
  if (unit.trust != Trust::verified || !unit.has(Kind::array_lookup)) return;
  KeyFinder finder(unit, bindings);
  for (Block& block : unit.blocks) finder.block(block);
}

}  // namespace skep::jit
