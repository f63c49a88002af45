// What a loader program has to do, as a list of steps over a blob of bytes; and how the list is
// made from an object.
//
// The blob is the value of an array map that the loader program reads and writes. It holds all that
// is known when the header is made: the attributes of every bpf(2) command, code, types, names; and
// places for what is known only in the running kernel: descriptors and answers. A step says which
// command to run and what to fill into its attributes before. Everything in a step is an offset
// into the blob, or the number of a word of the context, through which the caller hands in where
// its log and its global variables are and gets descriptors back.
//
// plan() refuses by name what no loader program can do: structures of operations (their layout
// depends on the kernel), arenas, pinned maps, programs that replace or attach to other programs,
// and sections that say no program type.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "object/object.hpp"
#include "platform/bpf_attributes.hpp"

namespace skep::object::light {

using platform::Command;
using platform::CreateMap;
using platform::FreezeMap;
using platform::LoadProgram;
using platform::LoadTypes;
using platform::UpdateElement;

using Offset = u32;  // into the blob
using Word = u32;    // of the context: its position, counted in words of eight bytes

// The words that every context begins with.
inline constexpr Word kLogBuffer = 0, kLogLevel = 1, kLogSize = 2;
inline constexpr Word kStep = 3;  // out: the number of the last step that was begun
inline constexpr Word kFirstWord = 4;

// Fills in something of the blob.
struct Address {  // eight bytes at `to` become the address of `of`
  Offset to, of;
};
struct Copy {  // four bytes
  Offset to, from;
};
struct Input {  // four or eight bytes of the context; with zero nothing happens
  Offset to;
  Word from;
  u8 bytes;
};
struct Choose {  // the `bytes` at `to` become `value` if the four at `when` are not zero
  Offset to, when;
  u16 value;
  u8 bytes;
};
using Fill = std::variant<Address, Copy, Input, Choose>;

// Steps. A name ends with a zero, which `size` counts.
struct RunCommand {
  Command command;
  Offset attributes;
  u32 size;
  std::vector<Fill> fills;
  std::optional<Offset> descriptor{};  // where the descriptor goes that the command makes
};
struct CopyFromUser {  // global variables, if the context says where they are
  Offset to;
  u32 size;
  Word from;
};
// Looks in the kernel's types, then in those of its modules. The answer is eight bytes: the id, and
// the descriptor of the module's types or 0. All zero when a weak name is not there.
struct FindType {
  Offset name;
  u32 size;
  btf::Kind kind;
  Offset answer;
  bool is_weak;
};
// The address of a kernel symbol plus `addend`, in eight bytes; zero when a weak one is not there.
struct FindAddress {
  Offset name;
  u32 size;
  Offset answer;
  u32 addend;
  bool is_weak;
};
struct Close {
  Offset descriptor;
};
// The last steps: descriptors go to the context.
struct HandOver {
  Word to;
  Offset descriptor;
};
using Action = std::variant<RunCommand, CopyFromUser, FindType, FindAddress, Close, HandOver>;

struct Step {
  std::string text;  // what cannot be done when it fails: "create map flow_table"; else empty
  Action action;
  bool has_log = false;  // whether the kernel says more in the log
};

// A map or a program of the object, and its word of the context. For maps the word is read too: how
// many entries to make, 0 for what the object says.
struct Handed {
  u32 number;  // in Object::maps() or Object::programs()
  Word word;
};
struct HandedGlobals {
  u32 map;
  Word pointer;   // the word with the address of the values in the memory of the caller
  Offset values;  // what they begin with
};

struct Plan {
  std::vector<std::byte> blob;
  std::vector<Step> steps;
  std::vector<Offset> descriptors;  // all places that may hold one
  std::vector<Handed> maps, programs;
  std::vector<HandedGlobals> globals;
  u32 words = kFirstWord;  // of the context
};

// `name` is put in front of the names of global variables' maps, as libbpf does. Programs in
// sections with a '?' in front are left out.
Result<Plan> plan(const Object& object, std::string_view name);

}  // namespace skep::object::light
