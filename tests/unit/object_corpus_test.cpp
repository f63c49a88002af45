// Other people's objects through libbpf and through ours: the same programs, maps, values and
// relocated instructions.
//
// libbpf relocates here in the way of its loader generator, which asks no kernel: maps are numbers,
// CO-RE and kernel symbols are left for later. Differences that are known and right stand in
// kReasons; any other fails. What was compared is printed.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdarg>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "btf/types.hpp"
#include "corpus.hpp"
#include "isa/tables.hpp"
#include "object/object.hpp"

namespace skep::object {
namespace {

using Peer = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;

// A difference that is right: what the message says, and why.
struct Reason {
  std::string_view difference;  // part of the line
  std::string_view why;
};
constexpr Reason kReasons[] = {
    {"legacy map definitions in 'maps' section", "libbpf 1.0 and later refuse section maps"},
    {"has the unknown type 99",
     "no kernel has such a map; libbpf leaves it to the kernel to say so"},
    {"bytes of zeroed variables, more than the limit", "the memory for a small file is limited"},
    {"skep_record__absent names no ring buffer", "a convention of bpf/skep.bpf.h"},
    {"only ours opens it: libbpf: failed to find BTF for extern",
     "what nothing defines is refused where it is used, not when the object is opened"},
    {"only ours opens it: libbpf: unrecognized extern section",
     "what nothing defines is refused where it is used, not when the object is opened"},
    {"only ours opens it: libbpf: prog 'second': bad map relo against 'licence'",
     "what is neither code nor data is refused where it is used, not when the object is opened"},
    {"kernel.o: number of maps: ours 7, libbpf's 6", "libbpf 1.2 and later know .struct_ops.link"},
    {"verdicts/operations.bpf.o: only ours opens it: libbpf: struct_ops reloc sleeping: prog ",
     "libbpf 1.2 and later know struct_ops.s"},
    {"asks-a-kernel.bpf.o: number of maps: ours 5, libbpf's 4",
     "libbpf 1.2 and later know .struct_ops.link"},
    {"arena.bpf.o: only ours opens it: libbpf: prog 'push': bad map relo against 'nodes'",
     "libbpf 1.4 and later know arenas"},
    {"in section '.addr_space.1'", "libbpf 1.4 and later know arenas"},
    {"api/operations.bpf.o: number of maps: ours 1, libbpf's 0",
     "libbpf 1.2 and later know .struct_ops.link"},
    {"api/operations.bpf.o: program cong_avoid attach type",
     "libbpf 1.2 and later know .struct_ops.link"},
    {"api/operations.bpf.o: program undo_cwnd attach type",
     "libbpf 1.2 and later know .struct_ops.link"},
    {"program good_cookie_of_a_session_written", "libbpf 1.5 and later know kprobe.session"},
    {"bad/exception-callback-", "libbpf 1.3 and later know exception callbacks"},
    {"cli/exceptions.bpf.o: program throws_to_callback slots",
     "libbpf 1.3 and later know exception callbacks"},
    {"cli/exceptions.bpf.o: program never_throws slots",
     "libbpf 1.3 and later know exception callbacks"},
    {"program kill_netfilter ", "libbpf 1.3 and later know netfilter"},
    {"program kill_ingress ", "libbpf 1.3 and later know tc/ingress"},
    {"program kill_egress ", "libbpf 1.3 and later know tc/egress"},
    {"tracing.bpf.o: program kprobe_session ", "libbpf 1.5 and later know kprobe.session"},
    {"tracing.bpf.o: program uprobe_multi ", "libbpf 1.3 and later know uprobe.multi"},
    {"tracing.bpf.o: program uretprobe_multi ", "libbpf 1.3 and later know uprobe.multi"},
    {"tracing.bpf.o: program uprobe_session ", "libbpf 1.6 and later know uprobe.session"},
    {"kernel.o: program throws type: ours 3", "libbpf 1.3 and later know tc/ingress"},
    {"kernel.o: program throws attach type: ours 46", "libbpf 1.3 and later know tc/ingress"},
};

// What libbpf has said of the object at hand.
std::string& peer_log() {
  static std::string log;
  return log;
}

int remember(libbpf_print_level level, const char* pattern, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[512];
  const int length = std::vsnprintf(line, sizeof line, pattern, arguments);
  peer_log() += line;
  return length;
}

struct Totals {
  u32 objects = 0, refused_by_both = 0, not_relocated = 0;
  u64 programs = 0, maps = 0, values = 0, instructions = 0, relocations = 0, kernel_externs = 0;
};

// Lines of differences of one object.
class Differences {
 public:
  explicit Differences(std::string object) : object_(std::move(object)) {}

