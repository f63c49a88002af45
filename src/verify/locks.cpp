#include "verify/locks.hpp"

#include <algorithm>

#include "verify/fields.hpp"
#include "verify/own_objects.hpp"

namespace skep::verify {
namespace {

using platform::SpecialKind;

Refusal lock_refused(std::string message, std::string reason = {}) {
  return {Property::lock, std::move(message), std::move(reason), {}};
}

// A lock where it is: in a value of the map, or in an object.
struct Lock {
  u32 id = 0;
  s32 map = -1;
  What what = What::lock;
};

Lock lock_in(const Value& value, What what) {
  return {value.id, value.kind == Kind::map_value ? value.map : kOwnLock, what};
}

bool is_lock(const Held& held) { return held.what != What::reference; }
bool is_resilient(const Held& held) { return is_lock(held) && held.what != What::lock; }
bool is_at(const Held& held, const Lock& lock) {
  return is_lock(held) && held.id == lock.id && held.map == lock.map;
}

std::string taken_at(const Analysis& analysis, const Held& held) {
  return format("instruction {} took it",
                analysis.program.code[held.acquired_at.value()].slot.value());
}

Check take(const Analysis& analysis, State& state, const Lock& lock, isa::InstructionIndex at) {
  for (const Held& held : state.held) {
    if (lock.what == What::lock && held.what == What::lock)
      return lock_refused("a second lock is taken while one is held", taken_at(analysis, held));
    if (lock.what != What::lock && is_resilient(held) && is_at(held, lock))
      return lock_refused("a lock is taken that is held", taken_at(analysis, held));
  }
  state.held.push_back({lock.id, at, lock.what, lock.map});
  return {};
}

Check give_back(const Analysis& analysis, State& state, const Lock& lock,
                isa::InstructionIndex at) {
  const Held* const last = held_lock(state);
  if (last == nullptr) return lock_refused("a lock is given back that is not held");
  const auto is_it = [&](const Held& held) { return is_at(held, lock) && held.what == lock.what; };
  if (std::ranges::none_of(state.held, is_it))
    return lock_refused("another lock is given back than the one that is held",
                        taken_at(analysis, *last));
  if (!is_at(*last, lock))
    return lock_refused("a lock is given back before the one that was taken behind it",
                        taken_at(analysis, *last));
  state.held.erase(state.held.begin() + (last - state.held.data()));
  forget_not_owned(state, at);
  return {};
}

// The functions that take resilient locks and give them back.
struct LockRow {
  std::string_view name;
  What what;
  bool takes;
};
constexpr LockRow kResilient[] = {
    {"bpf_res_spin_lock", What::resilient_lock, true},
    {"bpf_res_spin_unlock", What::resilient_lock, false},
    {"bpf_res_spin_lock_irqsave", What::resilient_lock_interrupts, true},
    {"bpf_res_spin_unlock_irqrestore", What::resilient_lock_interrupts, false},
};

const LockRow* row_of(std::string_view name) {
  const auto* const found = std::ranges::find(kResilient, name, &LockRow::name);
  return found == std::end(kResilient) ? nullptr : found;
}

}  // namespace

Check check_spin_lock(Analysis& analysis, State& state, const Call& call, u8 r) {
  if (auto wrong = check_place(state, call, r, "struct bpf_spin_lock")) return wrong;
  if (auto wrong = check_only(analysis, state, r, SpecialKind::spin_lock)) return wrong;
  const Lock lock = lock_in(state.frame().registers[r], What::lock);
  if (call.helper.name == "spin_lock") return take(analysis, state, lock, call.at);
  return give_back(analysis, state, lock, call.at);
}

Check check_resilient_lock(Analysis& analysis, State& state, const KernelCall& call, u8 r) {
  const Value& value = state.frame().registers[r];
  const bool is_own =
      value.kind == Kind::own && value.null == Null::no && value.trust != Trust::untrusted;
  const bool is_in_map = value.kind == Kind::map_value && value.null == Null::no;
  if ((!is_own && !is_in_map) || !value.number.is_constant())
    return bad_kernel_argument(call, state, r, "where a bpf_res_spin_lock is");
  if (auto wrong = check_only(analysis, state, r, SpecialKind::res_spin_lock)) return wrong;
  const LockRow& row = *row_of(call.row.name);
  const Lock lock = lock_in(value, row.what);
  return row.takes ? take(analysis, state, lock, call.at)
                   : give_back(analysis, state, lock, call.at);
}

bool tries_lock(const platform::Program& program, isa::InstructionIndex at) {
  const platform::KernelFunctionRow* const called = kernel_row_at(program, at);
  const LockRow* const row = called == nullptr ? nullptr : row_of(called->name);
  return row != nullptr && row->takes;
}

State lock_failed(const State& state, isa::InstructionIndex at) {
  State out = state;
  clear_arguments(out, at);
  Scalar error = Scalar::unknown();
  error.half = Scalar::signed_range(-kErrorMax, -1).half;
  error.couple();
  out.registers()[isa::kR0] = Value::of_number(error);
  return out;
}

const Held* held_lock(const State& state) {
  for (auto held = state.held.rbegin(); held != state.held.rend(); ++held) {
    if (is_lock(*held)) return &*held;
  }
  return nullptr;
}

// kfunc_spin_allowed
bool may_be_called_locked(std::string_view kernel_function) {
  constexpr std::string_view kFamilies[] = {"bpf_list_",     "bpf_rbtree_", "bpf_iter_num_",
                                            "bpf_res_spin_", "bpf_arena_",  "bpf_stream_"};
  constexpr std::string_view kAlone[] = {"bpf_refcount_acquire_impl"};
  const auto is_of = [&](std::string_view family) { return kernel_function.starts_with(family); };
  return std::ranges::any_of(kFamilies, is_of) ||
         std::ranges::find(kAlone, kernel_function) != std::end(kAlone);
}

Check check_not_locked(const Analysis& analysis, const State& state, std::string_view call) {
  const Held* lock = held_lock(state);
  if (lock == nullptr) return {};
  return Refusal{Property::lock, format("{} is called while a lock is held", call),
                 taken_at(analysis, *lock),
                 "give the lock back before, or make the call before the lock is taken"};
}

bool is_lock_held(const State& state, const Value& value) {
  const Lock lock = lock_in(value, What::lock);
  return std::ranges::any_of(state.held, [&](const Held& held) { return is_at(held, lock); });
}

}  // namespace skep::verify
