#include "object/signatures.hpp"

namespace skep::object {
namespace {

using platform::Parameter;
using platform::ParameterKind;

class SignatureReader {
 public:
  SignatureReader(const btf::Types& types, const Tags& tags, btf::TypeId function,
                  platform::ProgramType type)
      : types_(types), tags_(tags), function_(function), type_(type) {}

  platform::Signature run() const {
    const btf::TypeId prototype = types_.at(function_).type;
    platform::Signature out;
    out.returns_number = types_.resolved(types_.at(prototype).type).kind != btf::Kind::void_;
    s32 number = 0;
    for (const btf::Parameter& parameter : types_.parameters(prototype)) {
      out.parameters.push_back(parameter_of(parameter.type, number++));
    }
    return out;
  }

 private:
  bool has_tag(s32 parameter, std::string_view text) const {
    return tags_.has(function_, parameter, text);
  }

  bool is_context(const btf::Type& target) const {
    const std::string_view wanted = platform::row(type_).context_name;  // "struct xdp_md"
    const bool named = target.kind == btf::Kind::structure && !target.name.empty();
    return named && wanted.ends_with(target.name) && wanted.size() == target.name.size() + 7;
  }

  Parameter parameter_of(btf::TypeId id, s32 number) const {
    const btf::Type& type = types_.resolved(id);
    if (type.kind == btf::Kind::integer || type.kind == btf::Kind::enumeration ||
        type.kind == btf::Kind::enumeration64) {
      return {.kind = ParameterKind::number};
    }
    if (type.kind != btf::Kind::pointer) return {.kind = ParameterKind::other};
    if (is_context(types_.resolved(type.type)) || has_tag(number, "arg:ctx")) {
      return {.kind = ParameterKind::context};
    }
    if (has_tag(number, "arg:arena")) return {.kind = ParameterKind::arena};
    const auto size = types_.size_of(type.type);
    if (!size.ok() || *size == 0) return {.kind = ParameterKind::other};
    return {.kind = ParameterKind::memory,
            .size = *size,
            .may_be_null = !has_tag(number, "arg:nonnull")};
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
