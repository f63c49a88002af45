#include "kernel/inventory.hpp"

#include <algorithm>
#include <ctime>

#include "base/text.hpp"
#include "kernel/types.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;

constexpr u32 kMapsMax = 1 << 16;  // of one program: more is not believed
constexpr u32 kTypesBytesMax =
    64u << 20;  // BTF_MAX_SIZE is 16 MiB; that of kernels is not bounded by it

std::string hexadecimal(std::span<const u8> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const u8 byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// The kernel's notes on a descriptor: "name:\tvalue" lines (proc(5), /proc/pid/fdinfo).
class Notes {
 public:
  explicit Notes(const Fd& fd) {
    auto text = read_text(format("/proc/self/fdinfo/{}", fd.get()));
    if (text.ok()) text_ = std::move(*text);
  }
  std::optional<u64> number(std::string_view name) const {
    const std::string line = format("\n{}:\t", name);
    const std::size_t at = text_.find(line);
    if (at == std::string::npos) return std::nullopt;
    const std::size_t begin = at + line.size();
    return parse_unsigned(std::string_view(text_).substr(begin, text_.find('\n', begin) - begin));
  }

 private:
  std::string text_;
};

// Each of what there is, by `describe`.
template <class Entry>
Result<std::vector<Entry>> all(Kind kind, Result<Entry> (*describe)(const Fd&)) {
  std::vector<Entry> out;
  for (const u32 id : TRY(ids(kind))) {
    const auto fd = open_id(kind, id);
    if (!fd.ok() && fd.error().fault == Fault::absent) continue;
    if (!fd.ok()) return fd.error();
    out.push_back(TRY(describe(*fd)));
  }
  return out;
}

Result<std::vector<u32>> map_ids(const Fd& fd, u32 count) {
  std::vector<le32> ids(std::min(count, kMapsMax));
  platform::ProgramInformation ask{};
  ask.map_count = static_cast<u32>(ids.size());
  ask.map_ids = address_of(ids.data());
  if (!ids.empty()) TRY(get_info(fd, &ask, sizeof(ask)));
  return std::vector<u32>(ids.begin(), ids.end());
}

// The kernel cuts names to 15 bytes; that of the program's first function, in its types, is whole.
// As bpftool, it must go on as the kernel's begins.
std::string whole_name(const Fd& fd, const platform::ProgramInformation& known) {
  std::string name = text_of(known.name);
  if (name.size() + 1 < platform::kNameBytes || known.btf_id == 0 || known.function_count == 0)
    return name;
  platform::FunctionInfo first{};
  platform::ProgramInformation ask{};
  ask.function_count = 1;
  ask.function_record_bytes = sizeof(first);
  ask.functions = address_of(&first);
  if (!get_info(fd, &ask, sizeof(ask)).ok()) return name;
  const auto types = types_of(known.btf_id);
  if (!types.ok()) return name;
  const std::string_view whole = types->name(first.type);
  return whole.starts_with(name) ? std::string(whole) : name;
}

}  // namespace

Result<Program> describe_program(const Fd& fd) {
  const auto known = TRY(info<platform::ProgramInformation>(fd));
  Program out;
  out.id = known.id;
  out.type = known.type;
  out.name = whole_name(fd, known);
  out.tag = hexadecimal(known.tag);
  out.is_gpl = (known.gpl_compatible & 1) != 0;
  out.load_time_ns = known.load_time;
  out.uid = known.created_by_uid;
  out.map_ids = TRY(map_ids(fd, known.map_count));
  out.types_id = known.btf_id;
  out.xlated_bytes = known.xlated_bytes;
  out.jited_bytes = known.jited_bytes;
  out.memory_bytes = Notes(fd).number("memlock");
  out.run_time_ns = known.run_time_ns;
  out.run_count = known.run_count;
  out.recursion_misses = known.recursion_misses;
  out.verified_instructions = known.verified_instructions;
  out.attach_types_id = known.attach_btf_object_id;
  out.attach_type_id = known.attach_btf_id;
  out.ifindex = known.ifindex;
  return out;
}

Result<MapEntry> describe_map(const Fd& fd) {
  const auto known = TRY(info<platform::MapInformation>(fd));
  const Notes notes(fd);
  MapEntry out;
  out.id = known.id;
  out.type = known.type;
  out.name = text_of(known.name);
  out.flags = known.flags;
  out.key_size = known.key_size;
  out.value_size = known.value_size;
  out.max_entries = known.max_entries;
  out.extra = known.extra;
  out.memory_bytes = notes.number("memlock");
  if (const auto frozen = notes.number("frozen")) out.is_frozen = *frozen != 0;
  out.types_id = known.btf_id;
  out.key_type_id = known.btf_key_type_id;
  out.value_type_id = known.btf_value_type_id;
  out.kernel_value_type_id = known.btf_vmlinux_value_type_id;
  out.ifindex = known.ifindex;
  if (const auto type = notes.number("owner_prog_type")) out.owner_type = static_cast<u32>(*type);
  if (const auto jited = notes.number("owner_jited")) out.owner_is_jited = *jited != 0;
  return out;
}

Result<TypesEntry> describe_types(const Fd& fd) {
  char name[64] = {};
  platform::TypesInformation ask{};
  ask.name = address_of(name);
  ask.name_bytes = sizeof(name);
  const auto known = TRY(info(fd, ask));
  return TypesEntry{known.id,
                    known.btf_bytes,
                    {name, std::find(name, name + sizeof(name), '\0')},
                    known.is_of_kernel != 0};
}

Result<std::vector<Program>> programs() { return all<Program>(Kind::program, describe_program); }
Result<std::vector<MapEntry>> maps() { return all<MapEntry>(Kind::map, describe_map); }
Result<std::vector<LinkEntry>> links() { return all<LinkEntry>(Kind::link, describe_link); }
Result<std::vector<TypesEntry>> types() { return all<TypesEntry>(Kind::types, describe_types); }

Result<std::vector<std::byte>> types_bytes(u32 id) {
  const Fd fd = TRY(open_id(Kind::types, id));
  const u32 size = TRY(info<platform::TypesInformation>(fd)).btf_bytes;
  if (size > kTypesBytesMax) {
    return Error(Fault::exhausted,
                 format("types {} have {} bytes, more than {}", id, size, kTypesBytesMax));
  }
  std::vector<std::byte> bytes(size);
  platform::TypesInformation ask{};
  ask.btf = address_of(bytes.data());
  ask.btf_bytes = size;
  TRY(get_info(fd, &ask, sizeof(ask)));
  return bytes;
}

s64 wall_clock_seconds(u64 ns_since_boot) {
  constexpr s64 kSecond = 1'000'000'000;
  timespec real{}, boot{};
  ::clock_gettime(CLOCK_REALTIME, &real);
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return (real.tv_sec - boot.tv_sec) +
         (real.tv_nsec - boot.tv_nsec + static_cast<s64>(ns_since_boot)) / kSecond;
}

}  // namespace skep::kernel
