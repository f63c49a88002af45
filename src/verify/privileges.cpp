#include "verify/privileges.hpp"

#include <algorithm>

#include "isa/control_flow.hpp"
#include "verify/step.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::InstructionIndex;
using platform::Privilege;
using platform::Right;

// What is missing: "CAP_BPF and CAP_NET_ADMIN".
std::string missing_of(platform::Capabilities held, platform::Capabilities needed) {
  return platform::text_of(static_cast<platform::Capabilities>(needed & ~held));
}

Refusal lacks(std::string_view what, platform::Capabilities held, platform::Capabilities needed) {
  return {Property::privilege, format("{} needs {}", what, missing_of(held, needed)),
          format("who loads it has {}", platform::text_of(held)),
          format("load it with {}, or do without", missing_of(held, needed))};
}

// The capabilities of who loads one program, and what it asks for as a whole.
class Loading {
 public:
  Loading(const platform::Program& program, platform::Capabilities held)
      : program_(program), held_(held) {}

  std::optional<Misshapen> check() const {
    if (auto found = check_type()) return found;
    if (auto found = check_length()) return found;
    if (auto found = check_maps()) return found;
    if (platform::has(held_, Right::functions)) return {};
    if (auto found = check_calls()) return found;
    return check_loops();
  }

 private:
  bool has(Privilege privilege) const { return platform::has(held_, privilege); }
  Misshapen lacks_at(InstructionIndex at, std::string_view what,
                     platform::Capabilities needed) const {
    return {at, lacks(what, held_, needed)};
  }

  std::optional<Misshapen> check_type() const {
    const platform::ProgramTypeRow& row = platform::row(program_.type);
    if (row.privilege == Privilege::none) return {};
    platform::Capabilities needed = set_of(Privilege::bpf, row.privilege);
    // It may stand in for a program of any type.
    if (program_.type == platform::ProgramType::ext)
      needed |= set_of(Privilege::net_admin, Privilege::perfmon);
    if ((needed & ~held_) == 0) return {};
    return lacks_at(InstructionIndex(0), format("a {} program", row.name), needed);
  }

  std::optional<Misshapen> check_length() const {
    const Instruction& last = program_.code.back();
    const u32 slots = last.slot.value() + (last.is_wide() ? 2 : 1);
    if (slots <= platform::kUnprivilegedSlotsMax || has(Privilege::bpf)) return {};
    return lacks_at(InstructionIndex(0),
                    format("a program of {} slots, which is more than {},", grouped(slots),
                           grouped(platform::kUnprivilegedSlotsMax)),
                    set_of(Privilege::bpf));
  }

  std::optional<Misshapen> check_maps() const {
    for (InstructionIndex at{}; at.value() < program_.code.size(); at = at.next()) {
      const Instruction& i = program_.code[at.value()];
      const bool names =
          i.form == isa::Form::constant &&
          (i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value) &&
          i.map_number() < program_.maps->size();
      if (!names) continue;
      const platform::MapSpec& map = (*program_.maps)[i.map_number()];
      const bool is_arena = map.kind == platform::MapKind::arena;
      const auto needed = set_of(platform::row(map.kind).privilege,
                                 is_arena ? Privilege::perfmon : Privilege::none);
      if ((needed & ~held_) != 0)
        return lacks_at(at, format("map {}, a {},", map.name, platform::row(map.kind).name),
                        needed);
    }
    return {};
  }

  std::optional<Misshapen> check_calls() const {
    for (InstructionIndex at{}; at.value() < program_.code.size(); at = at.next()) {
      const Instruction& i = program_.code[at.value()];
      const bool is_kernels = i.form == isa::Form::call && i.call() == isa::Call::kfunc;
      const bool is_own = isa::is_local_call(i) || (i.form == isa::Form::constant &&
                                                    i.constant() == isa::Constant::function);
      if (!is_own && !is_kernels) continue;
      return lacks_at(at,
                      is_own ? "a function besides the program itself" : "a function of the kernel",
                      set_of(Privilege::bpf));
    }
    return {};
  }

