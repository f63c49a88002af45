#include "docs/console.hpp"

#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>

namespace skep::docs {
namespace {

constexpr std::string_view kAny = "…";
constexpr std::string_view kMark = "\001done ";

// `pattern`, in which `…` is any text, against the whole of `text`.
bool line_matches(std::string_view pattern, std::string_view text) {
  const std::size_t any = pattern.find(kAny);
  if (any == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, any))) return false;
  text.remove_prefix(any);
  pattern.remove_prefix(any + kAny.size());
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (line_matches(pattern, text.substr(at))) return true;
  }
  return false;
}

bool tail_matches(const Lines& shown, std::size_t s, const Lines& printed, std::size_t p) {
  if (s == shown.size()) return p == printed.size();
  if (shown[s] == kAny) {
    for (std::size_t at = p; at <= printed.size(); ++at) {
      if (tail_matches(shown, s + 1, printed, at)) return true;
    }
    return false;
  }
  return p < printed.size() && line_matches(shown[s], printed[p]) &&
         tail_matches(shown, s + 1, printed, p + 1);
}

std::string without_trailing_space(std::string line) {
  line.resize(line.find_last_not_of(" \t\r") + 1);
  return line;
}

// After each command a line with its exit code, which is also what the next command finds in $?.
std::string script_of(const Block& block) {
  std::string script = "exec 2>&1\n";
  for (const Command& each : block.commands) {
    script += each.text + "\nskep_code=$?; printf '\\001done %d\\n' \"$skep_code\"\n";
    script += "(exit \"$skep_code\")\n";
  }
  return script;
}

Block block_at(const Lines& page, std::size_t begin) {
  Block block{begin, begin, {}};
  for (; block.end < page.size() && page[block.end] != "```"; ++block.end) {
    const std::string& line = page[block.end];
    if (line.starts_with("$ ")) {
      block.commands.push_back({line.substr(2), {}});
    } else if (block.commands.empty()) {
      continue;
    } else if (line.starts_with("> ") && block.commands.back().shown.empty()) {
      block.commands.back().text += "\n" + line.substr(2);
    } else {
      block.commands.back().shown.push_back(without_trailing_space(line));
    }
  }
  return block;
}

}  // namespace

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(without_trailing_space(std::string(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<Block> blocks_of(const Lines& page) {
  std::vector<Block> blocks;
  for (std::size_t at = 0; at < page.size(); ++at) {
    if (page[at] != "```console") continue;
    blocks.push_back(block_at(page, at + 1));
    at = blocks.back().end;
  }
  return blocks;
}

bool matches(const Lines& shown, const Lines& printed) {
  Lines expected = shown;  // an empty line between two commands is for the eye
  while (!expected.empty() && expected.back().empty()) expected.pop_back();
  Lines found = printed;
  while (!found.empty() && found.back().empty()) found.pop_back();
  return tail_matches(expected, 0, found, 0);
}

std::vector<Ran> run(const Block& block, const std::string& folder) {
  const std::string script = folder + "/.script";
  std::ofstream(script) << script_of(block);
  const std::string command = "cd '" + folder + "' && PATH=\"$PWD/build:$PATH\" sh .script";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  ::pclose(pipe);
  std::vector<Ran> all;
  std::string_view rest = text;
  for (std::size_t mark; (mark = rest.find(kMark)) != std::string_view::npos;) {
    Ran one{lines_of(rest.substr(0, mark)), 0};
    rest.remove_prefix(mark + kMark.size());
    one.code = std::stoi(std::string(rest.substr(0, rest.find('\n'))));
    rest.remove_prefix(rest.find('\n') + 1);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace skep::docs
