// Which engine an object runs in when it is left to skep: "auto" of the command and of the C++
// interface.
//
// The kernel when every program can be attached there with the privileges at hand, else the user
// engine when every program can run there, else an error that says for each program and engine why
// not and what would make it possible. What the caller knows beside, such as whether there are
// packets, it says by `also`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "object/object.hpp"

namespace skep::kernel {

enum class EngineKind : u8 { user, kernel, count_ };
std::string_view name_of(EngineKind engine);

// Why a program cannot run in an engine.
struct Obstacle {
  std::string why_not{};  // empty: it can
  std::string what_to_do{};
};

struct Choice {
  std::vector<object::ProgramEntry> programs;  // that are to run
  // Asked where nothing else stands against it.
  std::function<Obstacle(const object::ProgramEntry& program, EngineKind engine)> also;
};

// Fault::unsupported has the table as its report.
Result<EngineKind> choose_engine(const object::Object& object, const Choice& choice);

}  // namespace skep::kernel
