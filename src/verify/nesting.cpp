#include "verify/nesting.hpp"

#include <algorithm>

#include "isa/control_flow.hpp"
#include "verify/callbacks.hpp"
#include "verify/iterators.hpp"

namespace skep::verify {
namespace {

using isa::InstructionIndex;

// One function, by blocks: what is always walked together.
class Order {
 public:
  struct Input {
    const platform::Program& program;
    const std::vector<bool>& ends;  // Structure::loop_heads
  };
  Order(const Input& input, const platform::Function& function, Nesting& out)
      : program_(input.program),
        code_(input.program.code),
        ends_(input.ends),
        begin_(function.begin.value()),
        end_(function.end.value()),
        out_(out) {
    next_ = begin_;
  }

  bool run() {
    look();
    if (!goes_back_) {
      for (u32 at = begin_; at < end_; ++at) out_.position[at] = at;
      return true;
    }
    find_blocks();
    scope_.assign(blocks_.size(), 0);
    std::vector<u32> all(blocks_.size());
    for (u32 block = 0; block < all.size(); ++block) all[block] = block;
    return place(all, {}, Nesting::kNone, 0);
  }

 private:
  struct Block {
    u32 begin;
    u32 end;
    u32 number = 0;  // in the order of the search, 0: not seen
    u32 lowest = 0;
    bool on_stack = false;
    bool calls_back = false;  // it is a call with a callback, which comes back to it
    u8 count = 0;             // of blocks behind it
    std::array<u32, 2> behind{};
  };
  struct Visit {
    u32 block;
    u32 next = 0;  // successor to look at
  };

  // Strongly connected parts, the last ones first; in each, the first block is last.
  struct Parts {
    std::vector<u32> blocks;
    std::vector<u32> begins;
  };

  // Where several ways lead to, where blocks begin, and whether a jump goes back.
  void look() {
    std::vector<u8> ways(end_ - begin_ + 1);
    leads_.resize(end_ - begin_ + 1);
    leads_[0] = ++ways[0];
    const auto leads_to = [&](u32 at) {
      u8& count = ways[at - begin_];
      if (count < 2) ++count;
    };
    for (u32 at = begin_; at < end_; ++at) {
      const isa::Instruction& i = code_[at];
      const bool falls_through = isa::falls_through(i);
      if (falls_through) leads_to(at + 1);
      if (isa::is_local_call(i)) leads_to(at + 1);  // from each exit of the function
      if (isa::has_jump_target(i)) {
        leads_to(i.target.value());
        leads_[i.target.value() - begin_] = leads_[at + 1 - begin_] = 1;
        goes_back_ = goes_back_ || i.target.value() <= at;
      } else if (!falls_through) {
        leads_[at + 1 - begin_] = 1;
      }
      if (ends_[at]) begin_at_end(at);
    }
    for (u32 at = begin_; at < end_; ++at) out_.joins[at] = ways[at - begin_] > 1 || ends_[at];
  }

  bool calls_back(u32 at) const { return ends_[at] && takes_function(code_[at]); }

  void begin_at_end(u32 at) {
    has_ends_ = true;
    leads_[at - begin_] = 1;
    if (!calls_back(at)) return;
    leads_[at + 1 - begin_] = 1;
    goes_back_ = true;
  }

  void find_blocks() {
    std::vector<u32> block_of(end_ - begin_);
    for (u32 at = begin_; at < end_; ++at) {
      if (leads_[at - begin_] != 0) {
        if (!blocks_.empty()) blocks_.back().end = at;
        blocks_.push_back({at, end_});
      }
      block_of[at - begin_] = static_cast<u32>(blocks_.size() - 1);
    }
    for (Block& block : blocks_) {
      for (const InstructionIndex next : isa::successors(code_, InstructionIndex(block.end - 1)))
        block.behind[block.count++] = block_of[next.value() - begin_];
      block.calls_back = calls_back(block.begin);
      if (block.calls_back) block.behind[block.count++] = block_of[block.begin - begin_];
    }
  }

