// The types of a kernel that there is not, for the commands that look at types; kernel-new.bpf.c is
// its next release.
typedef int pid_t;
typedef struct {
  int counter;
} atomic_t;

enum state {
  RUNNING,
  SLEEPING,
  DEAD = 16,
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
  struct list all;
  enum state state;
  unsigned int traced : 1;
  unsigned int priority : 5;
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
  char name[14];
};

// What skep is to show is what the compiler does.
_Static_assert(sizeof(struct task) == 80 && sizeof(atomic_t) == 4, "");
_Static_assert(__builtin_offsetof(struct task, all) == 8 &&
                   __builtin_offsetof(struct task, state) == 24 &&
                   __builtin_offsetof(struct task, users) == 32 &&
                   __builtin_offsetof(struct task, floor) == 40 &&
                   __builtin_offsetof(struct task, room) == 42 &&
                   __builtin_offsetof(struct task, stop) == 48 &&
                   __builtin_offsetof(struct task, mount) == 56 &&
                   __builtin_offsetof(struct task, name) == 64,
               "");

struct mount {
  struct list mounts;
  int id;
};

struct gone {
  int it;
};

struct task first_task;

int wake(struct task *task) { return task->pid; }

int removed(struct mount *mount, struct gone *gone) { return mount->id + gone->it; }

unsigned long all_flags(enum flags flags, enum state state) {
  return flags | state | (unsigned long)&first_task;
}
