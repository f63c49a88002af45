// Programs on an arena, as text, with what they return: for every engine, and for the kernel, which
// is the judge.
//
// The program is of type syscall, and its map 0 the arena: 16 pages, of which the first two are
// allocated and begin with kWords. `pointer` in a source stands for the two instructions that put a
// pointer to the first of them into r1.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "platform/program.hpp"
#include "text/text.hpp"

namespace skep::arenas {

inline constexpr u32 kPages = 16;
inline constexpr std::size_t kPageBytes = 4096, kAllocatedBytes = 2 * kPageBytes;
inline constexpr std::array<u64, 4> kWords = {0x1122334455667788, 0xfedcba9876543210, 0, 0x80};

struct Case {
  std::string name;
  std::string source;
  u32 r0 = 0;
};

inline platform::MapSpec arena_spec(u32 flags = platform::kMappable) {
  platform::MapSpec spec;
  spec.name = "memory";
  spec.kind = platform::MapKind::arena;
  spec.max_entries = kPages;
  spec.flags = flags;
  spec.initial.resize(kAllocatedBytes);
  std::memcpy(spec.initial.data(), kWords.data(), sizeof(kWords));
  // The border of the two pages.
  spec.initial[kPageBytes - 1] = std::byte{0x34};
  spec.initial[kPageBytes] = std::byte{0x12};
  return spec;
}

// The maps of a program: one more where it names one.
inline std::vector<platform::MapSpec> specs_of(const Case& given, u32 flags = platform::kMappable) {
  std::vector<platform::MapSpec> out{arena_spec(flags)};
  if (!given.source.contains("map_value[other]")) return out;
  out.push_back(arena_spec(flags));
  out.back().name = "other";
  return out;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
  return text;
}

// `specs` are its maps, the arena first.
inline std::shared_ptr<platform::Program> program_of(const Case& given,
                                                     std::vector<platform::MapSpec> specs) {
  auto program = std::make_shared<platform::Program>();
  program->name = "test";
  program->type = platform::ProgramType::syscall;
  program->gpl_compatible = true;
  const std::string source = replaced(
      given.source, "pointer\n", "r1 = map_value[memory] + 0 ll\nr1 = addr_space_cast(r1, 0, 1)\n");
  program->code = text::assemble(source, specs).value();
  program->maps = std::make_shared<std::vector<platform::MapSpec>>(std::move(specs));
  program->functions = {
      {"test", isa::InstructionIndex(0), isa::InstructionIndex(program->code.size())}};
  return program;
}

// ---- programs that are accepted ----

inline const std::vector<Case>& single_cases() {
  static const std::vector<Case> kCases = {
      {"load_8", "pointer\nr0 = *(u8 *)(r1 + 1)\nexit\n", 0x77},
      {"load_16", "pointer\nr0 = *(u16 *)(r1 + 1)\nexit\n", 0x6677},
      {"load_32", "pointer\nr0 = *(u32 *)(r1 + 4)\nexit\n", 0x11223344},
      {"load_64", "pointer\nr0 = *(u64 *)(r1 + 0)\nr0 >>= 28\nexit\n", 0x12233445},
      {"load_signed_8", "pointer\nr0 = *(s8 *)(r1 + 15)\nr0 >>= 4\nexit\n", 0xffffffff},
      {"load_signed_16", "pointer\nr0 = *(s16 *)(r1 + 14)\nr0 >>= 4\nexit\n", 0xffffffed},
      {"load_signed_32", "pointer\nr0 = *(s32 *)(r1 + 12)\nr0 >>= 4\nexit\n", 0xffedcba9},
      {"load_in_front", "pointer\nr1 += 8\nr0 = *(u32 *)(r1 - 4)\nexit\n", 0x11223344},
      {"load_far_in_front", "pointer\nr1 += 32768\nr0 = *(u32 *)(r1 - 32768)\nexit\n", 0x55667788},
      {"load_far_behind", "pointer\nr1 += -32760\nr0 = *(u32 *)(r1 + 32764)\nexit\n", 0x11223344},
      {"load_across_pages", "pointer\nr0 = *(u16 *)(r1 + 4095)\nexit\n", 0x1234},
      {"load_of_a_free_page", "pointer\nr1 += 20480\nr0 = *(u64 *)(r1 + 0)\nexit\n", 0},
      {"load_through_null",
       "r2 = map_value[memory] + 0 ll\nr1 = 0\nr1 = addr_space_cast(r1, 0, 1)\n"
       "r0 = *(u64 *)(r1 + 0)\nexit\n",
       0},
      {"load_beyond_4_gib", "pointer\nr1 &= 0\nr1 |= -1\nr0 = *(u64 *)(r1 + 32767)\nexit\n", 0},
      {"load_below_0", "pointer\nr1 &= 0\nr0 = *(u64 *)(r1 - 32768)\nexit\n", 0},
      {"store_beyond_4_gib",
       "pointer\nr0 = 1\nr1 &= 0\nr1 |= -1\n*(u64 *)(r1 + 32767) = r0\nexit\n", 1},
      {"store_8", "pointer\nr2 = 0x1ff\n*(u8 *)(r1 + 24) = r2\nr0 = *(u32 *)(r1 + 24)\nexit\n",
       0xff},
      {"store_16", "pointer\nr2 = 0x1ffff\n*(u16 *)(r1 + 24) = r2\nr0 = *(u32 *)(r1 + 24)\nexit\n",
       0xffff},
      {"store_32",
       "pointer\nr2 = -2\n*(u32 *)(r1 + 16) = r2\nr0 = *(u64 *)(r1 + 16)\nr0 >>= 1\nexit\n",
       0x7fffffff},
      {"store_64",
       "pointer\nr2 = -2\n*(u64 *)(r1 + 16) = r2\nr0 = *(u64 *)(r1 + 16)\nr0 >>= 33\nexit\n",
       0x7fffffff},
      {"store_number_8", "pointer\n*(u8 *)(r1 + 24) = 7\nr0 = *(u32 *)(r1 + 24)\nexit\n", 7},
      {"store_number_64",
       "pointer\n*(u64 *)(r1 + 16) = -5\nr0 = *(u64 *)(r1 + 16)\nr0 >>= 32\nexit\n", 0xffffffff},
      {"store_in_front", "pointer\nr1 += 64\n*(u32 *)(r1 - 40) = 9\nr0 = *(u32 *)(r1 - 40)\nexit\n",
       9},
      {"store_across_pages",
       "pointer\nr2 = 0xabcd\n*(u16 *)(r1 + 4095) = r2\nr0 = *(u8 *)(r1 + 4096)\nexit\n", 0xab},
      {"spill",
       "pointer\n*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 4)\nexit\n",
       0x11223344},
      {"copy", "pointer\nr2 = r1\nr0 = *(u32 *)(r2 + 4)\nexit\n", 0x11223344},
      {"upper_half_is_zero", "pointer\n*(u64 *)(r1 + 16) = r1\nr0 = *(u32 *)(r1 + 20)\nexit\n", 0},
      {"sum_of_64_bits_is_cut",
       "pointer\nr2 = 0x100000008 ll\nr1 += r2\nr0 = *(u32 *)(r1 - 4)\nexit\n", 0x11223344},
      {"add_to_a_number", "pointer\nr2 = 4\nr2 += r1\nr0 = *(u32 *)(r2 + 0)\nexit\n", 0x11223344},
      {"null_check_has_two_ways", "pointer\nr0 = 1\nif r1 == 0 goto +1\nr0 = 2\nexit\n", 2},
      {"zero_is_null", "pointer\nr0 = 1\nr1 &= 0\nif r1 == 0 goto +1\nr0 = 2\nexit\n", 1},
      {"comparison_of_two", "pointer\nr2 = r1\nr2 += 8\nr0 = 1\nif r2 > r1 goto +1\nr0 = 2\nexit\n",
       1},
      {"difference_that_wraps",
       "pointer\nr2 = r1\nr2 += -1\nr2 += 1\nr0 = 1\nif r2 == r1 goto +1\nr0 = 2\nexit\n", 1},
      {"negative_sum_is_not_negative",
       "pointer\nr1 &= 0\nr1 += -1\nr0 = 1\nif r1 s> 0 goto +1\nr0 = 2\nexit\n", 1},
      {"to_user_is_the_address",
       "r2 = map_value[memory] + 8 ll\nr1 = addr_space_cast(r2, 0, 1)\n"
       "r3 = addr_space_cast(r1, 1, 0)\nr0 = 1\nif r3 == r2 goto +1\nr0 = 2\nexit\n",
       1},
      {"to_user_in_place",
       "r2 = map_value[memory] + 8 ll\nr1 = addr_space_cast(r2, 0, 1)\nr1 += 16\nr2 += 16\n"
       "r1 = addr_space_cast(r1, 1, 0)\nr0 = 1\nif r1 == r2 goto +1\nr0 = 2\nexit\n",
       1},
      {"to_user_of_null",
       "r2 = map_value[memory] + 8 ll\nr1 = 0\nr3 = addr_space_cast(r1, 1, 0)\nr0 = 1\n"
       "if r3 == 0 goto +1\nr0 = 2\nexit\n",
       1},
      {"to_user_of_an_upper_half",
       "r2 = map_value[memory] + 8 ll\nr1 = 0x500000000 ll\nr3 = addr_space_cast(r1, 1, 0)\n"
       "r0 = 1\nif r3 == 0 goto +1\nr0 = 2\nexit\n",
       1},
      {"cast_twice", "pointer\nr1 = addr_space_cast(r1, 0, 1)\nr0 = *(u32 *)(r1 + 4)\nexit\n",
       0x11223344},
      {"cast_of_the_context",
       "r2 = map_value[memory] + 8 ll\nr1 = addr_space_cast(r1, 0, 1)\nr0 = 5\nexit\n", 5},
      {"address_at_the_end", "r2 = map_value[memory] + 65536 ll\nr0 = 5\nexit\n", 5},
      {"lower_half_is_a_number", "pointer\nw2 = w1\nr0 = 1\nif r2 == r1 goto +1\nr0 = 2\nexit\n",
       1},
      {"negated_is_a_number",
       "pointer\nr2 = r1\nr2 = -r2\nr2 = -r2\nr0 = 1\n"
       "if r2 == r1 goto +1\nr0 = 2\nexit\n",
       1},
      {"swapped_is_a_number",
       "pointer\nr2 = r1\nr2 = bswap64 r2\nr2 = bswap64 r2\nr0 = 1\n"
       "if r2 == r1 goto +1\nr0 = 2\nexit\n",
       1},
      // What passes of the compiler make of rows of accesses.
      {"bytes_that_are_one_word",
       "pointer\nr0 = *(u8 *)(r1 + 0)\nr0 <<= 8\nr2 = *(u8 *)(r1 + 1)\nr0 |= r2\nr0 <<= 8\n"
       "r2 = *(u8 *)(r1 + 2)\nr0 |= r2\nr0 <<= 8\nr2 = *(u8 *)(r1 + 3)\nr0 |= r2\nexit\n",
       0x88776655},
      {"row_of_zeros",
       "pointer\nr0 = 0\n*(u64 *)(r1 + 0) = 0\n*(u64 *)(r1 + 8) = 0\n*(u64 *)(r1 + 16) = 0\n"
       "*(u64 *)(r1 + 24) = 0\nr0 = *(u64 *)(r1 + 0)\nr2 = *(u64 *)(r1 + 24)\nr0 |= r2\nexit\n",
       0},
      {"row_of_copies",
       "pointer\nr2 = *(u64 *)(r1 + 0)\n*(u64 *)(r1 + 32) = r2\nr2 = *(u64 *)(r1 + 8)\n"
       "*(u64 *)(r1 + 40) = r2\nr0 = *(u32 *)(r1 + 36)\nr2 = *(u32 *)(r1 + 44)\nr0 ^= r2\nexit\n",
       0x11223344u ^ 0xfedcba98u},
      {"copies_to_the_stack",
       "pointer\nr2 = *(u64 *)(r1 + 0)\n*(u64 *)(r10 - 16) = r2\nr2 = *(u64 *)(r1 + 8)\n"
       "*(u64 *)(r10 - 8) = r2\nr0 = *(u64 *)(r10 - 16)\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\nexit\n",
       0x55667788u + 0x76543210u},
      {"scaled_index",
       "pointer\nr2 = *(u8 *)(r1 + 24)\nr2 >>= 7\nr2 <<= 3\nr1 += r2\nr0 = *(u32 *)(r1 + "
       "0)\nexit\n",
       0x76543210},
      {"constant_pointer",
       "r2 = map_value[memory] + 0 ll\nr1 = 64\nr1 = addr_space_cast(r1, 0, 1)\n"
       "r0 = *(u32 *)(r1 + 8)\nexit\n",
       0},
      {"load_and_compare",
       "pointer\nr0 = 1\nr2 = *(u8 *)(r1 + 0)\nif r2 == 0x88 goto +1\nr0 = 2\nexit\n", 1},
      {"change_in_memory",
       "pointer\nr2 = *(u64 *)(r1 + 24)\nr2 += 1\n*(u64 *)(r1 + 24) = r2\nr0 = *(u64 *)(r1 + 24)\n"
       "exit\n",
       0x81},
      {"returned", "pointer\nr2 = r1\nr0 = r1\nr0 ^= r2\nexit\n", 0},
  };
  return kCases;
}

// For both widths: what an atomic operation leaves, and what it gives.
inline std::vector<Case> atomic_cases() {
  struct Row {
    std::string_view name, instruction;
    u32 memory, gives;
  };
  static constexpr Row kRows[] = {
      {"add", "lock *(T *)(r1 + 24) += r2", 0x83, 3},
      {"or", "lock *(T *)(r1 + 24) |= r2", 0x83, 3},
      {"and", "lock *(T *)(r1 + 24) &= r2", 0, 3},
      {"xor", "lock *(T *)(r1 + 24) ^= r2", 0x83, 3},
      {"fetch_add", "R2 = atomic_fetch_add((T *)(r1 + 24), R2)", 0x83, 0x80},
      {"xchg", "R2 = X(r1 + 24, R2)", 3, 0x80},
      {"cmpxchg", "R0 = C(r1 + 24, R0, R2)", 3, 3},
      {"load_acquire", "R2 = load_acquire((T *)(r1 + 24))", 0x80, 0x80},
      {"store_release", "store_release((T *)(r1 + 24), R2)", 3, 3},
  };
  std::vector<Case> out;
  for (const Row& row : kRows) {
    for (const bool wide : {true, false}) {
      std::string text = replaced(std::string(row.instruction), "T", wide ? "u64" : "u32");
      text = replaced(text, "R", wide ? "r" : "w");
      text = replaced(text, "X", wide ? "xchg_64" : "xchg32_32");
      text = replaced(text, "C", wide ? "cmpxchg_64" : "cmpxchg32_32");
      const std::string before = "pointer\nr2 = 3\nr0 = 0x80\n" + text + "\n";
      const std::string name = format("{}_{}", row.name, wide ? 64 : 32);
      out.push_back({name + "_memory", before + "r0 = *(u64 *)(r1 + 24)\nexit\n", row.memory});
      out.push_back({name + "_gives", before + "r0 = r2\nexit\n", row.gives});
    }
  }
  return out;
}

// Arithmetic of all kinds is of 32 bits: the same is computed with numbers, and compared.
inline std::vector<Case> arithmetic_cases() {
  static constexpr std::string_view kOperations[] = {
      "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "%=", "^=", "s>>=", "s/=", "s%="};
  struct Row {
    std::string_view name, pointers, numbers;
  };
  // The lower half of the pointer in r6 is in w7 too; r3 is a number.
  static constexpr Row kRows[] = {
      {"by_a_constant", "r2 = r6\nr2 OP 12\n", "w4 = w7\nw4 OP 12\n"},
      {"by_a_number", "r2 = r6\nr2 OP r3\n", "w4 = w7\nw4 OP w3\n"},
      {"of_32_bits", "r2 = r6\nw2 OP w3\n", "w4 = w7\nw4 OP w3\n"},
      {"by_itself", "r2 = r6\nr2 OP r6\n", "w4 = w7\nw4 OP w7\n"},
      {"on_a_number", "r2 = r3\nr2 OP r6\n", "w4 = w3\nw4 OP w7\n"},
  };
  std::vector<Case> out;
  for (const std::string_view operation : kOperations) {
    for (const Row& row : kRows) {
      for (const std::string_view number : {"7", "-3", "0"}) {
        const std::string source = format(
            "pointer\nr6 = r1\nw7 = w1\nr3 = {}\n{}{}*(u64 *)(r1 + 16) = r2\n"
            "r2 = *(u64 *)(r1 + 16)\nr0 = 1\nif r2 == r4 goto +1\nr0 = 2\nexit\n",
            number, row.pointers, row.numbers);
        out.push_back({format("{}_{}_{}", operation, row.name, number),
                       replaced(source, "OP", operation), 1});
      }
    }
  }
  return out;
}

inline std::vector<Case> accepted_cases() {
  std::vector<Case> out = single_cases();
  for (auto& more : {atomic_cases(), arithmetic_cases()})
    out.insert(out.end(), more.begin(), more.end());
  return out;
}

// ---- programs that are refused; r0 says nothing ----

struct Bad {
  Case program;
  std::string_view property;
  std::string_view message;  // a part of it
};

inline const std::vector<Bad>& refused_cases() {
  static const std::vector<Bad> kCases = {
      {{"no_cast", "r1 = map_value[memory] + 0 ll\nr0 = *(u64 *)(r1 + 0)\nexit\n"},
       "not-a-pointer",
       "which is not a pointer"},
      {{"as_user_space_sees_it",
        "pointer\nr1 = addr_space_cast(r1, 1, 0)\nr0 = *(u64 *)(r1 + 0)\nexit\n"},
       "not-a-pointer",
       "which is not a pointer"},
      {{"lower_half", "pointer\nw2 = w1\nr0 = *(u64 *)(r2 + 0)\nexit\n"},
       "not-a-pointer",
       "which is not a pointer"},
      {{"negated", "pointer\nr1 = -r1\nr0 = *(u64 *)(r1 + 0)\nexit\n"},
       "not-a-pointer",
       "which is not a pointer"},
      {{"no_arena", "r1 = addr_space_cast(r1, 0, 1)\nr0 = 0\nexit\n"},
       "arena",
       "the program names no arena"},
      {{"two_arenas",
        "r1 = map_value[memory] + 0 ll\nr2 = map_value[other] + 0 ll\nr0 = 0\nexit\n"},
       "arena",
       "the program names two arenas, memory and other"},
      {{"unset_register",
        "r2 = map_value[memory] + 0 ll\nr1 = addr_space_cast(r5, 0, 1)\n"
        "r0 = 0\nexit\n"},
       "uninitialised-register",
       "r5 is read but was never set"},
      {{"cast_into_the_frame_pointer",
        "r2 = map_value[memory] + 0 ll\nr10 = addr_space_cast(r2, 0, 1)\nr0 = 0\nexit\n"},
       "frame-pointer",
       "r10 is written"},
      {{"address_beyond_the_end", "r2 = map_value[memory] + 65537 ll\nr0 = 0\nexit\n"},
       "arena",
       "the address of byte 65537 of arena memory is taken"},
      {{"handed_to_a_helper", "pointer\nr2 = 8\ncall 6\nr0 = 0\nexit\n"},
       "arena",
       "a pointer into the arena is handed to a helper"},
      {{"one_load_of_two_memories",
        "r4 = *(u32 *)(r1 + 0)\n*(u64 *)(r10 - 8) = 0\npointer\nif r4 == 0 goto +1\nr1 = r10\n"
        "r0 = *(u64 *)(r1 - 8)\nexit\n"},
       "mixed-access",
       "reaches the arena on one path and other memory on another"},
  };
  return kCases;
}

}  // namespace skep::arenas