  // Orders `blocks`, which are those of scope `level`; the search begins at `starts`.
  bool place(std::span<const u32> blocks, std::span<const u32> starts, s32 loop, u32 level) {
    if (level >= Nesting::kDepthMax) return false;
    for (const u32 block : blocks) {
      blocks_[block].number = 0;
      scope_[block] = level;
    }
    Parts parts;
    for (const std::span<const u32> list : {starts, blocks}) {
      for (const u32 block : list) {
        if (scope_[block] == level && blocks_[block].number == 0) search(block, level, parts);
      }
    }
    u32 end = static_cast<u32>(parts.blocks.size());
    for (std::size_t at = parts.begins.size(); at-- > 0;) {
      const u32 begin = parts.begins[at];
      if (!place_part(std::span(parts.blocks).subspan(begin, end - begin), loop, level))
        return false;
      end = begin;
    }
    return true;
  }

  bool place_part(std::span<const u32> part, s32 loop, u32 level) {
    const u32 head = head_of(part, level);
    const std::span<const u32> starts = std::span(blocks_[head].behind).first(blocks_[head].count);
    if (part.size() > 1 || comes_back(head)) {
      const u32 begin = blocks_[head].begin;
      const bool is_own = ends_[begin] && (blocks_[head].calls_back || !remakes(head, part));
      out_.loops.push_back({loop, out_.depth(loop) + 1, InstructionIndex(begin), is_own});
      loop = static_cast<s32>(out_.loops.size() - 1);
    }
    for (u32 at = blocks_[head].begin; at < blocks_[head].end; ++at) {
      out_.position[at] = next_++;
      out_.loop[at] = loop;
    }
    if (part.size() == 1) return true;
    if (head == part.back()) return place(part.first(part.size() - 1), starts, loop, level + 1);
    std::vector<u32> others;
    std::ranges::remove_copy(part, std::back_inserter(others), head);
    return place(others, starts, loop, level + 1);
  }

  bool comes_back(u32 block) const {
    const Block& of = blocks_[block];
    return std::find(of.behind.begin(), of.behind.begin() + of.count, block) !=
           of.behind.begin() + of.count;
  }

  // A may_goto, or a call of an iterator's `next` that is not made again in the same loop.
  bool goes_on_by_itself(u32 block, std::span<const u32> part) const {
    return ends_[blocks_[block].begin] && !blocks_[block].calls_back && !remakes(block, part);
  }

  // Whether the iterator that a block steps may be made anew in each round of a loop.
  bool remakes(u32 block, std::span<const u32> part) const {
    const InstructionIndex next(blocks_[block].begin);
    if (code_[next.value()].form != isa::Form::call) return false;
    const auto place = iterator_place(code_, next);
    for (const u32 each : part) {
      for (u32 at = blocks_[each].begin; at < blocks_[each].end; ++at) {
        if (!makes_iterator(program_, InstructionIndex(at))) continue;
        const auto made = iterator_place(code_, InstructionIndex(at));
        if (!place || !made || *place == *made) return true;
      }
    }
    return false;
  }

  // The block that the search came to first, unless the loop ends by itself elsewhere: in a block
  // that is in no loop any more when the first is gone. (A loop inside may end by itself, too.)
  u32 head_of(std::span<const u32> part, u32 level) {
    const u32 first = part.back();
    if (!has_ends_ || part.size() == 1 || goes_on_by_itself(first, part)) return first;
    const auto by_search = [this](u32 block) { return blocks_[block].number; };
    std::vector<u32> others(part.begin(), part.end() - 1);
    std::ranges::sort(others, {}, by_search);
    const u32 start =
        blocks_[first].calls_back
            ? *std::ranges::find(others, false, [this](u32 b) { return blocks_[b].calls_back; })
            : first;
    const std::vector<u32> in_loops = in_loops_without(start, part, level + 1);
    const auto is_own = [&](u32 block) {
      return goes_on_by_itself(block, part) && std::ranges::find(in_loops, block) == in_loops.end();
    };
    const auto own = std::ranges::find_if(others, is_own);
    return own == others.end() ? start : *own;
  }

