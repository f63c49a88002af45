// The bodies of all helpers that platform/helpers.cpp has a row for, one file a family.
//
// A body gets the five registers and the Execution. It returns what the kernel's helper would: a
// number, an address, or a negative errno in 64 bits. The verifier has checked the arguments; a
// body checks what only a run can know.
#pragma once

#include <array>

#include "platform/machine.hpp"
#include "runtime/execution.hpp"

namespace skep::runtime {

// Every body by the helper's id; null where there is no row, and for tail_call, which is not called
// but jumped.
extern const std::array<platform::HelperBody, platform::kHelpersMax> kHelperBodies;

// Functions of the kernel that the user engine has, but for those that are control transfers.
extern const std::array<platform::HelperBody, kCount<platform::UserFunction>> kKernelFunctions;

// Legacy packet loads, for Bindings::packet_load.
s64 load_from_packet(u64 context, s32 offset, u32 bytes, void* execution);

#define SKEP_HELPER(name) u64 name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void* execution);
namespace helpers {
SKEP_HELPER(map_lookup_elem)  // map.cpp
SKEP_HELPER(map_update_elem)
SKEP_HELPER(map_delete_elem)
SKEP_HELPER(walk_map)
SKEP_HELPER(ringbuf_output)  // ring.cpp
SKEP_HELPER(ringbuf_reserve)
SKEP_HELPER(ringbuf_submit)
SKEP_HELPER(ringbuf_discard)
SKEP_HELPER(ringbuf_query)
SKEP_HELPER(ktime_get_ns)  // time.cpp
SKEP_HELPER(ktime_get_boot_ns)
SKEP_HELPER(ktime_get_coarse_ns)
SKEP_HELPER(ktime_get_tai_ns)
SKEP_HELPER(jiffies64)
SKEP_HELPER(get_prandom_u32)
SKEP_HELPER(get_smp_processor_id)
SKEP_HELPER(get_numa_node_id)
SKEP_HELPER(trace_printk)     // trace.cpp
SKEP_HELPER(strncmp)          // strings.cpp
SKEP_HELPER(xdp_adjust_head)  // xdp.cpp
SKEP_HELPER(xdp_adjust_tail)
SKEP_HELPER(xdp_adjust_meta)
SKEP_HELPER(xdp_get_buff_len)
SKEP_HELPER(xdp_load_bytes)
SKEP_HELPER(xdp_store_bytes)
SKEP_HELPER(skb_store_bytes)  // skb_bytes.cpp
SKEP_HELPER(skb_load_bytes)
SKEP_HELPER(skb_load_bytes_relative)
SKEP_HELPER(skb_pull_data)
SKEP_HELPER(skb_change_head)  // skb_room.cpp
SKEP_HELPER(skb_change_tail)
SKEP_HELPER(skb_adjust_room)
SKEP_HELPER(skb_vlan_push)  // skb_vlan.cpp
SKEP_HELPER(skb_vlan_pop)
SKEP_HELPER(l3_csum_replace)  // checksum.cpp
SKEP_HELPER(l4_csum_replace)
SKEP_HELPER(csum_diff)
SKEP_HELPER(get_hash_recalc)    // flow_hash.cpp
SKEP_HELPER(arena_alloc_pages)  // arena.cpp
SKEP_HELPER(arena_free_pages)
SKEP_HELPER(arena_reserve_pages)
}  // namespace helpers
#undef SKEP_HELPER

// ---- for the bodies
// ----------------------------------------------------------------------------------------------

inline Execution& execution_of(void* execution) { return *static_cast<Execution*>(execution); }
inline Packet& packet_of(void* execution) { return *execution_of(execution).packet; }

template <class T>
T* memory_at(u64 address) {
  return reinterpret_cast<T*>(address);
}

// In host order.
inline u16 protocol_of(const Packet& packet) {
  return network_order(static_cast<u16>(packet.field<u32>(SkbField::protocol)));
}

// include/uapi/asm-generic/errno-base.h; ENOTSUPP is the kernel's own.
inline constexpr s64 kOutOfMemory = -12, kFault = -14, kInvalid = -22, kNoAccess = -13,
                     kAlready = -114, kNotSupported = -524, kIsBusy = -16;
constexpr u64 failure(s64 error) { return static_cast<u64>(error); }

}  // namespace skep::runtime
