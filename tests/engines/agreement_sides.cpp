#include "agreement_sides.hpp"

#include <algorithm>
#include <map>
#include <regex>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/contents.hpp"
#include "events/decode.hpp"
#include "events/report.hpp"
#include "events/show.hpp"
#include "kernel/test_run.hpp"
#include "runtime/packet_context.hpp"
#include "verify/properties.hpp"

namespace skep::agreement {
namespace {

constexpr std::size_t kHeaderBytes = 14;

// Instructions that the verifier may walk. With sanitizers it takes seconds for more, and there are
// hundreds of programs.
#if __has_feature(address_sanitizer)
constexpr u64 kWalkMax = 200'000;
#else
constexpr u64 kWalkMax = 1'000'000;
#endif

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string without_times(const std::string& json) {
  static const std::regex times("(_ns|time)\":[0-9]+");
  return std::regex_replace(json, times, "$1\":0");
}

// The engines have different numbers of CPUs, of which one has run everything: values of the others
// are zero.
std::string of_one_cpu(std::string_view values, std::size_t value_size) {
  const std::size_t stride = (value_size + 7) / 8 * 8;
  std::string out;
  for (std::size_t at = 0; at + stride <= values.size(); at += stride) {
    const std::string_view value = values.substr(at, value_size);
    if (value.find_first_not_of('\0') != value.npos) out += value;
  }
  return out;
}

bool is_per_cpu(const maps::View& map) {
  return map.spec().kind == platform::MapKind::percpu_array ||
         map.spec().kind == platform::MapKind::percpu_hash;
}

bool has_contents(platform::MapKind kind) {
  return kind != platform::MapKind::ringbuf && kind != platform::MapKind::prog_array;
}

// The kernel's test-run gives socket filters what stands behind the Ethernet header.
bool has_header(platform::ProgramType type) { return type != platform::ProgramType::socket_filter; }

Refused refused_by(const verify::Report& report) {
  if (report.property == verify::kProperties[verify::Property::too_complex].name)
    return {std::string(kTooLong), report.message};
  return {report.property, format("{}: {}", report.message, report.reason)};
}

}  // namespace

void Results::record(const platform::MapSpec& ring, std::span<const std::byte> bytes) {
  const std::string text = text_of(bytes);
  records.push_back({ring.name + text, [this, &ring, text] {
                       JsonWriter json;
                       const auto all = std::as_bytes(std::span(text));
                       const btf::TypeId type = events::record_type(ring, types_);
                       events::to_json(json, events::decode(types_, type, Bytes(all)));
                       return without_times(ring.name + json.take());
                     }});
}

void Results::add(const maps::View& map) {
  if (!has_contents(map.spec().kind)) return;
  std::map<std::string, std::string> elements;
  (void)map.for_each([&](auto key, auto value) {
    std::string text = text_of(value);
    elements[text_of(key)] = is_per_cpu(map) ? of_one_cpu(text, map.spec().value_size) : text;
  });
  std::string bytes = map.spec().name;
  for (const auto& [key, value] : elements)
    bytes.append(key).append("=").append(value).append("\n");
  maps.push_back({std::move(bytes), [this, &map] {
                    const auto contents = events::read_contents(map, types_);
                    return contents ? without_times(events::contents_json(*contents, 0)) : "";
                  }});
}

std::string difference(const std::vector<Shown>& ours, const std::vector<Shown>& theirs) {
  if (ours.size() != theirs.size()) return format("{} and {} of them", ours.size(), theirs.size());
  for (std::size_t number = 0; number < ours.size(); ++number) {
    if (ours[number].bytes == theirs[number].bytes) continue;
    const std::string mine = ours[number].printed(), other = theirs[number].printed();
    if (mine == other && !mine.empty()) continue;
    return format("number {}\nuser   {}\nkernel {}", number, mine, other);
  }
  return {};
}

std::vector<std::string> Chosen::names() const {
  std::vector<std::string> out{entry.name};
  for (const platform::MapSpec& map : object.maps()) {
    for (const auto& [index, name] : map.initial_programs) {
      if (std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
  }
  return out;
}

// ---- user space
// ---------------------------------------------------------------------------------------------------

UserSide::UserSide(const Chosen& chosen) : results(chosen.object.types()), entry_(chosen.entry) {}

std::variant<std::unique_ptr<UserSide>, Refused> UserSide::load(const Chosen& chosen) {
  std::unique_ptr<UserSide> side(new UserSide(chosen));
  for (const std::string& name : chosen.names()) {
    auto linked = chosen.object.program(name, {.targets = chosen.targets});
    if (!linked.ok()) return Refused{"not relocated", linked.error().message};
    auto verdict = verify::verify(*linked, {.instructions_max = kWalkMax});
    if (!verdict.accepted()) return refused_by(std::get<verify::Report>(verdict.outcome));
    auto& proved = std::get<verify::VerifiedProgram>(verdict.outcome);
    if (!side->app_) {
      auto app = runtime::App::create((*linked)->maps, *side->environment_);
      if (!app.ok()) return Refused{"maps", app.error().message};
      side->app_.emplace(std::move(*app));
      side->linked_ = *linked;
      side->context_bytes_ = proved.context_bytes();
    }
    auto loaded = side->app_->load(std::move(proved), runtime::Tier::jit);
    if (!loaded.ok()) return Refused{"loading", loaded.error().message};
    if (side->program_ == nullptr) side->program_ = *loaded;
  }
  return side;
}

void UserSide::set_up(const Input& input) {
  if (!input.context.empty())
    return (void)runtime::set_up(arena_[0], entry_.type, input.packet, input.context).value();
  if (has_header(entry_.type)) return arena_[0].reset(entry_.type, input.packet, {});
  const auto byte = [&](std::size_t at) { return std::to_integer<u32>(input.packet[at]); };
  arena_[0].reset(
      entry_.type, std::span(input.packet).subspan(kHeaderBytes),
      {.protocol = static_cast<u16>(byte(12) << 8 | byte(13)), .link = runtime::Link::none});
}

Outcome UserSide::run(const Input& input) {
  Outcome out;
  out.context = input.context;
  if (input.packet.empty()) {
    out.return_value = static_cast<u32>(app_->run(*program_, out.context).value());
  } else {
    set_up(input);
    out.return_value = static_cast<u32>(app_->run(*program_, arena_[0]).value());
    const auto bytes = runtime::bytes_after(arena_[0]);
    out.packet.resize(has_header(entry_.type) ? 0 : kHeaderBytes);  // which the kernel clears
    out.packet.insert(out.packet.end(), bytes.begin(), bytes.end());
    if (!input.context.empty()) out.context = runtime::context_after(arena_[0], input.context);
  }
  for (maps::Map& map : app_->maps()) {
    if (map.spec().kind != platform::MapKind::ringbuf) continue;
    map.drain([&](auto bytes) { results.record(map.spec(), bytes); });
  }
  return out;
}

void UserSide::finish() {
  for (const maps::Map& map : app_->maps()) results.add(map);
}

// ---- the kernel
// ---------------------------------------------------------------------------------------------------

KernelSide::KernelSide(const Chosen& chosen, kernel::App app)
    : results(chosen.object.types()),
      app_(std::move(app)),
      program_(app_.program(chosen.entry.name)) {}

std::variant<std::unique_ptr<KernelSide>, Refused> KernelSide::load(const Chosen& chosen,
                                                                    const std::string& pins) {
  auto app = kernel::App::load(
      chosen.object, {.programs = chosen.names(), .targets = chosen.targets, .pins = pins});
  if (!app.ok()) return Refused{"the kernel", app.error().message};
  std::unique_ptr<KernelSide> side(new KernelSide(chosen, std::move(*app)));
  for (const kernel::LoadedMap& each : side->app_.maps()) {
    if (each.spec().kind != platform::MapKind::ringbuf) continue;
    auto ring = kernel::Ring::open(each.map);
    if (!ring.ok()) return Refused{"ring", ring.error().message};
    side->rings_.emplace_back(&each, std::move(*ring));
  }
  return side;
}

Result<Outcome> KernelSide::run(const Input& input) {
  kernel::TestInput given{.packet = input.packet};
  if (!input.context.empty() || input.packet.empty()) given.context = input.context;
  auto result = TRY(kernel::test_run(*program_, given));
  for (auto& [map, ring] : rings_)
    ring.drain([&, map = map](auto bytes) { results.record(map->spec(), bytes); });
  return Outcome{result.return_value, std::move(result.packet), std::move(result.context)};
}

void KernelSide::finish() {
  for (const kernel::LoadedMap& each : app_.maps()) results.add(each.map);
}

}  // namespace skep::agreement
