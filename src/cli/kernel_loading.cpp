#include "cli/kernel_loading.hpp"

#include "kernel/token.hpp"
#include "object/tail_calls.hpp"

namespace skep::cli {

Result<kernel::App> load_into_kernel(const object::Object& object, const Arguments& arguments,
                                     const ChosenTargets& types,
                                     const std::optional<std::string>& program) {
  kernel::LoadOptions options{.targets = types.targets()};
  if (program) {
    options.programs = object::tail_call_targets(object);
    options.programs.push_back(*program);
  }
  if (const auto folder = arguments.text(Flag::pin_maps)) options.pins = *folder;
  if (arguments.has(Flag::replaces))
    options.replaces = static_cast<u32>(TRY(arguments.number(Flag::replaces, 1, 0)));
  std::optional<kernel::Token> token;
  if (const auto folder = arguments.text(Flag::token)) {
    token = TRY(kernel::Token::create(*folder));
    options.token = &*token;
  }
  return kernel::App::load(object, options);
}

}  // namespace skep::cli
