// The making of an App, in the order in which its parts need each other.
//
// One Loader a load; loader.cpp has the order and the programs, map_loader.cpp the maps,
// operations.cpp the structures of operations.
#pragma once

#include <map>

#include "kernel/app.hpp"
#include "kernel/bpf.hpp"

namespace skep::kernel {

// A program of a structure of operations: which member of which kernel type it is.
struct Operation {
  u32 type = 0;    // in the kernel's BTF
  u32 member = 0;  // number
  s32 module = 0;  // descriptor of the module's types
};

class Loader {
 public:
  Loader(const object::Object& object, const LoadOptions& options)
      : app_(object), options_(options) {}
  Result<App> run();

 private:
  Result<void> load();
  void unpin_maps();
  const object::Object& object() const { return app_.object_; }

  // loader.cpp
  Result<void> load_types();
  Result<void> load_programs();
  Result<void> load_program(u32 number);
  Result<void> fill_target(const object::ProgramEntry& entry, platform::LoadProgram& load);
  Result<void> fill_replaced(const object::ProgramEntry& entry, platform::LoadProgram& load);
  Result<void> put_symbols(object::KernelProgram& program);
  Result<void> put_symbol(const object::SymbolUse& use, object::KernelProgram& program);
  static u64 verification_time(std::string_view figures);
  Result<Fd> try_load(const object::KernelProgram& program, platform::LoadProgram& load);
  Error rejected(const object::KernelProgram& program, const platform::LoadProgram& load,
                 int answer);
  Result<void> fill_program_arrays();
  bool is_wanted(const object::ProgramEntry& entry) const;

  // map_loader.cpp
  Result<void> create_maps();
  Result<LoadedMap> create_map(const platform::MapSpec& spec);
  Result<Fd> create(const platform::MapSpec& spec, std::string_view name, std::optional<int> inner);
  void fill_operations(const platform::MapSpec& spec, platform::CreateMap& create);
  Result<std::optional<Fd>> pinned_map(const platform::MapSpec& spec);
  Result<void> fill_maps();
  Result<void> fill_arena(LoadedMap& map);
  Result<void> set_globals(const LoadedMap& map);

  // operations.cpp
  Result<void> plan_operations();
  Result<void> plan_operations(const platform::MapSpec& spec, u32 number);
  Result<void> complete_operations();

  App app_;
  const LoadOptions& options_;
  KernelTypes kernel_;
  std::optional<Fd> replaced_;
  std::vector<int> descriptors_;  // fd_array: maps by number, then modules' types
  std::map<std::string, Operation, std::less<>> operations_;  // by program
};

}  // namespace skep::kernel
