// skep btf dump: the types of a file, as they are written down or as C.
//
// What is printed is what bpftool prints, so that whoever reads its text or JSON reads ours.
#include "base/text.hpp"
#include "btf/needs.hpp"
#include "btf/print_c.hpp"
#include "btf/print_raw.hpp"
#include "cli/btf_types.hpp"

namespace skep::cli {
namespace {

using btf::TypeId;

// The types that an operand names: by number, or all of that name.
Result<std::vector<TypeId>> named(const SharedTypes& types, const std::string& text,
                                  const std::string& path) {
  if (const auto number = parse_unsigned(text)) {
    if (*number != 0 && *number < types->count()) return std::vector{static_cast<TypeId>(*number)};
    return Error(Fault::absent, format("no type {} in {}", *number, path),
                 format("its types have the numbers {} to {}", types->first(), types->count() - 1));
  }
  const TypeQuery query = parse_query(text);
  std::vector<TypeId> ids = find_types(*types, query);
  if (!ids.empty()) return ids;
  return no_such_type(query, {types}, path);
}

// Those that the operands after the file name; all of its own without such.
Result<std::vector<TypeId>> wanted(const SharedTypes& types,
                                   const std::vector<std::string>& operands) {
  std::vector<TypeId> ids;
  if (operands.size() == 1) {
    for (TypeId id = types->first(); id < types->count(); ++id) ids.push_back(id);
    return ids;
  }
  for (std::size_t at = 1; at < operands.size(); ++at) {
    const std::vector<TypeId> some = TRY(named(types, operands[at], operands[0]));
    ids.insert(ids.end(), some.begin(), some.end());
  }
  return ids;
}

}  // namespace

Result<int> btf_dump(const Arguments& arguments, Output& out) {
  const std::vector<std::string>& operands = arguments.operands();
  const bool as_c = arguments.text(Flag::format) == "c";
  if (as_c && out.is_json()) {
    return Error(Fault::usage, "C is text and has no JSON", "leave out --format c, or -j");
  }
  const SharedTypes types =
      TRY(TypeFiles(Check::yes).open(operands[0], arguments.text(Flag::base)));
  const auto ids = wanted(types, operands);
  if (!ids.ok()) return found_nothing(ids.error(), out);
  if (as_c) {
    out.write(TRY(btf::print_c(*types, *ids).within(operands[0])));
    return 0;
  }
  const bool is_part = operands.size() > 1;
  for (const TypeId id : is_part ? btf::needed(*types, *ids) : *ids) {
    if (out.is_closed()) break;
    out.write(out.is_json() ? btf::raw_json(*types, id) + "\n" : btf::raw_text(*types, id));
  }
  return 0;
}

}  // namespace skep::cli
