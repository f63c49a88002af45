// CO-RE on types made for the purpose, by libbpf's writer: what two compilers would rarely leave in
// one file. Expected values follow from the offsets that each test gives.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "btf/core.hpp"

namespace skep::btf {
namespace {

namespace fs = std::filesystem;

// BTF as it is written; ids are those of libbpf's functions.
class Made {
 public:
  explicit Made(const Made* base = nullptr)
      : btf_(base == nullptr ? ::btf__new_empty() : ::btf__new_empty_split(base->btf_)) {}
  ~Made() { ::btf__free(btf_); }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;

  TypeId integer(const char* name, u32 bytes, int encoding = 0) {
    return id(::btf__add_int(btf_, name, bytes, encoding));
  }
  TypeId pointer(TypeId to) { return id(::btf__add_ptr(btf_, static_cast<int>(to))); }
  TypeId array(TypeId of, u32 count) {
    return id(::btf__add_array(btf_, static_cast<int>(of), static_cast<int>(of), count));
  }
  TypeId alias(const char* name, TypeId of) {
    return id(::btf__add_typedef(btf_, name, static_cast<int>(of)));
  }
  TypeId structure(const char* name, u32 bytes) { return id(::btf__add_struct(btf_, name, bytes)); }
  TypeId enumeration(const char* name, u32 bytes = 4) {
    return id(::btf__add_enum(btf_, name, bytes));
  }
  TypeId enumeration64(const char* name) { return id(::btf__add_enum64(btf_, name, 8, false)); }
  void value(const char* name, s64 value) { (void)id(::btf__add_enum_value(btf_, name, value)); }
  void value64(const char* name, u64 value) {
    EXPECT_EQ(::btf__add_enum64_value(btf_, name, value), 0);
  }
  // Of the structure that was added last.
  void field(const char* name, TypeId type, u32 bit_offset, u32 bits = 0) {
    EXPECT_EQ(::btf__add_field(btf_, name, static_cast<int>(type), bit_offset, bits), 0);
  }

  std::string write(const std::string& name) const {
    u32 size = 0;
    const void* data = ::btf__raw_data(btf_, &size);
    const std::string path = (fs::path(testing::TempDir()) / ("btf_core_" + name)).string();
    std::ofstream(path, std::ios::binary).write(static_cast<const char*>(data), size);
    return path;
  }
  Types types() const {
    u32 size = 0;
    const void* data = ::btf__raw_data(btf_, &size);
    return Types::read(Bytes(data, size)).value();
  }

