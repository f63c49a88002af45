// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// No programs: the types that core.bpf.c is relocated against, which has others of these names.
#include "skep.bpf.h"

struct place {
  __u32 floor;
  __u32 room;
  __u32 building;
};

struct owner___before_6_0 {
  __u64 inode;
  __u16 id;
};

struct task {
  __u64 usage;        // at 0
  struct task* next;  // 8
  union {             // 16
    struct {
      __u32 generation;
      const __u32 hidden;  // 20
    };
    __u64 word;
  };
  volatile __u32 pid;   // 24
  int numbers[3];       // 28
  struct place place;   // 40: room at 44, floor at 40
  unsigned before : 6;  // 52
  unsigned low : 5;     // bit 6
  int high : 3;         // bit 11
  __u64 signed_one;     // 56
  char tail[];          // 64
};

enum color { RED = 1, GREEN = 40 };
enum wide { LARGE = 0x200000007, TINY = 0 };
typedef int (*callback)(struct task* task, long number);

struct task kept_task;
struct owner___before_6_0 kept_owner;
enum color kept_color;
enum wide kept_wide;
callback kept_callback;
