#include "kernel/features.hpp"

#include <cerrno>

#include "base/text.hpp"
#include "kernel/bpf.hpp"
#include "kernel/feature_instructions.hpp"
#include "kernel/feature_reasons.hpp"
#include "platform/helpers.hpp"
#include "platform/link_types.hpp"
#include "platform/section_names.hpp"

namespace skep::kernel {
namespace {

using isa::Slot;
using platform::AttachType;
using platform::LinkType;
using platform::MapKind;
using platform::ProgramType;

constexpr Capabilities kAllOfThem = kBpf | kPerfmon | kNetAdmin;

// Settings that decide what programs may do, by the names of their files below /proc/sys.
constexpr std::string_view kSettings[] = {
    "kernel/unprivileged_bpf_disabled", "net/core/bpf_jit_enable",     "net/core/bpf_jit_harden",
    "net/core/bpf_jit_kallsyms",        "net/core/bpf_jit_limit",      "kernel/bpf_stats_enabled",
    "kernel/perf_event_paranoid",       "kernel/perf_event_max_stack",
};

// The kernel's list of features, being made.
class Probe {
 public:
  std::vector<Feature> run() {
    settings();
    program_types();
    map_types();
    attach_types();
    link_types();
    instructions();
    misc();
    helpers();
    return std::move(features_);
  }

 private:
  Feature& add(Section section, std::string_view name, std::string_view since) {
    Feature& feature = features_.emplace_back();
    feature.section = section;
    feature.name = name;
    feature.since = since;
    return feature;
  }

  void settings() {
    for (const std::string_view name : kSettings) {
      Feature& feature = add(Section::system_config, name.substr(name.rfind('/') + 1), "");
      const auto text = read_text(format("/proc/sys/{}", name));
      feature.there = text.ok() ? There::yes : There::no;
      if (text.ok()) feature.value = trimmed(*text);
      if (!text.ok()) feature.reason = text.error().message;
    }
    Feature& types = add(Section::system_config, "vmlinux_btf", "5.2");
    const auto vmlinux = KernelTypes().vmlinux();
    types.there = vmlinux.ok() ? There::yes : There::no;
    if (vmlinux.ok()) types.value = format("{} bytes", (*vmlinux)->bytes().size());
    if (!vmlinux.ok()) types.hint = vmlinux.error().hint;
    platform::ById walk{};
    judge(add(Section::syscall_config, "bpf_syscall", "3.18"),
          answered(bpf(Command::next_program, walk)), kSysAdmin);
  }

  // Of a command that was only asked whether it is there: its errno, unless that says that it is.
  static int answered(s64 returned) {
    return returned >= 0 || returned == -ENOENT ? 0 : static_cast<int>(-returned);
  }

  void program_types() {
    for (const ProgramType type : every<ProgramType>()) {
      if (type == ProgramType::unspecified) continue;
      const auto& row = platform::row(type);
      const Answer answer = trials_.load({.type = type});
      loads_[static_cast<std::size_t>(type)] = answer.refusal == 0;
      judge(add(Section::program_types, row.name, row.since), answer.refusal,
            kBpf | capabilities_for(row.privilege));
    }
  }

  void map_types() {
    for (const MapKind kind : every<MapKind>()) {
      const auto& row = platform::row(kind);
      judge(add(Section::map_types, row.name, row.since), trials_.create(kind).refusal, kAllOfThem);
    }
  }

  // Whether the kernel's own types have an enumerator of that name.
  bool knows(std::string_view enumeration, u32 value) {
    const auto types = types_.vmlinux();
    if (!types.ok()) return false;
    const auto id = (*types)->find(enumeration, btf::Kind::enumeration);
    if (!id) return false;
    for (const btf::Enumerator& each : (*types)->enumerators(*id)) {
      if (static_cast<u64>(each.value) == value && !each.name.starts_with("__MAX")) return true;
    }
    return false;
  }

  void attach_types() {
    for (const AttachType type : every<AttachType>()) {
      const auto& row = platform::row(type);
      judge(add(Section::attach_types, row.name, row.since), attach_refusal(type), kAllOfThem);
    }
  }

  // Loading tells where the kernel compares programs with what they will be attached to; for the
  // other ones, its list of names does, and for those that have one, a link to a place that cannot
  // be.
  int attach_refusal(AttachType type) {
    if (!knows("bpf_attach_type", platform::kernel_number(type))) return EINVAL;
    for (const platform::SectionName& row : platform::section_names()) {
      if (row.attach_type != type) continue;
      const Answer answer = trials_.load({.type = row.type, .attach = type});
      return answer.fd ? link_refusal(*answer.fd, type) : answer.refusal;
    }
    return 0;
  }

