#include "api/engine_app.hpp"

#include "api/state.hpp"
#include "base/text.hpp"
#include "runtime/packet.hpp"

namespace skep::detail {
namespace {

constexpr u64 kShortest = 14;  // an Ethernet header

}  // namespace

Result<u32> EngineApp::number_of(std::string_view map) const {
  const auto& maps = object_.maps();
  std::vector<std::string_view> known;
  for (u32 number = 0; number < maps.size(); ++number) {
    if (maps[number].name == map) return number;
    if (!maps[number].is_globals) known.push_back(maps[number].name);
  }
  return no_such("map", map, known).within(object_.name());
}

Error EngineApp::no_program(std::string_view name,
                            const std::vector<std::string_view>& loaded) const {
  return no_such("program", name, loaded).within(object_.name());
}

Error EngineApp::no_ring(u32 map) const {
  const platform::MapSpec& spec = object_.maps()[map];
  return {Fault::usage,
          format("map {} is {}, not a ring buffer", spec.name, platform::row(spec.kind).name)};
}

Result<void> check_packet(std::size_t bytes) {
  if (bytes >= kShortest && bytes <= runtime::Packet::kLengthMax) return {};
  return Error(Fault::usage, format("a packet of {}, expected {} to {}", counted(bytes, "byte"),
                                    kShortest, runtime::Packet::kLengthMax));
}

Error feeds_no_packets(std::string_view program, platform::ProgramType type) {
  return {
      Fault::unsupported,
      format("program {} is of type {}, which takes no packets", program, platform::row(type).name),
      "attach() it, or run() it on the bytes of its context"};
}

Error takes_no_packet(std::string_view program, platform::ProgramType type) {
  return {
      Fault::usage,
      format("program {} is of type {}, which takes no packet", program, platform::row(type).name),
      "run(context) runs it"};
}

}  // namespace skep::detail
