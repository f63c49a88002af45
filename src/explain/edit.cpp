#include "explain/edit.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "explain/snippets.hpp"
#include "platform/contexts.hpp"
#include "platform/helpers.hpp"
#include "platform/returns.hpp"
#include "text/text.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Kind;
using verify::Value;

class Editor {
 public:
  Editor(const Way& way, const Program& program, const verify::Report& report)
      : way_(way), program_(program), report_(report), last_(way.stops().size() - 1) {}

  std::vector<Changed> edits() {
    const std::string& rule = report_.property;
    if (rule == "null-check") add_null_checks();
    if (rule == "packet-bounds") add_packet_comparison();
    if (rule == "map-value-bounds" || rule == "stack-bounds" || rule == "record-bounds" ||
        rule == "pointer-arithmetic")
      add_offset_bounds();
    if (rule == "uninitialised-stack") add_zeroed_stack();
    if (rule == "uninitialised-register") add_initial_values();
    if (rule == "held-reference") add_releases();
    if (rule == "return-value") add_return_values();
    if (rule == "helper-argument" || rule.ends_with("-bounds")) add_size_bounds();
    return std::move(out_);
  }

 private:
  const Instruction& refused() const { return way_.instruction(last_); }
  const verify::Frame& frame() const { return way_.last().state.frame(); }
  const Value& value(u8 r) const { return frame().registers[r]; }

  // What the function returns where the new code leaves it.
  s64 returned() const {
    const auto range = platform::allowed_returns(
        program_->type, platform::loaded_as(program_->type, program_->attach_type));
    return range && way_.depth(last_) == 0 && range->least > 0 ? range->least : 0;
  }

  std::string place(std::size_t stop) const {
    const u32 line = way_.line(stop);
    return line == 0 ? format("instruction {}", way_.slot(stop)) : format("line {}", line);
  }

  void add(std::size_t stop, isa::Code code, std::string what) {
    Changed changed;
    changed.edit.what = std::move(what);
    changed.edit.slot = way_.slot(stop);
    changed.edit.line = way_.line(stop);
    isa::assign_slots(code);
    for (std::size_t at = 0; at < code.size(); ++at) {
      // A jump to behind the new code has no instruction to name there.
      isa::Code shown = code;
      shown.push_back({});
      isa::assign_slots(shown);
      changed.edit.instructions.push_back(text::disassemble(shown, isa::InstructionIndex(at)));
    }
    changed.program =
        with_inserted(program_, {.before = way_.stops()[stop].at, .code = std::move(code)});
    out_.push_back(std::move(changed));
  }

  std::string made_in(u8 r) const {
    const Made made = way_.made({last_, way_.depth(last_), r, false});
    return made.by ? format("{} in {}", how_made(way_, made), place(*made.by))
                   : how_made(way_, made);
  }

  void add_null_checks() {
    const verify::Registers reads = verify::effects_of(refused()).reads;
    for (u8 r = 0; r < isa::kFramePointer; ++r) {
      const bool maybe = value(r).is_pointer() && value(r).null == verify::Null::maybe;
      if ((reads & verify::bit(r)) == 0 || !maybe) continue;
      add(last_, leave_unless(isa::Jump::ne, r, 0, returned()),
          format("compare what is {} with null: `if (!pointer) return {};`", made_in(r),
                 returned()));
    }
  }

  // Registers that nothing reads behind the refused instruction's place.
  std::vector<u8> free_registers() const {
    const verify::Registers live = verify::live_registers(*program_)[way_.last().at.value()];
    const verify::Registers reads = verify::effects_of(refused()).reads;
    std::vector<u8> out;
    for (const u8 r : std::to_array<u8>({0, 1, 2, 3, 4, 5, 9, 8, 7, 6})) {
      if (((live | reads) & verify::bit(r)) == 0) out.push_back(r);
    }
    return out;
  }

  std::optional<u8> register_with(Kind kind) const {
    for (u8 r = 0; r < isa::kFramePointer; ++r) {
      if (value(r).kind == kind && value(r).is_at_start()) return r;
    }
    return std::nullopt;
  }

  // Loads of data_end from the context, where it is no longer in a register.
  std::optional<Instruction> load_of_end(u8 into) const {
    const auto context = register_with(Kind::context);
    if (!context) return std::nullopt;
    for (const platform::ContextField& field : platform::context_of(program_->type)) {
      if (field.name != "data_end") continue;
      return load(into, *context, static_cast<s16>(field.offset), isa::width_of(field.size));
    }
    return std::nullopt;
  }

