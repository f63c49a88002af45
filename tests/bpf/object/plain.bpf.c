// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No maps, no globals; compiled with and without types.
int helper(int number);
__attribute__((section("socket"), used)) int program(void* packet) { return helper(7); }
__attribute__((noinline)) int helper(int number) {
  asm volatile("%0 += 1" : "+r"(number));
  return number;
}
