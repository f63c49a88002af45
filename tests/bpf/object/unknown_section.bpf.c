// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
__attribute__((section("xpd"), used)) int program(void* packet) { return 0; }
