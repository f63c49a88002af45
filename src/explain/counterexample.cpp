#include "explain/counterexample.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "explain/candidates.hpp"
#include "explain/objects.hpp"
#include "explain/shown.hpp"
#include "platform/contexts.hpp"

namespace skep::explain {
namespace {

class Search {
 public:
  Search(const Way& way, const SearchLimits& limits, std::string_view rule)
      : way_(way), limits_(limits), rule_(rule), shown_(shown_by(rule)) {}

  // The input of a run that does it.
  std::optional<Input> find() {
    const auto end = std::chrono::steady_clock::now() + limits_.time_max;
    std::vector<Input> waiting{Input()};
    for (u32 runs = 0; !waiting.empty() && runs < limits_.runs_max; ++runs) {
      if (std::chrono::steady_clock::now() > end) break;
      const Input input = std::move(waiting.back());
      waiting.pop_back();
      if (!tried_.insert(input).second) continue;
      Machine machine(way_, rule_, input);
      const Ran ran = machine.run();
      if (does_it(ran)) return fewest(input);
      std::vector<Input> next = ran.how == Ran::How::left       ? to_stay(way_, machine, ran.stop)
                                : ran.how == Ran::How::no_fault ? to_fault(way_, machine)
                                                                : std::vector<Input>();
      std::ranges::reverse(next);  // the best one is taken first
      std::ranges::move(next, std::back_inserter(waiting));
    }
    return std::nullopt;
  }

  bool does_it(const Ran& ran) const {
    if (shown_ == ShownBy::reaching)
      return ran.how == Ran::How::faulted || ran.how == Ran::How::no_fault;
    return ran.how == Ran::How::faulted;
  }

 private:
  // Without what makes no difference.
  Input fewest(Input input) const {
    constexpr std::size_t kTriesMax = 64;
    const auto all = input.chosen();
    std::size_t tries = 0;
    for (const auto& [key, value] : all) {
      if (++tries > kTriesMax) break;
      Input less;
      for (const auto& [other, chosen] : input.chosen()) {
        if (other != key) less.choose(other.first, other.second, chosen);
      }
      Machine machine(way_, rule_, less);
      if (does_it(machine.run())) input = less;
    }
    return input;
  }

  const Way& way_;
  const SearchLimits& limits_;
  std::string_view rule_;
  ShownBy shown_;
  std::set<Input> tried_;
};

// "5 in ingress_ifindex": the fields of the context that were chosen.
void describe_context(const platform::Program& program, const Object& object, const Input& input,
                      std::vector<std::string>& out) {
  for (const platform::ContextField& field : platform::context_of(program.type)) {
    u64 value = 0;
    bool any = false;
    for (s32 n = 0; n < field.size && n < static_cast<s32>(verify::kSlotBytes); ++n) {
      any = any || input.chosen().contains({object.id, field.offset + n});
      value |= input.get(object.id, field.offset + n) << (8 * n);
    }
    if (any) out.push_back(format("{} in field {} of the context", value, field.name));
  }
}

std::string hex(const std::vector<u8>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const u8 byte : bytes)
    out += format("{}{}{}", out.empty() ? "" : " ", kDigits[byte >> 4], kDigits[byte & 15]);
  return out;
}

// "bytes 12 to 13 of the packet: 08 00"
void describe_bytes(const Object& object, const Input& input, std::vector<std::string>& out) {
  std::vector<u8> run;
  s32 first = 0;
  const auto flush = [&] {
    if (!run.empty())
      out.push_back(format("{} of {}: {}", bytes_text(first, run.size()), object.name, hex(run)));
    run.clear();
  };
  for (const auto& [key, value] : input.chosen()) {
    if (key.first != object.id || key.second < 0) continue;
    if (key.second != first + static_cast<s32>(run.size())) flush();
    if (run.empty()) first = key.second;
    run.push_back(static_cast<u8>(value));
  }
  flush();
}

void describe_object(const Way& way, const Machine& machine, const Object& object,
                     std::vector<std::string>& out) {
  const Input& input = machine.input();
  const bool has_fields = !platform::context_of(way.program().type).empty();
  if (object.kind == ObjectKind::context && has_fields)
    return describe_context(way.program(), object, input, out);
  if (object.kind == ObjectKind::packet)
    out.push_back(
        format("a packet of {}", counted(static_cast<u64>(machine.size_of(object)), "byte")));
  if (input.get(object.id, kIsNull) != 0) out.push_back(format("null from {}", object.made));
  const bool is_number = object.name == "a number";
  if (!is_number) return describe_bytes(object, input, out);
  u64 value = 0;
  bool any = false;
  for (s32 n = 0; n < static_cast<s32>(verify::kSlotBytes); ++n) {
    any = any || input.chosen().contains({object.id, n});
    value |= input.get(object.id, n) << (8 * n);
  }
  if (any) out.push_back(format("{} from {}", static_cast<s64>(value), object.made));
}

}  // namespace

void find_cause(const Way& way, const SearchLimits& limits, verify::Report& report) {
  Search search(way, limits, report.property);
  const auto input = search.find();
  if (!input) {
    report.cause = verify::Cause::imprecision;
    return;
  }
  report.cause = verify::Cause::bug;
  Machine machine(way, report.property, *input);
  const Ran ran = machine.run();
  report.ending = ran.fault.empty() ? "a run comes to the refused instruction" : ran.fault;
  report.run = machine.trace();
  for (const Object& object : machine.objects())
    describe_object(way, machine, object, report.input);
  if (report.input.empty()) report.input.push_back("any input");
}

}  // namespace skep::explain
