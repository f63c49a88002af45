// Declaration tags of functions (__attribute__((btf_decl_tag("...")))), found once and asked often.
//
// A tag without a component belongs to the function itself, else to the parameter of that number.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "btf/types.hpp"

namespace skep::object {

class Tags {
 public:
  Tags() = default;
  static Tags read(const btf::Types& types);

  // Whether the function, or its parameter of that number, has the tag `text`.
  bool has(btf::TypeId function, s32 component, std::string_view text) const;
  // All tags of the function's parameter of that number.
  std::vector<std::string_view> of(btf::TypeId function, s32 component) const;
  // How many tags of the function itself begin with `prefix`.
  std::size_t count(btf::TypeId function, std::string_view prefix) const;
  // What stands behind `prefix` in the first of them.
  std::optional<std::string_view> behind(btf::TypeId function, std::string_view prefix) const;

 private:
  struct Tag {
    btf::TypeId function;
    s32 component;
    std::string_view text;
  };
  std::vector<Tag> all_;  // by function
};

}  // namespace skep::object
