#include "object/signatures.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace skep::object {
namespace {

using platform::Parameter;
using platform::ParameterKind;

// The tags of one parameter ("arg:nonnull"; Documentation of libbpf's __arg_* macros).
using ArgumentTags = u8;
constexpr ArgumentTags kContext = 1 << 0;
constexpr ArgumentTags kNotNull = 1 << 1;
constexpr ArgumentTags kNullable = 1 << 2;
constexpr ArgumentTags kTrusted = 1 << 3;
constexpr ArgumentTags kUntrusted = 1 << 4;
constexpr ArgumentTags kArena = 1 << 5;

struct TagRow {
  std::string_view text;  // behind "arg:"
  ArgumentTags tag;
};
constexpr std::array<TagRow, 6> kTagRows = {{
    {"ctx", kContext},
    {"nonnull", kNotNull},
    {"nullable", kNullable},
    {"trusted", kTrusted},
    {"untrusted", kUntrusted},
    {"arena", kArena},
}};
constexpr std::string_view kPrefix = "arg:";

bool is_number(btf::Kind kind) { return kind == btf::Kind::integer || btf::is_enum(kind); }

Parameter refused(std::string problem) {
  Parameter out{.kind = ParameterKind::other};
  out.problem = std::move(problem);
  return out;
}

// The rules of btf_prepare_func_args in kernel/bpf/btf.c.
class SignatureReader {
 public:
  SignatureReader(const btf::Types& types, const Tags& tags, btf::TypeId function,
                  platform::ProgramType type)
      : types_(types), tags_(tags), function_(function), type_(type) {}

  platform::Signature run() const {
    const btf::TypeId prototype = types_.at(function_).type;
    platform::Signature out;
    out.returns_number = is_number(types_.resolved(types_.at(prototype).type).kind);
    s32 number = 0;
    for (const btf::Parameter& parameter : types_.parameters(prototype)) {
      out.parameters.push_back(parameter_of(parameter.type, number++));
    }
    return out;
  }

 private:
  bool is_context(const btf::Type& target) const {
    const std::string_view wanted = platform::row(type_).context_name;  // "struct xdp_md"
    if (target.kind != btf::Kind::structure || target.name.empty()) return false;
    // What the registers of a kprobe are called differs between architectures; old programs declare
    // a structure of the typedef's name.
    if (type_ == platform::ProgramType::kprobe && target.name == "bpf_user_pt_regs_t") return true;
    return wanted.ends_with(target.name) && wanted.size() == target.name.size() + 7;
  }

  Parameter parameter_of(btf::TypeId id, s32 number) const {
    ArgumentTags tags = 0;
    for (const std::string_view text : tags_.of(function_, number)) {
      if (!text.starts_with(kPrefix)) continue;
      const std::string_view name = text.substr(kPrefix.size());
      const auto* const row = std::ranges::find(kTagRows, name, &TagRow::text);
      if (row == kTagRows.end()) return refused(format("its tag {} is none of Linux 6.18", text));
      tags |= row->tag;
    }
    const btf::Type& type = types_.resolved(id);
    if (type.kind == btf::Kind::pointer) return pointer_of(type.type, tags);
    if (tags != 0) return refused("it has a tag of pointers, and is none");
    return {.kind = is_number(type.kind) ? ParameterKind::number : ParameterKind::other};
  }

  Parameter pointer_of(btf::TypeId target, ArgumentTags tags) const {
    const btf::Type& type = types_.resolved(target);
    const auto only = [&](ArgumentTags allowed, Parameter parameter) {
      if ((tags & ~allowed) == 0) return parameter;
      return refused("its tags do not go together");
    };
    if (is_context(type) || (tags & kContext) != 0)
      return only(kContext, {.kind = ParameterKind::context});
    if (type.kind == btf::Kind::structure && type.name == "bpf_dynptr")
      return only(0, {.kind = ParameterKind::dynptr});
    if ((tags & kTrusted) != 0)
      return only(kTrusted | kUntrusted | kNullable | kArena, of_kernel(target, tags));
    if ((tags & kUntrusted) != 0) return only(kUntrusted, untrusted(target, tags));
    if ((tags & kArena) != 0) return only(kArena, {.kind = ParameterKind::arena});
    return only(kNotNull, memory(target, tags));
  }

  Parameter of_kernel(btf::TypeId target, ArgumentTags tags) const {
    Parameter out{.kind = ParameterKind::kernel, .may_be_null = (tags & kNullable) != 0};
    out.structure = btf::essential_name(types_.name(types_.resolve(target)));
    out.is_trusted = (tags & kTrusted) != 0;
    return out;
  }

  Parameter untrusted(btf::TypeId target, ArgumentTags tags) const {
    const btf::Kind kind = types_.resolved(target).kind;
    const bool is_bytes = kind == btf::Kind::void_ || is_number(kind);
    if (is_bytes) return {.kind = ParameterKind::untrusted_memory, .may_be_null = false};
    return of_kernel(target, tags);
  }

  Parameter memory(btf::TypeId target, ArgumentTags tags) const {
    const auto size = types_.size_of(target);
    if (!size.ok() || *size == 0) return {.kind = ParameterKind::other};
    return {.kind = ParameterKind::memory, .size = *size, .may_be_null = (tags & kNotNull) == 0};
  }

  const btf::Types& types_;
  const Tags& tags_;
  btf::TypeId function_;
  platform::ProgramType type_;
};

}  // namespace

std::optional<platform::Signature> signature_of(const btf::Types& types, const Tags& tags,
                                                std::string_view function,
                                                platform::ProgramType type) {
  const auto id = types.find(function, btf::Kind::function);
  if (!id) return std::nullopt;
  return SignatureReader(types, tags, *id, type).run();
}

}  // namespace skep::object
