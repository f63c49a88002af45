// Makes changed programs of a refusal: one function a rule, and what they share.
//
// Each finds in the state at the refusal which register lacks what, and puts a few instructions
// (snippets.hpp) in front of the refused one, at the beginning of the function, or on one way of a
// branch. Whether it helps is for edit.cpp to find out.
#pragma once

#include "explain/edit.hpp"

namespace skep::explain {

class Editor {
 public:
  Editor(const Way& way, const Program& program, const verify::Report& report)
      : way_(way), program_(program), report_(report), last_(way.stops().size() - 1) {}

  // What might help, the best first.
  std::vector<Changed> edits();

 private:
  const isa::Instruction& refused() const { return way_.instruction(last_); }
  const verify::Frame& frame() const { return way_.last().state.frame(); }
  const verify::Value& value(u8 r) const { return frame().registers[r]; }

  // What the function returns where the new code leaves it.
  s64 returned() const;
  std::string place(std::size_t stop) const;
  void add(std::size_t stop, isa::Code code, std::string what);
  std::string made_in(u8 r) const;
  void add_null_checks();

  // Registers that nothing reads behind the refused instruction's place.
  std::vector<u8> free_registers() const;
  std::optional<u8> register_with(verify::Kind kind) const;

  // Loads of data_end from the context, where it is no longer in a register.
  std::optional<isa::Instruction> load_of_end(u8 into) const;
  void add_packet_comparison();

  // The last addition of a number that is not known, and the register that it was in.
  std::optional<std::pair<std::size_t, u8>> moved_by() const;

  // How many bytes what `r` points to has from there on.
  std::optional<s64> bytes_behind(const verify::Value& pointer) const;
  void add_offset_bounds();
  std::string describe_made(std::size_t stop, u8 r) const;

  // The first stop in the frame of the refused instruction.
  std::size_t begin_of_frame() const;
  void add_zeroed_stack();
  void add_initial_values();
  void add_return_values();

  // The code on the way that the path takes at a branch.
  void on_way(std::size_t jump, const isa::Code& code, const std::string& what);

  // The last branch's way first.
  void on_ways(const isa::Code& code, const std::string& what);

  struct Release {
    std::string_view acquired_by;  // its helper
    std::string_view helper;
    bool takes_flags;
  };
  void add_releases();

  // A call of the helper, in front of the exit or behind the branch at `stop`; what is needed
  // behind it is kept in registers that are not.
  void release_at(std::size_t stop, const Release& release, const verify::Held& held);
  std::string line_of(isa::InstructionIndex at) const;
  void add_size_bounds();

  const Way& way_;
  const Program& program_;
  const verify::Report& report_;
  std::size_t last_;
  std::vector<Changed> out_;
};

}  // namespace skep::explain
