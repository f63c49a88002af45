// Calls in a concrete run: what they give and what they leave behind.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "explain/objects.hpp"
#include "isa/control_flow.hpp"
#include "platform/arguments.hpp"

namespace skep::explain {
namespace {

struct FreeRow {
  std::string_view helper;
  u32 bits;
};
constexpr auto kFree = std::to_array<FreeRow>({
    {"ktime_get_ns", 64},
    {"ktime_get_boot_ns", 64},
    {"ktime_get_coarse_ns", 64},
    {"ktime_get_tai_ns", 64},
    {"jiffies64", 64},
    {"get_prandom_u32", 32},
    {"get_current_pid_tgid", 64},
    {"get_current_uid_gid", 64},
    {"get_hash_recalc", 32},
    {"get_smp_processor_id", 8},
    {"get_numa_node_id", 8},
    {"csum_diff", 32},
    {"get_socket_cookie", 64},
    {"get_current_cgroup_id", 64},
    {"skb_cgroup_id", 64},
    {"get_netns_cookie", 64},
    {"get_func_ip", 64},
    {"get_attach_cookie", 64},
    {"probe_read_str", 32},
    {"probe_read_user_str", 32},
    {"probe_read_kernel_str", 32},
    {"get_stack", 32},
    {"xdp_get_buff_len", 16},
    {"skb_cgroup_classid", 32},
    {"get_route_realm", 32},
    {"get_cgroup_classid", 32},
    {"get_ns_current_pid_tgid", 1},
});

const platform::HelperRow* helper_at(const Way& way, std::size_t stop) {
  const isa::Instruction& i = way.instruction(stop);
  if (i.form != isa::Form::call || i.call() != isa::Call::helper) return nullptr;
  return platform::find_helper(i.immediate, way.program().type);
}

bool is_array(const platform::MapSpec& map) {
  return map.kind == platform::MapKind::array || map.kind == platform::MapKind::percpu_array;
}

const platform::MapSpec* map_argument(const Way& way, std::size_t stop) {
  const verify::Value& value = way.stops()[stop].state.frame().registers[isa::kR1];
  const auto number = static_cast<std::size_t>(value.map);
  if (value.kind != verify::Kind::map || number >= way.program().maps->size()) return nullptr;
  return &(*way.program().maps)[number];
}

}  // namespace

u32 free_bits(std::string_view helper) {
  const auto row = std::ranges::find(kFree, helper, &FreeRow::helper);
  return row == kFree.end() ? 0 : row->bits;
}

// "map 3: 01000000": look-ups of the same key find the same element.
std::string Machine::lookup_key(std::size_t stop) const {
  const platform::HelperRow* helper = helper_at(way_, stop);
  const platform::MapSpec* map = map_argument(way_, stop);
  if (helper == nullptr || map == nullptr || helper->name != "map_lookup_elem") return {};
  const Cell& key = reg(2);
  if (!key.is_pointer()) return {};
  std::string out = "element of " + map->name + ":";
  const Object& memory = objects_[static_cast<u32>(key.object)];
  for (u32 n = 0; n < map->key_size; ++n)
    out += format("{:x},", read(memory, static_cast<s64>(key.value) + n, 1, false).value);
  return out;
}

// Memory that the helper fills holds what it likes.
void Machine::fill_outputs(std::size_t stop) {
  const platform::HelperRow* helper = helper_at(way_, stop);
  if (helper == nullptr) return;
  for (std::size_t n = 0; n < helper->arguments.size(); ++n) {
    const auto r = static_cast<u8>(n + 1);
    const Cell memory = reg(r);
    const platform::ArgumentRow& row = platform::kArguments[helper->arguments[n]];
    if (!row.is_filled || !memory.is_pointer()) continue;
    u64 bytes = bytes_of_argument(stop, *helper, r).value_or(0);
    if (row.extent == platform::Extent::next_argument)
      bytes = std::min<u64>(bytes, isa::kStackBytes);
    const u32 id =
        add({.kind = ObjectKind::outside, .name = "what it wrote", .made = by_text(stop)});
    Object& object = objects_[static_cast<u32>(memory.object)];
    object.stored.clear();
    for (u64 at = 0; at < bytes; ++at)
      object.written[static_cast<s64>(memory.value + at)] = {.object = static_cast<s32>(id),
                                                             .at = static_cast<s32>(at)};
  }
}

// Objects that the path held before the call, and holds no more.
void Machine::forget_given_back(std::size_t stop) {
  const auto& before = way_.stops()[stop].state.held;
  const auto& behind = way_.stops()[stop + 1].state.held;
  for (Object& object : objects_) {
    const auto is_it = [&](const verify::Held& held) { return held.id == object.reference; };
    if (object.reference != 0 && std::ranges::any_of(before, is_it) &&
        std::ranges::none_of(behind, is_it))
      object.is_alive = false;
  }
  const platform::HelperRow* helper = helper_at(way_, stop);
  if (helper == nullptr || helper->effect != platform::Effect::moves_packet) return;
  if (const auto packet = shared_.find("packet"); packet != shared_.end()) {
    objects_[packet->second].is_alive = false;
    shared_.erase(packet);
  }
}

bool Machine::call(std::size_t stop) {
  const isa::Instruction& i = way_.instruction(stop);
  const u32 now = way_.depth(stop), behind = way_.depth(stop + 1);
  if (behind != now) return behind > now;  // change_frames() goes on
  const verify::Value& known = way_.stops()[stop + 1].state.frame().registers[isa::kR0];
  const platform::HelperRow* helper = helper_at(way_, stop);
  verify::Value result = known;
  if (helper != nullptr && known.is_number() && !known.number.is_constant()) {
    const u32 bits = free_bits(helper->name);
    constexpr s64 kErrorMax = 4095;  // what else returns a number returns 0, or a negative error
    if (bits == 0) result.number = verify::Scalar::signed_range(-kErrorMax, 0);
    if (bits != 0 && bits < 64 && known.number.full.umax > (u64{1} << bits) - 1)
      result.number = verify::Scalar::range(0, (u64{1} << bits) - 1);
  }
  const std::string key = lookup_key(stop);
  const platform::MapSpec* map = map_argument(way_, stop);
  if (!key.empty() && is_array(*map)) {
    const Cell index =
        read(objects_[static_cast<u32>(reg(2).object)], static_cast<s64>(reg(2).value), 4, false);
    if (index.value < map->max_entries) result.null = verify::Null::no;
  }
  fill_outputs(stop);
  const Cell out = key.empty() || !result.is_pointer() ? made(result, by_text(stop))
                                                       : made_once(key, result, by_text(stop));
  if (i.call() == isa::Call::local && !known.is_number() && known.is_pointer()) return false;
  forget_given_back(stop);
  std::fill_n(frames_.back().begin() + isa::kR1, 5, Cell{});
  frames_.back()[isa::kR0] = out;
  return true;
}

// bpf_loop() counts from 0, a round after the other: the number is no choice.
bool Machine::give_index(std::size_t stop) {
  const platform::HelperRow* helper = helper_at(way_, stop);
  if (helper == nullptr || helper->name != "loop") return true;
  const verify::State& inside = way_.stops()[stop + 1].state;
  const u32 rounds = inside.frames[way_.depth(stop)].rounds;
  if (rounds == 0) return false;
  frames_.back()[isa::kR1] = Cell{.is_set = true, .value = rounds - 1};
  return true;
}

// Functions of the program are entered and left between two stops.
bool Machine::change_frames(std::size_t stop) {
  const u32 now = way_.depth(stop), behind = way_.depth(stop + 1);
  if (behind > now) {
    const Registers caller = frames_.back();
    enter_frame(stop + 1);
    if (!isa::is_local_call(way_.instruction(stop))) return give_index(stop);
    std::copy_n(caller.begin() + isa::kR1, 5, frames_.back().begin() + isa::kR1);
    return true;
  }
  if (behind == now) return true;
  const bool is_callback = way_.stops()[stop].state.frame().entered == verify::Entered::as_callback;
  const Cell result = reg(isa::kR0);
  frames_.pop_back();
  objects_[stacks_.back()].is_alive = false;
  stacks_.pop_back();
  if (is_callback) return true;
  std::fill_n(frames_.back().begin() + isa::kR1, 5, Cell{});
  frames_.back()[isa::kR0] = result;
  return true;
}

}  // namespace skep::explain
