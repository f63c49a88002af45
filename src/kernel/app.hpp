// An object that is loaded into the Linux kernel: its types, maps and programs.
//
// In: an Object with its global variables and externs as they should be. Out: an App that owns the
// descriptors; when it goes, so does all that nothing else holds: the kernel counts. Order and
// meaning are libbpf's: types, maps (those of maps first, pinned ones by name), values of globals,
// programs, program arrays. Refused: what the kernel refuses. A program that its verifier rejects
// is Fault::rejected with a report() of both verifiers; a missing privilege is named. Nothing is
// attached here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "kernel/map.hpp"
#include "kernel/types.hpp"
#include "object/kernel/program.hpp"
#include "object/object.hpp"

namespace skep::kernel {

class Token;  // kernel/token.hpp

// Whether the kernel is asked what verifying a program cost it, which costs a little time itself.
enum class Figures : u8 { no, yes };

struct LoadOptions {
  // Only these; otherwise all but those in sections that begin with '?'.
  std::vector<std::string> programs{};
  const btf::Targets* targets = nullptr;  // for CO-RE
  std::string pins = "/sys/fs/bpf";       // where maps are that are pinned by name
  const Token* token = nullptr;           // loads in a user namespace
  std::optional<u32> replaces{};          // freplace: the id of the program whose function it is
  Figures figures = Figures::no;
};

struct LoadedMap {
  Map map;
  bool was_there = false;  // pinned by somebody before

  const platform::MapSpec& spec() const { return map.spec(); }
  const Fd& fd() const { return map.fd(); }
};

struct LoadedProgram {
  object::ProgramEntry entry;
  Fd descriptor;
  // With Figures::yes, as the kernel's log says: with the changes that it makes to the code.
  u64 verification_us = 0;
};

// A structure of operations as the kernel takes it: the value of a map, which is not written before
// it is attached.
struct OperationsValue {
  struct Member {
    std::string program;
    u32 number = 0;  // of the member in the kernel's structure
    u64 offset = 0;  // of its descriptor in `bytes`
  };
  u32 map = 0;     // number in App::maps()
  u32 type = 0;    // of the value, in the kernel's BTF
  s32 module = 0;  // descriptor of a module's types
  std::vector<std::byte> bytes;
  std::vector<Member> programs;
};

class App {
 public:
  static Result<App> load(const object::Object& object, const LoadOptions& options);

  const object::Object& object() const { return object_; }
  const std::vector<LoadedMap>& maps() const { return maps_; }
  const std::vector<LoadedProgram>& programs() const { return programs_; }
  // The maps as readers of both engines see them.
  std::vector<maps::View*> views();
  const LoadedProgram* program(std::string_view name) const;  // or null
  const LoadedMap* map(std::string_view name) const;          // or null
  const std::vector<OperationsValue>& operations() const { return operations_; }
  // The next free number in __bpf_usdt_specs, which all programs share.
  u32 next_usdt_number() const { return (*usdt_numbers_)++; }
  // Whether the kernel took the object's types; without them maps show their bytes only.
  bool has_types() const { return types_.has_value(); }

 private:
  friend class Loader;
  explicit App(object::Object object) : object_(std::move(object)) {}

  object::Object object_;
  std::optional<Fd> types_;
  std::vector<LoadedMap> maps_;
  std::vector<LoadedProgram> programs_;
  std::vector<OperationsValue> operations_;
  std::shared_ptr<u32> usdt_numbers_ = std::make_shared<u32>(0);
};

}  // namespace skep::kernel
