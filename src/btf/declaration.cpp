#include "btf/declaration.hpp"

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

// What the text begins with, which decides about the space in front of it.
enum class Head : u8 { nothing, name, pointer, length, around_array, around_parameters };

// The text so far, and what qualifies the type that is met next.
class Declarator {
 public:
  explicit Declarator(std::string_view name)
      : text_(name), head_(name.empty() ? Head::nothing : Head::name), is_named_(!name.empty()) {}

  std::size_t length() const { return text_.size() + before_.size() + after_.size(); }

  void add_qualifier(std::string_view word) { before_ = format("{} {}", word, before_); }
  void add_tag(const Type& tag) {
    after_ = format(
        tag.is_attribute ? " __attribute__(({})){}" : " __attribute__((btf_type_tag(\"{}\"))){}",
        tag.name, after_);
  }

  void add_pointer() {
    if (!before_.empty()) before_.pop_back();  // qualifiers of a pointer stand behind it
    const std::string qualifiers = (before_.empty() ? "" : " " + before_) + after_;
    const bool spaced = !qualifiers.empty() || head_ == Head::around_parameters;
    text_ = "*" + qualifiers + (spaced ? space() : "") + text_;
    head_ = Head::pointer;
    drop_qualifiers();
  }

  // Compilers disagree on who is qualified, an array or its elements; the elements are.
  void add_array(u32 count) {
    if (head_ == Head::pointer) enclose(Head::around_array);
    text_ += format("[{}]", count);
    if (head_ == Head::nothing) head_ = Head::length;
    drop_qualifiers();
  }

  void add_parameters(const std::string& parameters) {
    if (head_ != Head::nothing && head_ != Head::name) enclose(Head::around_parameters);
    text_ += parameters;
    if (head_ == Head::nothing) head_ = Head::length;
    drop_qualifiers();
  }

  std::string finished(const std::string& base) const {
    return before_ + base + after_ + space() + text_;
  }

 private:
  const char* space() const {
    switch (head_) {
      case Head::nothing:
      case Head::length: return "";
      case Head::around_array: return is_named_ ? " " : "";
      case Head::name:
      case Head::pointer:
      case Head::around_parameters: return " ";
    }
    return "";
  }

  void enclose(Head head) {
    text_ = "(" + text_ + ")";
    head_ = head;
  }

  void drop_qualifiers() {
    before_.clear();
    after_.clear();
  }

  std::string text_;
  Head head_;
  bool is_named_;
  std::string before_, after_;
};

}  // namespace

std::string Declarations::declare(TypeId id, std::string_view name, u32 nesting) {
  Declarator out(name);
  for (u32 steps = 0; !is_too_long_ && steps < limits_.length_max; ++steps) {
    const Type type = types_.at(id);
    switch (type.kind) {
      case Kind::const_: out.add_qualifier("const"); break;
      case Kind::volatile_: out.add_qualifier("volatile"); break;
      case Kind::restrict_: out.add_qualifier("restrict"); break;
      case Kind::type_tag: out.add_tag(type); break;
      case Kind::variable:
      case Kind::declaration_tag: break;
      case Kind::pointer: out.add_pointer(); break;
      case Kind::array: out.add_array(type.count); break;
      case Kind::prototype: out.add_parameters(parameters(id, nesting)); break;
      default: return out.finished(base_(id));
    }
    id = type.type;
    is_too_long_ |= out.length() >= limits_.length_max;
  }
  was_cut_ = true;
  return format("... {}", name);
}

std::string Declarations::parameters(TypeId prototype, u32 nesting) {
  if (nesting >= limits_.nesting_max) {
    was_cut_ = true;
    return "(...)";
  }
  const auto list = types_.parameters(prototype);
  std::string out;
  for (u32 i = 0; i < list.size() && !is_too_long_; ++i) {
    const Parameter parameter = list[i];
    const bool is_last_void = parameter.type == kVoid && i + 1 == list.size();
    if (is_last_void && i == 0) break;  // clang's way to say that there are none
    if (i != 0) out += ", ";
    out += is_last_void ? "..." : declare(parameter.type, parameter.name, nesting + 1);
    is_too_long_ |= out.size() >= limits_.length_max;
  }
  return format("({})", out.empty() ? "void" : out);
}

}  // namespace skep::btf
