// skep gen skeleton: a C++ header with an object's programs, maps and global variables as members.
#include "base/mapping.hpp"
#include "cli/loading.hpp"
#include "object/light_skeleton.hpp"
#include "object/skeleton.hpp"

namespace skep::cli {

Result<int> gen_skeleton(const Arguments& arguments, Output& out) {
  const std::string& path = arguments.operands()[0];
  const Mapping file = TRY(Mapping::of_file(path));
  const auto object = TRY(object::Object::read(file.bytes(), path));
  const auto wanted = arguments.text(Flag::name);
  const std::string name = wanted ? std::string(*wanted) : object::skeleton_name(path);
  out.write(arguments.has(Flag::light) ? TRY(object::light_skeleton(object, name))
                                       : TRY(object::skeleton(object, file.bytes(), name)));
  return 0;
}

}  // namespace skep::cli
