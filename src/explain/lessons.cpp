#include "explain/lessons.hpp"

#include "base/text.hpp"

namespace skep::explain {
namespace {

using verify::Property;

constexpr std::string_view kXdp = "xdp";
constexpr std::string_view kHash = "h hash key=4 value=8 entries=16";

constexpr Example c(std::string_view text) { return {{}, {}, text}; }
constexpr Example asm_xdp(std::string_view text, std::string_view maps = {}) {
  return {kXdp, maps, text};
}

// clang-format off
constexpr EnumArray<Property, Lesson> kLessons({
    {Property::control_flow, {
        "Execution begins at the first instruction, follows jumps inside of the function, and ends with exit. Code behind the "
        "last instruction is not the program's. Compilers get this right; programs written or changed by hand may not.",
        asm_xdp("r0 = 2\n"),
        asm_xdp("r0 = 2\nexit\n")}},
    {Property::unreachable_code, {
        "An instruction that no path leads to is refused: it is a sign of damage, and nothing can be said of it.",
        asm_xdp("r0 = 2\nexit\nr0 = 1\nexit\n"),
        asm_xdp("r0 = 2\nif r1 == 0 goto out\nr0 = 1\nout:\nexit\n")}},
    {Property::recursion, {
        "Each function has a frame of its own, and there are eight of them: calls nest at most that deep, and no function may "
        "come back to itself.",
        asm_xdp("call f\nexit\nf:\ncall f\nexit\n"),
        asm_xdp("call f\nexit\nf:\nr0 = 2\nexit\n")}},
    {Property::infinite_loop, {
        "A program must end. The walk follows a loop round by round; when it comes back with nothing changed that matters, no "
        "round is the last one. A counter that is compared in each round ends the loop.",
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n  for (;;) asm volatile(\"\");\n}\n"),
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n  for (int i = 0; i < 100; ++i) asm volatile(\"\");\n  return XDP_PASS;\n}\n")}},
    {Property::too_complex, {
        "All paths are walked, and the walk takes time and memory. Linux stops after a million instructions (--limit kernel), "
        "this command when --time-limit is over. --hot shows where the walk was longest.",
        asm_xdp("r1 = 0\nloop:\nr1 += 1\nif r1 != 2000000 goto loop\nr0 = 2\nexit\n"),
        asm_xdp("r1 = 0\nloop:\nr1 += 1\nif r1 != 2000 goto loop\nr0 = 2\nexit\n")}},
    {Property::stack_depth, {
        "A chain of calls shares 512 bytes of stack. Large variables belong into a map, of which one with a single element per "
        "CPU costs least.",
        asm_xdp("*(u64 *)(r10 - 304) = 1\ncall f\nexit\nf:\n*(u64 *)(r10 - 304) = 1\nr0 = 2\nexit\n"),
        asm_xdp("*(u64 *)(r10 - 104) = 1\ncall f\nexit\nf:\n*(u64 *)(r10 - 104) = 1\nr0 = 2\nexit\n")}},
    {Property::uninitialised_register, {
        "A register that was not written holds what somebody else left there. At the start only r1, the context, and r10, the "
        "end of the stack, are set; a call leaves r0 and r6 to r9.",
        asm_xdp("if r1 == 0 goto out\nr0 = 2\nout:\nexit\n"),
        asm_xdp("r0 = 1\nif r1 == 0 goto out\nr0 = 2\nout:\nexit\n")}},
    {Property::uninitialised_stack, {
        "Stack memory holds what others left there, until it is written: a key with padding, or a structure of which one member "
        "was forgotten. `struct key key = {};` writes all of it. Root may read such memory in the kernel; the user engine and "
        "other users may not.",
        asm_xdp("*(u32 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nr0 &= 1\nexit\n"),
        asm_xdp("*(u64 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nr0 &= 1\nexit\n"),
        verify::Rules::user_engine}},
    {Property::frame_pointer, {
        "r10 is the end of the frame, for reading only; a copy of it may be moved.",
        asm_xdp("r10 += -8\nr0 = 2\nexit\n"),
        asm_xdp("r2 = r10\nr2 += -8\n*(u64 *)(r2 + 0) = 1\nr0 = 2\nexit\n")}},
    {Property::constant_operand, {
        "Division by a register that holds 0 gives 0, and a shift by a register takes its lower bits. As constants in an instruction "
        "both are refused by the kernel.",
        asm_xdp("r0 = 8\nr0 >>= 64\nexit\n"),
        asm_xdp("r0 = 8\nr0 >>= 2\nexit\n")}},
    {Property::pointer_arithmetic, {
        "A pointer may be moved by a number whose bounds are known. Other operations make an address that nothing is known of; "
        "and a number without an upper bound, or that may be negative, could lead anywhere.",
        asm_xdp("r2 = *(u32 *)(r1 + 0)\nr2 *= 2\nr0 = *(u8 *)(r2 + 0)\nexit\n"),
        asm_xdp("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr2 += 4\nr4 = r2\nr4 += 1\nr0 = 1\nif r4 > r3 goto out\nr0 = *(u8 *)(r2 + 0)\nr0 &= 1\nout:\nexit\n")}},
    {Property::not_a_pointer, {
        "Memory is reached through pointers that the program was given: the context, the packet, the stack, what a helper "
        "returned. A number is none, and a pointer ceases to be one when the call that moved the packet or gave the record back "
        "made it invalid.",
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  void* data = (void*)(long)context->data;\n"
          "  if (data + 14 > (void*)(long)context->data_end) return XDP_DROP;\n"
          "  bpf_xdp_adjust_head(context, 2);\n"
          "  return *(volatile char*)data & 1;  // the packet has moved\n}\n"),
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  bpf_xdp_adjust_head(context, 2);\n"
          "  void* data = (void*)(long)context->data;  // taken behind the call\n"
          "  if (data + 14 > (void*)(long)context->data_end) return XDP_DROP;\n"
          "  return *(volatile char*)data & 1;\n}\n")}},
    {Property::null_check, {
        "Look-ups and reservations return null when there is nothing. Their result is a pointer only behind a comparison with "
        "null, on the way where it is none.",
        c("struct {\n  __uint(type, BPF_MAP_TYPE_HASH);\n  __uint(max_entries, 16);\n  __type(key, __u32);\n  __type(value, __u64);\n} seen SEC(\".maps\");\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  __u32 key = 1;\n"
          "  __u64* value = bpf_map_lookup_elem(&seen, &key);\n"
          "  return *value & 1;\n}\n"),
        c("struct {\n  __uint(type, BPF_MAP_TYPE_HASH);\n  __uint(max_entries, 16);\n  __type(key, __u32);\n  __type(value, __u64);\n} seen SEC(\".maps\");\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  __u32 key = 1;\n"
          "  __u64* value = bpf_map_lookup_elem(&seen, &key);\n"
          "  if (!value) return XDP_PASS;\n"
          "  return *value & 1;\n}\n")}},
    {Property::packet_bounds, {
        "A packet may be shorter than one thinks. A byte of it is read only where a comparison with data_end has shown that it is "
        "there, for this pointer, and behind the last call that moved the packet. An offset that is read from the packet makes a "
        "new pointer, which is compared again.",
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  char* data = (char*)(long)context->data;\n"
          "  if (data + 14 > (char*)(long)context->data_end) return XDP_DROP;\n"
          "  return *(volatile char*)(data + 14) & 1;  // bytes 0 to 13 are there\n}\n"),
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  char* data = (char*)(long)context->data;\n"
          "  if (data + 15 > (char*)(long)context->data_end) return XDP_DROP;\n"
          "  return *(volatile char*)(data + 14) & 1;\n}\n")}},
    {Property::map_value_bounds, {
        "A value has as many bytes as its map says. An index into it is bounded on both sides first: compared as an unsigned "
        "number, or masked with &.",
        c("__u8 table[64];\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  __u32 index = context->rx_queue_index;\n"
          "  if (index > 64) return XDP_DROP;  // 64 is one too many\n"
          "  return ((volatile __u8*)table)[index] & 1;\n}\n"),
        c("__u8 table[64];\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  __u32 index = context->rx_queue_index;\n"
          "  if (index > 63) return XDP_DROP;\n"
          "  return ((volatile __u8*)table)[index] & 1;\n}\n")}},
    {Property::record_bounds, {
        "A ring record has as many bytes as were reserved.",
        asm_xdp("r1 = map[ring] ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 + 8) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 2\nexit\n", "ring ringbuf entries=4096"),
        asm_xdp("r1 = map[ring] ll\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 + 8) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 2\nexit\n", "ring ringbuf entries=4096")}},
    {Property::memory_bounds, {
        "Memory that a function is given has the size of the type that its parameter points to; a callback's key that of the map's key.",
        asm_xdp("r1 = map[h] ll\nr2 = function[each] ll\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem\nr0 = 2\nexit\neach:\nr0 = *(u64 *)(r2 + 0)\nr0 = 0\nexit\n", kHash),
        asm_xdp("r1 = map[h] ll\nr2 = function[each] ll\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem\nr0 = 2\nexit\neach:\nr0 = *(u32 *)(r2 + 0)\nr0 = 0\nexit\n", kHash)}},
    {Property::stack_bounds, {
        "A frame has 512 bytes, below r10.",
        asm_xdp("*(u64 *)(r10 - 520) = 1\nr0 = 2\nexit\n"),
        asm_xdp("*(u64 *)(r10 - 512) = 1\nr0 = 2\nexit\n")}},
    {Property::stack_alignment, {
        "An access to the stack of 2, 4 or 8 bytes is at a multiple of its size. Packed structures on the stack break this.",
        asm_xdp("*(u32 *)(r10 - 6) = 1\nr0 = 2\nexit\n"),
        asm_xdp("*(u32 *)(r10 - 8) = 1\nr0 = 2\nexit\n")}},
    {Property::stack_object, {
        "A dynptr, an iterator or saved interrupt flags stand on the stack, but only functions of the kernel write them: one makes "
        "it, others use it, and nothing else touches its bytes.",
        c("SEC(\"xdp\") int program(struct xdp_md* context) {\n  struct bpf_dynptr memory;\n  char byte = 0;\n"
          "  bpf_dynptr_read(&byte, 1, &memory, 0, 0);  // nobody made it\n  return XDP_PASS;\n}\n"),
        c("char table[16];\nSEC(\"xdp\") int program(struct xdp_md* context) {\n  struct bpf_dynptr memory;\n  char byte = 0;\n"
          "  bpf_dynptr_from_mem(table, sizeof(table), 0, &memory);\n  bpf_dynptr_read(&byte, 1, &memory, 0, 0);\n"
          "  return XDP_PASS;\n}\n")}},
    {Property::context_access, {
        "The context is a structure that the kernel makes up: only its fields can be read, whole or in the parts that are allowed, "
        "and few can be written. Which depends on the program type.",
        asm_xdp("*(u32 *)(r1 + 12) = 1\nr0 = 2\nexit\n"),
        asm_xdp("r0 = *(u32 *)(r1 + 12)\nr0 = 2\nexit\n")}},
    {Property::kernel_memory, {
        "A pointer to a structure of the kernel lets its members be read, checked by the kernel's types. Nothing is written there.",
        c("struct task_struct { int pid; } __attribute__((preserve_access_index));\n"
          "SEC(\"tp_btf/sched_process_exit\") int program(__u64* arguments) {\n"
          "  struct task_struct* task = (struct task_struct*)arguments[0];\n"
          "  *(volatile int*)&task->pid = 1;\n  return 0;\n}\n"),
        c("struct task_struct { int pid; } __attribute__((preserve_access_index));\n"
          "SEC(\"tp_btf/sched_process_exit\") int program(__u64* arguments) {\n"
          "  struct task_struct* task = (struct task_struct*)arguments[0];\n"
          "  return *(volatile int*)&task->pid & 0;\n}\n")}},
    {Property::read_only, {
        "Constants (.rodata) are frozen before the program runs, packets of some program types may only be read, and so may maps "
        "that were made with BPF_F_RDONLY_PROG.",
        c("const volatile __u32 limit = 5;\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  *(volatile __u32*)&limit = 6;\n  return XDP_PASS;\n}\n"),
        c("volatile __u32 limit = 5;\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  limit = 6;\n  return XDP_PASS;\n}\n")}},
    {Property::mixed_access, {
        "Accesses to the context are rewritten, and so an instruction reaches it on every path or on none.",
        asm_xdp("r2 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 1\nr3 = r10\nr3 += -16\nif r2 == 0 goto load\nr3 = r1\nload:\nr0 = *(u32 *)(r3 + 12)\nexit\n"),
        asm_xdp("r2 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = 1\nif r2 == 0 goto stack\nr0 = *(u32 *)(r1 + 12)\nr0 = 2\nexit\nstack:\nr0 = *(u32 *)(r10 - 4)\nexit\n")}},
    {Property::atomic_access, {
        "Atomic operations work on memory that others see: map values, records, the stack; at addresses that their size divides.",
        asm_xdp("*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[h] ll\ncall bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = 1\nlock *(u32 *)(r0 + 2) += r1\nout:\nr0 = 2\nexit\n", kHash),
        asm_xdp("*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[h] ll\ncall bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = 1\nlock *(u32 *)(r0 + 4) += r1\nout:\nr0 = 2\nexit\n", kHash)}},
    {Property::core_relocation, {
        "What a program reads by CO-RE is looked up in the types of the machine that it runs on. What is not there must not be "
        "reached: ask first, with bpf_core_field_exists().",
        c("#include <bpf/bpf_core_read.h>\nstruct task_struct { int pid, not_there; } __attribute__((preserve_access_index));\n"
          "SEC(\"tp_btf/sched_process_exit\") int program(__u64* arguments) {\n"
          "  struct task_struct* task = (struct task_struct*)arguments[0];\n"
          "  return task->not_there & 0x100;\n}\n"),
        c("#include <bpf/bpf_core_read.h>\nstruct task_struct { int pid, not_there; } __attribute__((preserve_access_index));\n"
          "SEC(\"tp_btf/sched_process_exit\") int program(__u64* arguments) {\n"
          "  struct task_struct* task = (struct task_struct*)arguments[0];\n"
          "  if (!bpf_core_field_exists(task->not_there)) return 0;\n"
          "  return task->not_there & 0x100;\n}\n")}},
    {Property::attach_target, {
        "Not every function of the kernel takes programs: nothing runs behind one that never returns, those that programs are "
        "entered through are left alone, and some hooks of security modules (LSM) take none, or none that may sleep.",
        c("SEC(\"fexit/do_exit\") int program(void* arguments) {\n  return 0;\n}\n"),
        c("SEC(\"fentry/do_exit\") int program(void* arguments) {\n  return 0;\n}\n")}},
    {Property::unknown_helper, {
        "A helper is called by its number, and Linux has 211 of them. Newer functions of the kernel are called by name (kfuncs).",
        asm_xdp("call 999\nr0 = 2\nexit\n"),
        asm_xdp("call bpf_ktime_get_ns\nr0 = 2\nexit\n")}},
    {Property::helper_not_allowed, {
        "Each program type has the helpers that make sense where it runs.",
        asm_xdp("r2 = 0\ncall bpf_skb_vlan_pop\nr0 = 2\nexit\n"),
        {"sched_cls", {}, "call bpf_skb_vlan_pop\nr0 = 0\nexit\n"}}},
    {Property::kernel_only, {
        "The user engine has no kernel to look into: helpers that read its memory or change its objects are for the kernel engine.",
        {"syscall", {}, "r1 = 99\ncall bpf_sys_close\nr0 = 0\nexit\n"},
        {"syscall", {}, "call bpf_ktime_get_ns\nr0 = 0\nexit\n"},
        verify::Rules::user_engine}},
    {Property::helper_argument, {
        "A helper takes arguments of certain kinds: a map, memory of a size that is known to fit, a bounded number of bytes that "
        "cannot be negative.",
        {"socket_filter", {}, "r4 = *(u32 *)(r1 + 0)\nr2 = 0\nr3 = r10\nr3 += -8\ncall bpf_skb_load_bytes\nr0 = 0\nexit\n"},
        {"socket_filter", {}, "r4 = *(u32 *)(r1 + 0)\nr0 = 0\nif r4 == 0 goto out\nif r4 > 8 goto out\n*(u64 *)(r10 - 8) = 0\nr2 = 0\nr3 = r10\nr3 += -8\ncall bpf_skb_load_bytes\nr0 = 0\nout:\nexit\n"}}},
    {Property::kernel_function, {
        "Functions of the kernel (kfuncs) are called by name. Each is for some program types, and takes arguments of the types that "
        "the kernel declares.",
        {"syscall", {}, "r1 = r10\ncall kfunc[bpf_task_from_pid]\nr0 = 0\nexit\n"},
        {"syscall", {}, "r1 = 1\ncall kfunc[bpf_task_from_pid]\nif r0 == 0 goto out\nr1 = r0\ncall kfunc[bpf_task_release]\nout:\nr0 = 0\nexit\n"}}},
    {Property::function_argument, {
        "A global function is verified once, by the types of its parameters; each call is then checked against these: a number "
        "where it takes a number, the context where it takes that, as much memory as the type of a pointer has, or null.",
        c("__attribute__((noinline)) int low(long number) {\n  return number & 1;\n}\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  return low((long)context);  // an address\n}\n"),
        c("__attribute__((noinline)) int low(long number) {\n  return number & 1;\n}\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  return low(context->ingress_ifindex);\n}\n")}},
    {Property::gpl_only, {
        "Some helpers may be called by programs under a licence that is compatible with the GPL only.",
        c("char LICENSE[] SEC(\"license\") = \"Proprietary\";\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  bpf_printk(\"packet\");\n  return XDP_PASS;\n}\n"),
        c("char LICENSE[] SEC(\"license\") = \"GPL\";\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  bpf_printk(\"packet\");\n  return XDP_PASS;\n}\n")}},
    {Property::privilege, {
        "bpf(2) asks who loads a program for capabilities: CAP_BPF for most of it, CAP_NET_ADMIN besides for types of the network, "
        "CAP_PERFMON for what traces, CAP_SYS_ADMIN for all. Where kernel.unprivileged_bpf_disabled is 0, users without any may "
        "load socket filters and cgroup_skb programs of 4096 instructions, without loops and without functions, and call some "
        "helpers. --capabilities says whose program it is.",
        {"socket_filter", {}, "call bpf_jiffies64\nexit\n"},
        {"socket_filter", {}, "call bpf_ktime_get_ns\nexit\n"},
        verify::Rules::kernel, platform::kNoCapabilities}},
    {Property::pointer_leak, {
        "Where something is in the kernel's memory is what an attack begins with. Without CAP_PERFMON a program may move, save and "
        "use a pointer, but not return it, store it into a map, compare it with anything but null, or compute with it.",
        {"socket_filter", {}, "r0 = r10\nexit\n"},
        {"socket_filter", {}, "r0 = 0\nexit\n"},
        verify::Rules::kernel, platform::kNoCapabilities}},
    {Property::speculation, {
        "A processor runs ahead of comparisons, and may then read what the program never does. Without CAP_PERFMON the kernel masks "
        "the numbers that are added to pointers, which it can do of pointers into the stack (by constants) and into values of maps: "
        "the sum has to stay inside, and an instruction has one mask on all paths.",
        {"socket_filter", {}, "r2 = r10\nr2 += -520\nr0 = 0\nexit\n"},
        {"socket_filter", {}, "r2 = r10\nr2 += -512\nr0 = 0\nexit\n"},
        verify::Rules::kernel, platform::kNoCapabilities}},
    {Property::held_reference, {
        "What a call reserved or looked up with a reference is the program's until it gives it back: exactly once, on every path.",
        c("struct {\n  __uint(type, BPF_MAP_TYPE_RINGBUF);\n  __uint(max_entries, 4096);\n} events SEC(\".maps\");\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  __u64* record = bpf_ringbuf_reserve(&events, 8, 0);\n  if (!record) return XDP_PASS;\n"
          "  if (context->ingress_ifindex == 1) return XDP_DROP;  // the record is lost\n"
          "  *record = 1;\n  bpf_ringbuf_submit(record, 0);\n  return XDP_PASS;\n}\n"),
        c("struct {\n  __uint(type, BPF_MAP_TYPE_RINGBUF);\n  __uint(max_entries, 4096);\n} events SEC(\".maps\");\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n"
          "  __u64* record = bpf_ringbuf_reserve(&events, 8, 0);\n  if (!record) return XDP_PASS;\n"
          "  if (context->ingress_ifindex == 1) {\n    bpf_ringbuf_discard(record, 0);\n    return XDP_DROP;\n  }\n"
          "  *record = 1;\n  bpf_ringbuf_submit(record, 0);\n  return XDP_PASS;\n}\n")}},
    {Property::section, {
        "What begins a section (of RCU, without preemption, without interrupts) is followed by what ends it on every path, and nothing "
        "between them sleeps.",
        {"xdp", {}, "call kfunc[bpf_rcu_read_lock]\nr0 = 2\nexit\n"},
        {"xdp", {}, "call kfunc[bpf_rcu_read_lock]\ncall kfunc[bpf_rcu_read_unlock]\nr0 = 2\nexit\n"}}},
    {Property::special_field, {
        "A lock, a timer, a list or a pointer into the kernel in a map's value has bytes that are the kernel's. They are reached by "
        "the calls that are made for them, and pointers are loaded whole; what stands around them is memory as any.",
        c("struct value {\n  struct bpf_spin_lock lock;\n  __u32 count;\n};\n"
          "struct {\n  __uint(type, BPF_MAP_TYPE_ARRAY);\n  __uint(max_entries, 1);\n  __type(key, __u32);\n  __type(value, struct value);\n} values SEC(\".maps\");\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n  __u32 key = 0;\n"
          "  struct value* value = bpf_map_lookup_elem(&values, &key);\n  if (!value) return 0;\n"
          "  value->lock.val = 0;  // the kernel's\n  return 0;\n}\n"),
        c("struct value {\n  struct bpf_spin_lock lock;\n  __u32 count;\n};\n"
          "struct {\n  __uint(type, BPF_MAP_TYPE_ARRAY);\n  __uint(max_entries, 1);\n  __type(key, __u32);\n  __type(value, struct value);\n} values SEC(\".maps\");\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n  __u32 key = 0;\n"
          "  struct value* value = bpf_map_lookup_elem(&values, &key);\n  if (!value) return 0;\n"
          "  bpf_spin_lock(&value->lock);\n  value->count++;\n  bpf_spin_unlock(&value->lock);\n  return 0;\n}\n")}},
    {Property::own_object, {
        "An object that a program allocates has the members of its structure, and nothing around them; helpers do not take it.",
        c("extern void* bpf_obj_new_impl(__u64 type, void* meta) __ksym;\nextern void bpf_obj_drop_impl(void* object, void* meta) __ksym;\n"
          "struct node {\n  __u64 key;\n};\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n"
          "  struct node* node = bpf_obj_new_impl(__builtin_btf_type_id(*(struct node*)0, 0), 0);\n  if (!node) return 0;\n"
          "  (&node->key)[1] = 1;  // there is one only\n  bpf_obj_drop_impl(node, 0);\n  return 0;\n}\n"),
        c("extern void* bpf_obj_new_impl(__u64 type, void* meta) __ksym;\nextern void bpf_obj_drop_impl(void* object, void* meta) __ksym;\n"
          "struct node {\n  __u64 key;\n};\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n"
          "  struct node* node = bpf_obj_new_impl(__builtin_btf_type_id(*(struct node*)0, 0), 0);\n  if (!node) return 0;\n"
          "  node->key = 1;\n  bpf_obj_drop_impl(node, 0);\n  return 0;\n}\n")}},
    {Property::lock, {
        "A lock is held for a few instructions: one at a time, and no helper is called before it is given back.",
        c("struct value {\n  struct bpf_spin_lock lock;\n  __u32 count;\n};\n"
          "struct {\n  __uint(type, BPF_MAP_TYPE_ARRAY);\n  __uint(max_entries, 1);\n  __type(key, __u32);\n  __type(value, struct value);\n} values SEC(\".maps\");\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n  __u32 key = 0;\n"
          "  struct value* value = bpf_map_lookup_elem(&values, &key);\n  if (!value) return 0;\n"
          "  bpf_spin_lock(&value->lock);\n  value->count = bpf_get_smp_processor_id();\n  bpf_spin_unlock(&value->lock);\n  return 0;\n}\n"),
        c("struct value {\n  struct bpf_spin_lock lock;\n  __u32 count;\n};\n"
          "struct {\n  __uint(type, BPF_MAP_TYPE_ARRAY);\n  __uint(max_entries, 1);\n  __type(key, __u32);\n  __type(value, struct value);\n} values SEC(\".maps\");\n"
          "SEC(\"tc\") int program(struct __sk_buff* skb) {\n  __u32 key = 0;\n"
          "  struct value* value = bpf_map_lookup_elem(&values, &key);\n  if (!value) return 0;\n"
          "  __u32 processor = bpf_get_smp_processor_id();\n"
          "  bpf_spin_lock(&value->lock);\n  value->count = processor;\n  bpf_spin_unlock(&value->lock);\n  return 0;\n}\n")}},
    {Property::exception, {
        "bpf_throw ends the whole program; its cookie, a number, becomes the result, or what the exception callback makes of it.",
        c("extern void bpf_throw(__u64 cookie) __ksym;\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  bpf_throw((__u64)context);\n  return XDP_PASS;\n}\n"),
        c("extern void bpf_throw(__u64 cookie) __ksym;\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  if (context->ingress_ifindex == 0) bpf_throw(1);\n  return XDP_PASS;\n}\n")}},
    {Property::arena, {
        "An arena is memory that a program shares with user space. Its pointers are of an address space of their own: they are cast "
        "before use, and helpers do not take them.",
        c("#define __arena __attribute__((address_space(1)))\n"
          "struct {\n  __uint(type, 33);  // BPF_MAP_TYPE_ARENA\n  __uint(map_flags, 1 << 10);  // BPF_F_MMAPABLE\n \n  __uint(max_entries, 1);\n} memory SEC(\".maps\");\n"
          "char __arena text[16] = \"text\";\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  char* kernel = 0;\n"
          "  asm volatile(\"%0 = addr_space_cast(%1, 0, 1)\" : \"=r\"(kernel) : \"r\"(text));\n"
          "  bpf_trace_printk(kernel, sizeof(text));  // a helper\n  return XDP_PASS;\n}\n"),
        c("#define __arena __attribute__((address_space(1)))\n"
          "struct {\n  __uint(type, 33);  // BPF_MAP_TYPE_ARENA\n  __uint(map_flags, 1 << 10);  // BPF_F_MMAPABLE\n \n  __uint(max_entries, 1);\n} memory SEC(\".maps\");\n"
          "char __arena text[16] = \"text\";\n"
          "SEC(\"xdp\") int program(struct xdp_md* context) {\n  char* kernel = 0;\n"
          "  asm volatile(\"%0 = addr_space_cast(%1, 0, 1)\" : \"=r\"(kernel) : \"r\"(text));\n"
          "  return *kernel & 1;\n}\n")}},
    {Property::return_value, {
        "What a program returns is set on every path, is a number, and for some program types one of a few.",
        {"cgroup_sock", {}, "r0 = 5\nexit\n"},
        {"cgroup_sock", {}, "r0 = 1\nexit\n"}}},
    {Property::unsupported, {
        "The rule is not broken by the program: this version of skep cannot prove what is asked of it.",
        {"ext", {}, "r0 = *(u32 *)(r1 + 0)\nexit\n"},
        asm_xdp("r0 = 2\nexit\n")}},
});
// clang-format on

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    out += "    " + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string example_text(const Example& example) {
  std::string head;
  if (!example.type.empty()) head = format("    ; a {} program\n", example.type);
  if (!example.maps.empty()) head += format("    ; map {}\n", example.maps);
  return head + indented(example.text);
}

// Words up to 96 columns.
std::string wrapped(std::string_view text) {
  constexpr std::size_t kColumns = 96;
  std::string out, line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      out += "  " + line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "  " + line + "\n";
}

}  // namespace

const Lesson& lesson(Property property) { return kLessons[property]; }

std::string whole_source(const Example& example) {
  std::string out = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n";
  if (!example.text.contains("LICENSE")) out += "char LICENSE[] SEC(\"license\") = \"GPL\";\n";
  return out + std::string(example.text);
}

std::string lesson_text(Property property) {
  const verify::PropertyRow& row = verify::kProperties[property];
  const Lesson& of = lesson(property);
  std::string out = format("{}: {}\n\n{}", row.name, row.rule, wrapped(of.meaning));
  out += "\n  refused:\n" + example_text(of.bad) + "\n  accepted:\n" + example_text(of.good);
  if (!row.advice.empty()) out += format("\n  hint: {}\n", row.advice);
  return out;
}

}  // namespace skep::explain
