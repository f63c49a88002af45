#include "support/random_program.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "support/random_writer.hpp"

namespace skep::test {

using platform::MapKind;

isa::Code Writer::write() {
  const u32 functions = choices_.below(3);
  constexpr std::array kEntries = {Entry::by_call, Entry::by_call, Entry::by_call_of_global,
                                   Entry::by_loop, Entry::by_loop, Entry::by_elements};
  for (u32 n = 0; n < functions; ++n)
    entries_.push_back(kEntries[choices_.below(std::size(kEntries))]);
  function(functions);
  std::vector<u32> begins(functions);
  for (u32 n = functions; n-- > 0;) {
    begins[n] = here();
    const bool called = std::ranges::any_of(calls_, [&](const auto& c) { return c.second == n; });
    if (!called) continue;
    entry_ = entries_[n];
    begins_.push_back({here(), entry_ == Entry::by_call_of_global});
    in_function_ = true;
    function(n);
  }
  for (const auto& [call, number] : calls_) code_[call].target = InstructionIndex(begins[number]);
  assign_slots(code_);
  return std::move(code_);
}

// r1 is a number, r2 leads to eight bytes of the caller's, r3 is the context. A global function
// knows only that r2 may be null.
void Writer::enter_function() {
  put(mov_reg(kContext, 3));
  now_[1] = {Belief::number, 0};
  now_[2] = {Belief::value, 8};
  if (entry_ != Entry::by_call_of_global) return;
  if (choices_.one_in(2)) {
    leave_if(jump(Jump::eq, 2, 0, 0));
  } else {
    now_[2] = {Belief::perhaps, 8, ++tags_};
  }
}

// The context and the eight bytes are the caller's, behind the last argument.
void Writer::enter_called_back() {
  const bool is_loop = entry_ == Entry::by_loop;
  const u8 handed = is_loop ? 2 : 4;
  put(load(Width::w64, kContext, handed, 8));
  now_[handed] = {Belief::value, 8};
  if (choices_.one_in(3)) put(store(Width::w64, handed, 0, choices_.below(80)));
  if (is_loop) {
    now_[1] = {Belief::number, 0};
    if (choices_.one_in(3)) put(store_reg(Width::w64, handed, 0, 1));
    if (choices_.one_in(6)) move_head_or_tail();
    return;
  }
  now_[3] = {Belief::value, kHashValue};
  put(load(width(), 1, 2, 0));
  now_[1] = {Belief::number, 0};
}

void Writer::leave_function() {
  const u8 result = choices_.one_in(3) ? number() : u8{0};
  if (now_[result].what == Belief::number && !errs()) {
    put(mov_reg(0, result));
    if (is_called_back()) put(alu(Alu::and_, 0, 1));
  } else {
    put(mov(0, choices_.below(is_called_back() && !errs() ? 2 : 5)));
  }
  put(leave());
}

void Writer::function(u32 callees) {
  now_ = {};
  locked_ = 0;
  outs_.clear();
  callees_ = callees;
  depth_ = 0;
  if (is_called_back()) {
    enter_called_back();
  } else if (in_function_) {
    enter_function();
  } else {
    put(mov_reg(kContext, 1));
  }
  for (s16 at = kPlain; at < 0; at += 8) put(store(Width::w64, 10, at, choices_.below(40)));
  slots_ = {};
  block(3 + choices_.below(9));
  leave_function();
  if (outs_.empty()) return;
  for (const u32 out : outs_) code_[out].target = InstructionIndex(here());
  put(mov(0, 1));
  put(leave());
}

void Writer::block(u32 parts) {
  while (parts-- > 0 && here() < kCodeMax) part();
}

void Writer::part() {
  switch (choices_.below(32)) {
    case 0: return take_packet();
    case 1: return move_packet();
    case 2:
    case 3: return access(Belief::packet);
    case 4: return look_up();
    case 5: return take_globals();
    case 6:
    case 7: return access(Belief::value);
    case 8: return move_value();
    case 9:
    case 10: return spill();
    case 11: return fill();
    case 12: return vary_stack();
    case 13: return bound();
    case 14:
    case 15: return compute();
    case 16: return copy();
    case 17: return diamond();
    case 18: return loop();
    case 19: return call();
    case 20: return choices_.one_in(2) ? record() : hold_record();
    case 21:
    case 22: return two_values();
    case 23: return check_null();
    case 24: return spill_narrow();
    case 25: return choose_pointer();
    case 26: return change_atomically();
    case 27: return relate();
    case 28: return choices_.one_in(4) ? call_tail() : helper();
    case 29: return choices_.one_in(2) ? take_metadata() : load_legacy();
    default: return choices_.one_in(3) ? helper() : choose_constant();
  }
}

namespace {

platform::MapSpec map_of(const char* name, MapKind kind, u32 key, u32 value, u32 entries) {
  platform::MapSpec spec;
  spec.name = name;
  spec.kind = kind;
  spec.key_size = key;
  spec.value_size = value;
  spec.max_entries = entries;
  return spec;
}

// What a global function of a random program promises; see Writer::enter_function().
platform::Signature signature() {
  using platform::ParameterKind;
  return {.parameters = {{.kind = ParameterKind::number},
                         {.kind = ParameterKind::memory, .size = 8},
                         {.kind = ParameterKind::context}}};
}

std::vector<platform::Function> functions_of(const Writer& writer, std::size_t end) {
  std::vector<platform::Function> out{{.name = "random", .linkage = platform::Linkage::global}};
  for (const Writer::Begin& each : writer.functions()) {
    out.back().end = isa::InstructionIndex(each.at);
    platform::Function function{.name = format("f{}", out.size()),
                                .begin = isa::InstructionIndex(each.at)};
    if (each.is_global) {
      function.linkage = platform::Linkage::global;
      function.signature = signature();
    }
    out.push_back(std::move(function));
  }
  out.back().end = isa::InstructionIndex(end);
  return out;
}

}  // namespace

std::shared_ptr<const std::vector<platform::MapSpec>> random_maps() {
  std::vector<platform::MapSpec> maps = {
      map_of("array", MapKind::array, 4, kArrayValue, 8),
      map_of("hash", MapKind::hash, 8, kHashValue, 16),
      map_of("ring", MapKind::ringbuf, 0, 0, 4096),
      map_of("globals", MapKind::array, 4, kGlobalBytes, 1),
      map_of("constants", MapKind::array, 4, kGlobalBytes, 1),
      map_of("programs", MapKind::prog_array, 4, 4, 4),
  };
  for (const u32 number : {kGlobals, kConstants}) {
    maps[number].is_globals = true;
    for (u32 at = 0; at < kGlobalBytes; ++at)
      maps[number].initial.push_back(static_cast<std::byte>(at % 8 == 0 ? at + 5 : 0));
  }
  maps[kConstants].flags = platform::kReadOnlyForProgram;
  return std::make_shared<const std::vector<platform::MapSpec>>(std::move(maps));
}

RandomProgram random_program(Choices choices) {
  static const auto maps = random_maps();
  const Surroundings& around = choices.one_in(3) ? kTc : kXdp;
  auto program = std::make_shared<platform::Program>();
  program->name = "random";
  program->type = around.type;
  program->gpl_compatible = true;
  program->maps = maps;
  Writer writer(choices, around);
  program->code = writer.write();
  program->functions = functions_of(writer, program->code.size());
  return {program, writer.erred()};
}

}  // namespace skep::test