  // The blocks of `part` that are in loops without `head`.
  std::vector<u32> in_loops_without(u32 head, std::span<const u32> part, u32 level) {
    for (const u32 block : part) {
      blocks_[block].number = 0;
      if (block != head) scope_[block] = level;
    }
    Parts parts;
    for (const u32 block : part) {
      if (block != head && blocks_[block].number == 0) search(block, level, parts);
    }
    std::vector<u32> out;
    std::size_t end = parts.blocks.size();
    for (std::size_t at = parts.begins.size(); at-- > 0;) {
      const auto inside = std::span(parts.blocks).subspan(parts.begins[at], end - parts.begins[at]);
      if (inside.size() > 1 || comes_back(inside[0]))
        out.insert(out.end(), inside.begin(), inside.end());
      end = parts.begins[at];
    }
    return out;
  }

  // Tarjan's search for strongly connected parts, without recursion.
  void search(u32 start, u32 level, Parts& parts) {
    enter(start);
    while (!visits_.empty()) {
      Visit& visit = visits_.back();
      Block& block = blocks_[visit.block];
      if (visit.next < block.count) {
        const u32 other = block.behind[visit.next++];
        if (scope_[other] != level) continue;
        if (blocks_[other].number == 0) {
          enter(other);
        } else if (blocks_[other].on_stack) {
          block.lowest = std::min(block.lowest, blocks_[other].number);
        }
        continue;
      }
      const u32 done = visit.block;
      visits_.pop_back();
      if (!visits_.empty()) {
        Block& before = blocks_[visits_.back().block];
        before.lowest = std::min(before.lowest, blocks_[done].lowest);
      }
      if (blocks_[done].lowest == blocks_[done].number) take_part(done, parts);
    }
  }

  void enter(u32 block) {
    blocks_[block].number = blocks_[block].lowest = ++counter_;
    blocks_[block].on_stack = true;
    stack_.push_back(block);
    visits_.push_back({block});
  }

  void take_part(u32 first, Parts& parts) {
    parts.begins.push_back(static_cast<u32>(parts.blocks.size()));
    do {
      parts.blocks.push_back(stack_.back());
      blocks_[stack_.back()].on_stack = false;
      stack_.pop_back();
    } while (parts.blocks.back() != first);
  }

  const platform::Program& program_;
  const isa::Code& code_;
  const std::vector<bool>& ends_;
  u32 begin_;
  u32 end_;
  Nesting& out_;
  u32 next_ = 0;     // position
  u32 counter_ = 0;  // of blocks that a search came to
  bool goes_back_ = false;
  bool has_ends_ = false;
  std::vector<Block> blocks_;
  std::vector<u8> leads_;  // by instruction: a block begins there
  std::vector<u32> scope_;
  std::vector<Visit> visits_;
  std::vector<u32> stack_;
};

}  // namespace

s32 Nesting::common(InstructionIndex from, InstructionIndex to) const {
  s32 a = loop[from.value()], b = loop[to.value()];
  while (depth(a) > depth(b)) a = loops[static_cast<u32>(a)].parent;
  while (depth(b) > depth(a)) b = loops[static_cast<u32>(b)].parent;
  while (a != b) {
    a = loops[static_cast<u32>(a)].parent;
    b = loops[static_cast<u32>(b)].parent;
  }
  return a;
}

std::optional<Nesting> nesting_of(const platform::Program& program, const std::vector<bool>& ends) {
  Nesting out;
  out.position.resize(program.code.size());
  out.loop.assign(program.code.size(), Nesting::kNone);
  out.joins.resize(program.code.size());
  for (const platform::Function& function : program.functions) {
    if (!Order({program, ends}, function, out).run()) return std::nullopt;
  }
  return out;
}

}  // namespace skep::verify
