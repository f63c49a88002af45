#include "cli/arguments.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace skep::cli {
namespace {

Error usage_error(std::string message, std::string_view command, std::string hint = {}) {
  if (hint.empty())
    hint =
        command.empty() ? "skep --help lists the commands" : format("see: skep {} --help", command);
  return Error(Fault::usage, std::move(message), std::move(hint));
}

bool offers(std::string_view choices, std::string_view word) {
  for (std::size_t begin = 0; begin <= choices.size();) {
    const std::size_t end = std::min(choices.find('|', begin), choices.size());
    if (choices.substr(begin, end - begin) == word) return true;
    begin = end + 1;
  }
  return false;
}

struct Counts {
  std::size_t least, most;
};
constexpr std::size_t kAny = ~std::size_t{0};
constexpr EnumArray<Operands, Counts> kCounts({{Operands::none, {0, 0}},
                                               {Operands::maybe_one, {0, 1}},
                                               {Operands::one, {1, 1}},
                                               {Operands::maybe_many, {0, kAny}},
                                               {Operands::one_or_more, {1, kAny}},
                                               {Operands::two, {2, 2}}});

bool is_choice(const FlagRow& flag) { return flag.value.find('|') != std::string_view::npos; }

}  // namespace

// Walks over the words once.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Result<Arguments> parse() {
    TRY(parse_command());
    while (!words_.empty()) TRY(parse_word(next()));
    if (!arguments_.has(Flag::help)) TRY(check_operands());
    return std::move(arguments_);
  }

 private:
  std::string_view next() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }
  std::string_view command_name() const { return arguments_.command_->name; }

  Result<void> parse_command() {
    if (words_.empty()) return usage_error("no command", "");
    std::string_view name = next();
    if (name == "--help" || name == "-h") name = "help";
    if (name == "--version" || name == "-V") name = "version";
    arguments_.command_ = find_command(name);
    const Group* group = find_group(name);
    const bool is_verb = group != nullptr && !words_.empty() &&
                         find_command(format("{} {}", name, words_.front())) != nullptr;
    if (group != nullptr && (is_verb || arguments_.command_ == nullptr)) return parse_verb(*group);
    return arguments_.command_ != nullptr ? Result<void>() : unknown_command(name);
  }

  // `skep btf --help` is `skep help btf`.
  Result<void> parse_verb(const Group& group) {
    const bool has_verb = !words_.empty() && !words_.front().starts_with('-');
    if (has_verb) {
      const std::string_view verb = next();
      arguments_.command_ = find_command(format("{} {}", group.name, verb));
      return arguments_.command_ != nullptr ? Result<void>() : unknown_verb(group, verb);
    }
    const auto asks = [](std::string_view word) { return word == "--help" || word == "-h"; };
    if (std::ranges::none_of(words_, asks)) {
      return usage_error(format("skep {} needs a verb", group.name), group.name,
                         "its verbs are " + verbs_of(group));
    }
    arguments_.command_ = find_command("help");
    arguments_.operands_.emplace_back(group.name);
    words_ = {};
    return {};
  }

  Result<void> parse_word(std::string_view word) {
    if (operands_only_ || word == "-" || !word.starts_with('-')) {
      arguments_.operands_.emplace_back(word);
      return {};
    }
    if (word == "--") {
      operands_only_ = true;
      return {};
    }
    return word.starts_with("--") ? parse_long(word) : parse_letters(word);
  }

  Result<void> parse_long(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto flag = find([&](const FlagRow& row) { return row.name == name; });
    if (!flag) return unknown(name);
    if (equals == std::string_view::npos) return take(*flag, std::nullopt);
    return take(*flag, word.substr(equals + 1));
  }

  // -jq is -j -q; what is behind a letter that takes a value is the value.
  Result<void> parse_letters(std::string_view word) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const auto flag = find([&](const FlagRow& row) { return row.letter == word[at]; });
      if (!flag) return unknown(word);
      const bool takes_value = row(*flag).takes != Takes::nothing;
      if (takes_value && at + 1 < word.size()) return take(*flag, word.substr(at + 1));
      TRY(take(*flag, std::nullopt));
    }
    return {};
  }

  template <class Matches>
  std::optional<Flag> find(Matches matches) const {
    for (const Flag flag : arguments_.command_->flags) {
      if (matches(row(flag))) return flag;
    }
    for (const Flag flag : common_flags()) {
      if (matches(row(flag))) return flag;
    }
    return std::nullopt;
  }

  Error unknown(std::string_view word) const {
    std::vector<std::string_view> known;
    for (const Flag flag : arguments_.command_->flags) known.push_back(row(flag).name);
    for (const Flag flag : common_flags()) known.push_back(row(flag).name);
    return usage_error(format("skep {} has no option '{}'", command_name(), word), command_name(),
                       did_you_mean(word, known));
  }

  Result<void> take(Flag flag, std::optional<std::string_view> attached) {
    const FlagRow& facts = row(flag);
    std::vector<std::string> words;
    if (facts.takes == Takes::nothing) {
      if (attached) return usage_error(format("{} takes no value", facts.name), command_name());
    } else {
      words.push_back(std::string(attached ? *attached : TRY(value_of(facts))));
      const bool is_map = facts.takes == Takes::assignment && !words[0].contains('=');
      if (is_map) words.push_back(std::string(TRY(value_of(facts))));
    }
    TRY(check_value(facts, words));
    arguments_.given_[static_cast<std::size_t>(flag)].push_back(std::move(words));
    return {};
  }

  Result<std::string_view> value_of(const FlagRow& flag) {
    if (words_.empty())
      return usage_error(format("{} needs a value: {} {}", flag.name, flag.name, flag.value),
                         command_name());
    return next();
  }

  Result<void> check_value(const FlagRow& flag, const std::vector<std::string>& words) const {
    if (flag.takes == Takes::assignment && !words.back().contains('=')) {
      return usage_error(format("{} {} {}: expected KEY=VALUE", flag.name, words[0], words[1]),
                         command_name());
    }
    if (flag.takes != Takes::one || !is_choice(flag) || offers(flag.value, words[0])) return {};
    return usage_error(format("{} is {}, not '{}'", flag.name, flag.value, words[0]),
                       command_name());
  }

  Result<void> check_operands() const {
    const Command& command = *arguments_.command_;
    const std::size_t count = arguments_.operands_.size();
    const auto [least, most] = kCounts[command.operands];
    const std::string usage = format("usage: skep {} {}", command.name, command.usage);
    if (count > most) {
      return usage_error(format("unexpected '{}'", arguments_.operands_[most]), command.name,
                         usage);
    }
    if (count < least) {
      return usage_error(format("skep {} needs {}", command.name, command.operand), command.name,
                         usage);
    }
    return {};
  }

  std::span<const std::string_view> words_;
  Arguments arguments_;
  bool operands_only_ = false;
};

Result<Arguments> Arguments::parse(std::span<const std::string_view> words) {
  return Parser(words).parse();
}

std::optional<std::string> Arguments::text(Flag flag) const {
  if (!has(flag)) return std::nullopt;
  return given(flag).back()[0];
}

Result<u64> Arguments::number(Flag flag, u64 least, u64 otherwise) const {
  const auto word = text(flag);
  if (!word) return otherwise;
  const auto value = parse_unsigned(*word);
  if (value && *value >= least) return *value;
  return usage_error(
      format("{} is a number of at least {}, not '{}'", row(flag).name, least, *word),
      command().name);
}

bool Arguments::wants_json() const {
  return has(Flag::json) || text(Flag::output).value_or("text") == "json";
}

bool Arguments::wants_json(std::span<const std::string_view> words) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (word == "-j" || word == "--json" || word == "--output=json") return true;
    const bool output = word == "-o" || word == "--output";
    if (output && at + 1 < words.size() && words[at + 1] == "json") return true;
  }
  return false;
}

}  // namespace skep::cli
