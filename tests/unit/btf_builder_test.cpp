// Types that were written: byte for byte as libbpf writes them, read back as they were, and taken
// by the kernel.
#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/enum_array.hpp"
#include "btf/builder.hpp"
#include "btf_peer.hpp"
#include "support/random_types.hpp"
#include "support/scratch.hpp"

namespace skep::btf {
namespace {

using Buffer = std::vector<std::byte>;

template <class Element>
std::vector<Element> all(const List<Element>& list) {
  return {list.begin(), list.end()};
}

void add(Builder& builder, const Types& types, TypeId id) {
  const Type type = types.at(id);
  switch (type.kind) {
    case Kind::structure:
    case Kind::union_: builder.add(type, all(types.members(id))); return;
    case Kind::enumeration:
    case Kind::enumeration64: builder.add(type, all(types.enumerators(id))); return;
    case Kind::prototype: builder.add(type, all(types.parameters(id))); return;
    case Kind::section: builder.add(type, all(types.variables(id))); return;
    default: builder.add(type);
  }
}

Buffer rewritten(const Types& types) {
  Builder builder;
  for (TypeId id = 1; id < types.count(); ++id) add(builder, types, id);
  return builder.bytes().value();
}

// Adds a type by libbpf's functions, one for each kind.
class PeerWriter {
 public:
  PeerWriter(const Types& types, struct btf* out) : types_(types), out_(out) {}

  int add(TypeId id) {
    const Type type = types_.at(id);
    const std::string text(type.name);
    const char* name = text.empty() ? nullptr : text.c_str();
    const int target = static_cast<int>(type.type);
    switch (type.kind) {
      case Kind::void_:
      case Kind::count_: return -1;
      case Kind::integer: return btf__add_int(out_, name, type.size, encoding(type));
      case Kind::floating: return btf__add_float(out_, name, type.size);
      case Kind::pointer: return btf__add_ptr(out_, target);
      case Kind::array:
        return btf__add_array(out_, static_cast<int>(type.index_type), target, type.count);
      case Kind::structure:
      case Kind::union_: return add_structure(id, type, name);
      case Kind::enumeration:
      case Kind::enumeration64: return add_enum(id, type, name);
      case Kind::forward:
        return btf__add_fwd(out_, name, type.is_union ? BTF_FWD_UNION : BTF_FWD_STRUCT);
      case Kind::typedef_: return btf__add_typedef(out_, name, target);
      case Kind::volatile_: return btf__add_volatile(out_, target);
      case Kind::const_: return btf__add_const(out_, target);
      case Kind::restrict_: return btf__add_restrict(out_, target);
      case Kind::function: return btf__add_func(out_, name, linkage(type), target);
      case Kind::prototype: return add_prototype(id, target);
      case Kind::variable: return btf__add_var(out_, name, static_cast<int>(type.scope), target);
      case Kind::section: return add_section(id, type, name);
      case Kind::declaration_tag: return btf__add_decl_tag(out_, name, target, type.component);
      case Kind::type_tag: return btf__add_type_tag(out_, name, target);
    }
    return -1;
  }

 private:
  static int encoding(const Type& type) {
    switch (type.encoding) {
      case Encoding::unsigned_: return 0;
      case Encoding::signed_: return BTF_INT_SIGNED;
      case Encoding::character: return BTF_INT_CHAR;
      case Encoding::boolean: return BTF_INT_BOOL;
    }
    return -1;
  }
  static btf_func_linkage linkage(const Type& type) {
    return static_cast<btf_func_linkage>(type.scope);
  }

  int add_structure(TypeId id, const Type& type, const char* name) {
    const int added = type.kind == Kind::union_ ? btf__add_union(out_, name, type.size)
                                                : btf__add_struct(out_, name, type.size);
    for (const Member& each : types_.members(id)) {
      if (btf__add_field(out_, std::string(each.name).c_str(), static_cast<int>(each.type),
                         each.bit_offset, each.bit_size) != 0) {
        return -1;
      }
    }
    return added;
  }

  int add_enum(TypeId id, const Type& type, const char* name) {
    const bool is_signed = type.encoding == Encoding::signed_;
    const bool is_wide = type.kind == Kind::enumeration64;
    const int added = is_wide ? btf__add_enum64(out_, name, type.size, is_signed)
                              : btf__add_enum(out_, name, type.size);
    for (const Enumerator& each : types_.enumerators(id)) {
      const std::string text(each.name);
      const int result =
          is_wide ? btf__add_enum64_value(out_, text.c_str(), static_cast<u64>(each.value))
                  : btf__add_enum_value(out_, text.c_str(), each.value);
      if (result != 0) return -1;
    }
    return added;
  }

  int add_prototype(TypeId id, int returned) {
    const int added = btf__add_func_proto(out_, returned);
    for (const Parameter& each : types_.parameters(id)) {
      const std::string text(each.name);
      if (btf__add_func_param(out_, text.c_str(), static_cast<int>(each.type)) != 0) return -1;
    }
    return added;
  }

