// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Every kind of CO-RE relocation, against the types of core-machine.bpf.c. The machine's memory is
// an array whose bytes are their own numbers, so that what is read tells where it was read.
#include "skep.bpf.h"
// clang-format off
#include <bpf/bpf_core_read.h>
// clang-format on

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FROM_THE_MACHINE __attribute__((preserve_access_index))

struct place {
  __u32 room;
  __u32 floor;
} FROM_THE_MACHINE;

struct owner___of_tasks {  // the flavour does not matter
  __u16 id;
} FROM_THE_MACHINE;

struct task {
  __u32 pid;
  __u32 usage;  // 64 bits there
  int numbers[4];
  struct place place;
  struct task* next;
  unsigned low : 3;
  int high : 4;
  __u32 hidden;    // in an anonymous structure there
  __u32 removed;   // not there
  int signed_one;  // unsigned and wider there
  char tail[];
} FROM_THE_MACHINE;

struct task___other {
  struct place numbers;  // an array there
} FROM_THE_MACHINE;

enum color { RED = 1, GREEN = 2, PURPLE = 3 };
enum wide { SMALL = 1, LARGE = 0x100000000 };
typedef int (*callback)(struct task* task, long number);
struct absent {
  int x;
} FROM_THE_MACHINE;

unsigned char memory[256];

__u32 offset_of_pid, offset_of_number, size_of_usage, size_of_numbers, exists_pid, exists_removed,
    is_signed_high, is_signed_low, size_of_task, exists_task, exists_absent, matches_place,
    matches_task, exists_callback, exists_green, exists_purple, value_of_green, kernel_id, local_id,
    absent_id;
__u64 value_of_large;

SEC("xdp")
int answers(struct xdp_md* context) {
  struct task* task = 0;
  offset_of_pid = bpf_core_field_offset(struct task, pid);
  offset_of_number = bpf_core_field_offset(task->numbers[2]);
  size_of_usage = bpf_core_field_size(struct task, usage);
  size_of_numbers = bpf_core_field_size(struct task, numbers);
  exists_pid = bpf_core_field_exists(struct task, pid);
  exists_removed = bpf_core_field_exists(struct task, removed);
  is_signed_high = __CORE_RELO(task, high, SIGNED);
  is_signed_low = __CORE_RELO(task, low, SIGNED);
  size_of_task = bpf_core_type_size(struct task);
  exists_task = bpf_core_type_exists(struct task);
  exists_absent = bpf_core_type_exists(struct absent);
  matches_place = bpf_core_type_matches(struct place);
  matches_task = bpf_core_type_matches(struct task);
  exists_callback = bpf_core_type_exists(callback);
  exists_green = bpf_core_enum_value_exists(enum color, GREEN);
  exists_purple = bpf_core_enum_value_exists(enum color, PURPLE);
  value_of_green = bpf_core_enum_value(enum color, GREEN);
  value_of_large = bpf_core_enum_value(enum wide, LARGE);
  kernel_id = bpf_core_type_id_kernel(struct place) != 0;
  absent_id = bpf_core_type_id_kernel(struct absent);
  local_id = bpf_core_type_id_local(struct place) != 0;
  return XDP_PASS;
}

__u32 pid, room, floor_number, hidden, owner, third, guarded;
__u64 usage, next, low, tail;
__s64 high;

static __attribute__((noinline)) __u32 room_of(struct task* task) { return task->place.room; }
__attribute__((noinline)) int floor_of(int unused) {
  struct task* task = (void*)memory;
  return task->place.floor + unused;
}

SEC("xdp")
int reads(struct xdp_md* context) {
  for (int i = 0; i < 256; ++i) memory[i] = i;
  struct task* task = (void*)memory;
  pid = task->pid;
  usage = task->usage;
  third = task->numbers[2];
  room = room_of(task);
  floor_number = floor_of(0);
  next = (__u64)task->next;
  hidden = task->hidden;
  tail = task->tail[1];
  owner = ((struct owner___of_tasks*)memory)->id;
  low = BPF_CORE_READ_BITFIELD(task, low);
  high = BPF_CORE_READ_BITFIELD(task, high);
  if (bpf_core_field_exists(task->removed)) {
    guarded = task->removed;
  } else {
    guarded = 77;
  }
  return XDP_PASS;
}

SEC("xdp")
int writes(struct xdp_md* context) {
  struct task* task = (void*)memory;
  task->pid = 5;
  task->usage = 6;
  task->place.floor = context->ingress_ifindex;
  return XDP_PASS;
}

SEC("xdp")
int reads_what_is_not_there(struct xdp_md* context) {
  struct task* task = (void*)memory;
  return task->removed;
}

SEC("xdp")
int reads_a_type_that_is_not_there(struct xdp_md* context) { return ((struct absent*)memory)->x; }

SEC("xdp")
int reads_a_value_that_is_not_there(struct xdp_md* context) {
  return bpf_core_enum_value(enum color, PURPLE);
}

SEC("xdp")
int reads_past_an_array(struct xdp_md* context) {
  struct task* task = (void*)memory;
  return task->numbers[3];
}

SEC("xdp")
int reads_something_else(struct xdp_md* context) {
  return ((struct task___other*)memory)->numbers.room;
}

SEC("xdp")
int reads_what_cannot_be_widened(struct xdp_md* context) {
  struct task* task = (void*)memory;
  return task->signed_one;
}
