#include "random_kernel_side.hpp"

#include "kernel_engine.hpp"
#include "kernel_programs.hpp"

namespace skep::random_packets {
namespace {

constexpr std::size_t kGrowthMax = 1024;

// The line in front of "processed N insns".
std::string last_line(const std::string& log) {
  std::string out = "without a word";
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const std::string line = log.substr(at, end - at);
    if (line.starts_with("processed ")) break;
    if (!line.empty()) out = line;
    at = end + 1;
  }
  return out;
}

u64 address(const void* pointer) { return reinterpret_cast<u64>(pointer); }

bpf_attr element(const Fd& map, const u64& key, const void* value) {
  bpf_attr out = kernel_test::no_attributes();
  out.map_fd = static_cast<u32>(map.get());
  out.key = address(&key);
  out.value = address(value);
  return out;
}

std::string why_refused(bpf_attr load) {
  std::vector<char> log(1 << 22);
  load.log_buf = address(log.data());
  load.log_size = static_cast<u32>(log.size());
  load.log_level = 1;
  const s64 error = kernel_test::bpf(BPF_PROG_LOAD, load);
  return last_line(log.data()) + ", " + std::strerror(static_cast<int>(-error));
}

}  // namespace

KernelSide::KernelSide() {
  for (const platform::MapSpec& spec : *engines::maps_of_random_packets()) {
    const s64 fd = kernel_test::create_map(spec);
    if (spec.kind != platform::MapKind::arena) {
      maps_.push_back(Fd::adopt(static_cast<int>(fd)));
    } else if (fd >= 0) {  // its memory has an address before programs are loaded
      maps_.push_back(Fd::adopt(static_cast<int>(fd)));
      arena_ = Mapping::at_place(maps_.back(), 0, platform::memory_of(spec).bytes).value();
    }
  }
}

void KernelSide::fill(u64 seed) {
  if (arena_) std::ranges::copy(first_arena(seed), arena_->writable().begin());
  for (const Element& each : first_elements(seed)) {
    bpf_attr attributes = element(maps_[each.map], each.key, each.value.data());
    if (each.value.empty()) (void)kernel_test::bpf(BPF_MAP_DELETE_ELEM, attributes);
  }
  for (const Element& each : first_elements(seed)) {
    bpf_attr attributes = element(maps_[each.map], each.key, each.value.data());
    if (!each.value.empty()) EXPECT_EQ(kernel_test::bpf(BPF_MAP_UPDATE_ELEM, attributes), 0);
  }
}

Buffer KernelSide::contents(u64 seed) {
  Buffer out;
  for (const Element& each : first_elements(0)) {
    Buffer value(each.value_bytes());
    bpf_attr attributes = element(maps_[each.map], each.key, value.data());
    if (kernel_test::bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) value = kNone;
    out.insert(out.end(), value.begin(), value.end());
  }
  Buffer arena = arena_ ? Buffer() : first_arena(seed);  // programs do not use it then
  const auto memory = arena_ ? arena_->writable().first(engines::kArenaBytes) : std::span(arena);
  out.insert(out.end(), memory.begin(), memory.end());
  return out;
}

Answer KernelSide::run(const std::shared_ptr<const platform::Program>& program, u64 seed) {
  const auto slots = isa::encode(kernel_test::with_descriptors(program->code, maps_)).value();
  bpf_attr load = load_of(platform::kernel_number(program->type), slots);
  const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, load);
  if (fd < 0) return refusal(why_refused(load));
  return run(Fd::adopt(static_cast<int>(fd)), seed);
}

Answer KernelSide::run(const Fd& loaded, u64 seed) {
  fill(seed);
  const Buffer packet = packet_of(seed);
  Answer out;
  out.packet.resize(packet.size() + kGrowthMax);
  bpf_attr run = kernel_test::no_attributes();
  run.test.prog_fd = static_cast<u32>(loaded.get());
  run.test.data_in = address(packet.data());
  run.test.data_size_in = static_cast<u32>(packet.size());
  run.test.data_out = address(out.packet.data());
  run.test.data_size_out = static_cast<u32>(out.packet.size());
  run.test.repeat = 1;
  EXPECT_EQ(kernel_test::bpf(BPF_PROG_TEST_RUN, run), 0);
  out.return_value = run.test.retval;
  out.packet.resize(run.test.data_size_out);
  out.maps = contents(seed);
  return out;
}

}  // namespace skep::random_packets