  void add(const std::string& what) { lines_.push_back(object_ + ": " + what); }
  template <class T, class U>
  void same(const std::string& what, const T& ours, const U& theirs) {
    std::ostringstream line;
    line << what << ": ours " << ours << ", libbpf's " << theirs;
    if (!(ours == theirs)) add(line.str());
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string object_;
  std::vector<std::string> lines_;
};

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string hexadecimal(const void* data, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < std::min<std::size_t>(size, 32); ++at) {
    out += format("{:x} ", static_cast<const unsigned char*>(data)[at]);
  }
  return out + counted(size, "byte");
}

// A configuration that has a value for everything that the object asks for.
std::string made_up_configuration(const Object& object) {
  std::string out;
  for (const platform::Extern& each : object.externs()) {
    if (each.kind != platform::ExternKind::configuration || !each.name.starts_with("CONFIG_"))
      continue;
    const btf::Type type = object.types().resolved(object.types().at(each.type).type);
    const bool is_text = type.kind == btf::Kind::array;
    const bool is_letter = type.kind == btf::Kind::enumeration || type.size == 1;
    out += each.name + (is_text ? "=\"some text\"\n" : is_letter ? "=y\n" : "=1234\n");
  }
  return out;
}

class Comparison {
 public:
  Comparison(const CorpusObject& corpus, Totals& totals)
      : corpus_(corpus), totals_(totals), differences_(corpus.name), peer_(nullptr, nullptr) {}

  std::vector<std::string> run() {
    auto object = Object::read(Bytes(corpus_.bytes.data(), corpus_.bytes.size()), corpus_.name);
    if (object.ok()) configuration_ = made_up_configuration(*object);
    peer_ = open_peer();
    if (peer_ == nullptr && !object.ok()) {
      ++totals_.refused_by_both;
      return {};
    }
    if (!object.ok()) {
      differences_.add("only libbpf opens it: " + object.error().message);
    } else if (peer_ == nullptr) {
      differences_.add("only ours opens it: " + first_line(peer_log()));
    } else {
      compare(*object);
    }
    return differences_.lines();
  }

 private:
  Peer open_peer() const {
    libbpf_set_print(remember);
    peer_log().clear();
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "corpus",
                .kconfig = configuration_.c_str());
    return {bpf_object__open_mem(corpus_.bytes.data(), corpus_.bytes.size(), &options),
            bpf_object__close};
  }

  void compare(Object& object) {
    ++totals_.objects;
    compare_maps(object);
    compare_programs(object);
    static const std::string symbols = contents_of("/proc/kallsyms");
    static const std::string release = kernel_release();
    const auto resolved =
        object.resolve({.configuration = configuration_, .release = release, .symbols = symbols});
    if (!resolved.ok()) return differences_.add("externs: " + resolved.error().message);
    if (has_operations(object)) return;  // libbpf looks for these in a kernel
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, peer_.get()) {
      bpf_program__set_autoload(program, true);
      const bool is_unspecified = bpf_program__type(program) == BPF_PROG_TYPE_UNSPEC;
      if (is_unspecified) bpf_program__set_type(program, BPF_PROG_TYPE_XDP);
    }
    bpf_map* map = nullptr;  // pinning is refused before relocation
    bpf_object__for_each_map(map, peer_.get()) bpf_map__set_pin_path(map, nullptr);
    LIBBPF_OPTS(gen_loader_opts, generator);
    bpf_object__gen_loader(peer_.get(), &generator);
    // What comes after relocation and wants a kernel may fail: targets of programs, their arrays.
    const bool loaded = bpf_object__load(peer_.get()) == 0;
    const std::string& log = peer_log();
    if (loaded || (!log.contains("extern") && !log.contains("relo"))) return compare_code(object);
    ++totals_.not_relocated;
    std::cout << "  not relocated by libbpf: " << corpus_.name << ", " << first_line(log) << '\n';
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  static std::string kernel_release() {
    std::string release = contents_of("/proc/sys/kernel/osrelease");
    while (release.ends_with('\n')) release.pop_back();
    return release;
  }

