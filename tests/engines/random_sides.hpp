// One random program on packets in the kernel, and in the user engine's tiers: what each makes of
// the same packet and the same maps.
//
// Maps are made once and filled anew for each program, since making them takes longer than all
// else.
#pragma once

#include <map>
#include <optional>

#include "kernel_programs.hpp"
#include "random_packets.hpp"
#include "runtime/engine.hpp"
#include "text/text.hpp"

namespace skep::random_kernel {

using Buffer = std::vector<std::byte>;

struct Answer {
  std::optional<std::string> refused;  // why, without numbers
  u32 return_value = 0;
  Buffer packet;
  Buffer maps;               // all their elements
  std::string tiers_differ;  // of the user engine's: how
};

// The first that differs, with ours first, or an empty text.
std::string difference(const Answer& ours, const Answer& theirs);
std::string listing(const platform::Program& program);

class KernelSide {
 public:
  KernelSide();
  Answer run(const std::shared_ptr<const platform::Program>& program, u64 seed);

 private:
  Answer run(const Fd& loaded, u64 seed);
  void fill(u64 seed);
  Buffer contents() const;
  std::vector<Fd> maps_;
};

// In each tier; they must not differ among themselves.
class UserSide {
 public:
  Answer run(const std::shared_ptr<const platform::Program>& program, u64 seed);

 private:
  Answer run(const verify::VerifiedProgram& verified, runtime::Tier tier, u64 seed);
  runtime::App& app(runtime::Tier tier);

  struct Used {
    std::optional<runtime::App> app;
    u32 programs = 0;
  };
  std::unique_ptr<runtime::Environment> environment_ = runtime::deterministic_environment();
  std::map<runtime::Tier, Used> apps_;
  runtime::PacketArena arena_ = runtime::PacketArena::create(1).value();
};

class Sides {
 public:
  KernelSide& kernel() { return kernel_; }
  UserSide& user() { return user_; }

 private:
  KernelSide kernel_;
  UserSide user_;
};

}  // namespace skep::random_kernel
