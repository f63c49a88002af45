// The kernel engine behind the public types: programs and maps are the kernel's, reached by bpf(2).
//
// Rings and perf buffers are opened when the object is loaded, so that no event finds nobody to
// read it. Global variables are memory that this process and the programs share.
#pragma once

#include <map>

#include "api/engine_app.hpp"
#include "base/mapping.hpp"
#include "kernel/app.hpp"

namespace skep::detail {

class KernelApp final : public EngineApp {
 public:
  // `app` is what the kernel made of `object`.
  static Result<std::shared_ptr<EngineApp>> create(object::Object object, kernel::App app);
  KernelApp(object::Object object, kernel::App app)
      : EngineApp(std::move(object)), app_(std::move(app)), views_(app_.views()) {}

  kernel::EngineKind engine() const override { return kernel::EngineKind::kernel; }
  Result<Run> run(std::string_view program, std::span<const std::byte> input) override;
  Result<Run> run(std::string_view program, std::span<const std::byte> packet,
                  std::span<const std::byte> context) override;
  Result<Feed> feed(std::string_view program, const std::string& capture) override;
  Result<Link> attach(std::string_view name, const Place& place) override;
  Result<std::vector<Link>> attach_all(const Place& place) override;

  maps::View& map(u32 number) override { return *views_[number]; }
  Result<u64> lost(u32 map) override;
  Result<void> pin(u32 map, const std::string& path) override;
  Result<Reader*> reader(u32 map) override;
  Result<void> read_globals(u32 map, u32 offset, std::span<std::byte> out) override;
  Result<void> write_globals(u32 map, u32 offset, std::span<const std::byte> value) override;

 private:
  Result<void> open_readers();
  Result<void> map_globals();
  Result<const kernel::LoadedProgram*> loaded(std::string_view program) const;
  const kernel::Map& map_at(u32 number) const { return app_.maps()[number].map; }

  kernel::App app_;
  std::vector<maps::View*> views_;
  std::map<u32, std::unique_ptr<Reader>> readers_{};  // by number of map
  std::map<u32, Mapping> globals_{};                  // those that the kernel lets us map
};

}  // namespace skep::detail
