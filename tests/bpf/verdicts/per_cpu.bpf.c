// Objects of each CPU (bpf_percpu_obj_new), and per-CPU pointers in maps.
#include "probe.h"

struct counts {
  long b, c, d;
};
struct large {
  long a[70];
};
struct with_lock {
  struct bpf_spin_lock lock;
  long x;
};
struct with_pointer {
  long a;
  struct task_struct POINTS("kptr") * task;
};
struct element {
  long sum;
  struct counts POINTS("percpu_kptr") * counts;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, int);
  __type(value, struct element);
} elements SEC(".maps");
struct element_of_one {
  struct counts POINTS("kptr") * counts;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, int);
  __type(value, struct element_of_one);
} elements_of_one SEC(".maps");

#define NEW(type) bpf_percpu_obj_new_impl(TYPE_OF(struct type), 0)
#define DROP(object) bpf_percpu_obj_drop_impl(object, 0)
#define TRACING(name)        \
  SEC("tp_btf/task_newtask") \
  int name(__u64* ctx)
#define SYSCALL(name) \
  SEC("syscall")      \
  int name(void* ctx)

static struct element* look_up(void) {
  int key = 0;
  return bpf_map_lookup_elem(&elements, &key);
}

TRACING(good_made_and_dropped) {
  void* object = NEW(counts);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_kept) {
  void* object = NEW(counts);
  return object != 0;
}
TRACING(bad_dropped_as_one) {
  void* object = NEW(counts);
  if (object) bpf_obj_drop_impl(object, 0);
  return 0;
}
TRACING(bad_one_dropped_as_of_each) {
  void* object = bpf_obj_new_impl(TYPE_OF(struct counts), 0);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_too_large) {
  void* object = NEW(large);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_with_a_lock) {
  void* object = NEW(with_lock);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_with_a_pointer) {
  void* object = NEW(with_pointer);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_read_at_once) {
  struct counts* object = NEW(counts);
  if (!object) return 0;
  long b = object->b;
  DROP(object);
  return b == 1;
}
TRACING(good_on_this_cpu) {
  struct element* element = look_up();
  if (!element) return 0;
  void* counts = (void*)element->counts;
  if (!counts) return 0;
  struct counts* here = bpf_this_cpu_ptr(counts);
  element->sum += here->b;
  return 0;
}
TRACING(good_on_another_cpu) {
  struct element* element = look_up();
  if (!element) return 0;
  void* counts = (void*)element->counts;
  if (!counts) return 0;
  struct counts* there = bpf_per_cpu_ptr(counts, 1);
  if (there) there->b = 5;
  return 0;
}
TRACING(good_on_another_cpu_without_a_look) {
  struct element* element = look_up();
  if (!element) return 0;
  void* counts = (void*)element->counts;
  if (!counts) return 0;
  struct counts* there = bpf_per_cpu_ptr(counts, 1);
  there->b = 5;
  return 0;
}
TRACING(bad_not_compared_with_null) {
  struct element* element = look_up();
  if (!element) return 0;
  struct counts* here = bpf_this_cpu_ptr((void*)element->counts);
  element->sum += here->b;
  return 0;
}
TRACING(good_exchanged) {
  struct element* element = look_up();
  if (!element) return 0;
  void* object = NEW(counts);
  if (!object) return 0;
  object = bpf_kptr_xchg(&element->counts, object);
  if (object) DROP(object);
  return 0;
}
// Linux takes either for a pointer to one of each CPU.
TRACING(good_one_exchanged_for_one_of_each) {
  struct element* element = look_up();
  if (!element) return 0;
  void* object = bpf_obj_new_impl(TYPE_OF(struct counts), 0);
  if (!object) return 0;
  object = bpf_kptr_xchg(&element->counts, object);
  if (object) DROP(object);
  return 0;
}
TRACING(bad_one_of_each_exchanged_for_one) {
  int key = 0;
  struct element_of_one* element = bpf_map_lookup_elem(&elements_of_one, &key);
  if (!element) return 0;
  void* object = NEW(counts);
  if (!object) return 0;
  object = bpf_kptr_xchg(&element->counts, object);
  if (object) bpf_obj_drop_impl(object, 0);
  return 0;
}
TRACING(bad_owned_one_on_this_cpu) {
  void* object = NEW(counts);
  if (!object) return 0;
  struct counts* here = bpf_this_cpu_ptr(object);
  here->b = 1;
  DROP(object);
  return 0;
}
SYSCALL(bad_outside_of_rcu) {
  struct element* element = look_up();
  if (!element) return 0;
  void* counts = (void*)element->counts;
  if (!counts) return 0;
  struct counts* here = bpf_this_cpu_ptr(counts);
  element->sum += here->b;
  return 0;
}
SYSCALL(good_in_rcu) {
  struct element* element = look_up();
  if (!element) return 0;
  bpf_rcu_read_lock();
  void* counts = (void*)element->counts;
  if (counts) {
    struct counts* here = bpf_this_cpu_ptr(counts);
    element->sum += here->b;
  }
  bpf_rcu_read_unlock();
  return 0;
}
SYSCALL(bad_behind_rcu) {
  struct element* element = look_up();
  if (!element) return 0;
  bpf_rcu_read_lock();
  void* counts = (void*)element->counts;
  if (!counts) {
    bpf_rcu_read_unlock();
    return 0;
  }
  struct counts* here = bpf_this_cpu_ptr(counts);
  bpf_rcu_read_unlock();
  return here->b == 1;
}
