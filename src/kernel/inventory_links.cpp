// Links, which are told in two steps: what kind it is, then the names and lists of that kind.
#include <algorithm>

#include "base/text.hpp"
#include "kernel/inventory.hpp"
#include "kernel/symbols.hpp"
#include "platform/link_types.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;
using platform::LinkInformation;
using platform::LinkType;
using platform::PerfLinkType;

constexpr std::size_t kNameBytesMax = 4096;  // PATH_MAX
constexpr u32 kPlacesMax = 1 << 20;          // MAX_KPROBE_MULTI_CNT, MAX_UPROBE_MULTI_CNT

// What a link's second question brings back.
struct Buffers {
  std::vector<char> name = std::vector<char>(kNameBytesMax);
  std::vector<le64> places, semaphores, cookies;
};

std::vector<u64> numbers(const std::vector<le64>& list) { return {list.begin(), list.end()}; }

void resize(Buffers& into, u32 count) {
  for (auto* list : {&into.places, &into.semaphores, &into.cookies})
    list->resize(std::min(count, kPlacesMax));
}

void ask_name(le64& address, le32& bytes, Buffers& into) {
  address = address_of(into.name.data());
  bytes = static_cast<u32>(into.name.size() - 1);
}

void ask_perf_event(LinkInformation& ask, const LinkInformation& known, Buffers& into) {
  switch (static_cast<PerfLinkType>(u32{known.perf_event.type})) {
    case PerfLinkType::uprobe:
    case PerfLinkType::uretprobe:
      return ask_name(ask.perf_event.uprobe.file_name, ask.perf_event.uprobe.name_bytes, into);
    case PerfLinkType::kprobe:
    case PerfLinkType::kretprobe:
      return ask_name(ask.perf_event.kprobe.function_name, ask.perf_event.kprobe.name_bytes, into);
    case PerfLinkType::tracepoint:
      return ask_name(ask.perf_event.tracepoint.name, ask.perf_event.tracepoint.name_bytes, into);
    case PerfLinkType::event:
    case PerfLinkType::unspecified:
    case PerfLinkType::count_: return;
  }
}

void ask_kprobes(LinkInformation& ask, u32 count, Buffers& into) {
  resize(into, count);
  if (into.places.empty()) return;
  ask.kprobe_multi.count = static_cast<u32>(into.places.size());
  ask.kprobe_multi.addresses = address_of(into.places.data());
  ask.kprobe_multi.cookies = address_of(into.cookies.data());
}

void ask_uprobes(LinkInformation& ask, u32 count, Buffers& into) {
  resize(into, count);
  ask_name(ask.uprobe_multi.path, ask.uprobe_multi.path_bytes, into);
  if (into.places.empty()) return;
  ask.uprobe_multi.count = static_cast<u32>(into.places.size());
  ask.uprobe_multi.offsets = address_of(into.places.data());
  ask.uprobe_multi.semaphores = address_of(into.semaphores.data());
  ask.uprobe_multi.cookies = address_of(into.cookies.data());
}

// The second question about what the first one told.
LinkInformation question(const LinkInformation& known, Buffers& into) {
  LinkInformation ask{};
  switch (platform::link_type(known.type)) {
    case LinkType::raw_tracepoint:
      ask_name(ask.raw_tracepoint.name, ask.raw_tracepoint.name_bytes, into);
      break;
    case LinkType::iterator:
      ask_name(ask.iterator.target_name, ask.iterator.target_name_bytes, into);
      break;
    case LinkType::perf_event: ask_perf_event(ask, known, into); break;
    case LinkType::kprobe_multi: ask_kprobes(ask, known.kprobe_multi.count, into); break;
    case LinkType::uprobe_multi: ask_uprobes(ask, known.uprobe_multi.count, into); break;
    case LinkType::unspecified:
    case LinkType::tracing:
    case LinkType::cgroup:
    case LinkType::network_namespace:
    case LinkType::xdp:
    case LinkType::struct_ops:
    case LinkType::netfilter:
    case LinkType::tcx:
    case LinkType::netkit:
    case LinkType::sockmap:
    case LinkType::tracing_multi:
    case LinkType::count_: break;
  }
  return ask;
}

std::vector<LinkEntry::Function> functions_at(const std::vector<u64>& addresses) {
  std::vector<LinkEntry::Function> out(addresses.size());
  const auto symbols = Symbols::read();
  if (!symbols.ok()) return out;
  for (std::size_t each = 0; each < addresses.size(); ++each) {
    out[each].name = symbols->at(addresses[each]).value_or("");
    out[each].module = symbols->module_of(addresses[each]);
  }
  return out;
}

}  // namespace

Result<LinkEntry> describe_link(const Fd& fd) {
  const auto known = TRY(info<LinkInformation>(fd));
  Buffers into;
  const auto told = TRY(info(fd, question(known, into)));
  LinkEntry out;
  out.id = told.id;
  out.type = told.type;
  out.program_id = told.program_id;
  out.facts = told;
  out.name = std::string(into.name.data());  // its last byte stays zero
  out.places = numbers(into.places);
  out.semaphores = numbers(into.semaphores);
  out.cookies = numbers(into.cookies);
  if (platform::link_type(told.type) == LinkType::kprobe_multi)
    out.functions = functions_at(out.places);
  return out;
}

}  // namespace skep::kernel
