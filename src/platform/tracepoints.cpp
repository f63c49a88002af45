#include "platform/tracepoints.hpp"

#include <algorithm>

namespace skep::platform {
namespace {

struct NullableRow {
  std::string_view tracepoint;
  u64 arguments;  // bit n: argument n
};

// By name.
constexpr NullableRow kNullable[] = {
    {"break_lease_block", 0x2},
    {"break_lease_noblock", 0x2},
    {"break_lease_unblock", 0x2},
    {"ext4_mballoc_discard", 0x2},
    {"ext4_mballoc_free", 0x2},
    {"fcntl_setlk", 0x2},
    {"fib_table_lookup", 0x4},
    {"flock_lock_inode", 0x2},
    {"folio_wait_writeback", 0x2},
    {"generic_delete_lease", 0x2},
    {"hugetlbfs_alloc_inode", 0x2},
    {"kfree_skb", 0x8},
    {"locks_remove_posix", 0x2},
    {"mm_collapse_huge_page_isolate", 0x1},
    {"mm_khugepaged_collapse_file", 0x2},
    {"mm_khugepaged_scan_file", 0x2},
    {"mm_khugepaged_scan_pmd", 0x2},
    {"mm_page_alloc", 0x1},
    {"mm_page_alloc_zone_locked", 0x1},
    {"mm_page_pcpu_drain", 0x1},
    {"posix_lock_inode", 0x2},
    {"qdisc_dequeue", 0x8},
    {"sched_pi_setprio", 0x2},
    {"sched_stick_numa", 0x4},
    {"sched_swap_numa", 0x4},
    {"tcp_send_reset", 0x1},
    {"tcp_sendmsg_locked", 0x4},
    {"time_out_leases", 0x2},
    {"tmigr_update_events", 0x1},
    {"writeback_dirty_folio", 0x2},
    {"xfs_blockgc_flush_all", 0x1},
    {"xfs_blockgc_free_space", 0x2},
    {"xfs_blockgc_start", 0x1},
    {"xfs_blockgc_stop", 0x1},
    {"xfs_blockgc_worker", 0x1},
    {"xfs_btree_overlapped_query_range", 0x4},
    {"xfs_btree_updkeys", 0x4},
    {"xfs_defer_add_item", 0x1},
    {"xfs_defer_cancel_item", 0x1},
    {"xfs_defer_cancel_list", 0x1},
    {"xfs_defer_create_intent", 0x1},
    {"xfs_defer_finish_item", 0x1},
    {"xfs_defer_isolate_paused", 0x1},
    {"xfs_defer_item_pause", 0x1},
    {"xfs_defer_item_unpause", 0x1},
    {"xfs_defer_pending_abort", 0x1},
    {"xfs_defer_pending_finish", 0x1},
    {"xfs_defer_relog_intent", 0x1},
    {"xfs_fs_sync_fs", 0x1},
    {"xfs_inodegc_flush", 0x1},
    {"xfs_inodegc_push", 0x1},
    {"xfs_inodegc_queue", 0x1},
    {"xfs_inodegc_start", 0x1},
    {"xfs_inodegc_stop", 0x1},
    {"xfs_inodegc_throttle", 0x1},
    {"xfs_ioc_free_eofblocks", 0x2},
    {"xfs_map_blocks_alloc", 0x10},
    {"xfs_map_blocks_found", 0x10},
};

}  // namespace

u64 nullable_arguments(std::string_view tracepoint) {
  const auto* const found =
      std::ranges::lower_bound(kNullable, tracepoint, {}, &NullableRow::tracepoint);
  return found == std::end(kNullable) || found->tracepoint != tracepoint ? 0 : found->arguments;
}

}  // namespace skep::platform
