// What an engine makes of an object: the seam between the public types and the two engines.
//
// App, Program, Map and RingBytes are names and checks in front of an EngineApp (app.cpp, map.cpp,
// ring.cpp); user_app.cpp and kernel_app.cpp are its two kinds. Maps have one form in both engines
// already, maps::View; what the engines do each in their way is here. What one of them cannot do
// is Fault::unsupported, with what can.
#pragma once

#include <chrono>
#include <memory>

#include "kernel/choice.hpp"
#include "maps/view.hpp"
#include "object/object.hpp"
#include "skep/engine.hpp"

namespace skep::detail {

// A ring or perf buffer that is read.
class Reader {
 public:
  using Take = std::function<void(std::span<const std::byte>)>;
  virtual ~Reader() = default;
  virtual u64 drain(const Take& take) = 0;
  virtual Result<u64> lost() const = 0;
  virtual bool has_records() const = 0;
  // Sleeps until there may be some, until it is worth a look, or for `most`.
  enum class Woken : u8 { look, by_signal };
  virtual Woken sleep(std::chrono::milliseconds most) const = 0;
  virtual Result<int> fd() const = 0;
};

class EngineApp {
 public:
  explicit EngineApp(object::Object object) : object_(std::move(object)) {}
  EngineApp(const EngineApp&) = delete;
  EngineApp& operator=(const EngineApp&) = delete;
  virtual ~EngineApp() = default;

  const object::Object& object() const { return object_; }
  virtual kernel::EngineKind engine() const = 0;

  // ---- programs, by their names ----
  virtual Result<Run> run(std::string_view program, std::span<const std::byte> input) = 0;
  virtual Result<Run> run(std::string_view program, std::span<const std::byte> packet,
                          std::span<const std::byte> context) = 0;
  virtual Result<Feed> feed(std::string_view program, const std::string& capture) = 0;
  virtual Result<Link> attach(std::string_view name, const Place& place) = 0;
  virtual Result<std::vector<Link>> attach_all(const Place& place) = 0;

  // ---- maps, by their numbers in object().maps() ----
  Result<u32> number_of(std::string_view map) const;  // Fault::absent names the nearest
  virtual maps::View& map(u32 number) = 0;
  virtual Result<u64> lost(u32 map) = 0;
  virtual Result<void> pin(u32 map, const std::string& path) = 0;
  virtual Result<Reader*> reader(u32 map) = 0;
  // Bytes of the only value of a map of global variables.
  virtual Result<void> read_globals(u32 map, u32 offset, std::span<std::byte> out) = 0;
  virtual Result<void> write_globals(u32 map, u32 offset, std::span<const std::byte> value) = 0;

 protected:
  // "no program named flow", of those that are `loaded`.
  Error no_program(std::string_view name, const std::vector<std::string_view>& loaded) const;
  Error no_ring(u32 map) const;

 private:
  object::Object object_;
};

// What both engines run packet programs on: Fault::usage for others.
Result<void> check_packet(std::size_t bytes);
// Fault::unsupported: packets of a capture for a program that takes none.
Error feeds_no_packets(std::string_view program, platform::ProgramType type);
// Fault::usage: a packet for a program that runs on a context alone.
Error takes_no_packet(std::string_view program, platform::ProgramType type);

// What is loaded, as LoadOptions say it.
struct Wanted {
  const LoadOptions& options;
  std::vector<object::ProgramEntry> programs;
  btf::Targets targets;

  const btf::Targets* types() const { return targets.empty() ? nullptr : &targets; }
};

// Errors begin with the object's name.
Result<std::shared_ptr<EngineApp>> load_user(object::Object object, const Wanted& wanted);
Result<std::shared_ptr<EngineApp>> load_kernel(object::Object object, const Wanted& wanted);

}  // namespace skep::detail
