#include "jit/widen.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

using verify::Region;

constexpr u32 kRowMax = 128;  // accesses that are looked at together
constexpr u8 kWide = 16;      // bytes of one access by a vector register
constexpr u8 kWord = 8;

struct Piece {
  s32 from = 0;  // offsets; of zeros only `to`
  s32 to = 0;
  u32 bytes = 0;
};

// Pieces that are neighbours on both sides, as few as they can be; nothing where some of them meet.
bool join(std::vector<Piece>& pieces, bool zeros) {
  std::ranges::sort(pieces, {}, &Piece::to);
  std::vector<Piece> out;
  for (const Piece& each : pieces) {
    const s64 end = out.empty() ? INT64_MIN : s64{out.back().to} + out.back().bytes;
    if (each.to < end && !zeros) return false;
    const bool same = !out.empty() && out.back().from - out.back().to == each.from - each.to;
    if (same && each.to <= end) {
      const s64 last = std::max<s64>(end, s64{each.to} + each.bytes);
      out.back().bytes = static_cast<u32>(last - out.back().to);
    } else {
      out.push_back(each);
    }
  }
  pieces = std::move(out);
  return true;
}

bool is_plain(const Operation& op) {
  return op.index == kNoRegister && op.left != kNoRegister && op.region != Region::arena;
}

u32 bytes_of(const Operation& op) { return isa::bytes_of(op.width); }

// ---- zeros ----

class Zeros {
 public:
  void begin() {
    base = kNoRegister;
    pieces.clear();
  }

  bool take(const Operation& op, Registers zero) {
    const bool is_zero = op.has_immediate() ? op.immediate == 0 : (zero & set_of(op.right)) != 0;
    if (op.kind != Kind::store || !is_zero || !is_plain(op)) return false;
    if (!pieces.empty() && op.left != base) return false;
    base = op.left;
    pieces.push_back({op.offset, op.offset, bytes_of(op)});
    return true;
  }

  Register base = kNoRegister;
  std::vector<Piece> pieces;
};

bool is_zero(const Operation& op) {
  const bool moves = op.kind == Kind::alu && op.alu() == isa::Alu::mov && op.has_immediate();
  return (moves || op.kind == Kind::constant) && op.immediate == 0;
}

// ---- copies ----

// Memory that cannot be the same: of two kinds that programs are given apart from each other.
bool is_apart(Region a, Region b) {
  const auto is_known = [](Region region) {
    return region == Region::context || region == Region::stack || region == Region::packet ||
           region == Region::map_value || region == Region::record;
  };
  return is_known(a) && is_known(b) && a != b;
}

class Copies {
 public:
  void begin() {
    from = to = kNoRegister;
    pieces.clear();
    loaded_ = 0;
  }

  // Whether the row goes on with this operation.
  bool take(const Operation& op) {
    if (!is_plain(op)) return false;
    if (op.kind == Kind::load) return load(op);
    return op.kind == Kind::store && !op.has_immediate() && store(op);
  }

  // Whether the row may end behind `op`: nobody wants what is in its registers.
  bool is_closed(const Operation& op) const {
    return !pieces.empty() && (op.live_after & loaded_) == 0;
  }

  Register from = kNoRegister, to = kNoRegister;
  Region source = Region::none, target = Region::none;
  std::vector<Piece> pieces;

 private:
  bool load(const Operation& op) {
    if (op.extend != Extend::zero || op.swapped || op.dst == op.left || op.dst == to) return false;
    if (from != kNoRegister && (op.left != from || op.region != source)) return false;
    from = op.left;
    source = op.region;
    held_[op.dst] = {op.offset, 0, bytes_of(op)};
    loaded_ |= set_of(op.dst);
    return true;
  }

  bool store(const Operation& op) {
    if ((loaded_ & set_of(op.right)) == 0 || (loaded_ & set_of(op.left)) != 0) return false;
    if (to != kNoRegister && (op.left != to || op.region != target)) return false;
    Piece piece = held_[op.right];
    if (bytes_of(op) > piece.bytes) return false;
    to = op.left;
    target = op.region;
    piece.to = op.offset;
    piece.bytes = bytes_of(op);
    pieces.push_back(piece);
    return true;
  }

  std::array<Piece, kOperands> held_{};
  Registers loaded_ = 0;
};

