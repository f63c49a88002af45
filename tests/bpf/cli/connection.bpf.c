// Reads the structures of an application, tests/dwarf/connection.cpp: as much of them as it needs,
// under their names in C.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>

enum server_State { server_State_open = 3 };

struct server_Connection {
  unsigned short port;  // of its base class
  unsigned long bytes;
  enum server_State state;
} __attribute__((preserve_access_index));

unsigned long total = 0;

SEC("uprobe")
int closed(struct pt_regs *registers) {
  const struct server_Connection *connection = (const void *)registers->rdi;
  if (BPF_CORE_READ_USER(connection, port) == 443 &&
      BPF_CORE_READ_USER(connection, state) == server_State_open)
    total += BPF_CORE_READ_USER(connection, bytes);
  return 0;
}

char _license[] SEC("license") = "GPL";
