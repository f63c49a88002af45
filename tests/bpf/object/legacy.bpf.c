// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A map as it was defined before BTF.
struct {
  unsigned type, key_size, value_size, max_entries, map_flags;
} old __attribute__((section("maps"), used)) = {2, 4, 4, 1, 0};
__attribute__((section("socket"), used)) int program(void* packet) { return 0; }
