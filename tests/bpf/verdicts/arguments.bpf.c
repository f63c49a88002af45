// Global functions and the tags of their arguments: what callers may give, and what the function
// may do with it.
#include "probe.h"

struct pair {
  long a, b;
};

NOINLINE int sum(struct pair* pair ARGUMENT("nonnull")) {
  HIDE(pair);
  return pair->a + pair->b;
}
NOINLINE int sum_or_null(struct pair* pair) {
  HIDE(pair);
  return pair ? pair->a : 0;
}
NOINLINE int sum_without_a_look(struct pair* pair) { return pair->a; }
NOINLINE int with_context(void* ctx ARGUMENT("ctx")) { return ((struct __sk_buff*)ctx)->len; }
NOINLINE int two_tags(struct pair* pair ARGUMENT("nonnull") ARGUMENT("nullable")) {
  return pair ? 1 : 0;
}
NOINLINE int no_such_tag(struct pair* pair ARGUMENT("precious")) { return pair ? 1 : 0; }
NOINLINE int tagged_number(int x ARGUMENT("nonnull")) {
  HIDE(x);
  return x;
}
NOINLINE int of_void(void* memory) { return memory != 0; }
NOINLINE int writes(struct pair* pair ARGUMENT("nonnull")) {
  pair->b = 1;
  return 0;
}
NOINLINE int pid_of(struct task_struct* task ARGUMENT("trusted")) { return task->pid; }
NOINLINE int pid_or_null(struct task_struct* task ARGUMENT("trusted") ARGUMENT("nullable")) {
  return task ? task->pid : 0;
}
NOINLINE int pid_without_a_look(struct task_struct* task ARGUMENT("trusted") ARGUMENT("nullable")) {
  return task->pid;
}
NOINLINE int trusted_not_null(struct task_struct* task ARGUMENT("trusted") ARGUMENT("nonnull")) {
  return task->pid;
}
NOINLINE int acquires(struct task_struct* task ARGUMENT("trusted")) {
  struct task_struct* own = bpf_task_acquire(task);
  if (!own) return 0;
  bpf_task_release(own);
  return 1;
}
NOINLINE int gives_back(struct task_struct* task ARGUMENT("trusted")) {
  bpf_task_release(task);
  return 0;
}
NOINLINE int pid_of_untrusted(struct task_struct* task ARGUMENT("untrusted")) { return task->pid; }
NOINLINE int acquires_untrusted(struct task_struct* task ARGUMENT("untrusted")) {
  struct task_struct* own = bpf_task_acquire(task);
  if (own) bpf_task_release(own);
  return 0;
}
NOINLINE int byte_of(char* text ARGUMENT("untrusted")) { return text[3]; }
NOINLINE int writes_byte(char* text ARGUMENT("untrusted")) {
  text[3] = 1;
  return 0;
}
NOINLINE int untrusted_and_nullable(char* text ARGUMENT("untrusted") ARGUMENT("nullable")) {
  return text[3];
}
NOINLINE int size_of_dynptr(struct bpf_dynptr* dynptr) {
  char byte = 0;
  return bpf_dynptr_read(&byte, 1, dynptr, 0, 0);
}
struct no_kernel_structure {
  int x;
};
NOINLINE int of_nobody(struct no_kernel_structure* p ARGUMENT("trusted")) { return p->x; }

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, int);
  __type(value, struct pair);
} pairs SEC(".maps");

static struct pair* look_up(void) {
  int key = 0;
  return bpf_map_lookup_elem(&pairs, &key);
}

#define TC(name) \
  SEC("tc")      \
  int name(struct __sk_buff* ctx)
#define TRACING(name)        \
  SEC("tp_btf/task_newtask") \
  int name(__u64* ctx)
#define SYSCALL(name) \
  SEC("syscall")      \
  int name(void* ctx)

