#include "api/kernel_app.hpp"

#include <algorithm>
#include <cstring>

#include "api/kernel_readers.hpp"
#include "api/state.hpp"
#include "base/text.hpp"
#include "hooks/packets/capture.hpp"
#include "hooks/packets/verdicts.hpp"
#include "kernel/bpf.hpp"
#include "kernel/features.hpp"
#include "kernel/symbols.hpp"
#include "kernel/test_run.hpp"
#include "kernel/token.hpp"
#include "object/user_engine.hpp"

namespace skep::detail {
namespace {

// Types that have packets in both engines: both are given the same ones.
bool takes_packets(const kernel::LoadedProgram& program) {
  return object::takes_packets(program.entry.type);
}

Result<Link> link_of(kernel::RecordedLink attached) {
  return Link(std::make_unique<Link::State>(std::move(attached)));
}

// Packets of a capture, each a run of its own.
class Feeder {
 public:
  explicit Feeder(const kernel::LoadedProgram& program)
      : program_(program), verdicts_(program.entry.type) {}

  Result<void> feed(hooks::CaptureReader& capture) {
    while (const auto packet = TRY(capture.next())) {
      const auto ran = TRY(kernel::test_run(program_, {.packet = packet->bytes})
                               .within(format("{}: packet {}", capture.path(), feed_.packets + 1)));
      verdicts_.count(std::span(&ran.return_value, 1));
      ++feed_.packets;
      feed_.bytes += packet->bytes.size();
    }
    return {};
  }

  Feed finished() && {
    for (hooks::VerdictCount& each : verdicts_.named()) {
      feed_.verdicts.push_back({std::move(each.name), each.packets});
    }
    return std::move(feed_);
  }
  void cut_short(Error error) { feed_.cut_short = std::move(error); }

