#include "optimize/optimize.hpp"

#include <algorithm>

#include "object/image.hpp"
#include "optimize/encode.hpp"
#include "optimize/inline.hpp"
#include "optimize/layout.hpp"
#include "optimize/reduce.hpp"
#include "optimize/write.hpp"

namespace skep::optimize {
namespace {

struct Names {
  std::string_view key, name;
};
constexpr EnumArray<Change, Names> kNames({
    {Change::inlined, {"inlined", "calls inlined"}},
    {Change::joined, {"joined", "loads joined"}},
    {Change::widened, {"widened", "copies widened"}},
    {Change::anchored, {"anchored", "accesses of the frame made direct"}},
    {Change::straightened, {"straightened", "branches straightened"}},
    {Change::removed, {"removed", "instructions removed"}},
});

std::vector<std::byte> same_file(const object::Image& image) {
  const auto bytes = image.file->bytes().span();
  return {bytes.begin(), bytes.end()};
}

FunctionReport report_on(const object::Image& image, const Body& body) {
  const object::FunctionSymbol& symbol = image.functions.all()[body.function];
  return {.name = std::string(symbol.name),
          .section = std::string(image.elf.sections()[symbol.section].name),
          .is_program = image.functions.is_program(body.function, image.elf),
          .before = symbol.slots(),
          .after = slots_of(body.steps)};
}

// In place of the body when it is shorter. Whether anything changed.
void improve(Body& body, const Knowledge& knowledge, FunctionReport& report) {
  auto lowered = lower(body, knowledge);
  if (!lowered) return;
  Changes changes = report.changes;
  reduce(*lowered, changes);
  auto encoded = encode(body, *lowered);
  if (!encoded.ok()) {
    report.refusal = encoded.error().message;
    return;
  }
  if (slots_of(*encoded) >= slots_of(body.steps)) return;
  body.steps = std::move(*encoded);
  report.changes = changes;
  report.after = slots_of(body.steps);
}

bool is_changed(const FunctionReport& report) {
  return std::ranges::any_of(report.changes, [](u32 count) { return count != 0; });
}

}  // namespace

std::string_view key_of(Change change) { return kNames[change].key; }
std::string_view name_of(Change change) { return kNames[change].name; }

Result<Optimized> optimize(const object::Object& object) {
  const object::Image& image = object.image();
  Optimized out;
  out.file = same_file(image);
  auto read = read_bodies(object);
  if (!read.ok()) {
    out.refusal = read.error().message;
    return out;
  }
  std::vector<Body>& bodies = *read;
  const Knowledge knowledge = read_knowledge(object);
  const std::vector<u32> inlined = inline_calls(object, knowledge, bodies);
  for (Body& body : bodies) {
    FunctionReport report = report_on(image, body);
    report.changes[static_cast<std::size_t>(Change::inlined)] = inlined[body.function];
    improve(body, knowledge, report);
    out.functions.push_back(std::move(report));
  }
  if (std::ranges::none_of(out.functions, is_changed)) return out;
  const Layout layout = TRY(Layout::make(object, bodies, knowledge));
  out.file = TRY(write_object(object, layout));
  return out;
}

}  // namespace skep::optimize