  static bool has_operations(const Object& object) {
    return std::ranges::any_of(object.maps(), [](const platform::MapSpec& map) {
      return map.kind == platform::MapKind::struct_ops;
    });
  }

  // libbpf puts a part of the object's name before .data, .rodata, .bss and .kconfig.
  static std::string name_of(const bpf_map* map) {
    const std::string name = bpf_map__name(map);
    const std::size_t dot = name.rfind('.');
    return name.starts_with("corpus.") ? name.substr(dot) : name;
  }

  void compare_maps(const Object& object) {
    u32 number = 0;
    const bpf_map* theirs = nullptr;
    bpf_object__for_each_map(theirs, peer_.get()) {
      ++totals_.maps;
      if (number >= object.maps().size()) {
        differences_.add("map " + name_of(theirs) + " is libbpf's only");
        continue;
      }
      compare_map(object.maps()[number++], theirs);
    }
    differences_.same("number of maps", object.maps().size(), number);
  }

  void compare_map(const platform::MapSpec& map, const bpf_map* theirs) {
    const std::string what = "map " + map.name + " ";
    differences_.same(what + "name", map.name, name_of(theirs));
    differences_.same(what + "kind", platform::kernel_number(map.kind), u32{bpf_map__type(theirs)});
    differences_.same(what + "key size", map.key_size, bpf_map__key_size(theirs));
    differences_.same(what + "value size", map.value_size, bpf_map__value_size(theirs));
    differences_.same(what + "entries", map.max_entries, bpf_map__max_entries(theirs));
    differences_.same(what + "flags", map.flags, bpf_map__map_flags(theirs));
    differences_.same(what + "NUMA node", map.numa_node, bpf_map__numa_node(theirs));
    differences_.same(what + "extra", map.extra, bpf_map__map_extra(theirs));
    differences_.same(what + "pin", map.is_pinned_by_name, bpf_map__pin_path(theirs) != nullptr);
    const bpf_map* inner = bpf_map__inner_map(const_cast<bpf_map*>(theirs));
    differences_.same(what + "inner map", map.inner != nullptr, inner != nullptr);
    if (map.inner != nullptr && inner != nullptr) compare_map(*map.inner, inner);
    if (map.is_globals && map.name != ".kconfig") compare_values(map, theirs);
    const bool is_plain = !map.is_globals && map.kind != platform::MapKind::ringbuf &&
                          map.kind != platform::MapKind::struct_ops;
    if (!is_plain) return;
    differences_.same(what + "key type", map.key_type, bpf_map__btf_key_type_id(theirs));
    differences_.same(what + "value type", map.value_type, bpf_map__btf_value_type_id(theirs));
  }

  void compare_values(const platform::MapSpec& map, const bpf_map* theirs) {
    size_t size = 0;
    const void* initial = bpf_map__initial_value(const_cast<bpf_map*>(theirs), &size);
    if (initial == nullptr) return;
    totals_.values += size;
    const bool same =
        size == map.initial.size() && std::memcmp(initial, map.initial.data(), size) == 0;
    if (same) return;
    differences_.add("map " + map.name + " begins with " +
                     hexadecimal(map.initial.data(), map.initial.size()) + ", libbpf's with " +
                     hexadecimal(initial, size));
  }

  void compare_programs(const Object& object) {
    std::set<std::string> names;
    bpf_program* theirs = nullptr;
    bpf_object__for_each_program(theirs, peer_.get()) {
      ++totals_.programs;
      const std::string name = bpf_program__name(theirs);
      names.insert(name);
      const auto found = std::ranges::find(object.programs(), name, &ProgramEntry::name);
      if (found == object.programs().end()) {
        differences_.add("program " + name + " is libbpf's only");
      } else {
        compare_program(*found, object, theirs);
      }
    }
    for (const ProgramEntry& each : object.programs()) {
      if (!names.contains(each.name)) differences_.add("program " + each.name + " is ours only");
    }
  }

