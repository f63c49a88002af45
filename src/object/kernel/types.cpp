// Records are rewritten in place; what .ksyms needs beside them is appended behind the last one.
// Layout: Documentation/bpf/btf.rst of Linux.
#include "object/kernel/types.hpp"

#include <algorithm>
#include <cstring>

namespace skep::object {
namespace {

using btf::Kind;
using btf::TypeId;

struct Header {
  le16 magic;
  u8 version, flags;
  le32 header_size, types_offset, types_size, strings_offset, strings_size;
};
static_assert(sizeof(Header) == 24);

// struct btf_type, and what stands behind it.
struct Record {
  le32 name, info, type_or_size;
};
struct ParameterRecord {
  le32 name, type;
};
struct VariableRecord {
  le32 type, offset, size;
};

constexpr u32 kLinkageMask = 0xffff, kStatic = 0, kGlobal = 1;
constexpr u32 kIntBytes = 4;

u32 info(Kind kind) { return static_cast<u32>(kind) << 24; }

class Rewriter {
 public:
  explicit Rewriter(const Image& image)
      : image_(image),
        types_(*image.types.types),
        bytes_(types_.bytes().span().begin(), types_.bytes().span().end()) {}

  Result<std::vector<std::byte>> run() {
    if (types_.empty()) return std::vector<std::byte>();
    for (TypeId id = 1; id < types_.count(); ++id) {
      const btf::Type type = types_.at(id);
      if (type.kind == Kind::variable && type.scope == btf::Scope::external) define_variable(id);
      if (type.kind == Kind::function) define_function(id, type);
    }
    const TypeId ksyms = image_.types.of(".ksyms");
    if (ksyms != btf::kVoid) TRY(list_symbols(ksyms));
    return std::move(bytes_);
  }

 private:
  // The part of a record that begins `skipped` bytes into it.
  template <class Part>
  Part* part(TypeId id, std::size_t skipped = 0) {
    const auto at = static_cast<std::size_t>(types_.record(id).data() - types_.bytes().data());
    return reinterpret_cast<Part*>(&bytes_[at + skipped]);
  }

  void define_variable(TypeId id) { *part<le32>(id, sizeof(Record)) = kGlobal; }

  void define_function(TypeId id, const btf::Type& type) {
    if (type.scope == btf::Scope::external) {
      set_linkage(id, kGlobal);
      name_parameters(id, type.type);
    } else if (type.scope == btf::Scope::global && is_hidden(type.name)) {
      set_linkage(id, kStatic);
    }
  }

  void set_linkage(TypeId id, u32 linkage) {
    Record& record = *part<Record>(id);
    record.info = (record.info & ~kLinkageMask) | linkage;
  }

  // Parameters of a function that is defined have names; any will do.
  void name_parameters(TypeId function, TypeId prototype) {
    const le32 name = part<Record>(function)->name;
    auto* parameter = part<ParameterRecord>(prototype, sizeof(Record));
    for (u32 left = types_.at(prototype).count; left != 0; --left, ++parameter) {
      if (parameter->name == 0 && parameter->type != 0) parameter->name = name;
    }
  }

  bool is_hidden(std::string_view name) const {
    const auto& all = image_.functions.all();
    const auto found = std::ranges::find_if(all, [&](const FunctionSymbol& each) {
      return each.name == name && each.binding != Binding::local;
    });
    return found != all.end() && found->linkage == platform::Linkage::local &&
           !image_.functions.is_program(static_cast<u32>(found - all.begin()), image_.elf);
  }

  // Every symbol of the kernel as an int: the first of them that is a variable, or one that is
  // added, stands for the functions too.
  Result<void> list_symbols(TypeId section) {
    const u32 count = types_.at(section).count;
    const TypeId integer = TRY(find_int());
    auto* listed = part<VariableRecord>(section, sizeof(Record));
    std::optional<TypeId> stand_in;
    for (u32 at = 0; at < count; ++at) {
      const TypeId symbol = listed[at].type;
      if (types_.kind(symbol) == Kind::variable) {
        part<Record>(symbol)->type_or_size = integer;
      } else {
        if (!stand_in) stand_in = types_.count();
        listed[at].type = *stand_in;
      }
      listed[at].offset = at * kIntBytes;
      listed[at].size = kIntBytes;
    }
    part<Record>(section)->type_or_size = count * kIntBytes;
    if (stand_in) append_variable(part<Record>(section)->name, integer);
    return {};
  }

  Result<TypeId> find_int() const {
    for (TypeId id = 1; id < types_.count(); ++id) {
      if (types_.kind(id) == Kind::integer && types_.at(id).size == kIntBytes) return id;
    }
    return Error(Fault::unsupported,
                 "section .BTF: symbols of the kernel, and no integer of 4 bytes that could stand "
                 "for them");
  }

  // A variable needs a name that C allows, so the section's is not taken as it is: behind its dot.
  void append_variable(u32 section_name, TypeId integer) {
    struct {
      Record record;
      le32 linkage;
    } variable{{section_name + 1, info(Kind::variable), integer}, kGlobal};
    static_assert(sizeof(variable) == 16);
    auto header = [&] { return reinterpret_cast<Header*>(bytes_.data()); };
    const std::size_t end =
        std::size_t{header()->header_size} + header()->types_offset + header()->types_size;
    const auto raw = std::as_bytes(std::span(&variable, 1));
    bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(end), raw.begin(), raw.end());
    const bool moves_strings =
        header()->strings_offset >= header()->types_offset + header()->types_size;
    header()->types_size = header()->types_size + sizeof(variable);
    if (moves_strings) header()->strings_offset = header()->strings_offset + sizeof(variable);
  }

  const Image& image_;
  const btf::Types& types_;
  std::vector<std::byte> bytes_;
};

}  // namespace

Result<std::vector<std::byte>> kernel_types(const Image& image) { return Rewriter(image).run(); }

}  // namespace skep::object
