// Whatever the bytes are: an Error or an Object, which is linked alone and to itself, whose externs
// are looked up, whose programs are linked or refused, whose requirements are listed, of which
// skeletons are made, and whose types can be walked and spelled. What comes out is checked against
// what later stages rely on.
//
// A corpus is any set of objects: build/dev/tests/bpf/object/ has small ones after the tests were
// built.
#include <cstdlib>
#include <string_view>

#include "object/light_skeleton.hpp"
#include "object/object.hpp"
#include "object/requirements.hpp"
#include "object/skeleton.hpp"
#include "object/static_link.hpp"

namespace {

using namespace skep;

void require(bool holds) {
  if (!holds) std::abort();
}

void walk(const btf::Types& types) {
  for (btf::TypeId id = 0; id < types.count(); ++id) {
    (void)types.c_name(id);
    (void)types.c_declaration(id, "x");
    (void)types.size_of(id);
    for (const btf::Member& member : types.members(id)) {
      const u32 bytes = types.size_of(member.type).value();
      require(member.bit_size != 0 || member.bit_offset / 8 + bytes <= types.at(id).size);
    }
  }
}

void check_constant(const platform::Program& program, const isa::Instruction& constant) {
  switch (constant.constant()) {
    case isa::Constant::number: break;
    case isa::Constant::map: require(constant.map_number() < program.maps->size()); break;
    case isa::Constant::map_value: {
      require(constant.map_number() < program.maps->size());
      const platform::MapSpec& map = (*program.maps)[constant.map_number()];
      require(map.is_globals || map.kind == platform::MapKind::arena);
      require(constant.map_value_offset() < map.initial.size());
      break;
    }
    case isa::Constant::variable: require(constant.map_number() < program.externs->size()); break;
    case isa::Constant::function:
      require(program.function_at(constant.target)->begin == constant.target);
      break;
    default: require(false);
  }
}

void check(const platform::Program& program) {
  u32 next = 0;
  for (const platform::Function& function : program.functions) {
    require(function.begin.value() == next && function.end > function.begin);
    next = function.end.value();
  }
  require(next == program.code.size());
  if (program.exception_callback) require(*program.exception_callback < program.functions.size());
  for (const platform::ExternUse& use : program.uses) {
    require(use.at.value() < program.code.size() && use.number < program.externs->size());
  }
  for (const isa::Instruction& each : program.code) {
    if (each.form == isa::Form::constant) check_constant(program, each);
    if (each.form == isa::Form::call && each.call() == isa::Call::kfunc) {
      require(static_cast<u64>(each.immediate) < program.externs->size());
    }
    if (each.form == isa::Form::call && each.call() == isa::Call::local) {
      require(program.function_at(each.target)->begin == each.target);
    }
  }
  for (const platform::SourceLine& line : program.lines) {
    require(line.at.value() < program.code.size());
  }
}

// Maps are what everybody counts with: numbers inside of the object, initial values of their size.
void check(const object::Object& object, const platform::MapSpec& map) {
  for (const auto& [index, number] : map.initial_maps) {
    require(map.inner != nullptr && number < object.maps().size());
  }
  if (map.kind == platform::MapKind::struct_ops) {
    require(map.initial.size() == map.value_size);
    for (const auto& [member, name] : map.initial_programs) {
      require(member < object.types().at(map.value_type).count);
    }
  }
  if (!map.is_globals) return;
  require(map.initial.size() == map.value_size);
  for (const btf::SectionVariable& variable : object.types().variables(map.value_type)) {
    require(u64{variable.offset} + variable.size <= map.initial.size());
  }
}

void link(const std::vector<object::ObjectFile>& files) {
  const auto linked = object::link_statically(files);
  if (linked.ok()) (void)object::Object::read(Bytes(linked->file), "linked.o");
}

constexpr std::string_view kConfiguration =
    "CONFIG_HZ=250\nCONFIG_BOOL=y\nCONFIG_MODULE=m\nCONFIG_LETTER=n\nCONFIG_HUNDRED=100\n"
    "CONFIG_NEGATIVE=-5\nCONFIG_TEXT=\"some text\"\n";
constexpr std::string_view kSymbols = "ffffffff81234567 T bpf_prog_put\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto object = object::Object::read(Bytes(data, size), "fuzz.o");
  if (!object.ok()) return 0;
  link({{"fuzz.o", Bytes(data, size)}});
  link({{"fuzz.o", Bytes(data, size)}, {"again.o", Bytes(data, size)}});
  walk(object->types());
  (void)object->resolve({.configuration = kConfiguration, .release = "6.1.0", .symbols = kSymbols});
  (void)object::requirements_of(*object);
  (void)object::skeleton(*object, Bytes(data, size), "fuzz");
  (void)object::light_skeleton(*object, "fuzz");
  for (const object::ProgramEntry& entry : object->programs()) {
    const auto program = object->program(entry.name, {.core = object::Core::leave});
    if (program.ok()) check(**program);
  }
  for (const platform::MapSpec& map : object->maps()) check(*object, map);
  return 0;
}
