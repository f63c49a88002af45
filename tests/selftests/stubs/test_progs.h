// What prog_tests/core_reloc.c of the kernel takes from its test_progs.h: enough to compile it. A
// check is its condition, and nothing is reported.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;

struct {
  bool has_testmod;
} env;

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CHECK(condition, ...) (!!(condition))
#define CHECK_FAIL(condition) (!!(condition))
#define ASSERT_OK_PTR(pointer, name) ((pointer) != NULL)
#define ASSERT_OK(error, name) ((error) == 0)
#define ASSERT_GE(left, right, name) ((left) >= (right))
#define ASSERT_FALSE(condition, name) (!(condition))
#define test__start_subtest(name) 1
#define test__skip() ((void)0)

static int trigger_module_test_read(int bytes) { return bytes; }
static long sys_gettid(void) { return gettid(); }
