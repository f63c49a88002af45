#include "kernel_engine.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cstring>
#include <string_view>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::bench {
namespace {

constexpr u32 kStatisticsOnly = 4;  // BPF_LOG_STATS

int be_silent(libbpf_print_level, const char*, va_list) { return 0; }

Result<bpf_object*> open_object(const std::string& path) {
  ::libbpf_set_print(be_silent);
  bpf_object* object = ::bpf_object__open_file(path.c_str(), nullptr);
  if (object == nullptr) return system_error("open", path, errno);
  return object;
}

// "verification time 123 usec"
Result<double> time_in(std::string_view log) {
  constexpr std::string_view kBefore = "verification time ";
  const std::size_t at = log.find(kBefore);
  if (at == std::string_view::npos) {
    return Error(Fault::unsupported, "the kernel's log has no verification time");
  }
  log.remove_prefix(at + kBefore.size());
  return static_cast<double>(parse_unsigned(log.substr(0, log.find(' '))).value_or(0));
}

}  // namespace

void KernelEngine::Close::operator()(bpf_object* object) const { ::bpf_object__close(object); }
void KernelEngine::Close::operator()(ring_buffer* rings) const { ::ring_buffer__free(rings); }

Result<KernelEngine> KernelEngine::load(const std::string& path) {
  KernelEngine engine(TRY(open_object(path)));
  TRY(engine.load_object(path));
  return engine;
}

Result<KernelEngine> KernelEngine::read(std::span<const std::byte> file, const std::string& name) {
  ::libbpf_set_print(be_silent);
  bpf_object* object = ::bpf_object__open_mem(file.data(), file.size(), nullptr);
  if (object == nullptr) return system_error("open", name, errno);
  KernelEngine engine(object);
  TRY(engine.load_object(name));
  return engine;
}

Result<void> KernelEngine::load_object(const std::string& name) {
  if (const int error = ::bpf_object__load(object_.get()); error != 0) {
    return system_error("load into the kernel", name, -error);
  }
  return open_rings();
}

Result<void> KernelEngine::open_rings() {
  const auto ignore = [](void*, void*, size_t) { return 0; };
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    if (::bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF) continue;
    if (rings_) {
      if (::ring_buffer__add(rings_.get(), ::bpf_map__fd(map), ignore, nullptr) == 0) continue;
    } else {
      rings_.reset(::ring_buffer__new(::bpf_map__fd(map), ignore, nullptr, nullptr));
      if (rings_) continue;
    }
    return system_error("read", ::bpf_map__name(map), errno);
  }
  return {};
}

Result<int> KernelEngine::descriptor_of(const std::string& name) const {
  const bpf_program* program = ::bpf_object__find_program_by_name(object_.get(), name.c_str());
  if (program == nullptr) return Error(Fault::absent, "no program " + name);
  return ::bpf_program__fd(program);
}

Result<double> KernelEngine::code_bytes(const std::string& name) {
  bpf_prog_info info = {};
  u32 size = sizeof info;
  if (const int error = ::bpf_obj_get_info_by_fd(TRY(descriptor_of(name)), &info, &size);
      error != 0)
    return system_error("ask the kernel about", name, -error);
  return static_cast<double>(info.jited_prog_len);
}

Result<KernelEngine::Runs> KernelEngine::run(const std::string& name,
                                             std::span<const std::byte> packet, u32 repeat) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = packet.data();
  options.data_size_in = static_cast<u32>(packet.size());
  options.repeat = static_cast<int>(repeat);
  if (const int error = ::bpf_prog_test_run_opts(TRY(descriptor_of(name)), &options); error != 0) {
    return system_error("run in the kernel", name, -error);
  }
  return Runs{static_cast<double>(options.duration), options.retval};
}

void KernelEngine::drain() {
  if (rings_) ::ring_buffer__consume(rings_.get());
}

Result<std::vector<double>> KernelEngine::verification_us(const std::string& path) {
  const KernelEngine engine(TRY(open_object(path)));
  std::vector<std::vector<char>> logs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, engine.object_.get()) {
    std::vector<char>& log = logs.emplace_back(4096);
    ::bpf_program__set_log_level(program, kStatisticsOnly);
    ::bpf_program__set_log_buf(program, log.data(), log.size());
  }
  if (const int error = ::bpf_object__load(engine.object_.get()); error != 0) {
    return system_error("load into the kernel", path, -error);
  }
  std::vector<double> times;
  for (const std::vector<char>& log : logs) times.push_back(TRY(time_in(log.data())));
  return times;
}

}  // namespace skep::bench
