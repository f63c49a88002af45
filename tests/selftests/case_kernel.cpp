// bpf(2) with what a case holds. The program is loaded twice when it is refused: for figures (log
// level 4) and for words (level 1), as libbpf does.
#include "selftests/case_kernel.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "btf/types.hpp"
#include "engines/kernel_capabilities.hpp"

namespace skep::selftests {
namespace {

using kernel_test::bpf;
using kernel_test::no_attributes;

constexpr std::size_t kLogBytes = 16u << 20;  // too small a buffer is an error instead of a verdict
constexpr u32 kFigures = 4, kWords = 1;

std::string words_of(s64 error) { return std::strerror(static_cast<int>(-error)); }

const btf::Types* kernel_types() {
  static const auto types = btf::Types::open("/sys/kernel/btf/vmlinux");
  return types.ok() ? &*types : nullptr;
}

u32 kernel_type(const std::string& name, btf::Kind kind) {
  const btf::Types* types = kernel_types();
  if (types == nullptr) return 0;
  const auto found = types->find(name, kind);
  return found ? static_cast<u32>(*found) : 0;
}

s64 load_types(const ByteString& types) {
  bpf_attr attributes = no_attributes();
  attributes.btf = reinterpret_cast<u64>(types.data());
  attributes.btf_size = static_cast<u32>(types.size());
  return bpf(BPF_BTF_LOAD, attributes);
}

class Asking {
 public:
  Asking(const Case& of, platform::Capabilities held)
      : of_(of),
        loads_types_(platform::has(held, platform::Privilege::bpf)),
        has_all_(held == platform::kAllCapabilities) {}

  KernelAnswer ask() {
    if (loads_types_) load_types();
    for (const CaseMap& map : of_.maps) create(map);
    for (const CaseProgram& program : of_.programs) load_entry(program);
    for (const CaseElement& element : of_.elements) fill(element);
    const u32 target = find_target();
    if (answer_.not_asked.empty() && !is_denied_) load(target);
    return std::move(answer_);
  }

 private:
  void fail(const std::string& why) {
    if (answer_.not_asked.empty()) answer_.not_asked = why;
  }
  // Keeps a descriptor in `to`, one that is none when there is an error.
  void keep(s64 fd, std::vector<Fd>& to, const std::string& what) {
    if (fd == -EPERM && !has_all_) {
      is_denied_ = true;
      answer_.message = what;
    } else if (fd < 0) {
      fail(format("{}: {}", what, words_of(fd)));
    }
    to.push_back(Fd::adopt(fd < 0 ? -1 : static_cast<int>(fd)));
  }

  void load_types() {
    for (const ByteString& types : of_.types) {
      keep(selftests::load_types(types), types_, "the types of the case are refused");
    }
  }

  void create(const CaseMap& map) {
    bpf_attr attributes = no_attributes();
    attributes.map_type = platform::kernel_number(map.spec.kind);
    attributes.key_size = map.spec.key_size;
    attributes.value_size = map.spec.value_size;
    attributes.max_entries = map.spec.max_entries;
    attributes.map_flags = map.spec.flags;
    if (map.inner) attributes.inner_map_fd = static_cast<u32>(maps_.at(*map.inner).get());
    if (map.types && loads_types_) {
      attributes.btf_fd = static_cast<u32>(types_.at(*map.types).get());
      attributes.btf_key_type_id = map.spec.key_type;
      attributes.btf_value_type_id = map.spec.value_type;
    }
    keep(bpf(BPF_MAP_CREATE, attributes), maps_,
         format("a {} is refused", platform::row(map.spec.kind).name));
  }

  std::vector<isa::Slot> with_descriptors(const CaseProgram& program) {
    std::vector<isa::Slot> slots = program.slots;
    for (const CaseUse& use : program.uses) {
      if (use.function.empty()) {
        slots.at(use.slot).immediate = maps_.at(use.map).get();
        continue;
      }
      const u32 id = kernel_type(use.function, btf::Kind::function);
      if (id == 0) fail(format("this kernel has no function {}", use.function));
      slots.at(use.slot).immediate = static_cast<s32>(id);
    }
    return slots;
  }

  static bpf_attr attributes_of(u32 type, const std::vector<isa::Slot>& slots) {
    bpf_attr attributes = no_attributes();
    attributes.prog_type = type;
    attributes.insns = reinterpret_cast<u64>(slots.data());
    attributes.insn_cnt = static_cast<u32>(slots.size());
    attributes.license = reinterpret_cast<u64>("GPL");
    return attributes;
  }

  void load_entry(const CaseProgram& program) {
    const auto slots = with_descriptors(program);
    bpf_attr attributes = attributes_of(program.type, slots);
    keep(bpf(BPF_PROG_LOAD, attributes), programs_, "a program of its program array is refused");
  }

