#include "optimize/body.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "object/image.hpp"
#include "object/link.hpp"
#include "object/relocate.hpp"

namespace skep::optimize {
namespace {

using isa::Slot;

constexpr s32 kOpaqueHelper = 0x7fffffff;

// One function. What relocations and distances will fill in is replaced by what any instruction of
// that kind would be, so that it can be read by itself.
class BodyReader {
 public:
  BodyReader(const object::Image& image, u32 number)
      : image_(image), number_(number), symbol_(image.functions.all()[number]) {}

  Result<Body> run() {
    const object::Section& section = image_.elf.sections()[symbol_.section];
    const Bytes bytes = TRY(section.bytes.slice(symbol_.offset, symbol_.size));
    slots_.resize(symbol_.slots());
    std::memcpy(slots_.data(), bytes.data(), symbol_.size);
    callees_.resize(slots_.size(), kNoFunction);
    for (u32 at = 0; at < slots_.size(); ++at) {
      const bool wide = object::is_wide(slots_[at]);
      if (wide || object::is_call(slots_[at])) TRY(hide(at));
      if (wide) ++at;
    }
    const isa::Code code = TRY(isa::decode(slots_));
    Body out{.function = number_, .steps = {}};
    out.steps.reserve(code.size());
    const u32 first = static_cast<u32>(symbol_.offset / sizeof(Slot));
    for (const isa::Instruction& each : code) {
      const u32 slot = each.slot.value();
      out.steps.push_back({.instruction = each,
                           .origin = {symbol_.section, first + slot},
                           .callee = callees_[slot]});
    }
    if (isa::falls_through(code.back())) {
      return Error(Fault::malformed, "the function runs off its end");
    }
    return out;
  }

 private:
  Result<void> hide(u32 at) {
    const u64 offset = symbol_.offset + u64{at} * sizeof(Slot);
    const auto all = image_.elf.relocations(symbol_.section);
    const auto ahead = std::ranges::lower_bound(all, offset, {}, &object::Relocation::offset);
    const bool relocated = ahead != all.end() && ahead->offset == offset;
    const object::Reference reference =
        TRY(object::reference_of(image_, symbol_.section, offset, slots_[at], {ahead, all.end()}));
    const auto* function = std::get_if<object::FunctionReference>(&reference);
    if (function != nullptr) callees_[at] = function->function;
    if (!relocated && function == nullptr) return {};
    slots_[at].registers = slots_[at].dst();
    if (object::is_wide(slots_[at])) return {};
    slots_[at].immediate = kOpaqueHelper;
    return {};
  }

  const object::Image& image_;
  u32 number_;
  const object::FunctionSymbol& symbol_;
  std::vector<Slot> slots_;
  std::vector<u32> callees_;
};

// Every byte of code belongs to one function.
Result<void> check_covered(const object::Image& image) {
  std::vector<u64> covered(image.elf.sections().size());
  for (const object::FunctionSymbol& each : image.functions.all()) {
    covered[each.section] += each.size;
  }
  for (u32 section = 0; section < covered.size(); ++section) {
    const object::Section& code = image.elf.sections()[section];
    if (!code.is_code() || code.size == covered[section]) continue;
    return Error(Fault::unsupported, format("section {} has {} of code in no function", code.name,
                                            counted(code.size - covered[section], "byte")));
  }
  return {};
}

// Labels inside of functions would have to move with what they name.
Result<void> check_labels(const object::Image& image) {
  for (const object::Symbol& each : image.elf.symbols()) {
    const auto& sections = image.elf.sections();
    const bool in_code = each.section < sections.size() && sections[each.section].is_code();
    if (!in_code || each.value == 0 || image.functions.at(each.section, each.value)) continue;
    return Error(Fault::unsupported,
                 format("symbol {} names {}, inside of a function", each.name,
                        object::place(sections[each.section].name, each.value)));
  }
  return {};
}

// Regions of one program's accesses, by where they stood; those of functions that several programs
// call are what all of them say.
void add_regions(const object::Object& object, u32 position,
                 std::map<Origin, verify::Region>& out) {
  const object::Image& image = object.image();
  const object::ProgramEntry& entry = object.programs()[position];
  const auto linked = object.program(entry.name, {.core = object::Core::leave});
  platform::Program scratch;  // for where its functions were placed
  scratch.type = entry.type;
  scratch.externs = std::make_shared<std::vector<platform::Extern>>(object.externs());
  const auto placed =
      object::link(image, image.programs[position], {.core = object::Core::leave}, scratch);
  if (!linked.ok() || !placed.ok()) return;
  const verify::Verdict verdict = verify::verify(*linked);
  const auto* verified = std::get_if<verify::VerifiedProgram>(&verdict.outcome);
  const isa::Code& code = (*linked)->code;
  std::size_t next = 0;
  for (u32 at = 0; at < code.size(); ++at) {
    const u32 slot = code[at].slot.value();
    while (next + 1 < placed->functions.size() && placed->functions[next + 1].slot <= slot) ++next;
    const object::PlacedFunction& function = placed->functions[next];
    const object::FunctionSymbol& symbol = image.functions.all()[function.number];
    const Origin origin{symbol.section,
                        static_cast<u32>(symbol.offset / sizeof(Slot)) + slot - function.slot};
    const bool known = verified != nullptr && verified->facts()[at].reached;
    const auto region = known ? verified->facts()[at].region : verify::Region::none;
    const auto [found, is_new] = out.try_emplace(origin, region);
    if (!is_new && found->second != region) found->second = verify::Region::none;
  }
}

}  // namespace

bool Knowledge::is_patched(const Origin& origin) const {
  return std::ranges::binary_search(patched, origin);
}

verify::Region Knowledge::region(const Origin& origin) const {
  const auto found = regions.find(origin);
  return found == regions.end() ? verify::Region::none : found->second;
}

Result<std::vector<Body>> read_bodies(const object::Object& object) {
  const object::Image& image = object.image();
  TRY(check_covered(image));
  TRY(check_labels(image));
  std::vector<Body> out;
  for (u32 number = 0; number < image.functions.all().size(); ++number) {
    auto read = BodyReader(image, number).run();
    if (!read.ok()) {
      const std::string name(image.functions.all()[number].name);
      return std::move(read).within("function " + name).error();
    }
    out.push_back(std::move(*read));
  }
  return out;
}

Knowledge read_knowledge(const object::Object& object) {
  const object::Image& image = object.image();
  Knowledge out;
  for (u32 section = 0; section < image.elf.sections().size(); ++section) {
    if (!image.elf.sections()[section].is_code()) continue;
    for (const object::Relocation& each : image.elf.relocations(section)) {
      out.relocations[{section, static_cast<u32>(each.offset / sizeof(Slot))}] = each;
    }
  }
  for (const object::CoreRecord& each : image.ext.all_core()) {
    const object::Section* section = image.elf.find(each.section);
    if (section == nullptr) continue;
    out.patched.push_back(
        {image.elf.number_of(*section), static_cast<u32>(each.offset / sizeof(Slot))});
  }
  std::ranges::sort(out.patched);
  for (u32 at = 0; at < object.programs().size(); ++at) add_regions(object, at, out.regions);
  return out;
}

}  // namespace skep::optimize