TC(good_memory_of_the_stack) {
  struct pair pair = {1, 2};
  return sum(&pair);
}
TC(good_memory_of_a_map) {
  struct pair* pair = look_up();
  return pair ? sum(pair) : 0;
}
TC(bad_memory_that_may_be_null) {
  int key = ctx->len;
  return sum(bpf_map_lookup_elem(&pairs, &key));
}
TC(good_null_that_may_be) { return sum_or_null(look_up()); }
TC(good_null_itself) { return sum_or_null(0); }
// Linux looks at pointers that may be null, and not at null itself.
TC(good_null_itself_where_it_may_not_be) { return sum(0); }
TC(bad_callee_without_a_look) {
  struct pair pair = {1, 2};
  return sum_without_a_look(&pair);
}
TC(good_context) { return with_context(ctx); }
TC(bad_memory_as_context) {
  struct pair pair = {1, 2};
  return with_context(&pair);
}
TC(bad_tags_that_do_not_go_together) {
  struct pair pair = {1, 2};
  return two_tags(&pair);
}
TC(bad_tag_that_does_not_exist) {
  struct pair pair = {1, 2};
  return no_such_tag(&pair);
}
TC(bad_tag_of_a_number) { return tagged_number(ctx->len); }
TC(bad_pointer_to_void) { return of_void(ctx); }
TC(good_callee_writes) {
  struct pair pair = {1, 2};
  writes(&pair);
  return pair.a;
}
TC(bad_too_little_memory) {
  long one = 1;
  return sum((struct pair*)&one);
}
TC(good_dynptr) {
  struct bpf_dynptr dynptr;
  struct pair* pair = look_up();
  if (!pair) return 0;
  bpf_dynptr_from_mem(pair, sizeof(*pair), 0, &dynptr);
  return size_of_dynptr(&dynptr);
}
TC(bad_dynptr_that_was_not_made) {
  struct bpf_dynptr dynptr = {};
  return size_of_dynptr(&dynptr);
}
TRACING(good_trusted) { return pid_of((struct task_struct*)ctx[0]); }
TRACING(good_current_task) { return pid_of(bpf_get_current_task_btf()); }
TRACING(bad_number_as_trusted) { return pid_of((struct task_struct*)bpf_get_current_task()); }
TRACING(bad_null_as_trusted) { return pid_of(0); }
TRACING(good_null_as_nullable) { return pid_or_null(0); }
TRACING(good_task_as_nullable) { return pid_or_null((struct task_struct*)ctx[0]); }
TRACING(bad_nullable_without_a_look) { return pid_without_a_look((struct task_struct*)ctx[0]); }
TRACING(bad_trusted_and_not_null) { return trusted_not_null((struct task_struct*)ctx[0]); }
TRACING(good_acquired_by_the_callee) { return acquires((struct task_struct*)ctx[0]); }
TRACING(bad_released_by_the_callee) {
  struct task_struct* task = bpf_task_acquire((struct task_struct*)ctx[0]);
  if (!task) return 0;
  return gives_back(task);
}
TRACING(good_maybe_null_as_nullable) {
  struct task_struct* task = bpf_task_from_pid(1);
  int pid = pid_or_null(task);
  if (task) bpf_task_release(task);
  return pid;
}
TRACING(bad_maybe_null_as_trusted) {
  struct task_struct* task = bpf_task_from_pid(1);
  int pid = pid_of(task);
  if (task) bpf_task_release(task);
  return pid;
}
TRACING(good_untrusted) { return pid_of_untrusted((struct task_struct*)ctx[0]); }
TRACING(good_number_as_untrusted) {
  return pid_of_untrusted((struct task_struct*)bpf_get_current_task());
}
TRACING(bad_untrusted_acquired) { return acquires_untrusted((struct task_struct*)ctx[0]); }
TRACING(good_untrusted_bytes) { return byte_of((char*)ctx[0]); }
TRACING(good_untrusted_null) { return byte_of(0); }
TRACING(bad_untrusted_written) { return writes_byte((char*)ctx[0]); }
TRACING(bad_untrusted_and_nullable) { return untrusted_and_nullable((char*)ctx[0]); }
TRACING(bad_structure_of_nobody) { return of_nobody((struct no_kernel_structure*)ctx[0]); }
SYSCALL(good_member_as_trusted) {
  struct task_struct* task = bpf_get_current_task_btf();
  bpf_rcu_read_lock();
  int pid = pid_of(task->group_leader);
  bpf_rcu_read_unlock();
  return pid == 0;
}
SYSCALL(bad_member_behind_its_section) {
  struct task_struct* task = bpf_get_current_task_btf();
  bpf_rcu_read_lock();
  struct task_struct* leader = task->group_leader;
  bpf_rcu_read_unlock();
  return pid_of(leader);
}
