// skep_bench [--filter REGEX] [-j]: our figures, beside the kernel's. See README.md.
#include <cstdio>
#include <regex>
#include <string>

#include "figures.hpp"

namespace skep::bench {
namespace {

struct Figure {
  const char* name;
  Result<void> (*measure)(Report&);
};
// `start` comes first: the memory of a child is not counted below that of who started it.
constexpr Figure kFigures[] = {{"start", start},
                               {"loading", loading},
                               {"core", core},
                               {"kernel load", kernel_load},
                               {"kernel ring", kernel_ring},
                               {"btf", kernel_types},
                               {"flows", flows},
                               {"verification", verification},
                               {"verify-growth", growth},
                               {"compilation", compilation},
                               {"programs", programs},
                               {"programs, DPDK", rte_programs},
                               {"optimize", optimized},
                               {"loops", loops},
                               {"maps", maps}};

struct Options {
  std::string filter = ".";
  Format format = Format::text;
};

Result<Options> parse(int count, char** arguments) {
  Options options;
  for (int at = 1; at < count; ++at) {
    const std::string argument = arguments[at];
    if (argument == "-j") {
      options.format = Format::json;
    } else if (argument == "--filter" && at + 1 < count) {
      options.filter = arguments[++at];
    } else {
      return Error(Fault::usage, "usage: skep_bench [--filter REGEX] [-j]");
    }
  }
  return options;
}

Result<void> run(int count, char** arguments) {
  const Options options = TRY(parse(count, arguments));
  const std::regex wanted(options.filter);
  std::string command;
  for (int at = 0; at < count; ++at) command += (at > 0 ? " " : "") + std::string(arguments[at]);
  Report report(options.format);
  report.opening(command);
  for (const Figure& figure : kFigures) {
    if (std::regex_search(figure.name, wanted)) TRY(figure.measure(report).within(figure.name));
  }
  return {};
}

}  // namespace
}  // namespace skep::bench

int main(int count, char** arguments) try {
  const auto done = skep::bench::run(count, arguments);
  if (done.ok()) return 0;
  std::fprintf(stderr, "skep_bench: %s\n", done.error().message.c_str());
  return done.error().fault == skep::Fault::usage ? 2 : 1;
} catch (const std::regex_error& error) {
  std::fprintf(stderr, "skep_bench: --filter: %s\n", error.what());
  return 2;
}
