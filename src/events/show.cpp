#include "events/show.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "events/notation.hpp"

namespace skep::events {
namespace {

std::string shortest(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

std::string braced(const std::vector<std::string>& parts) { return "{" + join(parts, " ") + "}"; }

const Field* field_named(const Record& record, std::string_view name) {
  const auto found = std::ranges::find(record, name, &Field::name);
  return found == record.end() ? nullptr : &*found;
}

const Field* port_of(const Record& record, const Field& field) {
  if (!std::holds_alternative<Address>(field.value.of)) return nullptr;
  const Field* port = field_named(record, field.name + "_port");
  return port != nullptr && std::holds_alternative<u64>(port->value.of) ? port : nullptr;
}

bool is_port_of_another(const Record& record, const Field& field) {
  constexpr std::string_view kSuffix = "_port";
  if (!field.name.ends_with(kSuffix)) return false;
  const Field* address =
      field_named(record, field.name.substr(0, field.name.size() - kSuffix.size()));
  return address != nullptr && port_of(record, *address) == &field;
}

// Port 0 is no port: what has none, as ICMP, shows the address alone.
std::string with_port(const std::string& address, u64 port) {
  if (port == 0) return address;
  const bool v6 = address.find(':') != std::string::npos;
  return v6 ? format("[{}]:{}", address, port) : format("{}:{}", address, port);
}

Cell cell_of(const Record& record, const Field& field) {
  if (const Field* port = port_of(record, field)) {
    return {field.name,
            with_port(std::get<Address>(field.value.of).text, std::get<u64>(port->value.of))};
  }
  std::string name = field.name;
  const bool is_time = std::holds_alternative<Nanoseconds>(field.value.of);
  if (is_time && name.ends_with("_ns")) name.resize(name.size() - 3);
  const bool is_number = is_time || std::holds_alternative<u64>(field.value.of) ||
                         std::holds_alternative<s64>(field.value.of) ||
                         std::holds_alternative<double>(field.value.of);
  return {std::move(name), to_text(field.value), is_number};
}

// In a line, an empty string and an enumerator named `unknown` are left out with their names.
bool says_nothing(const Cell& cell) { return cell.text == "\"\"" || cell.text == "unknown"; }

std::string record_text(const Value& value) {
  std::vector<std::string> parts;
  for (const Cell& cell : to_cells(value, "")) parts.push_back(cell.name + "=" + cell.text);
  return braced(parts);
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const auto byte = static_cast<u8>(text[0]);
    // U+0080 to U+009F are control characters too: c2 80 to c2 9f.
    const bool control = byte < 0x20 || byte == 0x7f ||
                         (byte == 0xc2 && length == 2 && static_cast<u8>(text[1]) < 0xa0);
    if (byte == '"' || byte == '\\') out += '\\';
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (length == 0 || control) {
      for (const char c : text.substr(0, std::max<std::size_t>(length, 1))) {
        out += {'\\', 'x', kHex[static_cast<u8>(c) >> 4], kHex[static_cast<u8>(c) & 0xf]};
      }
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string to_text(const Value& value) {
  return std::visit(
      Overloaded{[](u64 n) { return std::to_string(n); }, [](s64 n) { return std::to_string(n); },
                 [](double n) { return shortest(n); },
                 [](bool truth) { return std::string(truth ? "true" : "false"); },
                 [](Nanoseconds n) { return nanoseconds_text(n.count); },
                 [](const Word& word) { return word.text; },
                 [](const Address& address) { return address.text; },
                 [](const Text& text) { return "\"" + escaped(text.text) + "\""; },
                 [](const List& list) {
                   std::vector<std::string> parts;
                   for (const Value& each : list) parts.push_back(to_text(each));
                   return "[" + join(parts, " ") + "]";
                 },
                 [&](const Record&) { return record_text(value); }},
      value.of);
}

std::vector<Cell> to_cells(const Value& value, std::string_view otherwise) {
  const auto* record = std::get_if<Record>(&value.of);
  if (record == nullptr) {
    const Record one{{std::string(otherwise), value}};
    return {cell_of(one, one[0])};
  }
  std::vector<Cell> cells;
  for (const Field& field : *record) {
    if (!is_port_of_another(*record, field)) cells.push_back(cell_of(*record, field));
  }
  return cells;
}

std::string to_line(const Value& value) {
  if (!std::holds_alternative<Record>(value.of)) return to_text(value);
  std::vector<std::string> parts;
  for (const Cell& cell : to_cells(value, "")) {
    if (!says_nothing(cell)) parts.push_back(cell.name + "=" + cell.text);
  }
  return join(parts, " ");
}

void to_json(JsonWriter& json, const Value& value) {
  std::visit(Overloaded{[&](Nanoseconds n) { json.value(n.count); },
                        [&](const Word& word) { json.value(word.text); },
                        [&](const Address& address) { json.value(address.text); },
                        [&](const Text& text) { json.value(text.text); },
                        [&](const List& list) {
                          json.begin_array();
                          for (const Value& each : list) to_json(json, each);
                          json.end_array();
                        },
                        [&](const Record& record) {
                          json.begin_object();
                          for (const Field& field : record)
                            to_json(json.key(field.name), field.value);
                          json.end_object();
                        },
                        [&](auto scalar) { json.value(scalar); }},
             value.of);
}

}  // namespace skep::events