  void add_packet_comparison() {
    const bool loads = refused().form == Form::load || refused().form == Form::load_signed;
    const u8 base = loads ? refused().src : refused().dst;
    const auto free = free_registers();
    if (!value(base).is_packet() || free.empty()) return;
    isa::Code code;
    auto end = register_with(Kind::packet_end);
    if (!end && free.size() > 1) {
      end = free[1];
      const auto loading = load_of_end(*end);
      if (!loading) return;
      code.push_back(*loading);
    }
    if (!end) return;
    const s64 behind = refused().offset + static_cast<s64>(isa::bytes_of(refused().width));
    code.push_back(move(free[0], base));
    code.push_back(add_constant(free[0], behind));
    append(code, leave_unless_register(isa::Jump::le, free[0], *end, returned()));
    add(last_, std::move(code),
        format("compare the pointer with data_end: `if (pointer + {} > data_end) return {};`",
               behind, returned()));
  }

  // The last addition of a number that is not known, and the register that it was in.
  std::optional<std::pair<std::size_t, u8>> moved_by() const {
    if (refused().form == Form::alu && refused().has_register_source()) {
      const bool number = value(refused().src).is_number();
      return std::pair{last_, number ? refused().src : refused().dst};
    }
    const bool loads = refused().form == Form::load || refused().form == Form::load_signed;
    const Made made =
        way_.made({last_, way_.depth(last_), loads ? refused().src : refused().dst, false});
    for (const std::size_t by : made.changed_by) {
      const Instruction& i = way_.instruction(by);
      if (i.form != Form::alu || !i.has_register_source() || way_.depth(by) != way_.depth(last_))
        continue;
      const Value& offset = way_.stops()[by].state.frame().registers[i.src];
      if (offset.is_number() && !offset.number.is_constant()) return std::pair{by, i.src};
    }
    return std::nullopt;
  }

  // How many bytes what `r` points to has from there on.
  std::optional<s64> bytes_behind(const Value& pointer) const {
    if (pointer.kind == Kind::stack) return -pointer.offset;
    if (pointer.kind == Kind::record || pointer.kind == Kind::memory)
      return s64{pointer.range} - pointer.offset;
    if (pointer.kind != Kind::map_value) return std::nullopt;
    const auto number = static_cast<std::size_t>(pointer.map);
    if (number >= program_->maps->size()) return std::nullopt;
    return s64{(*program_->maps)[number].value_size} - pointer.offset;
  }

  void add_offset_bounds() {
    const auto moved = moved_by();
    if (!moved) return;
    const auto& [stop, r] = *moved;
    const Instruction& i = way_.instruction(stop);
    const auto& registers = way_.stops()[stop].state.frame().registers;
    const auto room = bytes_behind(registers[i.src == r ? i.dst : i.src]);
    if (!room) return;
    const bool is_access = refused().form != Form::alu;
    const s64 behind = is_access ? refused().offset + s64{isa::bytes_of(refused().width)} : 0;
    for (const s64 bytes : {behind, s64{1}, s64{2}, s64{4}, s64{8}}) {
      const s64 most = *room - bytes;
      if (bytes == 0 || most < 0) continue;
      add(stop, leave_unless(isa::Jump::le, r, most, returned()),
          format("bound the offset that is {} before it is added: `if (offset > {}) return {};`",
                 describe_made(stop, r), most, returned()));
    }
  }

  std::string describe_made(std::size_t stop, u8 r) const {
    return how_made(way_, way_.made({stop, way_.depth(stop), r, false}));
  }

  // The first stop in the frame of the refused instruction.
  std::size_t begin_of_frame() const {
    std::size_t at = last_;
    while (at > 0 && way_.depth(at - 1) >= way_.depth(last_)) --at;
    return at;
  }

  void add_zeroed_stack() {
    const verify::Registers reads = verify::effects_of(refused()).reads;
    s64 first = 0;
    for (u8 r = 0; r < isa::kRegisters; ++r) {
      const Value& pointer = value(r);
      const bool is_own = pointer.kind == Kind::stack && pointer.frame == way_.depth(last_) &&
                          pointer.number.is_constant();
      const bool is_access = refused().form != Form::call;
      if ((reads & verify::bit(r)) == 0 || !is_own) continue;
      first = std::min(first, pointer.offset + (is_access ? refused().offset : 0));
    }
    if (first == 0) return;
    isa::Code code;
    for (s64 offset = (first - 7) / 8 * 8; offset < 0; offset += 8)
      code.push_back(store_zero(static_cast<s16>(offset)));
    add(begin_of_frame(), std::move(code), "initialise the variable, padding included: `= {}`");
  }

