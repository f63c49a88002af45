// The kernel's array-style tests of its verifier (test_verifier.c and verifier/*.c of its
// selftests) as text.
//
//   verifier_cases > FILE
//
// test_verifier.c is included with its calls of libbpf led to recorders of ours: its own code then
// makes the maps, their contents, helper programs and types of every case, and nothing is asked of
// a kernel. What it would have loaded is printed, an item a line, bytes as hexadecimal digits:
//
//   case FILE DESCRIPTION
//   type PROGRAM_TYPE ATTACH_TYPE PROG_FLAGS           numbers of bpf(2)
//   target NAME                                         what it is to be attached to
//   types BYTES                                         BTF, by rising number
//   map KIND KEY VALUE ENTRIES FLAGS INNER TYPES KEY_TYPE VALUE_TYPE     INNER, TYPES: number of
//   one above, or -1 program TYPE CODE                                   of program arrays, by
//   rising number element MAP KEY BYTES | entry MAP KEY PROGRAM       what maps begin with
//   own_types N                                         of the program
//   function SLOT TYPE                                  func_info of the program
//   use SLOT map N | use SLOT kfunc NAME | program_use PROGRAM SLOT MAP  immediates to be filled in
//   code CODE
//   result accept|reject|verbose, result_unprivileged, message, message_unprivileged, processed N
//   run RESULT RESULT_UNPRIVILEGED BYTES
//   end
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Descriptors and ids that no kernel gives; what stands in their place is known by its range.
enum {
  kMaps = 0x4d415000,
  kPrograms = 0x4d505000,
  kTypes = 0x4d425000,
  kFunctions = 0x4d4b4000,
  kTarget = 0x4d540000,
  kRange = 256
};

static int record_map(enum bpf_map_type, const char*, __u32, __u32, __u32,
                      const struct bpf_map_create_opts*);
static int record_program(enum bpf_prog_type, const char*, const char*, const struct bpf_insn*,
                          size_t, struct bpf_prog_load_opts*);
static int record_types(const void*, size_t, struct bpf_btf_load_opts*);
static int record_element(int, const void*, const void*, __u64);
static int record_target(const char*, enum bpf_attach_type);
static int record_function(const struct btf*, const char*, __u32);
static int no_run(int descriptor, struct bpf_test_run_opts* options) {
  (void)descriptor, (void)options;
  abort();
}
static struct btf* no_types(void) {
  static int any;
  return (struct btf*)&any;
}
static void keep_types(struct btf* types) { (void)types; }

#define bpf_map_create record_map
#define bpf_prog_load record_program
#define bpf_btf_load record_types
#define bpf_map_update_elem record_element
#define libbpf_find_vmlinux_btf_id record_target
#define btf__find_by_name_kind record_function
#define btf__load_vmlinux_btf no_types
#define btf__free keep_types
#define bpf_prog_test_run_opts no_run
#define libbpf_probe_bpf_map_type(type, options) 1
#define libbpf_probe_bpf_prog_type(type, options) 1
typedef __u32 u32;  // it takes these from a libbpf of its own
typedef __u64 u64;
#define main test_verifier_main
#include "test_verifier.c"
#undef main

int cap_enable_effective(__u64 capabilities, __u64* old) {
  return (void)capabilities, (void)old, 0;
}
int cap_disable_effective(__u64 capabilities, __u64* old) {
  return (void)capabilities, (void)old, 0;
}

static jmp_buf next_case;
static struct bpf_test* current;
static int maps, programs, types, functions;
static const char* function_names[kRange];
static __u32 key_sizes[kRange], value_sizes[kRange];
static int holds_programs[kRange];

static int in(int number, int range) { return number >= range && number < range + kRange; }
static int number_in(int number, int range) { return in(number, range) ? number - range : -1; }

static void print_bytes(const void* bytes, size_t size) {
  for (size_t at = 0; at < size; ++at) printf("%02x", ((const unsigned char*)bytes)[at]);
}

// "\t" separates messages that follow each other; a line stays a line.
static void print_text(const char* name, const char* text) {
  if (text == NULL) return;
  printf("%s ", name);
  for (; *text != 0; ++text) {
    if (*text == '\n')
      printf("\\n");
    else if (*text == '\t')
      printf("\\t");
    else
      putchar(*text);
  }
  putchar('\n');
}

static int record_types(const void* data, size_t size, struct bpf_btf_load_opts* options) {
  (void)options;
  printf("types ");
  print_bytes(data, size);
  putchar('\n');
  return kTypes + types++;
}

