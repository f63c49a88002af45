#include "optimize/optimize.hpp"

#include <cstring>

#include "object/image.hpp"
#include "optimize/layout.hpp"
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

}  // namespace

std::string_view key_of(Change change) { return kNames[change].key; }
std::string_view name_of(Change change) { return kNames[change].name; }

Result<Optimized> optimize(const object::Object& object) {
  const object::Image& image = object.image();
  Optimized out;
  auto bodies = read_bodies(object);
  if (!bodies.ok()) {
    out.refusal = bodies.error().message;
    out.file = same_file(image);
    return out;
  }
  const Knowledge knowledge = read_knowledge(object);
  for (const Body& body : *bodies) {
    const object::FunctionSymbol& symbol = image.functions.all()[body.function];
    FunctionReport report{.name = std::string(symbol.name),
                          .section = std::string(image.elf.sections()[symbol.section].name),
                          .is_program = image.functions.is_program(body.function, image.elf),
                          .before = symbol.slots()};
    report.after = slots_of(body.steps);
    out.functions.push_back(std::move(report));
  }
  const Layout layout = TRY(Layout::make(object, *bodies, knowledge));
  out.file = TRY(write_object(object, layout));
  return out;
}

}  // namespace skep::optimize