  void compare_program(const ProgramEntry& entry, const Object& object, const bpf_program* theirs) {
    const std::string what = "program " + entry.name + " ";
    std::string section = bpf_program__section_name(theirs);
    if (section.starts_with('?')) section.erase(0, 1);
    differences_.same(what + "section", entry.section, section);
    differences_.same(what + "type", platform::kernel_number(entry.type),
                      u32{bpf_program__type(theirs)});
    u32 attach_type = entry.attach_type ? platform::kernel_number(*entry.attach_type) : 0;
    for (const platform::MapSpec& map : object.maps()) {
      if (map.kind != platform::MapKind::struct_ops) continue;
      for (const auto& [member, name] : map.initial_programs) {
        if (name == entry.name) attach_type = member;
      }
    }
    differences_.same(what + "attach type", attach_type,
                      u32{bpf_program__expected_attach_type(theirs)});
    differences_.same(what + "slots", entry.slots, bpf_program__insn_cnt(theirs));
    differences_.same(what + "optional", entry.is_optional, !bpf_program__autoload(theirs));
  }

  void compare_code(const Object& object) {
    const bpf_program* theirs = nullptr;
    bpf_object__for_each_program(const_cast<bpf_program*&>(theirs), peer_.get()) {
      const std::string name = bpf_program__name(theirs);
      const auto program = object.program(name, {.core = Core::leave});
      if (!program.ok()) {
        differences_.add("program " + name +
                         " is relocated by libbpf only: " + program.error().message);
        continue;
      }
      compare_slots(**program, theirs);
    }
  }

  void compare_slots(const platform::Program& program, const bpf_program* theirs) {
    const auto ours = isa::encode(program.code);
    const auto* slots = reinterpret_cast<const isa::Slot*>(bpf_program__insns(theirs));
    const std::size_t count = bpf_program__insn_cnt(theirs);
    if (!ours.ok())
      return differences_.add("program " + program.name + ": " + ours.error().message);
    differences_.same("program " + program.name + " slots after linking", ours->size(), count);
    if (ours->size() != count) return;
    std::set<u32> externs;  // slots that use the kernel's
    for (const platform::ExternUse& use : program.uses) {
      const platform::Extern& external = (*program.externs)[use.number];
      if (external.kind == platform::ExternKind::configuration) continue;
      externs.insert(program.code[use.at.value()].slot.value());
    }
    totals_.kernel_externs += externs.size();
    totals_.instructions += count;
    for (std::size_t at = 0; at < count; ++at) {
      const bool wide = slots[at].opcode == 0x18;
      if (externs.contains(static_cast<u32>(at))) {
        at += wide;
        continue;  // libbpf leaves these to the kernel
      }
      compare_slot(program, at, (*ours)[at], by_number(slots[at]));
      if (wide && slots[at].src() != 0) ++totals_.relocations;
      if (wide) ++at, compare_slot(program, at, (*ours)[at], slots[at]);
    }
  }

  // The loader generator writes numbers of maps under names of their own.
  static isa::Slot by_number(isa::Slot slot) {
    if (slot.opcode != 0x18) return slot;
    const auto kind = static_cast<isa::Constant>(slot.src());
    auto plain = kind;
    if (kind == isa::Constant::map_by_index) plain = isa::Constant::map;
    if (kind == isa::Constant::map_value_by_index) plain = isa::Constant::map_value;
    slot.registers = static_cast<u8>(slot.dst() | static_cast<u8>(plain) << 4);
    return slot;
  }

  void compare_slot(const platform::Program& program, std::size_t at, const isa::Slot& ours,
                    const isa::Slot& theirs) {
    if (ours == theirs) return;
    differences_.add("program " + program.name + " slot " + std::to_string(at) + ": ours " +
                     hexadecimal(&ours, 8) + ", libbpf's " + hexadecimal(&theirs, 8));
  }

