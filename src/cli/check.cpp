// skep check: would the programs of an object run on these kernels? Each kernel is the file of its
// types; nothing is loaded, booted or installed.
//
// In text a table, a line a kernel and a column a program, and behind it what is missing where. A
// kernel whose file cannot be read counts as one on which nothing runs.
#include <algorithm>
#include <filesystem>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/loading.hpp"
#include "object/fit.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr int kSomeDoNot = 3;

struct Kernel {
  std::string path;
  std::vector<object::Fit> fits;  // by program; empty when it could not be read
  std::string unreadable{};
};

// A folder stands for the .btf files in it.
Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return std::vector{path};
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, ignored), end; at != end; at.increment(ignored)) {
    if (at->path().extension() == ".btf") files.push_back(at->path().string());
  }
  std::ranges::sort(files);
  if (!files.empty()) return files;
  return Error(Fault::absent, format("{} has no files whose names end in .btf", path),
               "a kernel's types are its /sys/kernel/btf/vmlinux");
}

Result<std::vector<std::string>> kernel_files(const Arguments& arguments) {
  std::vector<std::string> given;
  for (const auto& words : arguments.given(Flag::against)) given.push_back(words[0]);
  const auto& operands = arguments.operands();
  if (!operands.empty()) given.insert(given.end(), operands.begin() + 1, operands.end());
  std::vector<std::string> files;
  for (const std::string& path : given) {
    for (std::string& file : TRY(files_of(path))) files.push_back(std::move(file));
  }
  if (!operands.empty() && !files.empty()) return files;
  return Error(Fault::usage, "skep check needs an object and the types of kernels",
               "usage: skep check OBJECT --against FILE [FILE...]");
}

Kernel check_kernel(const object::Object& object, std::span<const object::ProgramEntry> programs,
                    const std::string& path) {
  Kernel kernel{.path = path, .fits = {}};
  btf::Targets types;
  const auto opened = types.open(path);
  if (!opened.ok()) {
    kernel.unreadable = opened.error().message;
    return kernel;
  }
  for (const object::ProgramEntry& program : programs) {
    kernel.fits.push_back(object::fit(object, program, types));
  }
  return kernel;
}

bool runs_everything(const Kernel& kernel) {
  return kernel.unreadable.empty() && std::ranges::all_of(kernel.fits, &object::Fit::fits);
}

// "yes"; "yes?" when BTF does not tell of the hook.
std::string_view cell(const object::Fit& fit) {
  if (!fit.fits()) return "no";
  return fit.is_certain() ? "yes" : "yes?";
}

std::string row_text(const Kernel& kernel, std::span<const object::ProgramEntry> programs,
                     std::size_t width) {
  std::string line = padded(kernel.path, width);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const std::string_view said = kernel.fits.empty() ? "no" : cell(kernel.fits[i]);
    line += "  " + padded(std::string(said), std::max(programs[i].name.size(), "yes?"sv.size()));
  }
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string place_text(const object::Problem& problem) {
  return problem.file.empty() ? std::string() : format("  ({}:{})", problem.file, problem.line);
}

// What is said of every hook, and so is a matter of the file; empty when there is no such thing.
std::string_view said_of_all(const Kernel& kernel) {
  if (kernel.fits.size() < 2) return {};
  const std::string& first = kernel.fits[0].hook.why;
  const bool is_same = std::ranges::all_of(
      kernel.fits, [&](const object::Fit& fit) { return fit.hook.why == first; });
  return is_same ? std::string_view(first) : std::string_view();
}

std::string reasons_text(const Kernel& kernel, std::span<const object::ProgramEntry> programs) {
  if (!kernel.unreadable.empty()) return kernel.unreadable + "\n";
  const std::string_view of_all = said_of_all(kernel);
  std::string text =
      of_all.empty() ? std::string() : format("{}, every program: {}\n", kernel.path, of_all);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const object::Fit& fit = kernel.fits[i];
    const std::string start = format("{}, {}: ", kernel.path, programs[i].name);
    if (!fit.hook.why.empty() && of_all.empty()) text += format("{}{}\n", start, fit.hook.why);
    for (const object::Problem& each : fit.problems) {
      text += format("{}{}{}\n", start, each.message, place_text(each));
    }
  }
  return text;
}

void write_table(const std::vector<Kernel>& kernels, std::span<const object::ProgramEntry> programs,
                 Output& out) {
  std::size_t width = 0;
  for (const Kernel& each : kernels) width = std::max(width, each.path.size());
  std::string head = std::string(width, ' ');
  for (const object::ProgramEntry& each : programs)
    head += "  " + padded(each.name, "yes?"sv.size());
  out.write(head + "\n");
  for (const Kernel& each : kernels) out.write(row_text(each, programs, width));
  std::string reasons;
  for (const Kernel& each : kernels) reasons += reasons_text(each, programs);
  if (!reasons.empty()) out.write("\n" + reasons);
}

void write_problems(JsonWriter& json, const object::Fit& fit) {
  json.key("problems").begin_array();
  for (const object::Problem& each : fit.problems) {
    json.begin_object().member("message", each.message);
    json.member("file", each.file).member("line", each.line).end_object();
  }
  json.end_array();
}

void write_json(const Kernel& kernel, std::span<const object::ProgramEntry> programs, Output& out) {
  for (std::size_t i = 0; i < programs.size(); ++i) {
    JsonWriter json;
    json.begin_object().member("types", kernel.path).member("program", programs[i].name);
    json.member("section", programs[i].section);
    if (kernel.fits.empty()) {
      json.member("fits", false).member("error", kernel.unreadable).end_object();
    } else {
      const object::Fit& fit = kernel.fits[i];
      json.member("fits", fit.fits()).member("hook", object::name_of(fit.hook.state));
      json.member("hook_reason", fit.hook.why);
      write_problems(json, fit);
      json.end_object();
    }
    out.write(json.take() + "\n");
  }
}

}  // namespace

Result<int> check(const Arguments& arguments, Output& out) {
  const std::vector<std::string> files = TRY(kernel_files(arguments));
  const auto object = TRY(object::Object::open(arguments.operands()[0]));
  std::vector<object::ProgramEntry> programs = object.programs();
  if (arguments.has(Flag::program)) programs = {TRY(choose_program(object, arguments, out))};
  std::vector<Kernel> kernels;
  for (const std::string& file : files) kernels.push_back(check_kernel(object, programs, file));
  if (out.is_json()) {
    for (const Kernel& each : kernels) write_json(each, programs, out);
  } else {
    write_table(kernels, programs, out);
  }
  return std::ranges::all_of(kernels, runs_everything) ? 0 : kSomeDoNot;
}

}  // namespace skep::cli
