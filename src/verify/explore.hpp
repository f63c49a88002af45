// The walk over all paths of a program, with pruning.
//
// Depth first: one path is followed to its end, other ways of its branches wait. Where paths meet
// (Structure::joins) the state is kept, sparsely, as a Checkpoint. A path that comes to a
// checkpoint whose state includes its own stops there, if everything behind that checkpoint is
// proved; if the checkpoint is on the path itself and equal, the path has come back without any
// change: an infinite loop. Otherwise loops are walked round by round until their condition ends
// them, as the kernel does.
//
// Some loops end by themselves, whatever their condition: those of may_goto and of callbacks. Their
// heads are kept at each round, and a round whose state is included in that of an earlier one is
// the last. What is behind an open head is not known until the head is closed: up to then states
// that were kept inside of such a loop are compared whole, and when the outermost head closes, what
// its rounds stood on is carried around the loop until nothing new is found (settle_loop()).
#pragma once

#include <chrono>
#include <memory>

#include "verify/observer.hpp"
#include "verify/step.hpp"

namespace skep::verify {

class Explorer {
 public:
  Explorer(const Outline& outline, const Limits& limits);

  // Every path of main, or of a global function.
  Check walk(State start);

  Analysis& analysis() { return analysis_; }
  const Work& work() const { return work_; }
  // Of what walk() has refused: where, and how the path got there.
  Report report(const Refusal& refusal) const;

 private:
  static constexpr s32 kNone = -1;

  // A kept state and how much of what lies behind it is still to be walked.
  struct Checkpoint {
    State state;
    isa::InstructionIndex at{};
    s32 loop = kNone;  // the innermost head that it is behind
    s32 parent = kNone;
    u32 open = 1;               // paths behind it that have not ended
    SlotSets read{};            // slots that something behind it may read
    SlotSets written_before{};  // slots overwritten between its parent and it
    u32 hits = 0;
    u32 misses = 0;
    u32 lessons = 0;  // how often a mark or a read was new to it
  };

  // Where a path stands.
  struct Path {
    State state;
    isa::InstructionIndex at{};
    s32 checkpoint = kNone;
    Holds took = Holds::no;  // whether its last step was a jump that was taken
    s32 trail = Trail::kStart;
    SlotSets written{};  // slots overwritten since its last checkpoint
  };

  // A path that ended because its round of a loop was no new one.
  struct BackEdge {
    s32 head = kNone;       // the checkpoint that includes it
    s32 outermost = kNone;  // the head of the loop around all
    s32 trail = Trail::kStart;
    s32 checkpoint = kNone;
    std::size_t depth = 0;
    SlotSets written{};
    u32 lessons = 0;  // of the head, that were carried along this edge
  };

  enum class Ends : u8 { no, yes };
  struct Outcome {
    Ends ends = Ends::no;
    Check refused;
  };

  void forget_walk();
  Check follow(Path path);
  Check check_limits();
  Outcome at_join(Path& path);
  Outcome step(Path& path);
  Outcome branch(Path& path, const isa::Instruction& i);
  Outcome call_function(Path& path, const isa::Instruction& i);
  Outcome call_with_callback(Path& path);
  Outcome leave_callback(Path& path);
  Outcome may_goto(Path& path, const isa::Instruction& i);
  Outcome step_iterator(Path& path);
  Outcome try_lock(Path& path);
  Outcome load_packet(Path& path);
  Check wait(Path other);
  Outcome exit(Path& path);
  Outcome end(Path& path, Check refused);

  bool is_last_round(const Checkpoint& checkpoint, const Path& path,
                     std::span<const Registers> live) const;
  const State* earlier_round(const Path& path) const;
  s32 open_loop(s32 checkpoint) const;
  void note_back_edge(const Path& path, s32 checkpoint);
  void settle_loop(s32 outermost);
  bool is_worth_keeping(const Path& path) const;
  void keep(Path& path);
  void close(s32 checkpoint);
  void require(s32 trail, std::size_t depth, const Places& places);
  void note(Path& path, std::size_t depth);
  void note_lesson(Checkpoint& checkpoint);
  void note_read(s32 checkpoint, const SlotSets& written_since, SlotSets slots);
  bool mark(s32 checkpoint, Places& places);

  std::vector<Passed> way_to_refusal() const;

  std::shared_ptr<const platform::Program> program_;
  Limits limits_;
  Analysis analysis_;
  const Structure& structure_;
  const std::vector<Registers>& live_;  // by instruction
  std::vector<Path> pending_;
  std::size_t pending_frames_ = 0;  // of them together
  std::vector<Checkpoint> checkpoints_;
  std::vector<std::vector<s32>> kept_;  // by instruction: its checkpoints
  std::vector<BackEdge> back_edges_;    // of loops that are open
  u32 jumps_ = 0;                       // on all paths, since the last state was kept
  u32 instructions_ = 1;                // the same; the kernel counts the first one at once
  bool learned_ = false;                // a mark or a read was new
  Trail trail_;
  Work work_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  isa::InstructionIndex refused_at_{};
  Holds refused_took_ = Holds::no;
  s32 refused_trail_ = Trail::kStart;
};

}  // namespace skep::verify