// Whether no byte that is written is one that is read.
bool is_apart(const Copies& row) {
  if (is_apart(row.source, row.target)) return true;
  if (row.from != row.to) return false;
  for (const Piece& a : row.pieces) {
    for (const Piece& b : row.pieces) {
      if (a.from < b.to + static_cast<s32>(b.bytes) && b.to < a.from + static_cast<s32>(a.bytes))
        return false;
    }
  }
  return true;
}

// ---- a block ----

class Widener {
 public:
  explicit Widener(Unit& unit) : unit_(unit) {}

  void block(const Block& block) {
    Registers zero = 0;
    for (u32 at = block.begin; at < block.end; ++at) {
      const Operation& op = unit_.operations[at];
      if (begins_row(at, block.end)) {
        at = op.kind == Kind::store ? zeros(at, block.end, zero) : copies(at, block.end);
      }
      const Operation& last = unit_.operations[at];
      zero &= ~writes(last);
      if (is_zero(last)) zero |= set_of(last.dst);
    }
  }

 private:
  // A quick look: most accesses stand alone.
  bool begins_row(u32 at, u32 end) const {
    const Operation& op = unit_.operations[at];
    if (op.kind != Kind::load && op.kind != Kind::store) return false;
    ++at;
    while (at < end && unit_.operations[at].kind == Kind::nothing) ++at;
    if (at == end) return false;
    const Operation& next = unit_.operations[at];
    if (op.kind == Kind::store) return next.kind == Kind::store && next.left == op.left;
    return next.kind == Kind::load || (next.kind == Kind::store && next.right == op.dst);
  }

  // The last operation of the row that begins at `at`, or `at` itself.
  u32 zeros(u32 at, u32 end, Registers zero) {
    zeros_.begin();
    u32 next = at;
    for (; next < end && next - at < kRowMax; ++next) {
      const Operation& op = unit_.operations[next];
      if (op.kind != Kind::nothing && !zeros_.take(op, zero)) break;
    }
    const auto count = zeros_.pieces.size();
    if (count < 2 || !join(zeros_.pieces, true) || zeros_.pieces.size() == count) return at;
    made_.clear();
    for (const Piece& each : zeros_.pieces) {
      Operation op{.kind = Kind::fill, .left = zeros_.base, .offset = each.to};
      op.target = each.bytes;
      op.piece = each.bytes >= kWide ? kWide : kWord;
      made_.push_back(op);
    }
    replace(at, next);
    return next - 1;
  }

  u32 copies(u32 at, u32 end) {
    Copies& row = copies_;
    row.begin();
    u32 last = at;          // of the longest row that may end
    std::size_t count = 0;  // its pieces
    for (u32 next = at; next < end && next - at < kRowMax; ++next) {
      const Operation& op = unit_.operations[next];
      if (op.kind == Kind::nothing) continue;
      if (!row.take(op)) break;
      if (row.is_closed(op)) count = row.pieces.size(), last = next;
    }
    if (count < 2) return at;
    row.pieces.resize(count);
    if (!is_apart(row) || !join(row.pieces, false) || row.pieces.size() == count) return at;
    made_.clear();
    for (const Piece& each : row.pieces) {
      Operation op{.kind = Kind::copy, .left = row.from, .right = row.to, .offset = each.from};
      op.target = each.bytes;
      op.immediate = each.to;
      // What was written to the frame in words is read in words: a wider load would wait for them.
      op.piece = row.source == Region::stack ? kWord : kWide;
      made_.push_back(op);
    }
    replace(at, last + 1);
    return last;
  }

  // A row by what was made of it.
  void replace(u32 begin, u32 end) {
    Registers live = unit_.operations[end - 1].live_after;
    for (const Operation& op : made_) live |= reads(op, unit_.trust);
    for (u32 at = begin; at < end; ++at) {
      Operation& op = unit_.operations[at];
      const u32 from = op.from;
      const Registers after = at + 1 == end ? op.live_after : live;
      op = at - begin < made_.size() ? made_[at - begin] : Operation{.kind = Kind::nothing};
      op.from = from;
      op.live_after = after;
    }
  }

  Unit& unit_;
  Zeros zeros_;  // kept for their memory
  Copies copies_;
  std::vector<Operation> made_;
};

}  // namespace

void widen(Unit& unit) {
  if (unit.trust != Trust::verified) return;
  Widener widener(unit);
  for (const Block& block : unit.blocks) widener.block(block);
}

}  // namespace skep::jit
