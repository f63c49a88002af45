// A plan that is being made: what its parts put into the blob and append to the steps.
#pragma once

#include <map>
#include <string>

#include "object/light/blob.hpp"
#include "object/light/plan.hpp"

namespace skep::object::light {

inline constexpr u32 kDescriptorBytes = 4;
inline constexpr Offset kModule = 4;  // of an answer: the descriptor of a module's types

struct Draft {
  Plan plan;
  Blob blob;
  // Places of descriptors: fd_array, which begins with the maps by their numbers; the types; and
  // what is made in passing.
  Offset array = 0, types = 0, pattern = 0;
  std::vector<Offset> passing;  // to be closed in the end
  std::map<std::string, Offset> texts;

  Offset map_descriptor(u32 number) const { return array + number * kDescriptorBytes; }

  // Notes a descriptor that is not needed once the programs are loaded.
  Offset pass(Offset descriptor) {
    plan.descriptors.push_back(descriptor);
    passing.push_back(descriptor);
    return descriptor;
  }
  // A place for what FindType and FindAddress find.
  Offset place_answer() {
    const Offset answer = blob.add_zeros(sizeof(u64));
    pass(answer + kModule);
    return answer;
  }

  // With the zero behind it; equal texts are one.
  Offset place_text(std::string_view text) {
    const auto [known, is_new] = texts.try_emplace(std::string(text), 0);
    if (is_new) known->second = blob.add_text(text);
    return known->second;
  }

  // A command, its attributes taken into the blob.
  template <class Attributes>
  RunCommand command(Command command, const Attributes& attributes) {
    return {.command = command,
            .attributes = blob.add_value(attributes),
            .size = sizeof(Attributes),
            .fills = {}};
  }

  // An update of one element of a map to the `value` at that offset.
  RunCommand update(u32 map, u32 key, Offset value) {
    RunCommand update = command(Command::update_element, UpdateElement{});
    update.fills = {
        Copy{update.attributes + u32{offsetof(UpdateElement, map_fd)}, map_descriptor(map)},
        Address{update.attributes + u32{offsetof(UpdateElement, key)}, blob.add_value(le32(key))},
        Address{update.attributes + u32{offsetof(UpdateElement, value)}, value}};
    return update;
  }

  Step& step(std::string text, Action action) {
    return plan.steps.emplace_back(Step{std::move(text), std::move(action)});
  }
};

}  // namespace skep::object::light
