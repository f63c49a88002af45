// One program in one engine, run on inputs in order: what each run leaves, and in the end what its
// rings gave and its maps hold.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "agreement_inputs.hpp"
#include "kernel/app.hpp"
#include "kernel/ring.hpp"
#include "object/object.hpp"
#include "runtime/engine.hpp"

namespace skep::agreement {

struct Outcome {
  u32 return_value = 0;
  Buffer packet, context;
};

// A map or ring record in two forms: its bytes, and, where those differ, as it is printed with
// times blanked out, which differ from clock to clock.
struct Shown {
  std::string bytes;
  std::function<std::string()> printed;  // empty when there are no types
};
// The first that differs, as a text; empty when none does.
std::string difference(const std::vector<Shown>& ours, const std::vector<Shown>& theirs);

class Results {
 public:
  explicit Results(const btf::Types& types) : types_(types) {}
  void record(const platform::MapSpec& ring, std::span<const std::byte> bytes);
  void add(const maps::View& map);

  std::vector<Shown> records;
  std::vector<Shown> maps;

 private:
  const btf::Types& types_;
};

// The program and those that its object's program arrays name.
struct Chosen {
  const object::Object& object;
  const object::ProgramEntry& entry;
  const btf::Targets* targets = nullptr;

  std::vector<std::string> names() const;
};

// Why an engine does not have the program: "kernel-only", "the kernel".
struct Refused {
  std::string why;
  std::string message;
};

inline constexpr std::string_view kTooLong = "the verifier's walk is too long for this build";

class UserSide {
 public:
  static std::variant<std::unique_ptr<UserSide>, Refused> load(const Chosen& chosen);
  Outcome run(const Input& input);
  void finish();
  u32 context_bytes() const { return context_bytes_; }
  const platform::Program& program() const { return *linked_; }

  Results results;

 private:
  explicit UserSide(const Chosen& chosen);
  void set_up(const Input& input);

  const object::ProgramEntry& entry_;
  std::unique_ptr<runtime::Environment> environment_ = runtime::deterministic_environment();
  std::shared_ptr<const platform::Program> linked_;
  std::optional<runtime::App> app_;
  const runtime::LoadedProgram* program_ = nullptr;
  u32 context_bytes_ = 0;
  runtime::PacketArena arena_ = runtime::PacketArena::create(1).value();
};

class KernelSide {
 public:
  static std::variant<std::unique_ptr<KernelSide>, Refused> load(const Chosen& chosen,
                                                                 const std::string& pins);
  Result<Outcome> run(const Input& input);
  void finish();

  Results results;

 private:
  KernelSide(const Chosen& chosen, kernel::App app);

  kernel::App app_;
  const kernel::LoadedProgram* program_;
  std::vector<std::pair<const kernel::LoadedMap*, kernel::Ring>> rings_;
};

}  // namespace skep::agreement
