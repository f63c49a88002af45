#include "object/light/plan.hpp"

#include "object/kernel/types.hpp"
#include "object/light/map_steps.hpp"
#include "object/light/program_steps.hpp"
#include "object/light/refuse.hpp"

namespace skep::object::light {
namespace {

constexpr u32 kContextBytesMax = 0xffff;  // of a program of type syscall
constexpr u32 kArrayMax = 0x7fff;         // a position must fit into the offset of an instruction
constexpr std::size_t kBlobBytesMax = std::size_t{1} << 30;

class Planner {
 public:
  Planner(const Object& object, std::string_view name)
      : object_(object), maps_(object, name, draft_), programs_(object, draft_) {}

  Result<Plan> run() {
    for (const platform::MapSpec& each : object_.maps()) {
      TRY(check_map(each).within(object_.name()));
    }
    TRY(programs_.choose());
    TRY(place_descriptors());
    TRY(load_types());
    maps_.create_all();
    maps_.fill_all();
    programs_.find_symbols();
    programs_.load_all();
    programs_.put_into_maps();
    hand_over();
    maps_.place_zeroed();
    TRY(check_sizes());
    draft_.plan.blob = draft_.blob.take();
    return std::move(draft_.plan);
  }

 private:
  Error too_large(std::string_view what) const {
    return {Fault::exhausted,
            format("{}: {} than a loader program can take", object_.name(), what)};
  }

  Result<void> place_descriptors() {
    const auto maps = static_cast<u32>(object_.maps().size());
    const u32 positions = maps + programs_.modules();
    if (positions > kArrayMax) return too_large("more maps and kernel functions");
    draft_.array = draft_.blob.add_zeros(positions * kDescriptorBytes);
    for (u32 number = 0; number < maps; ++number) {
      draft_.plan.descriptors.push_back(draft_.map_descriptor(number));
    }
    draft_.types = draft_.pass(draft_.blob.add_zeros(kDescriptorBytes));
    draft_.pattern = draft_.pass(draft_.blob.add_zeros(kDescriptorBytes));
    programs_.place_descriptors();
    return {};
  }

  Result<void> load_types() {
    const std::vector<std::byte> types = TRY(kernel_types(object_.image()).within(object_.name()));
    if (types.empty()) return {};
    LoadTypes attributes;
    attributes.btf_size = static_cast<u32>(types.size());
    RunCommand load = draft_.command(Command::load_types, attributes);
    const auto field = [&](std::size_t offset) {
      return load.attributes + static_cast<u32>(offset);
    };
    load.fills = {Address{field(offsetof(LoadTypes, btf)), draft_.blob.add(types)},
                  Input{field(offsetof(LoadTypes, btf_log_level)), kLogLevel, 4},
                  Input{field(offsetof(LoadTypes, btf_log_size)), kLogSize, 4},
                  Input{field(offsetof(LoadTypes, btf_log_buf)), kLogBuffer, 8}};
    load.descriptor = draft_.types;
    draft_.step("load the types", std::move(load)).has_log = true;
    return {};
  }

  // From here on nothing fails.
  void hand_over() {
    for (const Handed& each : draft_.plan.maps) {
      draft_.step("", HandOver{each.word, draft_.map_descriptor(each.number)});
    }
    programs_.hand_over();
    for (const Offset each : draft_.passing) draft_.step("", Close{each});
  }

  Result<void> check_sizes() const {
    if (draft_.plan.words * sizeof(u64) > kContextBytesMax)
      return too_large("more maps and programs");
    if (draft_.blob.size() > kBlobBytesMax) return too_large("more bytes");
    return {};
  }

  const Object& object_;
  Draft draft_;
  MapSteps maps_;
  ProgramSteps programs_;
};

}  // namespace

Result<Plan> plan(const Object& object, std::string_view name) {
  return Planner(object, name).run();
}

}  // namespace skep::object::light
