// One walk over a record, and two who write down what it meets: text and JSON have the same fields
// under the same names, and differ in how an element's name and a few values look.
#include "btf/print_raw.hpp"

#include "base/json.hpp"
#include "btf/layout.hpp"
#include "btf/record.hpp"

namespace skep::btf {
namespace {

constexpr EnumArray<Kind, std::string_view> kNames({
    {Kind::void_, "UNKNOWN"},     {Kind::integer, "INT"},
    {Kind::pointer, "PTR"},       {Kind::array, "ARRAY"},
    {Kind::structure, "STRUCT"},  {Kind::union_, "UNION"},
    {Kind::enumeration, "ENUM"},  {Kind::forward, "FWD"},
    {Kind::typedef_, "TYPEDEF"},  {Kind::volatile_, "VOLATILE"},
    {Kind::const_, "CONST"},      {Kind::restrict_, "RESTRICT"},
    {Kind::function, "FUNC"},     {Kind::prototype, "FUNC_PROTO"},
    {Kind::variable, "VAR"},      {Kind::section, "DATASEC"},
    {Kind::floating, "FLOAT"},    {Kind::declaration_tag, "DECL_TAG"},
    {Kind::type_tag, "TYPE_TAG"}, {Kind::enumeration64, "ENUM64"},
});

constexpr std::string_view kLinkages[] = {"static", "global", "extern"};

std::string_view linkage(u32 number) {
  return number < std::size(kLinkages) ? kLinkages[number] : "(unknown)";
}

std::string_view encoding(u32 number) {
  switch (number) {
    case 0: return "(none)";
    case 1: return "SIGNED";
    case 2: return "CHAR";
    case 4: return "BOOL";
    default: return "UNKN";
  }
}

class TextSink {
 public:
  void begin(TypeId id, std::string_view kind, std::string_view name) {
    out_ = "[" + std::to_string(id) + "] ";
    append(kind, " '", name, "'");
  }
  void begin_list(std::string_view) {}
  void begin_element(std::string_view name) { append("\n\t'", name, "'"); }
  // Variables of a section have no name of their own; the words after them are a comment.
  void begin_unnamed_element() {
    out_ += "\n\t";
    is_first_ = true;
  }
  void comment(std::string_view kind, std::string_view name) {
    append(" (", kind, " '", name, "')");
  }
  void end_element() {}
  void end_list() {}
  void separator() { out_ += ","; }  // where bpftool has one
  template <std::integral T>
  void field(std::string_view name, T value) {
    field(name, std::string_view(std::to_string(value)));
  }
  void field(std::string_view name, std::string_view value) {
    append(is_first_ ? "" : " ", name, "=", value);
    is_first_ = false;
  }
  // Of enumerators of 64 bits, with the suffix that C wants.
  template <std::integral T>
  void wide_field(std::string_view name, T value) {
    field(name, std::to_string(value) + (std::is_signed_v<T> ? "LL" : "ULL"));
  }
  std::string end() { return std::move(out_) + "\n"; }

 private:
  template <class... Parts>
  void append(Parts... parts) {
    (out_.append(parts), ...);
  }
  std::string out_;
  bool is_first_ = false;
};

class JsonSink {
 public:
  void begin(TypeId id, std::string_view kind, std::string_view name) {
    json_.begin_object().member("id", id).member("kind", kind).member("name", name);
  }
  void begin_list(std::string_view name) { json_.key(name).begin_array(); }
  void begin_element(std::string_view name) { json_.begin_object().member("name", name); }
  void begin_unnamed_element() { json_.begin_object(); }
  void comment(std::string_view, std::string_view) {}
  void end_element() { json_.end_object(); }
  void end_list() { json_.end_array(); }
  void separator() {}
  template <class T>
  void field(std::string_view name, T value) {
    json_.member(name, value);
  }
  template <std::integral T>
  void wide_field(std::string_view name, T value) {
    json_.member(name, value);
  }
  std::string end() { return json_.end_object().take(); }

 private:
  JsonWriter json_;
};

template <class Sink>
class RawPrinter {
 public:
  RawPrinter(const Types& types, TypeId id)
      : types_(types), id_(id), record_(types.record(id)), common_(piece<Common>(record_, 0)) {}

  std::string run() {
    sink_.begin(id_, raw_name(common_.kind()), name(common_.name));
    facts();
    return sink_.end();
  }

 private:
  std::string_view name(u32 offset) const {
    if (offset == 0) return "(anon)";
    const auto text = types_.string(offset);
    return text.ok() ? *text : "(invalid)";
  }

  template <class Record>
  Record tail() const {
    return piece<Record>(record_, sizeof(Common));
  }