  int add_section(TypeId id, const Type& type, const char* name) {
    const int added = btf__add_datasec(out_, name, type.size);
    for (const SectionVariable& each : types_.variables(id)) {
      if (btf__add_datasec_var_info(out_, static_cast<int>(each.type), each.offset, each.size) !=
          0) {
        return -1;
      }
    }
    return added;
  }

  const Types& types_;
  struct btf* out_;
};

// What BPF_BTF_LOAD says: nothing, or the end of its log.
std::string kernel_refusal(const Buffer& section) {
  std::string log(1 << 16, '\0');
  LIBBPF_OPTS(bpf_btf_load_opts, options, .log_buf = log.data(), .log_level = 1,
              .log_size = static_cast<u32>(log.size()));
  const int fd = bpf_btf_load(section.data(), section.size(), &options);
  if (fd >= 0) {
    close(fd);
    return {};
  }
  const int reason = errno;
  log.resize(log.find('\0'));
  return format("error {}: {}", reason,
                log.substr(log.size() - std::min<std::size_t>(log.size(), 400)));
}

// One type of each kind, of the forms that there are.
Builder every_kind() {
  Builder out;
  const TypeId number = out.add(
      {.name = "int", .kind = Kind::integer, .encoding = Encoding::signed_, .size = 4, .bits = 32});
  const TypeId truth = out.add({.name = "_Bool",
                                .kind = Kind::integer,
                                .encoding = Encoding::boolean,
                                .size = 1,
                                .bits = 8});
  const TypeId real = out.add({.name = "double", .kind = Kind::floating, .size = 8});
  const TypeId constant = out.add({.kind = Kind::const_, .type = number});
  const TypeId unsteady = out.add({.kind = Kind::volatile_, .type = constant});
  const TypeId pointer = out.add({.kind = Kind::pointer, .type = unsteady});
  const TypeId alone = out.add({.kind = Kind::restrict_, .type = pointer});
  const TypeId array =
      out.add({.kind = Kind::array, .type = number, .index_type = number, .count = 3});
  const TypeId forward = out.add({.name = "later", .kind = Kind::forward, .is_union = true});
  const TypeId tag = out.add({.name = "user", .kind = Kind::type_tag, .type = forward});
  const TypeId tagged = out.add({.kind = Kind::pointer, .type = tag});
  const Enumerator colours[] = {{"RED", -1}, {"GREEN", 7}};
  const TypeId colour = out.add(
      {.name = "colour", .kind = Kind::enumeration, .encoding = Encoding::signed_, .size = 4},
      colours);
  const Enumerator distances[] = {{"FAR", s64{1} << 40}};
  const TypeId distance =
      out.add({.name = "distance", .kind = Kind::enumeration64, .size = 8}, distances);
  const Member members[] = {
      {"a", number, 0, 3}, {"b", number, 3, 5}, {"c", colour, 32}, {"d", distance, 64}};
  const TypeId structure = out.add({.name = "flow", .kind = Kind::structure, .size = 16}, members);
  const Member choices[] = {{"s", structure, 0}, {"p", tagged, 0}, {"r", real, 0},
                            {"x", array, 0},     {"t", truth, 0},  {"q", alone, 0}};
  const TypeId either = out.add({.name = "either", .kind = Kind::union_, .size = 16}, choices);
  const TypeId alias = out.add({.name = "either_t", .kind = Kind::typedef_, .type = either});
  const Parameter parameters[] = {{"first", alias}, {"second", pointer}};
  const TypeId prototype = out.add({.kind = Kind::prototype, .type = number}, parameters);
  const TypeId function =
      out.add({.name = "work", .kind = Kind::function, .scope = Scope::global, .type = prototype});
  const TypeId variable =
      out.add({.name = "state", .kind = Kind::variable, .scope = Scope::global, .type = structure});
  const SectionVariable variables[] = {{variable, 0, 16}};
  out.add({.name = ".data", .kind = Kind::section, .size = 16}, variables);
  out.add({.name = "hot", .kind = Kind::declaration_tag, .type = structure, .component = 2});
  out.add({.name = "arg", .kind = Kind::declaration_tag, .type = function, .component = 1});
  return out;
}

TEST(Builder, EveryKindGoesThereAndBack) {
  const Buffer bytes = every_kind().bytes().value();
  const Types types = Types::read(Bytes(bytes)).value();
  u32 kinds = 0;
  for (TypeId id = 0; id < types.count(); ++id) kinds |= 1u << static_cast<u32>(types.kind(id));
  EXPECT_EQ(kinds, (1u << kCount<Kind>)-1);
  EXPECT_EQ(rewritten(types), bytes);
}

TEST(Builder, WritesTheBytesOfLibbpf) {
  for (u64 seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    test::Choices choices(seed);
    const Builder builder = seed == 0 ? every_kind() : test::random_types(choices, 100);
    const Buffer bytes = builder.bytes().value();
    const Types types = Types::read(Bytes(bytes)).value();
    const Peer peer(btf__new_empty(), btf__free);
    PeerWriter writer(types, peer.get());
    for (TypeId id = 1; id < types.count(); ++id) ASSERT_EQ(writer.add(id), static_cast<int>(id));
    ASSERT_EQ(bytes_of(peer), bytes);
    ASSERT_EQ(rewritten(types), bytes);
  }
}

TEST(Builder, TheKernelTakesTheResult) {
  const std::string refusal = kernel_refusal(every_kind().bytes().value());
  if (refusal.starts_with(format("error {}", EPERM))) {
    GTEST_SKIP() << "BPF_BTF_LOAD needs privileges here: NOT CHECKED against the kernel";
  }
  EXPECT_EQ(refusal, "");
  for (u64 seed = 1; seed < 40; ++seed) {
    test::Choices choices(seed);
    EXPECT_EQ(kernel_refusal(test::random_types(choices, 100).bytes().value()), "") << seed;
  }
}

TEST(Builder, BpftoolShowsTheTypes) {
  const test::Scratch scratch;
  const Buffer bytes = every_kind().bytes().value();
  scratch.write("types.btf", std::span(bytes));
  const std::string text = scratch.run("bpftool btf dump file types.btf");
  for (const std::string_view line :
       {"[12] ENUM 'colour' encoding=SIGNED size=4 vlen=2", "[14] STRUCT 'flow' size=16 vlen=4",
        "\t'b' type_id=1 bits_offset=3 bitfield_size=5", "'FAR' val=1099511627776",
        "[22] DECL_TAG 'arg' type_id=18 component_idx=1", "[9] FWD 'later' fwd_kind=union"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
  }
}

TEST(Builder, AppendsTypesOfOthers) {
  Builder out;
  out.add({.name = "first", .kind = Kind::integer, .size = 4, .bits = 32});
  const Types others = Types::read(Bytes(every_kind().bytes().value())).value();
  EXPECT_EQ(out.append(others), 1u);
  EXPECT_EQ(out.append(others), others.count());
  const Buffer bytes = out.bytes().value();
  const Types types = Types::read(Bytes(bytes)).value();
  ASSERT_EQ(types.count(), 2 * others.count());
  for (TypeId id = 1; id < others.count(); ++id) {
    EXPECT_EQ(types.c_name(id + 1), others.c_name(id));
    EXPECT_EQ(types.c_name(id + others.count()), others.c_name(id));
  }
  const u64 text = every_kind().bytes().value().size();
  EXPECT_LT(bytes.size(), 2 * text) << "strings are written once";
}

TEST(Builder, ContinuesABase) {
  const Buffer base_bytes = every_kind().bytes().value();
  const auto base = std::make_shared<const Types>(Types::read(Bytes(base_bytes)).value());
  Builder builder(base);
  const TypeId structure = base->find("flow", Kind::structure).value();
  const Member members[] = {{"c", structure, 0}, {"own", builder.next_id() + 1, 128}};
  const TypeId first = builder.add({.name = "own", .kind = Kind::structure, .size = 24}, members);
  builder.add({.kind = Kind::pointer, .type = first});
  EXPECT_EQ(first, base->count());
  const Buffer bytes = builder.bytes().value();
  const Types types = Types::read(Bytes(bytes), base).value();
  EXPECT_EQ(types.c_name(first), "struct own");
  EXPECT_EQ(types.members(first)[0].name, "c");
  EXPECT_EQ(types.size_of(first).value(), 24u);
  EXPECT_EQ(types.find("flow", Kind::structure), structure);
  EXPECT_EQ(types.find_all("own", types.first()), std::vector<TypeId>{first});
  EXPECT_EQ(types.string_bytes(), base->string_bytes() + 4);  // "c" was there
  // libbpf sees the same.
  const test::Scratch scratch;
  scratch.write("split.btf", std::span(bytes));
  const Peer peer_base = peer_of(base_bytes);
  const Peer peer(btf__parse_raw_split(scratch.path("split.btf").c_str(), peer_base.get()),
                  btf__free);
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(btf__find_by_name(peer.get(), "own"), static_cast<int>(first));
  EXPECT_EQ(btf__resolve_size(peer.get(), first), 24);
}

TEST(Builder, SaysWhatDoesNotFit) {
  Builder many;
  const std::vector<Enumerator> values(70000, {"VALUE", 1});
  many.add({.name = "huge", .kind = Kind::enumeration, .size = 4}, values);
  EXPECT_EQ(many.bytes().error().message, "enum huge has more than 65535 parts");
  Builder far;
  const TypeId number = far.add({.name = "int", .kind = Kind::integer, .size = 4, .bits = 32});
  const Member bits[] = {{"b", number, 1u << 24, 3}};
  far.add({.name = "far", .kind = Kind::structure, .size = 1u << 22}, bits);
  EXPECT_NE(far.bytes().error().message.find("further in"), std::string::npos);
}

}  // namespace
}  // namespace skep::btf
