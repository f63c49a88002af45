// One path of a program, run on concrete values.
//
// The path is the refused one; the operations are those of isa/tables.hpp. Memory is made of
// objects that pointers name, so that a byte outside of one is a fault whatever lies there in a
// real machine, and so that what was never written is told from zero. Where the program takes
// something from outside (the context, a map, a helper) the verifier's own state says of which kind
// it is, and the Input what it holds. A run stops where it leaves the path, or at its end: the
// refused instruction, which is executed too.
#pragma once

#include <string>

#include "explain/input.hpp"
#include "explain/origins.hpp"
#include "platform/helpers.hpp"

namespace skep::explain {

enum class ObjectKind : u8 { context, stack, packet, memory, outside };

struct Cell {
  bool is_set = false;
  s32 object = -1;   // what it points to; -1: it is a number
  u64 value = 0;     // of a pointer: the offset in its object
  Trace trace = {};  // of a number, and of the moving part of an offset
  s32 null_of = -1;  // of 0: the object that it would point to

  bool is_pointer() const { return is_set && object >= 0; }
  friend bool operator==(const Cell& a, const Cell& b) {
    return a.is_set == b.is_set && a.object == b.object && a.value == b.value;
  }
};

// A byte that was written: a value, or what an Input has for another object.
struct Byte {
  u8 value = 0;
  s32 object = -1;
  s32 at = 0;
  friend bool operator==(const Byte&, const Byte&) = default;
};

struct Object {
  ObjectKind kind = ObjectKind::memory;
  std::string name = {};  // "the packet", "a value of map h"
  u32 id = 0;             // in the Input
  s64 size = -1;          // -1: not known, everything is inside
  bool may_be_null = false;
  bool is_alive = true;
  std::string made = {};  // "bpf_map_lookup_elem in line 8"
  u32 reference = 0;      // the verifier's, of what is held
  std::map<s64, Byte> written = {};
  std::map<s64, std::pair<u32, Cell>> stored = {};  // whole registers, by their size in bytes
};

struct Ran {
  enum class How : u8 {
    faulted,   // at the refused instruction
    left,      // the path, at a comparison
    no_fault,  // the refused instruction did nothing wrong
    lost,      // something on the path is not modelled
  };
  How how = How::lost;
  std::size_t stop = 0;
  std::string fault;
};

class Machine {
 public:
  // `rule`: the one that was not proved; some things are faults for one rule only.
  Machine(const Way& way, std::string_view rule, const Input& input)
      : way_(way), rule_(rule), input_(input) {}

  Ran run();

  const std::vector<Object>& objects() const { return objects_; }
  const Input& input() const { return input_; }
  // The registers of the innermost frame as they are now.
  const Cell& reg(u8 r) const { return frames_.back()[r]; }
  // The right side of a comparison or an operation.
  Cell source(const isa::Instruction& i) const;
  // What it is compared as: pointers have addresses far from each other.
  u64 number(const Cell& cell) const;
  bool holds(const isa::Instruction& i) const;
  // The last instructions of the run, with what they made: "r2 = *(u32 *)(r1 + 0): r2 is 13".
  const std::vector<verify::Step>& trace() const { return trace_; }
  // The size of what a pointer points into; a packet's is free.
  s64 size_of(const Object& object) const;

 private:
  using Registers = std::array<Cell, isa::kRegisters>;

  bool execute(std::size_t stop);
  bool execute_into(std::size_t stop, u8 r);
  void alu(const isa::Instruction& i);
  bool move_pointer(const isa::Instruction& i, Cell& dst, const Cell& by) const;
  bool load(std::size_t stop);
  bool store(const isa::Instruction& i);
  bool atomic(std::size_t stop);
  bool call(std::size_t stop);
  std::string lookup_key(std::size_t stop) const;
  void fill_outputs(std::size_t stop);
  void forget_given_back(std::size_t stop);
  bool change_frames(std::size_t stop);
  bool give_index(std::size_t stop);
  Ran last(std::size_t stop);
  std::string fault_of(std::size_t stop);
  std::string fault_of_access(const isa::Instruction& i, u8 base);
  std::string fault_of_arithmetic(const isa::Instruction& i);
  std::string fault_of_call(std::size_t stop);
  std::string fault_of_local_call(const isa::Instruction& i);
  std::optional<u64> bytes_of_argument(std::size_t stop, const platform::HelperRow& helper,
                                       u8 r) const;
  std::string fault_of_argument(std::size_t stop, const platform::HelperRow& helper, u8 r);
  std::string fault_of_memory(u8 r, u64 bytes, bool is_read);
  std::string fault_of_unset(const Object& stack, s64 at, u64 bytes) const;
  std::string fault_of_exit(std::size_t stop);
  std::string fault_of_end(std::size_t stop);
  std::string fault_of_stack_objects(std::size_t stop) const;

  Cell made(const verify::Value& value, const std::string& by);
  Cell made_number(const verify::Value& value, const std::string& by);
  Cell made_context(const verify::Value& value, const std::string& by);
  Cell made_packet(const verify::Value& value, const std::string& by);
  Object object_for(const verify::Value& value, const std::string& by) const;
  Cell made_once(const std::string& key, const verify::Value& value, const std::string& by);
  u32 add(Object object);
  Cell read(const Object& object, s64 at, u32 bytes, bool is_signed) const;
  void write(Object& object, s64 at, u32 bytes, const Cell& cell);
  std::string by_text(std::size_t stop) const;
  void enter_frame(std::size_t stop);
  void note(std::size_t stop, const std::string& jumped);
  std::string describe_cell(u8 r) const;

  static constexpr std::size_t kTraceSteps = 8;
  std::vector<verify::Step> trace_;

  const Way& way_;
  std::string_view rule_;
  Input input_;
  std::vector<Object> objects_;
  std::vector<Registers> frames_;
  std::vector<u32> stacks_;            // by frame: its object
  std::map<std::string, u32> shared_;  // objects that are the same each time they are asked for
  // Of an infinite loop: what was in registers and memory when the run came here before.
  struct Snapshot {
    std::vector<Registers> frames;
    std::vector<std::map<s64, Byte>> memory;
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
  };
  Snapshot snapshot() const;
  std::vector<Snapshot> here_before_;
  bool impossible_ = false;  // a number is none of those that it can be
};

}  // namespace skep::explain