  const CorpusObject& corpus_;
  Totals& totals_;
  Differences differences_;
  Peer peer_;
  std::string configuration_;
};

const Reason* reason_of(const std::string& line) {
  const auto found = std::ranges::find_if(
      kReasons, [&](const Reason& each) { return line.find(each.difference) != line.npos; });
  return found == std::end(kReasons) ? nullptr : &*found;
}

void compare_all(const std::vector<CorpusObject>& objects, const std::string& title) {
  Totals totals;
  std::map<std::string_view, std::vector<std::string>> expected;
  constexpr u32 kLinesMax = 40;
  u32 failed = 0;
  for (const CorpusObject& each : objects) {
    for (const std::string& line : Comparison(each, totals).run()) {
      if (const Reason* reason = reason_of(line)) {
        expected[reason->why].push_back(line);
      } else if (++failed <= kLinesMax) {
        ADD_FAILURE() << line;
      }
    }
  }
  std::cout << title << ": " << totals.objects << " objects, " << totals.programs << " programs, "
            << totals.maps << " maps, " << totals.values << " bytes of initial values, "
            << totals.instructions << " instructions with " << totals.relocations
            << " relocated constants; " << totals.kernel_externs
            << " uses of kernel symbols not compared; " << totals.not_relocated
            << " objects not relocated by libbpf; " << totals.refused_by_both
            << " refused by both\n";
  for (const auto& [why, lines] : expected) {
    std::cout << "  " << lines.size() << " x " << why << '\n';
    for (const std::string& line : lines) std::cout << "      " << line << '\n';
  }
  if (failed != 0) ADD_FAILURE() << failed << " differences without a known reason";
}

TEST(Corpus, ObjectsOfThisRepository) {
  auto objects = objects_of_folder(SKEP_SOURCE_DIR "/build/bpf");
  auto more = objects_of_folder(SKEP_BINARY_DIR "/tests/bpf");
  std::ranges::move(more, std::back_inserter(objects));
  ASSERT_GT(objects.size(), 60u);
  compare_all(objects, "this repository");
}

std::vector<CorpusObject> objects_of_package(const std::string& package) {
  std::vector<CorpusObject> out;
  for (const auto& path : files_of_package(package)) {
    const std::string folder = path.parent_path().string();
    std::vector<CorpusObject> found;
    if (folder.ends_with("bin")) found = objects_inside(path);
    if (path.extension() == ".o") {
      const std::string bytes = contents_of(path);
      const auto span = std::as_bytes(std::span(bytes));
      found.push_back({path.filename().string(), {span.begin(), span.end()}});
    }
    std::ranges::move(found, std::back_inserter(out));
  }
  return out;
}

TEST(Corpus, LibbpfTools) {
  const auto objects = objects_of_package("libbpf-tools");
  ASSERT_GT(objects.size(), 40u) << "install the package libbpf-tools";
  compare_all(objects, "libbpf-tools");
}

TEST(Corpus, XdpTools) {
  auto objects = objects_of_package("xdp-tools");
  for (const char* library : {"libxdp1:amd64", "libxdp1:arm64"}) {
    auto more = objects_of_package(library);
    std::ranges::move(more, std::back_inserter(objects));
  }
  ASSERT_GT(objects.size(), 10u) << "install the package xdp-tools";
  compare_all(objects, "xdp-tools");
}

TEST(Corpus, KernelPrograms) {
  const std::string folder = SKEP_BINARY_DIR "/tests/kernel_programs";
  const std::string state = contents_of(folder + "/done");
  ASSERT_FALSE(state.contains("linux-source")) << "install the package linux-source-6.1";
  if (state.starts_with("missing")) GTEST_SKIP() << state;
  const auto objects = objects_of_folder(folder);
  ASSERT_GT(objects.size(), 450u);
  compare_all(objects, "programs of the kernel's tests");
  const std::string left_out = contents_of(folder + "/left_out");
  std::cout << std::ranges::count(left_out, '\n') << " do not compile with this kernel's types:\n"
            << left_out;
}

// All of a folder, when one is named: the whole of progs/, another compiler's, one's own.
TEST(Corpus, OfAFolder) {
  const char* folder = std::getenv("SKEP_CORPUS");
  if (folder == nullptr) GTEST_SKIP() << "SKEP_CORPUS names no folder";
  compare_all(objects_of_folder(folder), folder);
}

}  // namespace
}  // namespace skep::object
