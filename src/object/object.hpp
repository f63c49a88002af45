// Reads BPF objects: ELF files as clang makes them, in; programs, maps, globals and types, out.
//
// An Object is a plain value: nothing is created or loaded. program() links and relocates one of
// its programs into the form that every later stage takes. What libbpf opens is opened, with the
// same meaning, whether or not an engine can run it; who runs it refuses. Refused here, with
// section and offset: files that are not little-endian ELF64 relocatables for BPF, tables that
// leave the file, overlapping sections, relocations to nothing. Formats: ELF gABI; BTF and .BTF.ext
// (Documentation/bpf/btf.rst); section and map names as in libbpf.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "btf/core.hpp"
#include "platform/program.hpp"

namespace skep::object {

struct Image;

// What the object says of one program before it is relocated.
struct ProgramEntry {
  std::string name;
  std::string section;                                              // without the '?' in front
  platform::ProgramType type = platform::ProgramType::unspecified;  // when no type has that name
  std::optional<platform::AttachType> attach_type{};
  platform::SectionFlags flags = 0;
  platform::Target target{};  // kind none also when what is written cannot be read as one
  u32 slots = 0;              // of its own function, without the functions it calls
  bool is_optional = false;   // SEC("?..."): not to be loaded unless asked for
};

// Where a global variable is kept.
struct Global {
  u32 map = 0;     // its number in maps()
  u32 offset = 0;  // into the map's only value
  u32 size = 0;
  btf::TypeId type = btf::kVoid;
};

// What is known of one kernel; what is left empty is not looked into.
struct KernelFacts {
  std::string_view configuration{};   // its .config: CONFIG_HZ=250, a line each
  std::string_view release{};         // as uname -r prints it: "6.1.0-18-amd64"
  std::string_view symbols{};         // /proc/kallsyms
  const btf::Types* types = nullptr;  // its BTF
};

// What becomes of CO-RE relocations: put into the instructions, left as the compiler wrote them
// (not to be run), or only listed.
enum class Core : u8 { apply, leave, list };

struct LinkOptions {
  // The types of the machine that the program is to run on. Without them, programs that ask for
  // some are refused.
  const btf::Targets* targets = nullptr;
  Core core = Core::apply;
  // Kept, unknown instructions are shown or listed; they are not to be run.
  isa::Unknown unknown = isa::Unknown::refuse;
};

// One CO-RE relocation of a program, and what was found.
struct CoreUse {
  u32 slot = 0;  // of the linked program
  btf::CoreKind kind = btf::CoreKind::count_;
  std::string text;                     // "struct task_struct.pid: byte offset"
  std::optional<u64> value{};           // what the instruction gets
  std::optional<btf::Absent> absent{};  // no value: reaching the instruction is an error
  std::optional<Error> failure{};       // the program cannot be relocated
};

class Object {
 public:
  static Result<Object> open(const std::string& path);
  // `name` is used in messages. The bytes are copied.
  static Result<Object> read(Bytes file, std::string name);

  const std::string& name() const { return name_; }
  const std::string& license() const { return license_; }
  const std::vector<ProgramEntry>& programs() const { return programs_; }
  const std::vector<platform::MapSpec>& maps() const { return *maps_; }
  const btf::Types& types() const { return *types_; }
  // What it takes from the kernel by name.
  const std::vector<platform::Extern>& externs() const { return *externs_; }
  // What is unusual about it and not wrong, a sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  // A global variable by its name in C; one of a function is "function.variable". Fault::absent
  // names the nearest.
  Result<Global> global(std::string_view variable) const;

  // Changes the initial value of a global variable before the programs are relocated and the maps
  // made; what was made before does not change. `value` has the variable's size. A value of the
  // kernel's configuration counts as found then.
  Result<void> set_global(std::string_view variable, std::span<const std::byte> value);

  // Looks the externs up in what is known of a kernel and remembers what was found, for programs
  // that are linked afterwards. What is not found is no error here: a weak extern is then absent,
  // another one is refused by name where it is needed. Errors: a value that its variable cannot
  // hold.
  Result<void> resolve(const KernelFacts& kernel);

  // Links and relocates one program. Fault::absent names the nearest programs.
  Result<std::shared_ptr<const platform::Program>> program(std::string_view name,
                                                           const LinkOptions& options = {}) const;

  // Whether there are CO-RE relocations, and such that need the types of a machine.
  bool has_core() const;
  bool needs_targets() const;
  // The CO-RE relocations of a program and of what it calls, in the order of its instructions;
  // `targets` may be null.
  Result<std::vector<CoreUse>> core_uses(std::string_view program,
                                         const btf::Targets* targets) const;

  // What it was read from, for the other stages of this folder.
  const Image& image() const { return *image_; }

 private:
  friend class Reader;
  Object() = default;
  void mark_found(std::string_view external);
  // Of a program in programs_.
  Result<u32> position_of(std::string_view program) const;
  std::string name_;
  std::string license_;
  std::vector<ProgramEntry> programs_;
  std::vector<std::string> notes_;
  std::shared_ptr<std::vector<platform::MapSpec>> maps_;
  std::shared_ptr<const std::vector<platform::Extern>> externs_;
  std::shared_ptr<const btf::Types> types_;
  std::shared_ptr<const Image> image_;  // sections and relocations, for program()
};

}  // namespace skep::object
