#include "support/libbpf_peer.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace {

std::atomic<bool> is_faked = false;

long fake_bpf(long command) {
  switch (command) {
    case BPF_MAP_CREATE:
    case BPF_PROG_LOAD:
    case BPF_BTF_LOAD:
    case BPF_LINK_CREATE: return ::open("/dev/null", O_RDWR | O_CLOEXEC);
    case BPF_MAP_UPDATE_ELEM:
    case BPF_MAP_FREEZE:
    case BPF_PROG_BIND_MAP: return 0;
    case BPF_BTF_GET_NEXT_ID: errno = ENOENT; return -1;
    default: errno = EINVAL; return -1;
  }
}

}  // namespace

// In the place of the C library's, also for libbpf.
extern "C" long syscall(long number, ...) noexcept {
  using Syscall = long (*)(long, ...);
  static const auto real = reinterpret_cast<Syscall>(::dlsym(RTLD_NEXT, "syscall"));
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& each : arguments) each = va_arg(list, long);
  va_end(list);
  if (number == __NR_bpf && is_faked) return fake_bpf(arguments[0]);
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5]);
}

namespace skep::peer {
namespace {

std::string* log_of_now = nullptr;

int keep_log(libbpf_print_level level, const char* pattern, va_list arguments) {
  if (level == LIBBPF_DEBUG || log_of_now == nullptr) return 0;
  char line[512];
  (void)std::vsnprintf(line, sizeof(line), pattern, arguments);
  *log_of_now += line;
  return 0;
}

// libbpf puts a part of the object's name before .data, .rodata and .bss.
bool same_name(const std::string& ours, const std::string& theirs) {
  return ours == theirs || (ours.starts_with('.') && theirs.ends_with(ours));
}

std::map<int, u32> numbers_of(const bpf_object* object,
                              const std::vector<platform::MapSpec>& maps) {
  std::map<int, u32> numbers;
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    for (u32 number = 0; number < maps.size(); ++number) {
      if (same_name(maps[number].name, bpf_map__name(map))) numbers[bpf_map__fd(map)] = number;
    }
  }
  return numbers;
}

}  // namespace

FakeKernel::FakeKernel() { is_faked = true; }
FakeKernel::~FakeKernel() { is_faked = false; }

PeerObject load(const std::string& object, const std::string& types, const std::string& program,
                std::string& log) {
  log_of_now = &log;
  libbpf_set_print(keep_log);
  bpf_object_open_opts options = {};
  options.sz = sizeof(options);
  options.btf_custom_path = types.empty() ? nullptr : types.c_str();
  PeerObject opened(bpf_object__open_file(object.c_str(), &options), bpf_object__close);
  if (opened != nullptr && !program.empty()) {
    bpf_program* each = nullptr;
    bpf_object__for_each_program(each, opened.get()) {
      bpf_program__set_autoload(each, program == bpf_program__name(each));
    }
  }
  const FakeKernel kernel;
  if (opened != nullptr && bpf_object__load(opened.get()) != 0) opened.reset();
  log_of_now = nullptr;
  return opened;
}

std::vector<isa::Slot> instructions(const bpf_object* object, const std::string& program,
                                    const std::vector<platform::MapSpec>& maps) {
  const bpf_program* theirs = bpf_object__find_program_by_name(object, program.c_str());
  if (theirs == nullptr || bpf_program__fd(theirs) < 0) return {};
  const auto numbers = numbers_of(object, maps);
  const auto* slots = reinterpret_cast<const isa::Slot*>(bpf_program__insns(theirs));
  std::vector<isa::Slot> out(slots, slots + bpf_program__insn_cnt(theirs));
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (out[at].opcode != 0x18) continue;
    const auto kind = static_cast<isa::Constant>(out[at].src());
    if (kind == isa::Constant::map || kind == isa::Constant::map_value) {
      const auto number = numbers.find(out[at].immediate);
      if (number != numbers.end()) out[at].immediate = static_cast<s32>(number->second);
    }
    ++at;
  }
  return out;
}

}  // namespace skep::peer
