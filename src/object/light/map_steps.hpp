// The steps that make an object's maps, and fill them with what the object says.
#pragma once

#include "object/light/draft.hpp"

namespace skep::object::light {

class MapSteps {
 public:
  MapSteps(const Object& object, std::string_view name, Draft& draft)
      : object_(object), name_(name), draft_(draft) {}

  void create_all();
  void fill_all();
  // The places of variables that are zero: last of all, so that the end of the blob need not be
  // written down.
  void place_zeroed();

 private:
  struct Zeroed {
    std::size_t globals;  // in the plan
    std::size_t step;     // the first of the two that need the place
  };

  const platform::MapSpec& map(u32 number) const { return object_.maps()[number]; }
  RunCommand creation(const platform::MapSpec& spec, std::string_view name);
  void create(u32 number);
  void set_globals(u32 number);

  const Object& object_;
  std::string_view name_;
  Draft& draft_;
  std::vector<Zeroed> zeroed_;
};

}  // namespace skep::object::light
