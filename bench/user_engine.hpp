// A program of an object, loaded into the user engine and ready to be measured.
#pragma once

#include <memory>
#include <string>

#include "object/object.hpp"
#include "runtime/engine.hpp"

namespace skep::bench {

inline constexpr const char* kShipped[] = {"dns_only", "filter",    "flows",
                                           "latency",  "protocols", "rewrite"};
// `name` of the shipped programs: build/bpf/NAME.bpf.o.
std::string shipped(const std::string& name);

Result<verify::VerifiedProgram> prove(std::shared_ptr<const platform::Program> program);

class UserEngine {
 public:
  static Result<UserEngine> load(const object::Object& object, const std::string& program,
                                 runtime::Tier tier);

  runtime::App& app() { return *app_; }
  runtime::Environment& environment() { return *environment_; }
  const runtime::LoadedProgram& program() const { return *program_; }
  platform::ProgramType type() const { return type_; }

  // CPU time of one run on `packet` in ns, mean of `repeat`, with the packet's set-up for each; the
  // records that it left in rings, which are taken out, and the last verdict.
  struct Runs {
    double ns = 0;
    u64 records = 0;
    u32 verdict = 0;
  };
  Result<Runs> run(std::span<const std::byte> packet, u32 repeat);
  // The same for a program that leaves the packet as it is, which is set up once.
  Result<Runs> run_unchanged(std::span<const std::byte> packet, u32 repeat);
  u64 drain();

 private:
  UserEngine() = default;
  std::unique_ptr<runtime::Environment> environment_;
  std::optional<runtime::App> app_;
  std::optional<runtime::PacketArena> arena_;
  const runtime::LoadedProgram* program_ = nullptr;
  platform::ProgramType type_ = platform::ProgramType::xdp;
};

}  // namespace skep::bench
