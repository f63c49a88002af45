// Objects that were damaged on purpose: each is refused with the place, none is a crash.
//
// The damage is done to a real object by its own tables, so that everything else in the file is
// right.
#include <elf.h>

#include <functional>

#include "object_files.hpp"

namespace skep::object {
namespace {

class Damaged {
 public:
  explicit Damaged(const std::string& name = "features") : bytes_(object_bytes(name)) {}

  template <class T>
  T& at(u64 offset) {
    EXPECT_LE(offset + sizeof(T), bytes_.size());
    return *reinterpret_cast<T*>(bytes_.data() + offset);
  }
  Elf64_Ehdr& header() { return at<Elf64_Ehdr>(0); }
  Elf64_Shdr& section(u32 number) {
    return at<Elf64_Shdr>(header().e_shoff + number * sizeof(Elf64_Shdr));
  }
  std::string name_of(u32 number) {
    return &at<char>(section(header().e_shstrndx).sh_offset + section(number).sh_name);
  }
  u32 number_of(const std::string& name) {
    for (u32 number = 1; number < header().e_shnum; ++number) {
      if (name_of(number) == name) return number;
    }
    ADD_FAILURE() << "no section " << name;
    return 0;
  }
  Elf64_Shdr& section(const std::string& name) { return section(number_of(name)); }
  template <class T>
  T& entry(const std::string& table, u64 number) {
    return at<T>(section(table).sh_offset + number * sizeof(T));
  }
  u64 symbol_number(const std::string& name) {
    const Elf64_Shdr& table = section(".symtab");
    const u64 names = section(table.sh_link).sh_offset;
    for (u64 number = 1; number < table.sh_size / sizeof(Elf64_Sym); ++number) {
      if (&at<char>(names + entry<Elf64_Sym>(".symtab", number).st_name) == name) return number;
    }
    ADD_FAILURE() << "no symbol " << name;
    return 0;
  }
  Elf64_Sym& symbol(const std::string& name) {
    return entry<Elf64_Sym>(".symtab", symbol_number(name));
  }
  std::vector<std::byte>& bytes() { return bytes_; }

  // The error of reading it or of linking one of its programs.
  Error error() const {
    const auto object = Object::read(Bytes(bytes_), "damaged.o");
    if (!object.ok()) return object.error();
    for (const ProgramEntry& each : object->programs()) {
      const auto program = object->program(each.name);
      if (!program.ok()) return program.error();
    }
    return Error(Fault::count_, "nothing was refused");
  }

