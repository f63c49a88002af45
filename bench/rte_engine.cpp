#include "rte_engine.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "isa/instruction.hpp"
#include "object/object.hpp"
#include "sampling.hpp"

namespace skep::bench {
namespace {

constexpr const char* kLibrary = "librte_bpf.so.23";  // DPDK 22.11 and what is compatible with it
constexpr u32 kSecondsMax = 2;  // its verifier walks every path and joins none

// The structures of lib/bpf/rte_bpf.h, which are part of that interface.
enum class Type : int { number = 1, pointer = 0x10 };  // enum rte_bpf_arg_type
struct Argument {                                      // struct rte_bpf_arg
  Type type;
  std::size_t size, buffer_size;
};
struct Variable {  // struct rte_bpf_xsym, as a variable: a function's description is longer
  const char* name;
  int is_variable;
  void* value;
  Argument description;
  std::array<std::byte, 128> of_functions;
};
static_assert(sizeof(Variable) == 176);
struct Parameters {  // struct rte_bpf_prm
  const isa::Slot* slots;
  u32 slot_count;
  const Variable* variables;
  u32 variable_count;
  Argument argument;
};
struct Jit {  // struct rte_bpf_jit
  u64 (*code)(void*);
  std::size_t bytes;
};

// What a program is loaded from. Its constant data are bytes of this process.
struct Loadable {
  std::shared_ptr<const platform::Program> program;  // owns the data
  std::vector<isa::Slot> slots;
  std::vector<Variable> variables;
};

// The address of data, in place of the number of a map: each offset is a variable, as only the
// address that begins one is known to the verifier.
void name_data(Loadable& out, isa::Instruction& instruction) {
  if (instruction.form != isa::Form::constant) return;
  if (instruction.constant() != isa::Constant::map_value) return;
  const auto& data = (*out.program->maps)[instruction.map_number()].initial;
  const u32 offset = instruction.map_value_offset();
  if (offset >= data.size()) return;
  auto* begin = const_cast<std::byte*>(data.data()) + offset;
  instruction.operation = static_cast<u8>(isa::Constant::number);
  instruction.immediate = static_cast<s64>(reinterpret_cast<std::uintptr_t>(begin));
  out.variables.push_back({"data", 1, begin, {Type::pointer, data.size() - offset, 0}, {}});
}

Result<Loadable> loadable(const std::string& path, const std::string& name) {
  const auto object = TRY(object::Object::open(path));
  Loadable out{TRY(object.program(name)), {}, {}};
  isa::Code code = out.program->code;
  for (isa::Instruction& each : code) name_data(out, each);
  out.slots = TRY(isa::encode(code));
  return out;
}

// "validate(0x7ffc34977ad0) loops detected;": the first line, without who says it and addresses.
std::string reason_in(std::string_view log) {
  std::string_view line = log.substr(0, log.find('\n'));
  for (const std::string_view before : {") ", "validate: ", "evaluate: "}) {
    if (const auto at = line.find(before); at != line.npos) line.remove_prefix(at + before.size());
  }
  while (line.ends_with(';')) line.remove_suffix(1);
  return line.empty() ? "no reason given" : std::string(line);
}

std::string all_of(int descriptor) {
  std::string out;
  std::array<char, 4096> part;
  for (ssize_t got; (got = ::read(descriptor, part.data(), part.size())) > 0;)
    out.append(part.data(), static_cast<std::size_t>(got));
  return out;
}

}  // namespace

struct RteLibrary::Functions {
  rte_bpf* (*load)(const Parameters*);
  void (*destroy)(rte_bpf*);
  int (*get_jit)(const rte_bpf*, Jit*);
  int (*open_log)(std::FILE*);
};

namespace {

// Whether the library takes the program, found out by a child: its verifier may take for ever, and
// says its reason to a log only.
Result<void> is_taken(const RteLibrary::Functions& functions, const Parameters& parameters) {
  int ends[2];
  if (::pipe(ends) != 0) return system_error("make", "a pipe", errno);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kSecondsMax);
    std::FILE* const log = ::fdopen(ends[1], "w");
    functions.open_log(log);
    const bool is_loaded = functions.load(&parameters) != nullptr;
    std::fflush(log);
    ::_exit(is_loaded ? 0 : 1);
  }
  ::close(ends[1]);
  const std::string log = child > 0 ? all_of(ends[0]) : "";
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child)
    return system_error("start", "a process", errno);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status)) return Error(Fault::rejected, reason_in(log));
  if (WTERMSIG(status) == SIGALRM) {
    return Error(Fault::rejected, format("its verifier was not done after {} s", kSecondsMax));
  }
  return Error(Fault::rejected, format("it ended by signal {}", WTERMSIG(status)));
}

}  // namespace

Result<RteLibrary> RteLibrary::open() {
  void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Error(Fault::absent,
                 format("DPDK's {} is not installed; `tools/packages bench` (package "
                        "librte-bpf23) adds it",
                        kLibrary));
  }
  auto functions = std::make_shared<Functions>();
  const auto find = [&](auto& function, const char* name) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    return function != nullptr;
  };
  if (!find(functions->load, "rte_bpf_load") || !find(functions->destroy, "rte_bpf_destroy") ||
      !find(functions->get_jit, "rte_bpf_get_jit") ||
      !find(functions->open_log, "rte_openlog_stream"))
    return Error(Fault::unsupported, format("{} lacks a function of DPDK 22.11", kLibrary));
  return RteLibrary(std::move(functions));
}

Result<RteEngine> RteEngine::load(const RteLibrary& library, const std::string& path,
                                  const std::string& name, std::size_t frame_bytes) {
  const Loadable from = TRY(loadable(path, name));
  const Parameters parameters{from.slots.data(),
                              static_cast<u32>(from.slots.size()),
                              from.variables.data(),
                              static_cast<u32>(from.variables.size()),
                              {Type::pointer, frame_bytes, 0}};
  const RteLibrary::Functions& functions = library.functions();
  TRY(is_taken(functions, parameters));
  std::unique_ptr<rte_bpf, Destroy> program(functions.load(&parameters), {functions.destroy});
  if (program == nullptr) return Error(Fault::rejected, "it took the program only once");
  Jit jit{};
  if (functions.get_jit(program.get(), &jit) != 0 || jit.code == nullptr)
    return Error(Fault::unsupported, "it has no JIT for this program or machine");
  return RteEngine(std::move(program), jit.code);
}

RteEngine::Runs RteEngine::run(std::span<const std::byte> frame, u32 repeat) const {
  void* const context = const_cast<std::byte*>(frame.data());
  Runs out;
  const u64 start = thread_ns();
  for (u32 at = 0; at < repeat; ++at) out.verdict = static_cast<u32>(code_(context));
  out.ns = static_cast<double>(thread_ns() - start) / repeat;
  return out;
}

}  // namespace skep::bench
