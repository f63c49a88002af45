// What the commands of `skep btf` share: files of types with what they continue, and types by the
// names that people type.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "btf/targets.hpp"
#include "btf/types.hpp"
#include "cli/output.hpp"

namespace skep::cli {

inline constexpr const char* kKernelFolder = "/sys/kernel/btf";
using btf::kKernelTypes;

using SharedTypes = std::shared_ptr<const btf::Types>;

// The kernel's types, then its modules', as files of /sys/kernel/btf; empty without such.
std::vector<std::string> kernel_files();

// Whether every type is looked at before it is used; a lookup in a kernel's does without, and what
// follows references is then to be bounded.
enum class Check : u8 { yes, no };

// Opens files of types, raw or ELF; what several of them continue is opened once.
class TypeFiles {
 public:
  explicit TypeFiles(Check check) : check_(check) {}

  // Those of a module have those of its kernel as base: the file `base` or, without it, the file
  // named vmlinux in the same folder. Refused: a base for types that continue none, or that do not
  // fit to it (modules are always checked).
  Result<SharedTypes> open(const std::string& path,
                           const std::optional<std::string>& base = std::nullopt);

 private:
  Result<SharedTypes> open_upon(const std::string& path, const std::string& base_path);
  Result<SharedTypes> base(const std::string& path);

  Check check_;
  std::map<std::string, SharedTypes> bases_;
};

// "task_struct", "struct task_struct", or with the kind alone in front as an operand of its own.
struct TypeQuery {
  std::vector<btf::Kind> kinds;  // empty: any
  std::string name;

  std::string text() const;  // "struct task_struct"

 private:
  friend TypeQuery parse_query(std::string_view text);
  std::string_view word_;  // of the kinds
};
TypeQuery parse_query(std::string_view text);
// Whether the text is such a kind.
bool is_kind_word(std::string_view text);

// The types that have this name, by rising id from `from` on; of the same name without its flavor
// when none has it as it is.
std::vector<btf::TypeId> find_types(const btf::Types& types, const TypeQuery& query,
                                    btf::TypeId from = 1);
// Says that there is none, with the nearest names of those kinds.
Error no_such_type(const TypeQuery& query, const std::vector<SharedTypes>& where,
                   std::string_view place);

// Reports and returns the exit code for what was looked for and is not there.
int found_nothing(const Error& error, Output& out);

}  // namespace skep::cli
