// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A record type for a ring buffer that does not exist.
struct event {
  int number;
};
const struct event* const skep_record__absent __attribute__((unused));