 private:
  std::vector<std::byte> bytes_;
};

struct Case {
  const char* what;
  std::function<void(Damaged&)> damage;
  Fault fault;
  const char* place;
};

void check(std::span<const Case> cases, const std::string& object = "features") {
  for (const Case& each : cases) {
    Damaged damaged(object);
    each.damage(damaged);
    const Error error = damaged.error();
    EXPECT_EQ(error.fault, each.fault) << each.what << ": " << error.message;
    EXPECT_NE(error.message.find(each.place), std::string::npos)
        << each.what << ": " << error.message;
    EXPECT_TRUE(error.message.starts_with("damaged.o: ")) << error.message;
  }
}

TEST(Hostile, UndamagedIsRead) { EXPECT_EQ(Damaged().error().fault, Fault::count_); }

TEST(Hostile, Header) {
  const Case cases[] = {
      {"empty", [](Damaged& d) { d.bytes().clear(); }, Fault::malformed, "the file is empty"},
      {"text", [](Damaged& d) { d.at<char>(1) = 'X'; }, Fault::malformed, "not an ELF file"},
      {"short", [](Damaged& d) { d.bytes().resize(3); }, Fault::malformed, "not an ELF file"},
      {"cut header", [](Damaged& d) { d.bytes().resize(40); }, Fault::malformed, "ELF header"},
      {"32-bit", [](Damaged& d) { d.header().e_ident[EI_CLASS] = ELFCLASS32; }, Fault::unsupported,
       "offset 0x4"},
      {"big-endian", [](Damaged& d) { d.header().e_ident[EI_DATA] = ELFDATA2MSB; },
       Fault::unsupported, "big-endian"},
      {"no byte order", [](Damaged& d) { d.header().e_ident[EI_DATA] = 9; }, Fault::malformed,
       "offset 0x5"},
      {"x86", [](Damaged& d) { d.header().e_machine = EM_X86_64; }, Fault::unsupported,
       "machine 62"},
      {"executable", [](Damaged& d) { d.header().e_type = ET_EXEC; }, Fault::unsupported,
       "offset 0x10"},
      {"no sections", [](Damaged& d) { d.header().e_shnum = 0; }, Fault::malformed, "no sections"},
      {"header size", [](Damaged& d) { d.header().e_shentsize = 40; }, Fault::malformed,
       "offset 0x3a"},
      {"headers outside", [](Damaged& d) { d.header().e_shoff = ~u64{0} - 8; }, Fault::malformed,
       "section headers"},
      {"names section", [](Damaged& d) { d.header().e_shstrndx = 500; }, Fault::malformed,
       "offset 0x3e"},
  };
  check(cases);
}

TEST(Hostile, Sections) {
  const Case cases[] = {
      {"outside", [](Damaged& d) { d.section("xdp").sh_offset = 1u << 30; }, Fault::malformed,
       "section 4 (header at offset 0x"},
      {"too long", [](Damaged& d) { d.section("xdp").sh_size = ~u64{0}; }, Fault::malformed,
       "section 4 (header at offset 0x"},
      {"overlap", [](Damaged& d) { d.section("xdp").sh_offset -= 8; }, Fault::malformed,
       "section xdp at offset 0x"},
      {"over the header", [](Damaged& d) { d.section("license").sh_offset = 8; }, Fault::malformed,
       "overlaps the ELF header"},
      {"name outside", [](Damaged& d) { d.section("xdp").sh_name = 1u << 20; }, Fault::malformed,
       "section 4: name at offset 1048576"},
      {"unterminated names",
       [](Damaged& d) {
         const Elf64_Shdr& names = d.section(d.header().e_shstrndx);
         std::memset(&d.at<char>(names.sh_offset), 'a', names.sh_size);
       },
       Fault::malformed, "terminat"},
      {"unterminated licence", [](Damaged& d) { d.section("license").sh_size = 3; },
       Fault::malformed, "section license"},
      {"huge .bss", [](Damaged& d) { d.section(".bss").sh_size = u64{4} << 30; }, Fault::exhausted,
       "section .bss"},
      {"same name", [](Damaged& d) { d.section("socket").sh_name = d.section("xdp").sh_name; },
       Fault::malformed, "section xdp"},
  };
  check(cases);
}

TEST(Hostile, Symbols) {
  const Case cases[] = {
      {"section outside", [](Damaged& d) { d.symbol("count").st_shndx = 999; }, Fault::malformed,
       "section .symtab at offset 0x"},
      {"name outside", [](Damaged& d) { d.symbol("count").st_name = 1u << 30; }, Fault::malformed,
       "section .symtab at offset 0x"},
      {"function outside", [](Damaged& d) { d.symbol("count").st_size = 1u << 20; },
       Fault::malformed, "function count"},
      {"function wraps", [](Damaged& d) { d.symbol("tail").st_value = ~u64{7}; }, Fault::malformed,
       "function tail"},
      {"odd function", [](Damaged& d) { d.symbol("count").st_size -= 4; }, Fault::malformed,
       "function count"},
      {"empty function", [](Damaged& d) { d.symbol("count").st_size = 0; }, Fault::malformed,
       "function count"},
      {"overlapping functions", [](Damaged& d) { d.symbol("count").st_size += 8; },
       Fault::malformed, "overlap"},
      {"two names at once",
       [](Damaged& d) { d.symbol("tail").st_name = d.symbol("count").st_name; }, Fault::malformed,
       "a second program named count"},
      {"map moved", [](Damaged& d) { d.symbol("flows").st_value = 1u << 30; }, Fault::malformed,
       "flows at offset"},
      {"map moved past 4 GiB", [](Damaged& d) { d.symbol("flows").st_value = u64{1} << 40; },
       Fault::malformed, "variable flows"},
      {"variable moved", [](Damaged& d) { d.symbol("initialised").st_value = 8; }, Fault::malformed,
       "initialised"},
      {"names nowhere", [](Damaged& d) { d.section(".symtab").sh_link = 999; }, Fault::malformed,
       "section .symtab"},
      {"no names", [](Damaged& d) { d.section(".symtab").sh_link = 0; }, Fault::malformed,
       "section .symtab at offset 0x"},
      {"common", [](Damaged& d) { d.symbol("counter").st_shndx = SHN_COMMON; }, Fault::unsupported,
       "counter"},
  };
  check(cases);
}

TEST(Hostile, Relocations) {
  const auto relocate = [](u64 number) {
    return [number](Damaged& d) -> Elf64_Rel& { return d.entry<Elf64_Rel>(".relxdp", number); };
  };
  const auto first = relocate(0);
  const Case cases[] = {
      {"symbol outside", [&](Damaged& d) { first(d).r_info = ELF64_R_INFO(9999, 1); },
       Fault::malformed, "section .relxdp at offset 0x0"},
      {"no symbol", [&](Damaged& d) { first(d).r_info = ELF64_R_INFO(0, 1); }, Fault::malformed,
       "section .relxdp at offset 0x0"},
      {"middle of an instruction", [&](Damaged& d) { first(d).r_offset += 4; }, Fault::malformed,
       "middle of an instruction"},
      {"outside", [&](Damaged& d) { first(d).r_offset = ~u64{7}; }, Fault::malformed,
       "relocates offset 0xfffffffffffffff8"},
      {"inside a wide instruction", [&](Damaged& d) { first(d).r_offset += 8; }, Fault::malformed,
       "inside of a 64-bit immediate"},
      {"twice", [&](Damaged& d) { first(d).r_offset = d.entry<Elf64_Rel>(".relxdp", 1).r_offset; },
       Fault::malformed, "two relocations"},
      {"no address there", [&](Damaged& d) { first(d).r_offset = 0; }, Fault::malformed,
       "section xdp at offset 0x0"},
      {"unknown type",
       [&](Damaged& d) { first(d).r_info = ELF64_R_INFO(ELF64_R_SYM(first(d).r_info), 77); },
       Fault::unsupported, "unknown type 77"},
      {"no map begins there",
       [&](Damaged& d) { d.at<s32>(d.section("xdp").sh_offset + first(d).r_offset + 4) = 8; },
       Fault::malformed, "where no map begins"},
      {"variable outside",
       [](Damaged& d) {
         const u64 at = d.entry<Elf64_Rel>(".rel.text", 0).r_offset;
         d.at<s32>(d.section(".text").sh_offset + at + 4) = 1 << 20;
       },
       Fault::malformed, "offset 0x100000"},
      {"variable before its section",
       [](Damaged& d) {
         const u64 at = d.entry<Elf64_Rel>(".rel.text", 0).r_offset;
         d.at<s32>(d.section(".text").sh_offset + at + 4) = -64;
       },
       Fault::malformed, "offset 0xffffffff"},
      {"program array of a function that is no program",
       [](Damaged& d) {
         d.entry<Elf64_Rel>(".rel.maps", 0).r_info = ELF64_R_INFO(d.symbol_number("shared"), 2);
       },
       Fault::malformed, "holds shared, which is not a program"},
      {"section outside", [](Damaged& d) { d.section(".relxdp").sh_info = 999; }, Fault::malformed,
       "section .relxdp"},
      {"with addends", [](Damaged& d) { d.section(".relxdp").sh_type = SHT_RELA; },
       Fault::unsupported, "section .relxdp"},
      {"cut", [](Damaged& d) { d.section(".relxdp").sh_size -= 8; }, Fault::malformed,
       "section .relxdp"},
      {"program array outside",
       [](Damaged& d) { d.entry<Elf64_Rel>(".rel.maps", 0).r_offset -= 8; }, Fault::malformed,
       "section .maps at offset 0x"},
      {"program array of a map",
       [](Damaged& d) {
         d.entry<Elf64_Rel>(".rel.maps", 0).r_info = ELF64_R_INFO(d.symbol_number("flows"), 2);
       },
       Fault::malformed, "holds flows"},
  };
  check(cases);
}

TEST(Hostile, Code) {
  const auto slot = [](Damaged& d, const std::string& section, u64 number) -> isa::Slot& {
    return d.at<isa::Slot>(d.section(section).sh_offset + number * 8);
  };
  const Case cases[] = {
      {"unknown opcode", [&](Damaged& d) { slot(d, "xdp", 0).opcode = 0xff; }, Fault::malformed,
       "program count: slot 0"},
      {"map without a relocation",
       [&](Damaged& d) {
         slot(d, "?tc", 0) = {.opcode = 0x18, .registers = 0x11, .offset = 0, .immediate = 0};
         slot(d, "?tc", 1) = {};
       },
       Fault::malformed, "only a loader writes"},
      {"kernel function",
       [&](Damaged& d) {
         slot(d, "?tc", 0) = {.opcode = 0x85, .registers = 0x20, .offset = 0, .immediate = 0};
       },
       Fault::malformed, "only a loader writes"},
      {"call of nothing",
       [&](Damaged& d) {
         slot(d, "?tc", 0) = {.opcode = 0x85, .registers = 0x10, .offset = 0, .immediate = 1};
       },
       Fault::malformed, "no function begins"},
      {"call before the section",
       [&](Damaged& d) {
         slot(d, "?tc", 0) = {.opcode = 0x85, .registers = 0x10, .offset = 0, .immediate = -9};
       },
       Fault::malformed, "no function begins"},
      {"cut wide instruction",
       [&](Damaged& d) {
         const u64 last = d.symbol("twice").st_size / 8 + d.symbol("twice").st_value / 8 - 1;
         slot(d, ".text", last) = {.opcode = 0x18, .registers = 0, .offset = 0, .immediate = 0};
       },
       Fault::malformed, "function twice ends inside"},
  };
  check(cases);
}

TEST(Hostile, Types) {
  const auto word = [](Damaged& d, const char* section, u64 offset) -> u32& {
    return d.at<u32>(d.section(section).sh_offset + offset);
  };
  const Case cases[] = {
      {"magic", [&](Damaged& d) { word(d, ".BTF", 0) = 0; }, Fault::malformed, "section .BTF"},
      {"cut", [](Damaged& d) { d.section(".BTF").sh_size = 20; }, Fault::malformed,
       "section .BTF: header"},
      {"types outside", [&](Damaged& d) { word(d, ".BTF", 12) = ~0u; }, Fault::malformed,
       "section .BTF: types"},
      {"strings outside", [&](Damaged& d) { word(d, ".BTF", 20) = ~0u; }, Fault::malformed,
       "section .BTF: strings"},
      {"first type refers outside", [&](Damaged& d) { word(d, ".BTF", 24 + 8) = 1u << 19; },
       Fault::malformed, "refers to type 524288"},
      {"lines outside", [&](Damaged& d) { word(d, ".BTF.ext", 20) = ~0u; }, Fault::malformed,
       "section .BTF.ext: line table"},
      {"short line records",
       [&](Damaged& d) { word(d, ".BTF.ext", 24 + 8 + word(d, ".BTF.ext", 16)) = 8; },
       Fault::malformed, "records of 8 bytes"},
      {"ext header", [&](Damaged& d) { word(d, ".BTF.ext", 4) = 3; }, Fault::malformed,
       "section .BTF.ext: header"},
  };
  check(cases);
}

TEST(Hostile, EveryTruncation) {
  const std::vector<std::byte> whole = object_bytes("features");
  for (u64 size = 0; size < whole.size(); size += 64) {
    const auto object = Object::read(Bytes(std::span(whole).first(size)), "cut.o");
    EXPECT_FALSE(object.ok()) << size;
  }
}

// No byte of the file decides about memory alone; under the sanitizers this is the poor man's
// fuzzer.
TEST(Hostile, EveryByteMayBeWrong) {
  Damaged damaged("plain");
  const u64 size = damaged.bytes().size();
  for (u64 at = 0; at < size; ++at) {
    for (const std::byte flip : {std::byte{0xff}, std::byte{0x01}, std::byte{0x80}}) {
      damaged.bytes()[at] ^= flip;
      (void)damaged.error();
      damaged.bytes()[at] ^= flip;
    }
  }
}

}  // namespace
}  // namespace skep::object
