// skep test-run --engine kernel: BPF_PROG_TEST_RUN, as `bpftool prog run`.
#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/kernel_loading.hpp"
#include "cli/loading.hpp"
#include "cli/settings.hpp"
#include "cli/test_run.hpp"
#include "kernel/test_run.hpp"

namespace skep::cli {

Result<Tested> test_in_kernel(const object::Object& object, const object::ProgramEntry& entry,
                              const TestInput& input, const Arguments& arguments, Output& out) {
  TRY(check_no_budget(arguments));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  kernel::App app = TRY(load_into_kernel(object, arguments, types, entry.name));
  TRY(set_map_entries(app.views(), object, arguments));
  kernel::TestInput given{.packet = input.packet, .repeat = input.repeat};
  if (input.context) given.context = *input.context;
  kernel::TestResult result = TRY(kernel::test_run(*app.program(entry.name), given));
  return Tested{.engine = "kernel",
                .r0 = result.return_value,
                .nanoseconds = static_cast<double>(result.mean_ns),
                .packet = std::move(result.packet),
                .context = std::move(result.context)};
}

}  // namespace skep::cli
