// What the commands about loaded things share: which of them an operand names, and who holds them.
//
// Operands are bpftool's: "id 5", "tag 3b185187f1855c4c", "name flows", "pinned /sys/fs/bpf/flows";
// without any, all. What is named and not there is Fault::usage where only one thing is meant, and
// finds nothing (exit code 5) in a list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "btf/types.hpp"
#include "cli/output.hpp"
#include "kernel/inventory.hpp"
#include "kernel/inventory_owners.hpp"

namespace skep::cli {

// What may name a thing of a kind.
enum class By : u8 { id, name, tag, pinned, count_ };

struct Selector {
  By by = By::id;
  std::string word;
  u32 id = 0;  // by id
};
// From operands `at` and behind it. nullopt: there are none, so all are meant. Fault::usage says
// what may name one of `kind`.
Result<std::optional<Selector>> selector(kernel::Kind kind,
                                         const std::vector<std::string>& operands,
                                         std::size_t at = 0);
// The same for who needs one.
Result<Selector> one_selector(kernel::Kind kind, const Arguments& arguments, std::size_t at = 0);

// Opens what is pinned at `path`, which must be of this kind: Fault::usage.
Result<Fd> open_pinned_as(kernel::Kind kind, const std::string& path);
// The descriptor of the one that is meant. Fault::usage: none is, or several are, which are then
// named.
Result<Fd> open_one(kernel::Kind kind, const Selector& selector);
// The ids that are meant, rising; may be empty.
Result<std::vector<u32>> ids_of(kernel::Kind kind, const Selector& selector);

// What is meant, described; all of the kind without a selector. What goes away meanwhile is left
// out.
template <class Entry>
Result<std::vector<Entry>> chosen(kernel::Kind kind, const std::optional<Selector>& selector,
                                  Result<Entry> (*describe)(const Fd&)) {
  std::vector<Entry> out;
  for (const u32 id : selector ? TRY(ids_of(kind, *selector)) : TRY(kernel::ids(kind))) {
    const auto fd = kernel::open_id(kind, id);
    if (!fd.ok() && fd.error().fault == Fault::absent) continue;
    if (!fd.ok()) return fd.error();
    out.push_back(TRY(describe(*fd)));
  }
  return out;
}

// The types that the kernel holds under `id`; only void for 0.
Result<btf::Types> types_under(u32 id);

// Ends a list that found nothing: the sentence and exit code 5.
int nothing_loaded(kernel::Kind kind, const std::optional<Selector>& selector, Output& out);

// Who holds what, read once a command. Notes what could not be seen.
struct Holders {
  kernel::Owners owners;
  kernel::Pins pins;
};
Holders read_holders(Output& out);

// bpftool's members "pinned" and "pids", and its lines; nothing where nobody holds it.
void holders_json(JsonWriter& json, const Holders& holders, kernel::Kind kind, u32 id);
std::string pinned_text(const Holders& holders, kernel::Kind kind, u32 id);
std::string pids_text(const Holders& holders, kernel::Kind kind, u32 id);

// Whether --engine user was asked for, which has nothing that outlives a process: notes it, and the
// exit code is 5.
bool asks_for_user_engine(const Arguments& arguments);
int nothing_in_user_engine(Output& out);

}  // namespace skep::cli