  void fill(const CaseElement& element) {
    const int program = element.program ? programs_.at(*element.program).get() : 0;
    bpf_attr attributes = no_attributes();
    attributes.map_fd = static_cast<u32>(maps_.at(element.map).get());
    attributes.key = reinterpret_cast<u64>(element.key.data());
    attributes.value = element.program ? reinterpret_cast<u64>(&program)
                                       : reinterpret_cast<u64>(element.value.data());
    const s64 error = bpf(BPF_MAP_UPDATE_ELEM, attributes);
    if (error < 0 && !is_denied_) fail(format("a map is not filled: {}", words_of(error)));
  }

  // What a program of its type is attached to, as in find_kernel_btf_id of libbpf.
  u32 find_target() {
    if (of_.target.empty()) return 0;
    const bool is_raw = of_.attach_type == BPF_TRACE_RAW_TP;
    const std::string_view prefix = is_raw                              ? "btf_trace_"
                                    : of_.attach_type == BPF_LSM_MAC    ? "bpf_lsm_"
                                    : of_.attach_type == BPF_TRACE_ITER ? "bpf_iter_"
                                                                        : "";
    const u32 id = kernel_type(std::string(prefix) + of_.target,
                               is_raw ? btf::Kind::typedef_ : btf::Kind::function);
    if (id == 0) fail(format("this kernel has no {} to attach to", of_.target));
    return id;
  }

  s64 load_with(bpf_attr attributes, u32 level) {
    static std::vector<char> log(kLogBytes);
    log[0] = 0;
    attributes.log_buf = reinterpret_cast<u64>(log.data());
    attributes.log_size = static_cast<u32>(log.size());
    attributes.log_level = level;
    const s64 fd = bpf(BPF_PROG_LOAD, attributes);
    log_ = log.data();
    return fd;
  }

  u64 figure(std::string_view before) const {
    const std::size_t at = log_.find(before);
    if (at == std::string_view::npos) return 0;
    return std::strtoull(log_.data() + at + before.size(), nullptr, 10);
  }

  void load(u32 target) {
    const auto slots = with_descriptors(of_.program);
    if (!answer_.not_asked.empty()) return;
    bpf_attr attributes = attributes_of(of_.program.type, slots);
    attributes.prog_flags = of_.flags;
    attributes.expected_attach_type = of_.attach_type;
    attributes.attach_btf_id = target;
    if (of_.own_types && loads_types_)
      attributes.prog_btf_fd = static_cast<u32>(types_.at(*of_.own_types).get());
    if (!of_.functions.empty() && loads_types_) {
      attributes.func_info = reinterpret_cast<u64>(of_.functions.data());
      attributes.func_info_cnt = static_cast<u32>(of_.functions.size());
      attributes.func_info_rec_size = sizeof(of_.functions[0]);
    }
    const s64 fd = load_with(attributes, kFigures);
    answer_.accepted = fd >= 0;
    answer_.time_us = figure("verification time ");
    answer_.processed = figure("processed ");
    if (fd < 0) return explain(fd, attributes);
    const Fd loaded = Fd::adopt(static_cast<int>(fd));
    if (!has_all_) return;
    for (const CaseRun& run : of_.runs) answer_.results.push_back(run_once(loaded, run));
  }

  void explain(s64 error, const bpf_attr& attributes) {
    const s64 again = load_with(attributes, kWords);
    if (again >= 0) ::close(static_cast<int>(again));
    std::string_view last;
    for (std::size_t begin = 0; begin < log_.size();) {
      const std::size_t end = std::min(log_.find('\n', begin), log_.size());
      const std::string_view line = log_.substr(begin, end - begin);
      const bool is_figure =
          line.starts_with("processed ") || line.starts_with("verification time");
      if (!line.empty() && !is_figure) last = line;
      begin = end + 1;
    }
    answer_.message = last.empty() ? words_of(error) : std::string(last);
    // Before the verifier begins: such programs are not for this kernel.
    if (log_.empty() && error == -EPERM && has_all_) fail("the kernel refuses such programs here");
  }

  static std::optional<u32> run_once(const Fd& program, const CaseRun& run) {
    std::byte out[256];
    bpf_attr attributes = no_attributes();
    attributes.test.prog_fd = static_cast<u32>(program.get());
    attributes.test.data_in = reinterpret_cast<u64>(run.packet.data());
    attributes.test.data_size_in = static_cast<u32>(run.packet.size());
    attributes.test.data_out = reinterpret_cast<u64>(out);
    attributes.test.data_size_out = sizeof(out);
    attributes.test.repeat = 1;
    if (bpf(BPF_PROG_TEST_RUN, attributes) < 0) return std::nullopt;
    return attributes.test.retval;
  }

  const Case& of_;
  bool loads_types_, has_all_;
  bool is_denied_ = false;  // before the program was loaded
  KernelAnswer answer_;
  std::vector<Fd> types_, maps_, programs_;
  std::string_view log_;
};

}  // namespace

KernelAnswer ask_kernel(const Case& of, platform::Capabilities held) {
  const kernel_test::WithCapabilities asking(held);
  return Asking(of, held).ask();
}

}  // namespace skep::selftests
