#include "cli/link_fields.hpp"

#include "base/text.hpp"
#include "cli/loaded_names.hpp"
#include "platform/link_types.hpp"

namespace skep::cli {
namespace {

using kernel::LinkEntry;
using platform::LinkType;
using platform::PerfLinkType;
using Fields = std::vector<LinkField>;

constexpr u32 kReturnFlag = 1;  // BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN

void number(Fields& into, std::string_view name, u64 value) {
  into.push_back({std::string(name), value, format("{} {}", name, value)});
}
void word(Fields& into, std::string_view name, const std::string& value) {
  into.push_back({std::string(name), value, format("{} {}", name, value)});
}
void attach_type(Fields& into, u32 type) { word(into, "attach_type", attach_type_name(type)); }
// Where it is 0, nobody gave one.
void cookie(Fields& into, u64 value) {
  if (value != 0) number(into, "cookie", value);
}

void interface(Fields& into, u32 ifindex) {
  const std::string name = ifindex == 0 ? "(detached)" : interface_name(ifindex);
  into.push_back({"devname", name, ""});
  into.push_back({"ifindex", u64{ifindex},
                  ifindex == 0 ? "ifindex (detached)" : format("ifindex {}({})", name, ifindex)});
}

void tracing(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.tracing;
  attach_type(into, facts.attach_type);
  if (facts.target_object_id != 0 || facts.target_btf_id != 0) {
    number(into, "target_obj_id", facts.target_object_id);
    number(into, "target_btf_id", facts.target_btf_id);
  }
  cookie(into, facts.cookie);
}

// Which of an iterator's facts mean something follows from what it iterates over.
void iterator(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.iterator;
  word(into, "target_name", link.name);
  const u64 id = facts.cgroup_id_or_task;
  if (link.name == "bpf_map_elem" || link.name == "bpf_sk_storage_map")
    number(into, "map_id", facts.map_id);
  if (link.name == "cgroup") number(into, "cgroup_id", id);
  if (!link.name.starts_with("task")) return;
  if (static_cast<u32>(id) != 0) number(into, "tid", static_cast<u32>(id));
  if (id >> 32 != 0) number(into, "pid", id >> 32);
}

void netfilter(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.netfilter;
  number(into, "pf", facts.protocol_family);
  number(into, "hook", facts.hook);
  const s64 priority = static_cast<s32>(u32{facts.priority});
  into.push_back({"prio", priority, format("prio {}", priority)});
  number(into, "flags", facts.flags);
}

void probe(Fields& into, std::string_view kind, bool is_return) {
  into.push_back({"retprobe", is_return, std::string(kind)});
}

void uprobe(Fields& into, const LinkEntry& link, bool is_return) {
  const auto& facts = link.facts.perf_event.uprobe;
  probe(into, is_return ? "uretprobe" : "uprobe", is_return);
  into.push_back({"file", link.name, ""});
  into.push_back({"offset", u64{facts.offset}, format("{}+0x{:x}", link.name, u32{facts.offset})});
  if (facts.semaphore != 0) number(into, "ref_ctr_offset", facts.semaphore);
  cookie(into, facts.cookie);
}

void kprobe(Fields& into, const LinkEntry& link, bool is_return) {
  const auto& facts = link.facts.perf_event.kprobe;
  probe(into, is_return ? "kretprobe" : "kprobe", is_return);
  into.push_back({"addr", u64{facts.address}, format("{:x}", u64{facts.address})});
  into.push_back({"func", link.name, ""});
  into.push_back(
      {"offset", u64{facts.offset},
       facts.offset == 0 ? link.name : format("{}+0x{:x}", link.name, u32{facts.offset})});
  number(into, "missed", facts.missed);
  cookie(into, facts.cookie);
}

void perf_event(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.perf_event;
  const auto type = static_cast<PerfLinkType>(u32{facts.type});
  switch (type) {
    case PerfLinkType::uprobe:
    case PerfLinkType::uretprobe: return uprobe(into, link, type == PerfLinkType::uretprobe);
    case PerfLinkType::kprobe:
    case PerfLinkType::kretprobe: return kprobe(into, link, type == PerfLinkType::kretprobe);
    case PerfLinkType::tracepoint:
      word(into, "tracepoint", link.name);
      return cookie(into, facts.tracepoint.cookie);
    case PerfLinkType::event:
      number(into, "event_type", facts.event.type);
      number(into, "event_config", facts.event.config);
      return cookie(into, facts.event.cookie);
    case PerfLinkType::unspecified:
    case PerfLinkType::count_: return;
  }
}

void kprobe_multi(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.kprobe_multi;
  const bool is_return = (facts.flags & kReturnFlag) != 0;
  probe(into, is_return ? "kretprobe.multi" : "kprobe.multi", is_return);
  into.push_back({"func_count", u64{facts.count}, format("func_cnt {}", u32{facts.count})});
  number(into, "missed", facts.missed);
}

void uprobe_multi(Fields& into, const LinkEntry& link) {
  const auto& facts = link.facts.uprobe_multi;
  const bool is_return = (facts.flags & kReturnFlag) != 0;
  probe(into, is_return ? "uretprobe.multi" : "uprobe.multi", is_return);
  word(into, "path", link.name);
  number(into, "func_cnt", facts.count);
  number(into, "pid", facts.pid);
}

}  // namespace

std::vector<LinkField> link_fields(const LinkEntry& link) {
  Fields out;
  const auto& facts = link.facts;
  switch (platform::link_type(link.type)) {
    case LinkType::raw_tracepoint:
      out.push_back({"tp_name", link.name, format("tp '{}'", link.name)});
      cookie(out, facts.raw_tracepoint.cookie);
      break;
    case LinkType::tracing: tracing(out, link); break;
    case LinkType::cgroup:
      number(out, "cgroup_id", facts.cgroup.cgroup_id);
      attach_type(out, facts.cgroup.attach_type);
      break;
    case LinkType::iterator: iterator(out, link); break;
    case LinkType::network_namespace:
      number(out, "netns_ino", facts.network_namespace.inode);
      attach_type(out, facts.network_namespace.attach_type);
      break;
    case LinkType::xdp: interface(out, facts.interface.ifindex); break;
    case LinkType::tcx:
    case LinkType::netkit:
      interface(out, facts.interface.ifindex);
      attach_type(out, facts.interface.attach_type);
      break;
    case LinkType::perf_event: perf_event(out, link); break;
    case LinkType::kprobe_multi: kprobe_multi(out, link); break;
    case LinkType::uprobe_multi: uprobe_multi(out, link); break;
    case LinkType::struct_ops: number(out, "map_id", facts.of_map.map_id); break;
    case LinkType::sockmap:
      number(out, "map_id", facts.of_map.map_id);
      attach_type(out, facts.of_map.attach_type);
      break;
    case LinkType::netfilter: netfilter(out, link); break;
    case LinkType::tracing_multi:
    case LinkType::unspecified:
    case LinkType::count_: break;
  }
  return out;
}

std::vector<LinkPlace> link_places(const LinkEntry& link) {
  const bool has_semaphores = platform::link_type(link.type) == LinkType::uprobe_multi;
  std::vector<LinkPlace> out;
  for (std::size_t at = 0; at < link.places.size(); ++at) {
    LinkPlace place{link.places[at], std::nullopt, std::nullopt};
    if (at < link.functions.size()) {
      place.function = link.functions[at].name;
      place.module = link.functions[at].module;
    }
    if (has_semaphores && link.semaphores[at] != 0) place.semaphore = link.semaphores[at];
    if (link.cookies[at] != 0) place.cookie = link.cookies[at];
    out.push_back(place);
  }
  return out;
}

}  // namespace skep::cli
