// skep prog list, skep prog show: the programs that the kernel has, with bpftool's columns and JSON
// members, and who holds them.
#include <ctime>

#include "base/text.hpp"
#include "cli/loaded.hpp"
#include "cli/loaded_names.hpp"

namespace skep::cli {
namespace {

using kernel::Program;

std::string local_time(s64 seconds) {
  const std::time_t at = seconds;
  std::tm parts{};
  char text[64];
  ::localtime_r(&at, &parts);
  return {text, std::strftime(text, sizeof(text), "%FT%T%z", &parts)};
}

std::string run_text(const Program& program) {
  std::string out;
  if (program.run_time_ns != 0) {
    out += format(" run_time_ns {} run_cnt {}", program.run_time_ns, program.run_count);
  }
  if (program.recursion_misses != 0)
    out += format(" recursion_misses {}", program.recursion_misses);
  return out;
}

std::string sizes_text(const Program& program) {
  std::string out = format("\txlated {}B", program.xlated_bytes);
  out += program.jited_bytes != 0 ? format("  jited {}B", program.jited_bytes)
                                  : std::string("  not jited");
  if (program.memory_bytes) out += format("  memlock {}B", *program.memory_bytes);
  if (program.map_ids.empty()) return out;
  std::vector<std::string> ids;
  for (const u32 id : program.map_ids) ids.push_back(std::to_string(id));
  return out + "  map_ids " + join(ids, ",");
}

std::string program_text(const Program& program, const Holders& holders) {
  std::string out = format("{}: {}  ", program.id, program_type_name(program.type));
  if (!program.name.empty()) out += format("name {}  ", program.name);
  out += format("tag {}{}{}{}\n", program.tag, device_text(program.ifindex),
                program.is_gpl ? "  gpl" : "", run_text(program));
  if (program.load_time_ns != 0) {
    out += format("\tloaded_at {}  uid {}\n",
                  local_time(kernel::wall_clock_seconds(program.load_time_ns)), program.uid);
  }
  out += sizes_text(program) + pinned_text(holders, kernel::Kind::program, program.id);
  if (program.types_id != 0) out += format("\n\tbtf_id {}", program.types_id);
  return out + pids_text(holders, kernel::Kind::program, program.id) + "\n";
}

void runs_json(JsonWriter& json, const Program& program) {
  if (program.run_time_ns != 0) {
    json.member("run_time_ns", program.run_time_ns).member("run_cnt", program.run_count);
  }
  if (program.recursion_misses != 0) json.member("recursion_misses", program.recursion_misses);
}

void sizes_json(JsonWriter& json, const Program& program) {
  json.member("bytes_xlated", program.xlated_bytes).member("jited", program.jited_bytes != 0);
  if (program.jited_bytes != 0) json.member("bytes_jited", program.jited_bytes);
  if (program.memory_bytes) json.member("bytes_memlock", *program.memory_bytes);
  if (program.map_ids.empty()) return;
  json.key("map_ids").begin_array();
  for (const u32 id : program.map_ids) json.value(id);
  json.end_array();
}

// Behind bpftool's members: what it does not say.
void more_json(JsonWriter& json, const Program& program) {
  if (program.verified_instructions != 0)
    json.member("verified_insns", program.verified_instructions);
  if (program.attach_type_id != 0) {
    json.member("attach_btf_obj_id", program.attach_types_id)
        .member("attach_btf_id", program.attach_type_id);
  }
}

std::string program_json(const Program& program, const Holders& holders) {
  JsonWriter json;
  json.begin_object().member("id", program.id);
  number_or_name(json, "type", program.type, program_type_name(program.type));
  if (!program.name.empty()) json.member("name", program.name);
  json.member("tag", program.tag).member("gpl_compatible", program.is_gpl);
  runs_json(json, program);
  device_json(json, program.ifindex);
  if (program.load_time_ns != 0) {
    json.member("loaded_at", kernel::wall_clock_seconds(program.load_time_ns))
        .member("uid", program.uid);
  }
  sizes_json(json, program);
  if (program.types_id != 0) json.member("btf_id", program.types_id);
  more_json(json, program);
  holders_json(json, holders, kernel::Kind::program, program.id);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace

Result<int> prog_list(const Arguments& arguments, Output& out) {
  if (asks_for_user_engine(arguments)) return nothing_in_user_engine(out);
  const auto wanted = TRY(selector(kernel::Kind::program, arguments.operands()));
  const auto programs =
      TRY(chosen<Program>(kernel::Kind::program, wanted, kernel::describe_program));
  if (programs.empty()) return nothing_loaded(kernel::Kind::program, wanted, out);
  const Holders holders = read_holders(out);
  for (const Program& each : programs) {
    out.write(out.is_json() ? program_json(each, holders) : program_text(each, holders));
  }
  return 0;
}

}  // namespace skep::cli
