#include "kernel_inventory.hpp"

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "isa/instruction.hpp"
#include "kernel_bpf.hpp"

namespace skep::kernel_test {
namespace {

namespace fs = std::filesystem;

constexpr u32 kValuesMax = 4096;  // bytes of a map that are compared

std::string kind_of(int descriptor) {
  std::error_code none;
  return fs::read_symlink(format("/proc/self/fd/{}", descriptor), none).string();
}

template <class Info>
Info info_of(int descriptor, Info info = {}) {
  bpf_attr ask = no_attributes();
  ask.info.bpf_fd = static_cast<u32>(descriptor);
  ask.info.info_len = sizeof(info);
  ask.info.info = reinterpret_cast<u64>(&info);
  bpf(BPF_OBJ_GET_INFO_BY_FD, ask);
  return info;
}

std::string hexadecimal(const std::vector<std::byte>& bytes) {
  std::string out;
  for (const std::byte each : bytes) out += format("{:x} ", static_cast<u8>(each));
  return out;
}

class Taker {
 public:
  explicit Taker(const std::vector<int>& except) {
    for (const int each : bpf_descriptors()) {
      if (std::ranges::find(except, each) != except.end()) continue;
      if (kind_of(each).ends_with("bpf-map")) add_map(each);
      if (kind_of(each).ends_with("bpf-prog")) add_program(each);
    }
  }

  Inventory run() {
    Inventory out;
    for (const auto& [descriptor, info] : maps_) out.maps.push_back(describe(descriptor, info));
    for (const auto& [descriptor, info] : programs_) {
      out.programs.push_back(describe(descriptor, info));
    }
    std::ranges::sort(out.maps, {}, &KernelMap::name);
    std::ranges::sort(out.programs, {}, &KernelProgram::name);
    return out;
  }

 private:
  void add_map(int descriptor) {
    const auto info = info_of<bpf_map_info>(descriptor);
    names_[info.id] = info.name;
    maps_.emplace_back(descriptor, info);
  }
  void add_program(int descriptor) {
    const auto info = info_of<bpf_prog_info>(descriptor);
    program_names_[info.id] = info.name;
    programs_.emplace_back(descriptor, info);
  }

  KernelMap describe(int descriptor, const bpf_map_info& info) const {
    KernelMap out{.name = info.name, .facts = {}, .contents = {}};
    out.facts = {info.type,      info.key_size,  info.value_size,        info.max_entries,
                 info.map_flags, info.map_extra, info.btf_value_type_id, info.btf_key_type_id};
    const bool is_small = u64{info.value_size} * info.max_entries <= kValuesMax;
    const bool is_array = info.type == BPF_MAP_TYPE_ARRAY ||
                          info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
                          info.type == BPF_MAP_TYPE_PROG_ARRAY;
    if (!is_small || !is_array) return out;
    for (u32 key = 0; key < info.max_entries; ++key) {
      out.contents.push_back(value(descriptor, info, key));
    }
    return out;
  }

  std::string value(int descriptor, const bpf_map_info& info, u32 key) const {
    std::vector<std::byte> bytes(info.value_size);
    bpf_attr look = no_attributes();
    look.map_fd = static_cast<u32>(descriptor);
    look.key = reinterpret_cast<u64>(&key);
    look.value = reinterpret_cast<u64>(bytes.data());
    if (bpf(BPF_MAP_LOOKUP_ELEM, look) < 0) return "none";
    u32 id = 0;
    std::memcpy(&id, bytes.data(), std::min(sizeof(id), bytes.size()));
    if (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS) return name(names_, id);
    if (info.type == BPF_MAP_TYPE_PROG_ARRAY) return name(program_names_, id);
    return hexadecimal(bytes);
  }

  static std::string name(const std::map<u32, std::string>& names, u32 id) {
    const auto found = names.find(id);
    return found == names.end() ? "of nobody here" : found->second;
  }

  KernelProgram describe(int descriptor, const bpf_prog_info& info) const {
    KernelProgram out{.name = info.name,
                      .tag = hexadecimal({reinterpret_cast<const std::byte*>(info.tag),
                                          reinterpret_cast<const std::byte*>(info.tag) + 8}),
                      .facts = {},
                      .code = {}};
    out.facts = {info.type, info.gpl_compatible, info.nr_func_info, info.nr_line_info,
                 info.attach_btf_id};
    std::vector<isa::Slot> slots(info.xlated_prog_len / sizeof(isa::Slot));
    bpf_prog_info wanted{};
    wanted.xlated_prog_len = info.xlated_prog_len;
    wanted.xlated_prog_insns = reinterpret_cast<u64>(slots.data());
    info_of(descriptor, wanted);
    for (std::size_t at = 0; at < slots.size(); ++at) {
      const isa::Slot& slot = slots[at];
      const bool names_map = slot.opcode == 0x18 && (slot.src() == 1 || slot.src() == 2);
      out.code.push_back(format("{:x} {:x} {} {}", slot.opcode, slot.registers, slot.offset,
                                names_map ? name(names_, static_cast<u32>(slot.immediate))
                                          : std::to_string(slot.immediate)));
    }
    return out;
  }

  std::vector<std::pair<int, bpf_map_info>> maps_;
  std::vector<std::pair<int, bpf_prog_info>> programs_;
  std::map<u32, std::string> names_, program_names_;
};

}  // namespace

Inventory inventory(const std::vector<int>& except) { return Taker(except).run(); }

std::vector<int> bpf_descriptors() {
  std::vector<int> out;
  for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::atoi(each.path().filename().c_str());
    const std::string kind = kind_of(descriptor);
    if (kind.starts_with("anon_inode:bpf") || kind.starts_with("anon_inode:btf")) {
      out.push_back(descriptor);
    }
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace skep::kernel_test
