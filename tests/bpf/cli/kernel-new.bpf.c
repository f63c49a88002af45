// The next release of the kernel of kernel-old.bpf.c: what has changed is marked.
typedef int pid_t;
typedef struct {
  int counter;
} atomic_t;

enum state {
  RUNNING,
  SLEEPING,
  PARKED,     // new
  DEAD = 32,  // was 16
};

enum flags {
  NOTHING = 0,
  TOP = 0x80000000,
};

struct list {
  struct list *next, *previous;
};

struct task {
  pid_t pid;
  int cpu;  // new, in a hole
  struct list all;
  enum state state;
  unsigned int traced : 1;
  unsigned int priority : 7;  // was 5
  unsigned int idle : 1;      // new, and all that follows has moved
  unsigned long policy;
  atomic_t users;
  union {
    long address;
    struct {
      short floor;
      short room;
    };
  };
  void (*stop)(struct task *task, int signal);
  struct mount *mount;
  char name[16];  // was 14
};

// What skep is to show is what the compiler does.
_Static_assert(sizeof(struct task) == 88, "");
_Static_assert(__builtin_offsetof(struct task, cpu) == 4 &&
                   __builtin_offsetof(struct task, all) == 8 &&
                   __builtin_offsetof(struct task, policy) == 32 &&
                   __builtin_offsetof(struct task, users) == 40 &&
                   __builtin_offsetof(struct task, floor) == 48 &&
                   __builtin_offsetof(struct task, stop) == 56 &&
                   __builtin_offsetof(struct task, mount) == 64 &&
                   __builtin_offsetof(struct task, name) == 72,
               "");

struct mount {
  struct list mounts;
  int id;
};

struct come {  // new; struct gone is no more
  long it;
};

struct task first_task;

int wake(struct task *task, int flags)  // flags are new
{
  return task->pid + flags;
}

int added(struct mount *mount, struct come *come) { return mount->id + come->it; }

unsigned long all_flags(enum flags flags, enum state state) {
  return flags | state | (unsigned long)&first_task;
}
