// BPF assembly: instructions to text and text to instructions.
//
// The syntax is the one that clang and llvm-objdump print. Whatever disassemble() prints,
// assemble() reads back to the same code. Beyond LLVM's syntax stand what it cannot say: calls by
// helper name, `call +2` for a local call, `call kfunc[7]`, and map constants as `r1 = map[flows]
// ll`. assemble() takes one program; assemble_object() also the directives of `clang -S`, and
// yields the sections of which write_elf() makes an object. Refused, with line and column:
// everything that is not an instruction, operands that do not fit, labels and maps that do not
// exist.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/instruction.hpp"
#include "platform/program.hpp"
#include "skep/result.hpp"

namespace skep::text {

enum class Numbers : u8 { decimal, hexadecimal };
// llvm: as llvm-objdump prints it, which does not tell a helper call from a local one.
enum class Notation : u8 { people, llvm };
// What loads and stores of less than 64 bits are printed with: r1, or w1 as for -mcpu=v3 and later.
enum class Registers : u8 { full, narrow };
enum class Targets : u8 { distance, label };

struct Style {
  Numbers numbers = Numbers::decimal;
  Notation notation = Notation::people;
  Registers registers = Registers::full;
  Targets targets = Targets::distance;
};
// `r0 = *(u32 *)(r1 + 4)`, `call bpf_ktime_get_ns`: for messages.
inline constexpr Style kPeople{};
// `r0 = *(u32 *)(r1 + 0x4)`, `call 0x5`: what llvm-objdump -d prints.
inline constexpr Style kObjdump{.numbers = Numbers::hexadecimal, .notation = Notation::llvm};

// What numbers in the code stand for: maps and externs by their number, functions by their first
// instruction. Each may be empty; the notation of people then shows the numbers.
struct Names {
  std::span<const platform::MapSpec> maps{};
  std::span<const platform::Function> functions{};
  std::span<const platform::Extern> externs{};
};
inline Names names_of(const platform::Program& program) {
  return {.maps = *program.maps, .functions = program.functions, .externs = *program.externs};
}

// One instruction of `code`, whose slots are assigned. It has no label in front and no line end.
std::string disassemble(std::span<const isa::Instruction> code, isa::InstructionIndex at,
                        const Style& style = kPeople, const Names& names = {});

// A whole program, one instruction a line, with labels where `style` asks for them and the names of
// functions where they begin.
std::string disassemble(std::span<const isa::Instruction> code, const Style& style = kPeople,
                        const Names& names = {});

// One program. `maps` are what `map[NAME]` and `r1 = NAME ll` may name.
Result<isa::Code> assemble(std::string_view source, std::span<const platform::MapSpec> maps = {});

struct AssembledFunction {
  std::string name{};
  isa::InstructionIndex begin{};
  isa::InstructionIndex end{};  // one behind the last
  platform::Linkage linkage = platform::Linkage::local;
};

// A name in a section of data.
struct AssembledVariable {
  std::string name{};
  u64 offset = 0;
  u64 size = 0;
  platform::Linkage linkage = platform::Linkage::local;
};

// A symbol that the linker or loader puts in. The place itself is zero until write_elf() adds the
// addend there; a call has itself as target.
struct AssembledReference {
  enum class Kind : u8 { constant, call, data32, data64 };
  Kind kind = Kind::constant;
  u64 offset = 0;        // bytes into the section
  std::string symbol{};  // or the name of a section
  u64 addend = 0;        // bytes behind the symbol
};

struct AssembledSection {
  std::string name{};
  isa::Code code{};               // of sections with instructions; slots are assigned
  std::vector<std::byte> data{};  // of the others
  std::vector<AssembledFunction> functions{};
  std::vector<AssembledVariable> variables{};
  std::vector<AssembledReference> references{};
};

// The sections of a source file in the order in which they appear; empty ones are left out. Debug
// sections (.debug_*) are skipped: they describe the compiler's object, not ours.
Result<std::vector<AssembledSection>> assemble_object(std::string_view source);

// A relocatable ELF64 file for BPF with these sections.
Result<std::vector<std::byte>> write_elf(std::span<const AssembledSection> sections);

}  // namespace skep::text
