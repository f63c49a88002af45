#include "cli/kernel_readers.hpp"

#include <poll.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/contents.hpp"

namespace skep::cli {

Result<KernelReaders> KernelReaders::open(const kernel::App& app) {
  KernelReaders out;
  for (const kernel::LoadedMap& each : app.maps()) {
    const platform::MapSpec& spec = each.spec();
    const btf::TypeId type = events::record_type(spec, app.object().types());
    if (spec.kind == platform::MapKind::ringbuf) {
      out.rings_.push_back({spec.name, type, TRY(kernel::Ring::open(each.map))});
    } else if (spec.kind == platform::MapKind::perf_event_array) {
      out.buffers_.push_back({spec.name, type, TRY(kernel::PerfBuffer::open(each.map))});
    }
  }
  return out;
}

void KernelReaders::drain(Printer& printer) {
  const auto print = [&](const auto& each) {
    return [&](std::span<const std::byte> bytes) { printer.record(each.name, each.type, bytes); };
  };
  for (auto& each : rings_) each.reader.drain(print(each));
  for (auto& each : buffers_) each.reader.drain(print(each));
}

void KernelReaders::wait(std::chrono::milliseconds most) const {
  std::vector<pollfd> waiting;
  for (const auto& each : rings_) waiting.push_back({each.reader.fd(), POLLIN, 0});
  for (const auto& each : buffers_) {
    for (const int fd : each.reader.fds()) waiting.push_back({fd, POLLIN, 0});
  }
  ::poll(waiting.data(), waiting.size(), static_cast<int>(most.count()));
}

std::optional<u64> KernelReaders::lost() const {
  if (buffers_.empty()) return std::nullopt;
  u64 sum = 0;
  for (const auto& each : buffers_) sum += each.reader.lost();
  return sum;
}

// What an iterator prints is its result.
Result<void> read_iterator(const kernel::Link& link, Output& out) {
  const std::string text = TRY(kernel::read_iterator(link));
  if (!out.is_json()) {
    out.write(text);
    return {};
  }
  JsonWriter json;
  json.begin_object().member("type", "iterator").member("program", link.program());
  json.member("text", text).end_object();
  out.write(json.take() + "\n");
  return {};
}

}  // namespace skep::cli