  void add_initial_values() {
    const verify::Registers reads = verify::effects_of(refused()).reads;
    for (u8 r = 0; r < isa::kFramePointer; ++r) {
      const bool is_unset = value(r).kind == Kind::unset && value(r).lost_at == 0;
      if ((reads & verify::bit(r)) == 0 || !is_unset) continue;
      add(begin_of_frame(), {set(r, 0)},
          "give the variable a value where it is declared, as `= 0`");
      add(last_, {set(r, 0)}, "give the variable a value on this path, as `= 0`");
    }
  }

  void add_return_values() {
    if (refused().form != Form::exit) return;
    const Value& result = value(isa::kR0);
    const bool is_unset = result.kind == Kind::unset;
    if (is_unset) {
      add(begin_of_frame(), {set(isa::kR0, returned())},
          format("return a value on every path, as `return {};`", returned()));
      on_ways({set(isa::kR0, returned())},
              format("return a value on this path, as `return {};`", returned()));
    }
    const std::string what =
        result.is_number() ? "one of the values that are allowed" : "a number instead of a pointer";
    add(last_, {set(isa::kR0, returned())}, format("return {}, as `return {};`", what, returned()));
  }

  // The code on the way that the path takes at a branch.
  void on_way(std::size_t jump, const isa::Code& code, const std::string& what) {
    Changed changed;
    const std::string source = way_.source(jump);
    changed.edit.what = what + (source.empty() ? format(" behind {}", place(jump))
                                               : format(" behind `{}`", source));
    changed.edit.slot = way_.slot(jump);
    changed.edit.line = way_.line(jump);
    isa::Code shown = code;
    isa::assign_slots(shown);
    for (std::size_t at = 0; at < shown.size(); ++at)
      changed.edit.instructions.push_back(text::disassemble(shown, isa::InstructionIndex(at)));
    const isa::InstructionIndex at = way_.stops()[jump].at;
    changed.program =
        way_.is_taken(jump)
            ? with_inserted_on_jump(program_, at, code)
            : with_inserted(program_,
                            {.before = at.next(), .comes = Comes::falling_through, .code = code});
    out_.push_back(std::move(changed));
  }

  // The last branch's way first.
  void on_ways(const isa::Code& code, const std::string& what) {
    way_.jumps_between(0, last_, [&](std::size_t jump) {
      if (way_.depth(jump) == way_.depth(last_)) on_way(jump, code, what);
    });
  }

  struct Release {
    std::string_view acquired_by;  // its helper
    std::string_view helper;
    bool takes_flags;
  };

  void add_releases() {
    static constexpr auto kReleases = std::to_array<Release>({
        {"ringbuf_reserve", "ringbuf_discard", true},
        {"sk_lookup_tcp", "sk_release", false},
        {"sk_lookup_udp", "sk_release", false},
        {"skc_lookup_tcp", "sk_release", false},
    });
    for (const verify::Held& held : way_.last().state.held) {
      const Instruction& call = program_->code[held.acquired_at.value()];
      const std::string_view name = platform::helper_name(call.immediate);
      const auto release = std::ranges::find(kReleases, name, &Release::acquired_by);
      if (call.call() != isa::Call::helper || release == kReleases.end()) continue;
      if (refused().form == Form::exit) release_at(last_, *release, held);
      way_.jumps_between(0, last_, [&](std::size_t jump) {
        if (way_.depth(jump) == way_.depth(last_)) release_at(jump, *release, held);
      });
    }
  }

