#include "jit/arenas.hpp"

#include "jit/usage.hpp"

namespace skep::jit {
namespace {

using isa::Alu;
using isa::Width;

bool is_arenas(const Operation& op) {
  return op.region == verify::Region::arena &&
         (op.kind == Kind::load || op.kind == Kind::store || op.kind == Kind::atomic);
}

class Reacher {
 public:
  Reacher(Unit& unit, const platform::ArenaPlace& arena) : unit_(unit), arena_(arena) {}

  void run() {
    out_.reserve(unit_.operations.size() * 2);
    for (Block& block : unit_.blocks) {
      const auto begin = static_cast<u32>(out_.size());
      for (u32 at = block.begin; at < block.end; ++at) one(unit_.operations[at]);
      block.begin = begin;
      block.end = static_cast<u32>(out_.size());
    }
    unit_.operations = std::move(out_);
  }

 private:
  void one(const Operation& op) {
    if (op.kind == Kind::user_pointer) return cast(op);
    if (!is_arenas(op)) return out_.push_back(op);
    constant(op, arena_.base + static_cast<u64>(s64{op.offset}));
    if (op.kind == Kind::atomic) return atomic(op);
    Operation access = op;
    access.index = op.left;
    access.left = kTemporary;
    access.offset = 0;
    out_.push_back(access);
  }

  // An atomic operation is on the word that the address is in, so that it is aligned.
  void atomic(const Operation& op) {
    alu(op, Alu::add, op.left);
    alu(op, Alu::and_, kNoRegister, -s64{isa::bytes_of(op.width)});
    Operation access = op;
    access.left = kTemporary;
    access.offset = 0;
    out_.push_back(access);
  }

  // dst = lower half of left; if it is not 0, it gets the upper half.
  void cast(const Operation& op) {
    Operation half = made_for(op, Kind::alu);
    half.row = static_cast<u8>(Alu::mov);
    half.width = Width::w32;
    half.dst = op.dst;
    half.right = op.left;
    half.live_after |= set_of(op.dst);
    out_.push_back(half);
    constant(half, arena_.user_begin >> 32 << 32);
    alu(half, Alu::or_, op.dst);
    Operation select = made_for(op, Kind::select);
    select.row = static_cast<u8>(isa::Jump::eq);
    select.width = Width::w32;
    select.dst = select.left = op.dst;
    select.moved = kTemporary;
    select.live_after = op.live_after;
    out_.push_back(select);
  }

  Operation made_for(const Operation& op, Kind kind) const {
    Operation out{.kind = kind, .from = op.from};
    out.live_after = op.live_after | reads(op, unit_.trust);
    return out;
  }

  void constant(const Operation& op, u64 value) {
    Operation out = made_for(op, Kind::constant);
    out.dst = kTemporary;
    out.immediate = static_cast<s64>(value);
    out_.push_back(out);
  }

  // temporary = temporary ALU right
  void alu(const Operation& op, Alu alu, Register right, s64 immediate = 0) {
    Operation out = made_for(op, Kind::alu);
    out.row = static_cast<u8>(alu);
    out.dst = out.left = kTemporary;
    out.right = right;
    out.immediate = immediate;
    out_.push_back(out);
  }

  Unit& unit_;
  const platform::ArenaPlace& arena_;
  std::vector<Operation> out_;
};

}  // namespace

void reach_arena(Unit& unit, const platform::ArenaPlace& arena) {
  if (!unit.has_arena && !unit.has(Kind::user_pointer)) return;
  Reacher(unit, arena).run();
}

}  // namespace skep::jit
