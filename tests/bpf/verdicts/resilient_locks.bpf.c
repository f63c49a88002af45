// Locks that may be refused (bpf_res_spin_lock): what is held on which way, in which order it is
// given back, and what may be done meanwhile.
#include "probe.h"

struct element {
  struct bpf_res_spin_lock lock;
  int count;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, struct element);
} elements SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, struct element);
} others SEC(".maps");
struct with_spin_lock {
  struct bpf_spin_lock lock;
  int count;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, struct with_spin_lock);
} spinning SEC(".maps");
struct bpf_res_spin_lock first SEC(".data.first");
struct bpf_res_spin_lock second SEC(".data.second");

#define TC(name) \
  SEC("tc")      \
  int name(struct __sk_buff* ctx)
#define LOOK_UP(element, map)                                          \
  int element##_key = 0;                                               \
  struct element* element = bpf_map_lookup_elem(&map, &element##_key); \
  if (!element) return 0

TC(good_taken_and_given_back) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  element->count++;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_answer_not_looked_at) {
  LOOK_UP(element, elements);
  bpf_res_spin_lock(&element->lock);
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(good_answer_compared_with_zero) {
  LOOK_UP(element, elements);
  int answer = bpf_res_spin_lock(&element->lock);
  if (answer < 0) return 0;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_kept) {
  LOOK_UP(element, elements);
  return bpf_res_spin_lock(&element->lock) != 0;
}
TC(bad_not_taken) {
  LOOK_UP(element, elements);
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(good_two_in_order) {
  if (bpf_res_spin_lock(&first)) return 0;
  if (bpf_res_spin_lock(&second)) {
    bpf_res_spin_unlock(&first);
    return 0;
  }
  bpf_res_spin_unlock(&second);
  bpf_res_spin_unlock(&first);
  return 0;
}
TC(bad_two_out_of_order) {
  if (bpf_res_spin_lock(&first)) return 0;
  if (bpf_res_spin_lock(&second)) {
    bpf_res_spin_unlock(&first);
    return 0;
  }
  bpf_res_spin_unlock(&first);
  bpf_res_spin_unlock(&second);
  return 0;
}
TC(bad_same_lock_twice) {
  if (bpf_res_spin_lock(&first)) return 0;
  if (bpf_res_spin_lock(&first)) {
    bpf_res_spin_unlock(&first);
    return 0;
  }
  bpf_res_spin_unlock(&first);
  bpf_res_spin_unlock(&first);
  return 0;
}
TC(bad_another_lock_given_back) {
  LOOK_UP(element, elements);
  int key = 1;
  struct element* other = bpf_map_lookup_elem(&others, &key);
  if (!other) return 0;
  if (bpf_res_spin_lock(&element->lock)) return 0;
  bpf_res_spin_unlock(&other->lock);
  return 0;
}
TC(good_with_interrupts_disabled) {
  unsigned long flags;
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock_irqsave(&element->lock, &flags)) return 0;
  element->count++;
  bpf_res_spin_unlock_irqrestore(&element->lock, &flags);
  return 0;
}
TC(bad_interrupts_stay_disabled) {
  unsigned long flags;
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock_irqsave(&element->lock, &flags)) return 0;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_flags_of_a_lock_restored_alone) {
  unsigned long flags;
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock_irqsave(&element->lock, &flags)) return 0;
  bpf_local_irq_restore(&flags);
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_flags_of_no_lock) {
  unsigned long flags;
  LOOK_UP(element, elements);
  bpf_local_irq_save(&flags);
  if (bpf_res_spin_lock(&element->lock)) {
    bpf_local_irq_restore(&flags);
    return 0;
  }
  bpf_res_spin_unlock_irqrestore(&element->lock, &flags);
  return 0;
}
TC(good_two_with_interrupts_disabled) {
  unsigned long outer, inner;
  if (bpf_res_spin_lock_irqsave(&first, &outer)) return 0;
  if (bpf_res_spin_lock_irqsave(&second, &inner)) {
    bpf_res_spin_unlock_irqrestore(&first, &outer);
    return 0;
  }
  bpf_res_spin_unlock_irqrestore(&second, &inner);
  bpf_res_spin_unlock_irqrestore(&first, &outer);
  return 0;
}
TC(bad_flags_out_of_order) {
  unsigned long outer, inner;
  if (bpf_res_spin_lock_irqsave(&first, &outer)) return 0;
  if (bpf_res_spin_lock_irqsave(&second, &inner)) {
    bpf_res_spin_unlock_irqrestore(&first, &outer);
    return 0;
  }
  bpf_res_spin_unlock_irqrestore(&second, &outer);
  bpf_res_spin_unlock_irqrestore(&first, &inner);
  return 0;
}
TC(bad_helper_is_called) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  element->count = bpf_ktime_get_ns();
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_lock_is_read) {
  LOOK_UP(element, elements);
  return *(int*)&element->lock;
}
TC(good_under_a_spin_lock) {
  LOOK_UP(element, elements);
  int key = 0;
  struct with_spin_lock* other = bpf_map_lookup_elem(&spinning, &key);
  if (!other) return 0;
  bpf_spin_lock(&other->lock);
  if (bpf_res_spin_lock(&element->lock)) {
    bpf_spin_unlock(&other->lock);
    return 0;
  }
  bpf_res_spin_unlock(&element->lock);
  bpf_spin_unlock(&other->lock);
  return 0;
}
TC(bad_spin_lock_under_it) {
  LOOK_UP(element, elements);
  int key = 0;
  struct with_spin_lock* other = bpf_map_lookup_elem(&spinning, &key);
  if (!other) return 0;
  if (bpf_res_spin_lock(&element->lock)) return 0;
  bpf_spin_lock(&other->lock);
  bpf_spin_unlock(&other->lock);
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(bad_taken_as_a_spin_lock) {
  LOOK_UP(element, elements);
  bpf_spin_lock((struct bpf_spin_lock*)&element->lock);
  bpf_spin_unlock((struct bpf_spin_lock*)&element->lock);
  return 0;
}
static NOINLINE int give_back(struct element* element) {
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(good_given_back_by_a_static_function) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  give_back(element);
  return 0;
}
NOINLINE int next(int x) {
  HIDE(x);
  return x + 1;
}
TC(bad_global_function_is_called) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  element->count = next(element->count);
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
TC(good_loop_under_it) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  for (int i = 0; i < 10; i++) {
    HIDE(i);
    element->count += i;
    if (i < 0 || i > 9) break;
  }
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
SEC("tp_btf/task_newtask")
int good_traced(__u64* ctx) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  element->count++;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
SEC("perf_event")
int bad_in_samples(void* ctx) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
SEC("socket")
int bad_in_a_socket_filter(struct __sk_buff* ctx) {
  LOOK_UP(element, elements);
  if (bpf_res_spin_lock(&element->lock)) return 0;
  bpf_res_spin_unlock(&element->lock);
  return 0;
}