  // The errno that means that there are no such links; what else is wrong with a link to nowhere
  // means that there are.
  int link_refusal(const Fd& program, AttachType type) {
    constexpr u32 kNowhere = 0x7fffffff;
    const bool is_interface = type == AttachType::tcx_ingress || type == AttachType::tcx_egress ||
                              type == AttachType::netkit_primary || type == AttachType::netkit_peer;
    const bool is_kprobe =
        type == AttachType::trace_kprobe_multi || type == AttachType::trace_kprobe_session;
    if (!is_interface && !is_kprobe) return 0;
    platform::CreateLink create{};
    create.program_fd = static_cast<u32>(program.get());
    create.attach_type = platform::kernel_number(type);
    create.target = is_interface ? kNowhere : 0;
    const s64 returned = bpf(Command::create_link, create);
    if (is_kprobe) return returned == -EOPNOTSUPP ? EOPNOTSUPP : 0;
    return returned == -ENODEV ? 0 : EINVAL;
  }

  void link_types() {
    for (const LinkType type : every<LinkType>()) {
      if (type == LinkType::unspecified) continue;
      const auto& row = platform::row(type);
      const bool known = knows("bpf_link_type", static_cast<u32>(type));
      judge(add(Section::link_types, row.name, row.since), known ? link_type_refusal(type) : EINVAL,
            kAllOfThem);
    }
  }

  // Of kinds of links that a kernel may know and not have: that of their attach type.
  int link_type_refusal(LinkType type) {
    if (type == LinkType::netkit) return attach_refusal(AttachType::netkit_primary);
    if (type == LinkType::tcx) return attach_refusal(AttachType::tcx_ingress);
    if (type == LinkType::kprobe_multi) return attach_refusal(AttachType::trace_kprobe_multi);
    if (type == LinkType::netfilter) return attach_refusal(AttachType::netfilter);
    return 0;
  }

  void instructions() {
    for (const InstructionTrial& trial : kInstructionTrials) {
      const auto& row = platform::row(trial.set);
      judge(add(Section::instructions, row.name, row.since),
            trials_.load({.code = trial.code}).refusal, kAllOfThem);
    }
  }

  void misc() {
    judge(add(Section::misc, "bounded_loops", "5.3"), trials_.load({.code = kLoop}).refusal,
          kAllOfThem);
    std::vector<Slot> large(5000, Slot{0xb7, 0, 0, 0});
    large.back() = Slot{0x95, 0, 0, 0};
    judge(add(Section::misc, "large_programs", "5.2"), trials_.load({.code = large}).refusal,
          kAllOfThem);
    judge(add(Section::misc, "kernel_function_calls", "5.13"), kernel_function_refusal(),
          kAllOfThem);
    judge(add(Section::misc, "token", "6.9"), token_refusal(), 0);
  }

  // Calls one that any XDP program may call since 6.2; before that, calls may be there and this one
  // not.
  int kernel_function_refusal() {
    const auto found = types_.find("bpf_cast_to_kern_ctx", btf::Kind::function, "vmlinux");
    if (!found.ok() || !*found) return EINVAL;
    const Slot code[] = {
        {0x85, 0x20, 0, static_cast<s32>((*found)->id)}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
    return trials_.load({.type = ProgramType::xdp, .code = code}).refusal;
  }

  // A descriptor that is none is complained about only by kernels that know the command.
  static int token_refusal() {
    platform::CreateToken create{};
    create.file_system_fd = ~u32{0};
    const s64 returned = bpf(Command::create_token, create);
    return returned == -EBADF ? 0 : static_cast<int>(-returned);
  }

  void helpers() {
    for (const ProgramType type : every<ProgramType>()) {
      if (type == ProgramType::unspecified || !loads_[static_cast<std::size_t>(type)]) continue;
      for (u32 id = 1; id < platform::kHelpersMax; ++id) helper(type, id);
    }
  }

  // A call without arguments: of a helper that the type may call, the verifier finds fault with
  // those.
  void helper(ProgramType type, u32 id) {
    const Slot code[] = {
        {isa::kCallOpcode, 0, 0, static_cast<s32>(id)}, {0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
    const Answer answer = trials_.load({.type = type, .code = code, .wants_log = true});
    Feature& feature = add(Section::helpers, platform::helper_name(id), platform::helper_since(id));
    feature.of = platform::row(type).name;
    const bool unknown = answer.log.find("invalid func ") != std::string::npos ||
                         answer.log.find("unknown func ") != std::string::npos;
    const bool refused =
        answer.log.find("program of this type cannot use helper") != std::string::npos;
    feature.there = unknown || refused ? There::no : There::yes;
    if (feature.there == There::yes) return;
    const std::string release = kernel_release();
    if (is_before(release, feature.since)) {
      feature.reason = format("this kernel is {}", release);
      feature.hint = format("Linux {} and later have it", feature.since);
    } else {
      feature.reason = format("{} programs may not call it here", feature.of);
    }
  }

  Trials trials_;
  KernelTypes types_;
  std::vector<Feature> features_;
  bool loads_[kCount<ProgramType>] = {};
};

}  // namespace

std::vector<Feature> probe_features() { return Probe().run(); }

}  // namespace skep::kernel