  void facts() {
    switch (common_.kind()) {
      case Kind::void_:
      case Kind::count_: return;
      case Kind::integer: return integer(tail<le32>());
      case Kind::pointer:
      case Kind::typedef_:
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::type_tag: return sink_.field("type_id", u32{common_.size_or_type});
      case Kind::array: return array(tail<ArrayRecord>());
      case Kind::structure:
      case Kind::union_: return structure();
      case Kind::enumeration: return enumeration<EnumeratorRecord>();
      case Kind::enumeration64: return enumeration<Enumerator64Record>();
      case Kind::forward: return sink_.field("fwd_kind", common_.flag() ? "union" : "struct");
      case Kind::function: return function();
      case Kind::prototype: return prototype();
      case Kind::variable: return variable();
      case Kind::section: return section();
      case Kind::floating: return sink_.field("size", u32{common_.size_or_type});
      case Kind::declaration_tag:
        sink_.field("type_id", u32{common_.size_or_type});
        return sink_.field("component_idx", static_cast<s32>(u32{tail<le32>()}));
    }
  }

  void integer(u32 word) {
    sink_.field("size", u32{common_.size_or_type});
    sink_.field("bits_offset", word >> 16 & 0xff);
    sink_.field("nr_bits", word & 0xff);
    sink_.field("encoding", encoding(word >> 24 & 0xf));
  }

  void array(const ArrayRecord& facts) {
    sink_.field("type_id", u32{facts.type});
    sink_.field("index_type_id", u32{facts.index_type});
    sink_.field("nr_elems", u32{facts.count});
  }

  void function() {
    sink_.field("type_id", u32{common_.size_or_type});
    sink_.field("linkage", linkage(common_.count()));
  }

  void variable() {
    sink_.field("type_id", u32{common_.size_or_type});
    sink_.separator();
    sink_.field("linkage", linkage(tail<le32>()));
  }

  // The elements that are there, each between its name and its end.
  template <class Record, class Visit>
  void list(std::string_view name, Visit visit) {
    sink_.field("vlen", common_.count());
    sink_.begin_list(name);
    for (u64 at = sizeof(Common); at + sizeof(Record) <= record_.size(); at += sizeof(Record)) {
      visit(piece<Record>(record_, at));
      sink_.end_element();
    }
    sink_.end_list();
  }

  void structure() {
    sink_.field("size", u32{common_.size_or_type});
    list<MemberRecord>("members", [&](const MemberRecord& member) {
      const u32 offset = member.offset;
      const u32 width = common_.flag() ? offset >> 24 : 0;
      sink_.begin_element(name(member.name));
      sink_.field("type_id", u32{member.type});
      sink_.field("bits_offset", common_.flag() ? offset & 0xffffff : offset);
      if (width != 0) sink_.field("bitfield_size", width);
    });
  }

  void value(const EnumeratorRecord& each) {
    const u32 bits = each.value;
    if (common_.flag()) return sink_.field("val", static_cast<s32>(bits));
    sink_.field("val", bits);
  }
  void value(const Enumerator64Record& each) {
    const u64 bits = u64{each.high} << 32 | each.low;
    if (common_.flag()) return sink_.wide_field("val", static_cast<s64>(bits));
    sink_.wide_field("val", bits);
  }

  template <class Record>
  void enumeration() {
    sink_.field("encoding", common_.flag() ? "SIGNED" : "UNSIGNED");
    sink_.field("size", u32{common_.size_or_type});
    list<Record>("values", [&](const Record& each) {
      sink_.begin_element(name(each.name));
      value(each);
    });
  }

  void prototype() {
    sink_.field("ret_type_id", u32{common_.size_or_type});
    list<ParameterRecord>("params", [&](const ParameterRecord& each) {
      sink_.begin_element(name(each.name));
      sink_.field("type_id", u32{each.type});
    });
  }

  void section() {
    sink_.field("size", u32{common_.size_or_type});
    list<VariableRecord>("vars", [&](const VariableRecord& each) {
      sink_.begin_unnamed_element();
      sink_.field("type_id", u32{each.type});
      sink_.field("offset", u32{each.offset});
      sink_.field("size", u32{each.size});
      if (each.type >= types_.count()) return;
      const auto variable = piece<Common>(types_.record(each.type), 0);
      sink_.comment(raw_name(variable.kind()), each.type == kVoid ? "(anon)" : name(variable.name));
    });
  }

  const Types& types_;
  TypeId id_;
  Bytes record_;
  Common common_;
  Sink sink_;
};

}  // namespace

std::string_view raw_name(Kind kind) { return kNames[kind]; }

std::string raw_text(const Types& types, TypeId id) {
  return RawPrinter<TextSink>(types, id).run();
}

std::string raw_json(const Types& types, TypeId id) {
  return RawPrinter<JsonSink>(types, id).run();
}

}  // namespace skep::btf
