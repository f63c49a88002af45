#include <algorithm>

#include "runtime/helpers/bodies.hpp"

namespace skep::runtime {
namespace {

struct Row {
  u16 id;
  platform::HelperBody body;
};

constexpr Row kRows[] = {
    {1, helpers::map_lookup_elem},
    {2, helpers::map_update_elem},
    {3, helpers::map_delete_elem},
    {5, helpers::ktime_get_ns},
    {6, helpers::trace_printk},
    {7, helpers::get_prandom_u32},
    {8, helpers::get_smp_processor_id},
    {9, helpers::skb_store_bytes},
    {10, helpers::l3_csum_replace},
    {11, helpers::l4_csum_replace},
    {18, helpers::skb_vlan_push},
    {19, helpers::skb_vlan_pop},
    {26, helpers::skb_load_bytes},
    {28, helpers::csum_diff},
    {34, helpers::get_hash_recalc},
    {38, helpers::skb_change_tail},
    {39, helpers::skb_pull_data},
    {42, helpers::get_numa_node_id},
    {43, helpers::skb_change_head},
    {44, helpers::xdp_adjust_head},
    {50, helpers::skb_adjust_room},
    {54, helpers::xdp_adjust_meta},
    {65, helpers::xdp_adjust_tail},
    {68, helpers::skb_load_bytes_relative},
    {118, helpers::jiffies64},
    {125, helpers::ktime_get_boot_ns},
    {130, helpers::ringbuf_output},
    {131, helpers::ringbuf_reserve},
    {132, helpers::ringbuf_submit},
    {133, helpers::ringbuf_discard},
    {134, helpers::ringbuf_query},
    {160, helpers::ktime_get_coarse_ns},
    {182, helpers::strncmp},
    {188, helpers::xdp_get_buff_len},
    {189, helpers::xdp_load_bytes},
    {190, helpers::xdp_store_bytes},
    {208, helpers::ktime_get_tai_ns},
};

consteval std::array<platform::HelperBody, platform::kHelpersMax> by_id() {
  std::array<platform::HelperBody, platform::kHelpersMax> bodies{};
  for (const Row& row : kRows) {
    if (bodies[row.id] != nullptr) throw "an id is given twice";
    bodies[row.id] = row.body;
  }
  return bodies;
}

consteval std::array<platform::HelperBody, kCount<platform::UserFunction>> by_function() {
  constexpr EnumArray<platform::UserFunction, platform::HelperBody> kBodies(
      {{platform::UserFunction::throw_exception, nullptr},
       {platform::UserFunction::arena_alloc_pages, helpers::arena_alloc_pages},
       {platform::UserFunction::arena_free_pages, helpers::arena_free_pages},
       {platform::UserFunction::arena_reserve_pages, helpers::arena_reserve_pages},
       {platform::UserFunction::walk_map, helpers::walk_map}});
  std::array<platform::HelperBody, kCount<platform::UserFunction>> bodies{};
  std::ranges::copy(kBodies, bodies.begin());
  return bodies;
}

}  // namespace

constinit const std::array<platform::HelperBody, platform::kHelpersMax> kHelperBodies = by_id();
constinit const std::array<platform::HelperBody, kCount<platform::UserFunction>> kKernelFunctions =
    by_function();

}  // namespace skep::runtime
