// Members of operations that a program which sleeps can be, and those that it cannot.
#include "probe.h"

struct bpf_dummy_ops_state;
struct bpf_dummy_ops {
  int (*test_1)(struct bpf_dummy_ops_state* state);
  int (*test_2)(struct bpf_dummy_ops_state* state, int a1, unsigned short a2, char a3,
                unsigned long a4);
  int (*test_sleepable)(struct bpf_dummy_ops_state* state);
};

SEC("struct_ops.s/test_sleepable")
int good_member_that_sleeps(__u64* ctx) { return 0; }

SEC("struct_ops.s/test_1")
int bad_member_that_does_not(__u64* ctx) { return 0; }

SEC("struct_ops/test_2")
int good_program_that_does_not_sleep(__u64* ctx) { return 0; }

SEC(".struct_ops")
struct bpf_dummy_ops sleeping = {
    .test_1 = (void*)bad_member_that_does_not,
    .test_2 = (void*)good_program_that_does_not_sleep,
    .test_sleepable = (void*)good_member_that_sleeps,
};
