#include "kernel/refusals.hpp"

#include <sys/utsname.h>

#include <cerrno>

#include "base/text.hpp"
#include "object/requirements.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kProgramsMax = 64;  // at a hook (BPF_CGROUP_MAX_PROGS, BPF_MPROG_MAX)

// struct bpf_prog_info, as far as its name.
struct ProgramInfo {
  le32 type, id;
  char tag[8];
  le32 jited_bytes, translated_bytes;
  le64 jited, translated, load_time;
  le32 uid, maps;
  le64 map_ids;
  platform::KernelName name;
  char rest[144];
};
static_assert(offsetof(ProgramInfo, name) == 64);

std::string release() {
  utsname name{};
  return ::uname(&name) == 0 ? std::string(name.release) : std::string();
}

}  // namespace

s64 try_link(const Attachment& at, platform::CreateLink create) {
  create.program_fd = static_cast<u32>(at.descriptor());
  return bpf(Command::create_link, create);
}

Error not_attached(const Attachment& at, const Refusal& refusal) {
  const std::string running = release();
  const bool says_unknown = refusal.answer == EINVAL || refusal.answer == EOPNOTSUPP;
  if (says_unknown && !refusal.since.empty() && object::is_older(running, refusal.since)) {
    return {
        Fault::unsupported,
        format("cannot attach to {}: kernel {} has no {}", refusal.where, running, refusal.what),
        format("Linux has it since {}", refusal.since)};
  }
  Error error = refused(format("attach to {}", refusal.where), refusal.answer, at.needs());
  if (!refusal.hint.empty() && missing(at.needs()).empty()) error.hint = refusal.hint;
  return error;
}

Result<Attached> attached_to(u32 target, u32 attach_type) {
  std::vector<le32> ids(kProgramsMax);
  platform::Query query{};
  query.target_fd = target;
  query.attach_type = attach_type;
  query.program_ids = platform::address_of(ids.data());
  query.count = kProgramsMax;
  const s64 returned = bpf(Command::query, query);
  if (returned != -ENOSPC) TRY(done(returned, "ask which programs are attached", kNetAdmin));
  Attached out;
  out.programs.assign(ids.begin(), ids.begin() + std::min<u32>(query.count, kProgramsMax));
  out.flags = query.attach_flags;
  return out;
}

std::string names_of_programs(const std::vector<u32>& programs) {
  std::vector<std::string> out;
  for (const u32 id : programs) {
    const auto program = open_id(Kind::program, id);
    const auto known =
        program.ok() ? info<ProgramInfo>(*program) : Result<ProgramInfo>(ProgramInfo{});
    const bool has_name = known.ok() && known->name[0] != '\0';
    out.push_back(has_name ? format("program {} ({})", id, std::string_view(known->name))
                           : format("program {}", id));
  }
  return join(out, " and ");
}

Error taken(std::string_view where, const std::vector<u32>& programs, std::string hint) {
  return {Fault::usage,
          format("{} is taken by {}", where,
                 programs.empty() ? "another program" : names_of_programs(programs)),
          std::move(hint)};
}

}  // namespace skep::kernel