 private:
  const kernel::LoadedProgram& program_;
  hooks::VerdictCounts verdicts_;
  Feed feed_;
};

}  // namespace

Result<std::shared_ptr<EngineApp>> KernelApp::create(object::Object object, kernel::App app) {
  auto made = std::make_shared<KernelApp>(std::move(object), std::move(app));
  TRY(made->open_readers());
  TRY(made->map_globals());
  return std::shared_ptr<EngineApp>(std::move(made));
}

Result<void> KernelApp::open_readers() {
  for (u32 number = 0; number < app_.maps().size(); ++number) {
    if (auto reader = TRY(open_reader(map_at(number)))) readers_.emplace(number, std::move(reader));
  }
  return {};
}

Result<void> KernelApp::map_globals() {
  for (u32 number = 0; number < app_.maps().size(); ++number) {
    const platform::MapSpec& spec = map_at(number).spec();
    if (!spec.is_globals || (spec.flags & platform::kMappable) == 0) continue;
    const bool is_constant = (spec.flags & platform::kReadOnlyForProgram) != 0;
    globals_.emplace(number, TRY(Mapping::of_descriptor(map_at(number).fd(), 0, spec.value_size,
                                                        is_constant ? Writable::no : Writable::yes)
                                     .within(spec.name)));
  }
  return {};
}

Result<const kernel::LoadedProgram*> KernelApp::loaded(std::string_view program) const {
  if (const kernel::LoadedProgram* found = app_.program(program)) return found;
  std::vector<std::string_view> known;
  for (const kernel::LoadedProgram& each : app_.programs()) known.push_back(each.entry.name);
  return no_program(program, known);
}

Result<Run> KernelApp::run(std::string_view program, std::span<const std::byte> input) {
  const kernel::LoadedProgram& at = *TRY(loaded(program));
  if (kernel::takes_context_alone(at.entry.type)) {
    auto result = TRY(kernel::test_run(at, {.context = input}));
    return Run{result.return_value, {}, std::move(result.context)};
  }
  if (takes_packets(at)) TRY(check_packet(input.size()));
  auto result = TRY(kernel::test_run(at, {.packet = input}));
  return Run{result.return_value, std::move(result.packet)};
}

Result<Run> KernelApp::run(std::string_view program, std::span<const std::byte> packet,
                           std::span<const std::byte> context) {
  const kernel::LoadedProgram& at = *TRY(loaded(program));
  if (kernel::takes_context_alone(at.entry.type)) return takes_no_packet(program, at.entry.type);
  if (takes_packets(at)) TRY(check_packet(packet.size()));
  auto result = TRY(kernel::test_run(at, {.packet = packet, .context = context}));
  return Run{result.return_value, std::move(result.packet), std::move(result.context)};
}

Result<Feed> KernelApp::feed(std::string_view program, const std::string& capture) {
  const kernel::LoadedProgram& at = *TRY(loaded(program));
  if (!takes_packets(at)) return feeds_no_packets(program, at.entry.type);
  auto reader = TRY(hooks::CaptureReader::open(capture));
  Feeder feeder(at);
  if (auto fed = feeder.feed(reader); !fed.ok()) feeder.cut_short(std::move(fed).error());
  return std::move(feeder).finished();
}

Result<Link> KernelApp::attach(std::string_view name, const Place& place) {
  const auto& operations = app_.operations();
  for (std::size_t number = 0; number < operations.size(); ++number) {
    if (map_at(operations[number].map).spec().name != name) continue;
    return link_of(TRY(kernel::attach_operations_owned(app_, number).within(object().name())));
  }
  const kernel::LoadedProgram& program = *TRY(loaded(name));
  return link_of(TRY(kernel::attach_owned(app_, program, place).within(object().name())));
}

Result<std::vector<Link>> KernelApp::attach_all(const Place& place) {
  auto attached =
      TRY(kernel::attach_all(app_,
                             {.place = [&](const std::string&) -> Result<Place> { return place; }})
              .within(object().name()));
  std::vector<Link> links;
  for (kernel::RecordedLink& each : attached) links.push_back(TRY(link_of(std::move(each))));
  return links;
}

Result<u64> KernelApp::lost(u32 map) {
  if (const auto found = readers_.find(map); found != readers_.end()) return found->second->lost();
  return Error(Fault::unsupported,
               format("map {}: the kernel does not count updates that found it full",
                      map_at(map).spec().name),
               "let the program count: bpf_map_update_elem() returns an error");
}

Result<void> KernelApp::pin(u32 map, const std::string& path) {
  return kernel::pin(map_at(map).fd(), path);
}

Result<Reader*> KernelApp::reader(u32 map) {
  const auto found = readers_.find(map);
  if (found == readers_.end()) return no_ring(map);
  return found->second.get();
}

// The memory of programs that run: what they do meanwhile is theirs to order.
Result<void> KernelApp::read_globals(u32 map, u32 offset, std::span<std::byte> out) {
  if (const auto found = globals_.find(map); found != globals_.end()) {
    std::memcpy(out.data(), found->second.bytes().data() + offset, out.size());
    return {};
  }
  const std::vector<std::byte> all = TRY(map_at(map).lookup_copy(std::array<std::byte, 4>{}));
  std::memcpy(out.data(), all.data() + offset, out.size());
  return {};
}

// The kernel sets whole values only: without the memory, a variable cannot be set but together with
// those that a program may be writing.
Result<void> KernelApp::write_globals(u32 map, u32 offset, std::span<const std::byte> value) {
  const auto found = globals_.find(map);
  if (found == globals_.end()) {
    return Error(Fault::unsupported,
                 format("section {} has static variables only, which the kernel does not share",
                        map_at(map).spec().name),
                 "declare one of them without `static`, or set it in the Object before it is "
                 "loaded");
  }
  std::memcpy(found->second.writable().data() + offset, value.data(), value.size());
  return {};
}

namespace {

Result<void> find_externs(object::Object& object) {
  TRY(kernel::find_symbols(object));
  if (object.externs().empty()) return {};
  return object.resolve({.release = kernel::kernel_release()});
}

}  // namespace

Result<std::shared_ptr<EngineApp>> load_kernel(object::Object object, const Wanted& wanted) {
  TRY(find_externs(object).within(object.name()));
  kernel::LoadOptions options{.targets = wanted.types(), .replaces = wanted.options.replaces};
  for (const object::ProgramEntry& each : wanted.programs) options.programs.push_back(each.name);
  if (!wanted.options.pins.empty()) options.pins = wanted.options.pins;
  std::optional<kernel::Token> token;
  if (!wanted.options.token.empty()) {
    token = TRY(kernel::Token::create(wanted.options.token));
    options.token = &*token;
  }
  auto app = TRY(kernel::App::load(object, options));
  const std::string name = object.name();
  return KernelApp::create(std::move(object), std::move(app)).within(name);
}

}  // namespace skep::detail