  // A jump to where the same path has been: the kernel does not ask whether the loop ends.
  std::optional<Misshapen> check_loops() const {
    enum class Seen : u8 { no, on_path, done };
    struct Place {
      InstructionIndex at{};
      u32 next = 0;
    };
    std::vector<Seen> seen(program_.code.size(), Seen::no);
    std::vector<Place> path{{}};
    seen[0] = Seen::on_path;
    while (!path.empty()) {
      Place& place = path.back();
      const isa::Successors next = isa::successors(program_.code, place.at);
      if (place.next == next.count) {
        seen[place.at.value()] = Seen::done;
        path.pop_back();
        continue;
      }
      const InstructionIndex to = next.targets[place.next++];
      if (seen[to.value()] == Seen::on_path)
        return lacks_at(place.at, "a jump back, which makes a loop,", set_of(Privilege::bpf));
      if (seen[to.value()] == Seen::done) continue;
      seen[to.value()] = Seen::on_path;
      path.push_back({to});
    }
    return {};
  }

  const platform::Program& program_;
  platform::Capabilities held_;
};

bool is_about_packet(const Value& value) {
  return value.is_packet() || value.kind == Kind::packet_end;
}

bool is_start_of_packet(const Value& value) {
  return value.kind == Kind::packet && value.is_at_start();
}

// The comparisons of packet pointers that teach the kernel something (try_match_pkt_pointers).
bool is_edge_comparison(const Instruction& i, const Value& a, const Value& b) {
  using isa::Jump;
  const bool orders =
      i.jump() == Jump::gt || i.jump() == Jump::ge || i.jump() == Jump::lt || i.jump() == Jump::le;
  const auto are = [](const Value& pointer, const Value& edge) {
    return (pointer.kind == Kind::packet && edge.kind == Kind::packet_end) ||
           (pointer.kind == Kind::packet_meta && is_start_of_packet(edge));
  };
  return orders && i.width == isa::Width::w64 && (are(a, b) || are(b, a));
}

}  // namespace

std::optional<Misshapen> check_privileges(const platform::Program& program, const Limits& limits) {
  if (limits.rules != Rules::kernel || limits.capabilities == platform::kAllCapabilities) return {};
  return Loading(program, limits.capabilities).check();
}

Check check_privilege(const Analysis& analysis, Privilege needed, std::string_view what) {
  if (analysis.for_user_engine() || platform::has(analysis.capabilities, needed)) return {};
  return lacks(what, analysis.capabilities, set_of(needed));
}

Check check_may_look(const Analysis& analysis, std::string_view structure) {
  if (!analysis.hides_addresses()) return {};
  return lacks(format("looking into {}", structure), analysis.capabilities,
               set_of(platform::kRights[Right::addresses]));
}

Refusal leaked(std::string message, const Value& value, u8 r) {
  return {Property::pointer_leak, std::move(message),
          format("{} is {}", register_name(r), describe(value)),
          format("needs {}: without it a program may not show what addresses the kernel uses",
                 platform::name_of(platform::kRights[Right::addresses]))};
}

Check check_no_leak(const Analysis& analysis, const State& state, u8 r, std::string_view message) {
  const Value& value = state.registers()[r];
  if (!analysis.hides_addresses() || !value.is_pointer()) return {};
  return leaked(std::string(message), value, r);
}

Check check_comparison(const Analysis& analysis, const Instruction& i, const Value& a,
                       const Value& b) {
  if (!analysis.hides_addresses() || (!a.is_pointer() && !b.is_pointer())) return {};
  if (is_about_packet(a) && is_about_packet(b) && is_edge_comparison(i, a, b)) return {};
  const bool equality = i.jump() == isa::Jump::eq || i.jump() == isa::Jump::ne;
  const bool with_null = equality && i.width == isa::Width::w64 && b.is_null();
  const bool asks = a.null == Null::maybe && !i.has_register_source();
  if (with_null && a.is_pointer() && (asks || (a.null == Null::no && !may_be_null(analysis, a))))
    return {};
  const u8 r = a.is_pointer() ? i.dst : i.src;
  return leaked(format("{} is compared with what is not null", register_name(r)),
                a.is_pointer() ? a : b, r);
}

Value invalid_value(const Analysis& analysis, InstructionIndex at) {
  Value out =
      analysis.hides_addresses() ? Value::unset_value() : Value::of_number(Scalar::unknown());
  out.lost_at = at.value() + 1;
  return out;
}

}  // namespace skep::verify
