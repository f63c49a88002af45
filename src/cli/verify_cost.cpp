#include "cli/verify_cost.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "text/text.hpp"

namespace skep::cli {
namespace {

LineCost place_of(const platform::Program& program, isa::InstructionIndex at) {
  if (const platform::SourceLine* line = program.line_at(at); line != nullptr && line->line != 0) {
    const std::string_view path = line->file;
    const std::string_view file = path.substr(path.rfind('/') + 1);
    const auto first = line->text.find_first_not_of(" \t");
    return {format("{}:{}", file, line->line),
            std::string(first == std::string_view::npos ? "" : line->text.substr(first))};
  }
  const isa::Instruction& i = program.code[at.value()];
  return {format("instruction {}", i.slot.value()), text::disassemble(program.code, at)};
}

}  // namespace

std::vector<LineCost> costs_of(const platform::Program& program, const verify::Work& work,
                               std::size_t most) {
  std::map<std::string, LineCost> by_place;
  for (isa::InstructionIndex at{}; at.value() < work.visits.size(); at = at.next()) {
    if (work.visits[at.value()] == 0) continue;
    LineCost here = place_of(program, at);
    LineCost& cost = by_place.try_emplace(here.place, here).first->second;
    cost.visits += work.visits[at.value()];
    cost.states += work.kept[at.value()];
  }
  std::vector<LineCost> out;
  for (auto& [place, cost] : by_place) out.push_back(std::move(cost));
  std::ranges::stable_sort(out, std::ranges::greater{}, &LineCost::visits);
  if (out.size() > most) out.resize(most);
  return out;
}

}  // namespace skep::cli
