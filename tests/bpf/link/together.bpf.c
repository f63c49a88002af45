// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Both parts as one source file: what they must do when they are linked.
#define TOGETHER
#include "main.bpf.c"
#define hidden hidden_in_library
#define scaled scaled_in_library
#include "library.bpf.c"