static int record_map(enum bpf_map_type kind, const char* name, __u32 key, __u32 value,
                      __u32 entries, const struct bpf_map_create_opts* options) {
  (void)name;
  const int inner = options == NULL ? -1 : number_in((int)options->inner_map_fd, kMaps);
  const int own_types = options == NULL ? -1 : number_in((int)options->btf_fd, kTypes);
  printf("map %d %u %u %u %u %d %d %u %u\n", kind, key, value, entries,
         options == NULL ? 0 : options->map_flags, inner, own_types,
         options == NULL ? 0 : options->btf_key_type_id,
         options == NULL ? 0 : options->btf_value_type_id);
  key_sizes[maps] = key;
  value_sizes[maps] = value;
  holds_programs[maps] = kind == BPF_MAP_TYPE_PROG_ARRAY;
  return kMaps + maps++;
}

static int record_element(int map, const void* key, const void* value, __u64 flags) {
  (void)flags;
  const int number = map - kMaps;
  printf(holds_programs[number] ? "entry %d " : "element %d ", number);
  print_bytes(key, key_sizes[number]);
  if (holds_programs[number]) {
    printf(" %d\n", *(const int*)value - kPrograms);
  } else {
    putchar(' ');
    print_bytes(value, value_sizes[number]);
    putchar('\n');
  }
  return 0;
}

static int record_target(const char* name, enum bpf_attach_type type) {
  (void)type;
  printf("target %s\n", name);
  return kTarget;
}

static int record_function(const struct btf* all, const char* name, __u32 kind) {
  (void)all, (void)kind;
  function_names[functions] = name;
  return kFunctions + functions++;
}

static void print_code(const char* name, const struct bpf_insn* code, size_t size) {
  printf("%s ", name);
  print_bytes(code, size * sizeof(*code));
  putchar('\n');
}

static void print_runs(void) {
  const int count = current->runs < 0    ? 0
                    : current->runs == 0 ? 1
                                         : current->runs;  // as do_test_single()
  for (int run = 0; run < count; ++run) {
    printf("run %u %u ", current->retvals[run].retval, current->retvals[run].retval_unpriv);
    print_bytes(current->retvals[run].data, TEST_DATA_LEN);
    putchar('\n');
  }
}

static void print_expectations(void) {
  static const char* const kResults[] = {"none", "accept", "reject", "verbose"};
  printf("result %s\nresult_unprivileged %s\n", kResults[current->result],
         kResults[current->result_unpriv]);
  print_text("message", current->errstr);
  print_text("message_unprivileged", current->errstr_unpriv);
  if (current->insn_processed != 0) printf("processed %u\n", current->insn_processed);
  print_runs();
  printf("end\n");
}

static void print_uses(const struct bpf_insn* code, size_t size) {
  for (size_t at = 0; at < size; ++at) {
    if (in(code[at].imm, kMaps)) printf("use %zu map %d\n", at, code[at].imm - kMaps);
    if (in(code[at].imm, kFunctions))
      printf("use %zu kfunc %s\n", at, function_names[code[at].imm - kFunctions]);
  }
}

// The case itself has a buffer for the kernel's words; programs of program arrays have none. Does
// not return from the case.
static int record_program(enum bpf_prog_type type, const char* name, const char* license,
                          const struct bpf_insn* code, size_t size,
                          struct bpf_prog_load_opts* options) {
  (void)name, (void)license;
  if (options == NULL || options->log_buf == NULL) {
    printf("program %d ", type);
    print_code("", code, size);
    for (size_t at = 0; at < size; ++at) {
      if (in(code[at].imm, kMaps))
        printf("program_use %d %zu %d\n", programs, at, code[at].imm - kMaps);
    }
    return kPrograms + programs++;
  }
  printf("type %d %d %u\n", type, options->expected_attach_type, options->prog_flags);
  if (in((int)options->prog_btf_fd, kTypes))
    printf("own_types %d\n", (int)options->prog_btf_fd - kTypes);
  const struct bpf_func_info* info = options->func_info;
  for (__u32 at = 0; at < options->func_info_cnt; ++at)
    printf("function %u %u\n", info[at].insn_off, info[at].type_id);
  print_uses(code, size);
  print_code("code", code, size);
  print_expectations();
  longjmp(next_case, 1);
}

int main(void) {
  static const char* file = "";
  static int passes, errors;
  bpf_semi_rand_init();
  for (size_t number = 0; number < ARRAY_SIZE(tests); ++number) {
    current = &tests[number];
    if (current->descr == NULL) continue;
    if (current->descr[0] == '\1') {  // put in front of each file: make_verifier_cases
      file = current->descr + 1;
      continue;
    }
    maps = programs = types = functions = 0;
    printf("case %s %s\n", file, current->descr);
    if (setjmp(next_case) == 0) {
      do_test_single(current, false, &passes, &errors);
      fprintf(stderr, "not recorded: %s\n", current->descr);
      return 1;
    }
    free(current->fill_insns);
    current->fill_insns = NULL;
  }
  return 0;
}
