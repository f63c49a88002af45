#include "kernel/token.hpp"

#include <fcntl.h>
#include <sys/vfs.h>

#include <cerrno>
#include <charconv>

#include "base/text.hpp"
#include "platform/attach_types.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"

namespace skep::kernel {
namespace {

constexpr long kBpfFileSystem = 0xcafe4a11;  // BPF_FS_MAGIC in linux/magic.h
constexpr const char* kHowToMount =
    "a privileged process mounts one for the namespace, with delegate_cmds and the like; systemd "
    "has BPFDelegateCommands=";

s64 create_token(int file_system) {
  platform::CreateToken create{};
  create.file_system_fd = static_cast<u32>(file_system);
  return bpf(Command::create_token, create);
}

// A kernel that has the command looks at the descriptor.
bool kernel_has_tokens() { return create_token(-1) == -EBADF; }

struct TokenRefusal {
  int error;
  Fault fault;
  std::string_view what;  // behind "cannot make a token of FOLDER: "
  std::string_view hint;
};
constexpr TokenRefusal kTokenRefusals[] = {
    {EINVAL, Fault::usage, "it is not the root of its file system",
     "name the folder where it is mounted"},
    {EPERM, Fault::denied, "it was mounted for another user namespace, or CAP_BPF is missing here",
     kHowToMount},
    {EOPNOTSUPP, Fault::usage, "this is the first user namespace, which needs no token",
     "leave --token out, and run as root or with CAP_BPF"},
    {ENOENT, Fault::usage, "it delegates nothing", kHowToMount},
};

Error not_made(const std::string& folder, int error) {
  const std::string what = format("cannot make a token of {}", folder);
  if (error == EINVAL && !kernel_has_tokens()) {
    return {Fault::unsupported, format("{}: this kernel has no tokens", what),
            "there are tokens since Linux 6.9"};
  }
  for (const TokenRefusal& each : kTokenRefusals) {
    if (each.error == error)
      return {each.fault, format("{}: {}", what, each.what), std::string(each.hint)};
  }
  return refused(format("make a token of {}", folder), error, kBpf);
}

// "allowed_cmds:\t0x21", or "any". What cannot be read is taken to be delegated: it is for advice.
u64 delegated(const Fd& token, std::string_view field) {
  const auto notes = read_text(format("/proc/self/fdinfo/{}", token.get()));
  if (!notes.ok()) return ~u64{0};
  const std::size_t at = notes->find(field);
  if (at == std::string::npos) return ~u64{0};
  std::string_view value = std::string_view(*notes).substr(at + field.size());
  if (!value.starts_with(":\t0x")) return ~u64{0};
  value.remove_prefix(4);
  u64 read = ~u64{0};
  std::from_chars(value.data(), value.data() + value.size(), read, 16);
  return read;
}

struct CommandName {
  Command command;
  std::string_view name;
};
constexpr CommandName kCommands[] = {{Command::create_map, "map_create"},
                                     {Command::load_program, "prog_load"},
                                     {Command::load_types, "btf_load"}};

std::string name_of(Command command) {
  for (const CommandName& each : kCommands) {
    if (each.command == command) return std::string(each.name);
  }
  return format("{}", static_cast<u32>(command));
}

bool lacks(const Fd& token, std::string_view field, std::optional<u32> number) {
  return number && *number < 64 && (delegated(token, field) >> *number & 1) == 0;
}

std::string name_of_program(u32 number) {
  return std::string(platform::row(platform::program_type(number)).name);
}

// Of operations it is the number of a member, which may be beyond them.
std::string name_of_attach_type(u32 number) {
  if (number >= kCount<platform::AttachType>) return format("0x{:x}", u64{1} << number);
  return std::string(platform::row(static_cast<platform::AttachType>(number)).name);
}

}  // namespace

Result<Token> Token::create(const std::string& folder) {
  const Fd there =
      TRY(Fd::open(folder, O_RDONLY | O_DIRECTORY).within("the file system of a token"));
  struct statfs about {};
  if (::fstatfs(there.get(), &about) != 0) return system_error("look at", folder, errno);
  if (about.f_type != kBpfFileSystem) {
    return Error(Fault::usage,
                 format("cannot make a token of {}: it is no bpf file system", folder),
                 kHowToMount);
  }
  const s64 returned = create_token(there.get());
  if (returned < 0) return not_made(folder, static_cast<int>(-returned));
  return Token(Fd::adopt(static_cast<int>(returned)), folder);
}

std::string Token::left_out(const Use& use) const {
  if (lacks(fd_, "allowed_cmds", static_cast<u32>(use.command)))
    return "delegate_cmds=" + name_of(use.command);
  if (lacks(fd_, "allowed_maps", use.map))
    return format("delegate_maps={}", platform::row(platform::map_kind(*use.map)).name);
  if (lacks(fd_, "allowed_progs", use.program))
    return "delegate_progs=" + name_of_program(*use.program);
  if (lacks(fd_, "allowed_attachs", use.attach)) {
    return "delegate_attachs=" + name_of_attach_type(*use.attach);
  }
  return {};
}

Error Token::explained(Error error, const Use& use) const {
  if (error.fault != Fault::denied) return error;
  const std::string option = left_out(use);
  if (option.empty()) return error;
  error.hint = format("the token of {} does not delegate it: mount that file system with {}",
                      folder_, option);
  return error;
}

}  // namespace skep::kernel
