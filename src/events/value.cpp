#include "events/value.hpp"

#include <algorithm>
#include <functional>

namespace skep::events {
namespace {

template <class Parts, class Part>
std::optional<double> first_of(const Parts& parts, Part part) {
  for (const auto& each : parts) {
    if (const auto number = first_number(part(each))) return number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> first_number(const Value& value) {
  using Found = std::optional<double>;
  return std::visit(
      Overloaded{[](u64 n) { return Found(static_cast<double>(n)); },
                 [](s64 n) { return Found(static_cast<double>(n)); },
                 [](double n) { return Found(n); },
                 [](Nanoseconds n) { return Found(static_cast<double>(n.count)); },
                 [](const List& list) { return first_of(list, std::identity()); },
                 [](const Record& record) {
                   return first_of(record, [](const Field& f) -> const Value& { return f.value; });
                 },
                 [](const auto&) { return Found(); }},
      value.of);
}

bool is_summable(const Value& value) {
  return std::visit(
      Overloaded{[](u64) { return true; }, [](s64) { return true; }, [](double) { return true; },
                 [](Nanoseconds) { return true; },
                 [](const List& list) { return std::ranges::all_of(list, is_summable); },
                 [](const Record& record) {
                   return std::ranges::all_of(record,
                                              [](const Field& f) { return is_summable(f.value); });
                 },
                 [](const auto&) { return false; }},
      value.of);
}

void add(Value& into, const Value& from) {
  std::visit(Overloaded{[&](u64& n) { n += std::get<u64>(from.of); },
                        [&](s64& n) {
                          n = static_cast<s64>(static_cast<u64>(n) +
                                               static_cast<u64>(std::get<s64>(from.of)));
                        },
                        [&](double& n) { n += std::get<double>(from.of); },
                        [&](Nanoseconds& n) { n.count += std::get<Nanoseconds>(from.of).count; },
                        [&](List& list) {
                          const List& other = std::get<List>(from.of);
                          for (std::size_t at = 0; at < list.size(); ++at) add(list[at], other[at]);
                        },
                        [&](Record& record) {
                          const Record& other = std::get<Record>(from.of);
                          for (std::size_t at = 0; at < record.size(); ++at) {
                            add(record[at].value, other[at].value);
                          }
                        },
                        [](auto&) {}},
             into.of);
}

}  // namespace skep::events