  // A call of the helper, in front of the exit or behind the branch at `stop`; what is needed
  // behind it is kept in registers that are not.
  void release_at(std::size_t stop, const Release& release, const verify::Held& held) {
    const auto& registers = way_.stops()[stop].state.frame().registers;
    const auto is_it = [&](const Value& each) {
      return each.reference == held.id && each.is_at_start();
    };
    const auto found = std::ranges::find_if(registers, is_it);
    if (found == registers.end()) return;
    const auto r = static_cast<u8>(found - registers.begin());
    const std::size_t next = stop == last_ ? stop : stop + 1;
    const verify::Registers live = verify::live_registers(*program_)[way_.stops()[next].at.value()];
    isa::Code code, restored;
    u8 free = isa::kR9 + 1;
    for (u8 each = 0; each <= isa::kR5; ++each) {
      if ((live & verify::bit(each)) == 0 || registers[each].kind == verify::Kind::unset) continue;
      do --free;
      while (free >= isa::kR6 && ((live & verify::bit(free)) != 0 || free == r));
      if (free < isa::kR6) return;
      code.push_back(move(free, each));
      restored.push_back(move(each, free));
    }
    code.push_back(move(isa::kR1, r));
    if (release.takes_flags) code.push_back(set(2, 0));
    for (const platform::HelperRow& row : platform::helpers()) {
      if (row.name == release.helper) code.push_back(call_helper(row.id));
    }
    append(code, restored);
    const std::string what =
        format("give back what was acquired in {}: `bpf_{}({});`", line_of(held.acquired_at),
               release.helper, release.takes_flags ? "record, 0" : "socket");
    if (stop == last_) {
      add(last_, code, what + " before the return");
    } else {
      on_way(stop, code, what);
    }
  }

  std::string line_of(isa::InstructionIndex at) const {
    const platform::SourceLine* line = program_->line_at(at);
    return line != nullptr && line->line != 0
               ? format("line {}", line->line)
               : format("instruction {}", program_->code[at.value()].slot.value());
  }

  void add_size_bounds() {
    const platform::HelperRow* helper =
        refused().form == Form::call && refused().call() == isa::Call::helper
            ? platform::find_helper(refused().immediate, program_->type)
            : nullptr;
    for (u8 r = 2; helper != nullptr && r <= isa::kR5; ++r) {
      const platform::Argument argument = helper->arguments[r - 1u];
      const bool is_size =
          argument == platform::Argument::size || argument == platform::Argument::size_or_zero;
      if (!is_size || !value(r).is_number() || value(r).number.is_constant()) continue;
      const auto room = bytes_behind(value(static_cast<u8>(r - 1)));
      if (!room || *room <= 0) continue;
      isa::Code code = leave_unless(isa::Jump::le, r, *room, returned());
      std::string condition = format("size > {}", *room);
      if (argument == platform::Argument::size) {
        append(code, leave_unless(isa::Jump::ne, r, 0, returned()));
        condition = "size == 0 || " + condition;
      }
      add(last_, std::move(code),
          format("bound the size before the call, as an unsigned number: `if ({}) return {};`",
                 condition, returned()));
    }
  }

  const Way& way_;
  const Program& program_;
  const verify::Report& report_;
  std::size_t last_;
  std::vector<Changed> out_;
};

}  // namespace

std::vector<Changed> possible_edits(const Way& way, const Program& program,
                                    const verify::Report& report) {
  return Editor(way, program, report).edits();
}

namespace {

constexpr u32 kRoundsMax = 3;         // edits one after the other
constexpr std::size_t kTriesMax = 8;  // of each round
constexpr u64 kTimeMaxMs = 500;       // of each verification

std::optional<verify::Edit> find_edit(const Program& program, const verify::Limits& limits,
                                      const verify::Report& report, u32 round) {
  const std::vector<Stop> stops = retrace(program, limits, report);
  if (stops.empty()) return std::nullopt;
  std::vector<Changed> edits = possible_edits(Way(*program, stops), program, report);
  if (edits.size() > kTriesMax) edits.resize(kTriesMax);
  std::vector<verify::Report> refused;
  for (const Changed& each : edits) {
    verify::Verdict verdict = verify::verify(each.program, limits);
    if (verdict.accepted()) return each.edit;
    refused.push_back(std::move(std::get<verify::Report>(verdict.outcome)));
  }
  if (round == kRoundsMax) return std::nullopt;
  for (std::size_t n = 0; n < edits.size() && n < 2; ++n) {
    const bool is_same = refused[n].message == report.message;
    auto more = is_same ? std::nullopt : find_edit(edits[n].program, limits, refused[n], round + 1);
    if (!more) continue;
    verify::Edit out = edits[n].edit;
    out.what += more->line == 0 ? "; and " : format("; and before line {}: ", more->line);
    out.what += more->what;
    std::ranges::move(more->instructions, std::back_inserter(out.instructions));
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::optional<verify::Edit> find_edit(const Program& program, const verify::Limits& limits,
                                      const verify::Report& report) {
  verify::Limits short_ones = limits;
  short_ones.time_max_ms = std::min(limits.time_max_ms, kTimeMaxMs);
  short_ones.observer = nullptr;
  return find_edit(program, short_ones, report, 1);
}

}  // namespace skep::explain
