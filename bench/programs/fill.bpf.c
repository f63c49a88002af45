// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Records on the stack that are cleared and filled: what most programs do before a look-up.
#include "program.h"

struct record {
  __u64 source, destination;
  __u32 ports, flags;
  __u8 name[16];
};

NOINLINE __u64 digest(const struct record *record) {
  return record->source * 31 + record->destination + record->ports + record->name[3];
}

PROGRAM(fill) {
  const __u8 *frame = FRAME_OR_NULL;
  if (!frame) return 0;
  __u64 sum = *(const __u64 *)frame;
  for (__u32 round = 0; round < 128; ++round) {
    struct record record;
    __builtin_memset(&record, 0, sizeof record);
    record.source = sum;
    record.ports = round;
    __builtin_memset(record.name, (int)(round & 127), sizeof record.name);
    sum += digest(&record);
  }
  return folded(sum);
}