 private:
  static TypeId id(int result) {
    EXPECT_GE(result, 0);
    return static_cast<TypeId>(result);
  }
  ::btf* btf_;
};

Targets targets_of(std::initializer_list<const Made*> all) {
  static u32 number = 0;  // files stay mapped, so each has a name of its own
  Targets targets;
  for (const Made* each : all) {
    EXPECT_TRUE(targets.open(each->write("target_" + std::to_string(number++))).ok());
  }
  return targets;
}

std::optional<u64> value_of(const Types& local, const Targets& targets,
                            const CoreRelocation& relocation) {
  return CoreResolver(local, targets).resolve(relocation).value().value;
}

std::string refusal_of(const Types& local, const Targets& targets,
                       const CoreRelocation& relocation) {
  const auto resolved = CoreResolver(local, targets).resolve(relocation);
  return resolved.ok() ? "was resolved" : resolved.error().message;
}

// struct s { int a; int b; } here.
struct Local {
  Made made;
  TypeId number = made.integer("int", 4, BTF_INT_SIGNED);
  TypeId s = made.structure("s", 8);
  Local() {
    made.field("a", number, 0);
    made.field("b", number, 32);
  }
};

TEST(EssentialName, EndsAtTheLastTripleUnderscore) {
  // As libbpf's bpf_core_essential_name_len() takes them.
  EXPECT_EQ(essential_name("sample"), "sample");
  EXPECT_EQ(essential_name("sample___v2"), "sample");
  EXPECT_EQ(essential_name("sample___old___new"), "sample___old");
  EXPECT_EQ(essential_name("sample__v2"), "sample__v2");
  EXPECT_EQ(essential_name("sample____v2"), "sample____v2");
  EXPECT_EQ(essential_name("___v2"), "___v2");
  EXPECT_EQ(essential_name("sample___"), "sample___");
}

TEST(Candidates, MustAgreeWhereSeveralHaveTheField) {
  const Local local;
  const Types types = local.made.types();
  Made same, other;
  for (Made* made : {&same, &other}) {
    const TypeId number = made->integer("int", 4, BTF_INT_SIGNED);
    (void)made->structure("s", 16);
    made->field("a", number, 64);
    (void)made->structure("s___twin", 16);
    made->field("a", number, made == &same ? 64 : 96);
  }
  const CoreRelocation offset{CoreKind::field_byte_offset, local.s, "0:0"};
  EXPECT_EQ(value_of(types, targets_of({&same}), offset), 8u);
  EXPECT_NE(refusal_of(types, targets_of({&other}), offset).find("disagree"), std::string::npos);
  const CoreRelocation exists{CoreKind::field_exists, local.s, "0:0"};
  EXPECT_EQ(value_of(types, targets_of({&same}), exists), 1u);
  EXPECT_NE(refusal_of(types, targets_of({&other}), exists).find("bit 64"), std::string::npos);
}

// libbpf drops a candidate that does not have what was asked, for all that comes after.
TEST(Candidates, AreDroppedByWhatTheyDoNotHave) {
  const Local local;
  const Types types = local.made.types();
  Made target;
  const TypeId number = target.integer("int", 4, BTF_INT_SIGNED);
  (void)target.structure("s", 16);
  target.field("a", number, 64);
  target.field("b", number, 0);
  (void)target.structure("s___without_b", 16);
  target.field("a", number, 96);
  const Targets targets = targets_of({&target});
  const CoreRelocation a{CoreKind::field_byte_offset, local.s, "0:0"};
  const CoreRelocation b{CoreKind::field_byte_offset, local.s, "0:1"};
  EXPECT_FALSE(CoreResolver(types, targets).resolve(a).ok());
  CoreResolver resolver(types, targets);
  EXPECT_EQ(resolver.candidates_left(local.s).value(), 2u);
  EXPECT_EQ(resolver.resolve(b).value().value, 0u);
  EXPECT_EQ(resolver.candidates_left(local.s).value(), 1u);
  EXPECT_EQ(resolver.resolve(a).value().value, 8u);
}

TEST(Candidates, OfModulesAreAskedWhenTheBaseHasNone) {
  const Local local;
  const Types types = local.made.types();
  Made base;
  const TypeId number = base.integer("int", 4, BTF_INT_SIGNED);
  (void)base.structure("only_in_base", 4);
  base.field("x", number, 0);
  Made first(&base), second(&base);
  (void)first.structure("unrelated", 4);
  first.field("x", number, 0);
  (void)second.structure("s", 24);
  second.field("b", number, 128);
  const CoreRelocation b{CoreKind::field_byte_offset, local.s, "0:1"};
  const Targets targets = targets_of({&base, &first, &second});
  const Resolution found = CoreResolver(types, targets).resolve(b).value();
  EXPECT_EQ(found.value, 16u);
  ASSERT_TRUE(found.from.has_value());
  EXPECT_EQ(found.from->target, 2u);
  EXPECT_EQ(targets.of(*found.from).types->name(found.from->id), "s");
  EXPECT_EQ(value_of(types, targets_of({&base, &first}), b), std::nullopt);
  // Now the base has one too.
  (void)base.structure("s", 24);
  base.field("b", number, 32);
  EXPECT_EQ(value_of(types, targets_of({&base, &second}), b), 4u);
}

TEST(Pointers, AreAsWideAsTheTargetsLong) {
  Made here;
  const TypeId unsigned_long = here.integer("long unsigned int", 8);
  const TypeId to_void = here.pointer(kVoid), three = here.array(to_void, 3);
  const TypeId s = here.structure("s", 40);
  here.field("next", to_void, 0);
  here.field("many", three, 64);
  here.field("count", unsigned_long, 256);
  const Types types = here.types();
  Made there;  // a 32-bit machine
  (void)there.integer("char", 1);
  const TypeId long32 = there.integer("long unsigned int", 4);
  const TypeId pointer = there.pointer(kVoid), pointers = there.array(pointer, 3);
  (void)there.structure("s", 20);
  there.field("next", pointer, 0);
  there.field("many", pointers, 32);
  there.field("count", long32, 128);
  const Targets targets = targets_of({&there});
  const auto resolved = [&](CoreKind kind, std::string_view access) {
    return CoreResolver(types, targets).resolve({kind, s, access}).value();
  };
  EXPECT_EQ(resolved(CoreKind::field_byte_offset, "0:1:2").value, 12u);
  EXPECT_EQ(resolved(CoreKind::field_byte_size, "0:1").value, 12u);
  EXPECT_EQ(resolved(CoreKind::field_byte_size, "0:0").value, 4u);
  EXPECT_EQ(resolved(CoreKind::field_byte_offset, "1:0").value, 20u);
  const Resolution next = resolved(CoreKind::field_byte_offset, "0:0");
  EXPECT_EQ(next.resize, Resize::follows);
  EXPECT_EQ(next.local_bytes, 8u);
  EXPECT_EQ(next.target_bytes, 4u);
  EXPECT_EQ(resolved(CoreKind::field_byte_offset, "0:2").resize, Resize::follows);
}

TEST(Arrays, ThatEndAStructureMayBeLonger) {
  Made made;
  const TypeId byte = made.integer("unsigned char", 1);
  const TypeId none = made.array(byte, 0), four = made.array(byte, 4), eight = made.array(byte, 8);
  const TypeId s = made.structure("s", 4);
  made.field("head", four, 0);
  made.field("tail", none, 32);
  const TypeId fixed = made.structure("fixed", 8);
  made.field("tail", eight, 0);
  const Types types = made.types();
  Made target;
  (void)target.integer("unsigned char", 1);
  EXPECT_EQ(target.array(byte, 0), none);
  EXPECT_EQ(target.array(byte, 4), four);
  (void)target.structure("s", 12);
  target.field("tail", none, 0);  // not the last one
  target.field("head", four, 0);
  (void)target.structure("fixed", 4);
  target.field("other", four, 0);
  target.field("tail", none, 32);
  const Targets itself = targets_of({&made}), targets = targets_of({&target});
  EXPECT_EQ(value_of(types, itself, {CoreKind::field_byte_offset, s, "0:1:5"}), 9u);
  EXPECT_EQ(value_of(types, targets, {CoreKind::field_byte_offset, s, "0:1:5"}), std::nullopt);
  EXPECT_EQ(value_of(types, targets, {CoreKind::field_byte_offset, fixed, "0:0:7"}), 11u);
  EXPECT_EQ(value_of(types, targets, {CoreKind::field_byte_offset, s, "0:0:3"}), 3u);
  EXPECT_NE(refusal_of(types, itself, {CoreKind::field_byte_offset, s, "0:0:4"}).find("access"),
            std::string::npos);
}

// A bit-field may need a wider read than its type, up to eight bytes.
TEST(BitFields, AreReadWithTheSmallestPowerOfTwo) {
  Made made;
  const TypeId number = made.integer("unsigned int", 4);
  const TypeId s = made.structure("s", 16);
  made.field("plain", number, 0, 5);
  const Types types = made.types();
  struct Case {
    u32 bit_offset, bits;
    u64 byte_offset, byte_size, left, right;
  };
  const Case cases[] = {{3, 5, 0, 4, 56, 59},      // bits 3 to 7 of byte 0
                        {30, 4, 0, 8, 30, 60},     // over the end of four bytes
                        {62, 10, 0, 0, 0, 0},      // over the end of eight
                        {96, 32, 12, 4, 32, 32}};  // a whole word
  for (const Case& each : cases) {
    Made target;
    const TypeId word = target.integer("unsigned int", 4);
    (void)target.structure("s", 16);
    target.field("plain", word, each.bit_offset, each.bits);
    const Targets targets = targets_of({&target});
    if (each.byte_size == 0) {
      EXPECT_NE(refusal_of(types, targets, {CoreKind::field_byte_size, s, "0:0"}).find("bit-field"),
                std::string::npos);
      continue;
    }
    EXPECT_EQ(value_of(types, targets, {CoreKind::field_byte_offset, s, "0:0"}), each.byte_offset);
    EXPECT_EQ(value_of(types, targets, {CoreKind::field_byte_size, s, "0:0"}), each.byte_size);
    EXPECT_EQ(value_of(types, targets, {CoreKind::field_left_shift, s, "0:0"}), each.left);
    EXPECT_EQ(value_of(types, targets, {CoreKind::field_right_shift, s, "0:0"}), each.right);
  }
}

TEST(Enumerators, AreFoundByNameInEnumsOfAnyWidth) {
  Made made;
  const TypeId e = made.enumeration("e");
  made.value("ONE", 1);
  made.value("TWO___here", 2);
  const Types types = made.types();
  Made target;
  (void)target.enumeration64("e___wide");
  target.value64("ONE", 0x1'0000'0001);
  target.value64("TWO", 0xffff'ffff'ffff'ffff);
  const Targets targets = targets_of({&target});
  EXPECT_EQ(value_of(types, targets, {CoreKind::enumerator_value, e, "0"}), 0x1'0000'0001u);
  EXPECT_EQ(value_of(types, targets, {CoreKind::enumerator_value, e, "1"}), ~u64{0});
  EXPECT_EQ(value_of(types, targets, {CoreKind::enumerator_exists, e, "1"}), 1u);
}

TEST(Relocations, ThatMakeNoSenseAreRefused) {
  Local local;
  const TypeId anonymous = local.made.structure(nullptr, 4);
  local.made.field("x", local.number, 0);
  const TypeId e = local.made.enumeration("e");
  local.made.value("ONE", 1);
  const Types types = local.made.types();
  const Targets targets = targets_of({&local.made});
  std::string deep = "0";
  for (int i = 0; i < 64; ++i) deep += ":0";
  const CoreRelocation cases[] = {
      {CoreKind::field_byte_offset, local.s, ""},
      {CoreKind::field_byte_offset, local.s, ":"},
      {CoreKind::field_byte_offset, local.s, "0:"},
      {CoreKind::field_byte_offset, local.s, "0:-1"},
      {CoreKind::field_byte_offset, local.s, "0: 1"},
      {CoreKind::field_byte_offset, local.s, "0:x"},
      {CoreKind::field_byte_offset, local.s, "0:2"},
      {CoreKind::field_byte_offset, local.s, "0:0:0"},
      {CoreKind::field_byte_offset, local.s, "0:99999999999999999999"},
      {CoreKind::field_byte_offset, local.s, "2147483647"},
      {CoreKind::field_byte_offset, local.s, deep},
      {CoreKind::field_signed, local.s, "0"},
      {CoreKind::field_byte_offset, anonymous, "0:0"},
      {CoreKind::field_byte_offset, kVoid, "0"},
      {CoreKind::type_exists, local.s, "1"},
      {CoreKind::enumerator_value, e, "1"},
      {CoreKind::enumerator_value, e, "0:0"},
      {CoreKind::enumerator_value, local.s, "0"},
  };
  for (const CoreRelocation& each : cases) {
    EXPECT_NE(refusal_of(types, targets, each), "was resolved") << each.access;
    EXPECT_FALSE(describe(types, each).empty());
  }
}

// Types that take longer to compare than anybody waits.
TEST(Comparison, EndsWithAnErrorWhenItTakesTooLong) {
  Made made;
  const TypeId number = made.integer("int", 4, BTF_INT_SIGNED);
  TypeId inner = number;
  for (int level = 0; level < 9; ++level) {  // every member is tried with every other one: 20^9
    const TypeId next = made.structure(("level" + std::to_string(level)).c_str(), 4);
    for (int i = 0; i < 4; ++i) made.field("same", inner, 0);
    if (level == 0) made.field("only_here", number, 0);
    inner = next;
  }
  const TypeId root = inner;
  const Types types = made.types();
  Made target;
  inner = target.integer("int", 4, BTF_INT_SIGNED);
  for (int level = 0; level < 9; ++level) {
    const TypeId next = target.structure(("level" + std::to_string(level)).c_str(), 4);
    for (int i = 0; i < 5; ++i) target.field("same", inner, 0);
    inner = next;
  }
  const Targets targets = targets_of({&target});
  CoreResolver resolver(types, targets, 1u << 20);
  const auto resolved = resolver.resolve({CoreKind::type_matches, root, "0"});
  ASSERT_FALSE(resolved.ok());
  EXPECT_EQ(resolved.error().fault, Fault::exhausted);
}

// What libbpf's writer would not write: a type that contains itself. open() does not check it.
TEST(Targets, ThatAreDamagedEndInAnAnswerToo) {
  const Local local;
  const Types types = local.made.types();
  Made target;
  (void)target.integer("int", 4, BTF_INT_SIGNED);
  const TypeId array = 2, loop = 3, self = 4;
  EXPECT_EQ(target.array(loop, 1), array);
  EXPECT_EQ(target.alias("loop", array), loop);
  EXPECT_EQ(target.structure("s", 8), self);
  target.field(nullptr, self, 0);
  target.field("b", array, 0);
  const Targets targets = targets_of({&target});
  for (u32 kind = 0; kind < kCount<CoreKind>; ++kind) {
    const Subject subject = kCoreKinds[static_cast<CoreKind>(kind)].subject;
    if (subject == Subject::enumerator) continue;
    CoreResolver resolver(types, targets, 1u << 20);
    const CoreRelocation relocation{static_cast<CoreKind>(kind), local.s,
                                    subject == Subject::field ? "0:1" : "0"};
    (void)resolver.resolve(relocation);
    (void)resolver.explain(relocation);
  }
}

struct Explained {
  CoreKind kind;
  TypeId type;
  std::string_view access;
  std::string message;
  std::string hint;
};

TEST(Explanation, SaysWhatIsThereInstead) {
  Made made;
  const TypeId number = made.integer("int", 4, BTF_INT_SIGNED);
  const TypeId inner = made.structure("inner", 4);
  made.field("deep", number, 0);
  const TypeId list = made.array(number, 4);
  const TypeId s = made.structure("task", 32);
  made.field("stat", number, 0);
  made.field("inner", inner, 32);
  made.field("list", list, 64);
  made.field("plain", number, 192);
  const TypeId e = made.enumeration("color");
  made.value("GREN", 1);
  const TypeId absent = made.structure("tsk", 4);
  made.field("x", number, 0);
  const Types types = made.types();
  Made target;
  const TypeId there = target.integer("int", 4, BTF_INT_SIGNED);
  const TypeId nameless = target.structure(nullptr, 4);
  target.field("deeper", there, 0);
  const TypeId two = target.array(there, 2), pointer = target.pointer(there);
  (void)target.structure("task", 32);
  target.field("stats", there, 0);
  target.field("state", there, 32);
  target.field("inner", nameless, 64);
  target.field("list", two, 128);
  target.field("plain", pointer, 192);
  (void)target.enumeration("color");
  target.value("RED", 0);
  target.value("GREEN", 1);
  const Targets targets = targets_of({&target});
  const std::string file = targets.all()[0].name;
  const Explained cases[] = {
      {CoreKind::field_byte_offset, s, "0:0",
       "struct task has no member \"stat\" in " + file + "; nearest: \"stats\", \"state\"",
       "struct task there has 5 members in 32 bytes"},
      {CoreKind::field_byte_offset, s, "0:1:0",
       "struct task.inner has no member \"deep\" in " + file + "; nearest: \"deeper\"",
       "struct task.inner there has 1 member in 4 bytes"},
      {CoreKind::field_byte_size, s, "0:2:3",
       "struct task.list has 2 elements in " + file + ", and number 3 is read", ""},
      {CoreKind::field_signed, s, "0:3", "struct task.plain is int * in " + file + ", and int here",
       "flavour"},
      {CoreKind::enumerator_value, e, "0",
       "enum color has no enumerator \"GREN\" in " + file + "; nearest: \"GREEN\", \"RED\"",
       "enum color there has 2 enumerators"},
      {CoreKind::field_byte_offset, absent, "0:0", file + " has no struct tsk; nearest: \"task\"",
       ""},
  };
  for (const Explained& each : cases) {
    CoreResolver resolver(types, targets);
    const CoreRelocation relocation{each.kind, each.type, each.access};
    EXPECT_EQ(resolver.resolve(relocation).value().value, std::nullopt) << each.message;
    const Absent why = resolver.explain(relocation).value();
    EXPECT_EQ(why.message, each.message);
    EXPECT_NE(why.hint.find(each.hint), std::string::npos) << why.hint;
  }
}

}  // namespace
}  // namespace skep::btf
