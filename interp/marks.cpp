#include "interp/marks.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace neap::internal {

namespace {

constexpr auto kNotFound = std::string_view::npos;
constexpr std::string_view kOperatorCharacters = "=<>~/.:";

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_operator(char c) { return kOperatorCharacters.find(c) != kNotFound; }

/// True when the token at `at` is not a part of a longer name or operator.
bool stands_alone(std::string_view line, std::size_t at, std::size_t size) {
  const auto joins = [&](std::size_t inner, std::size_t outer) {
    if (outer >= line.size()) return false;
    return (is_name_character(line[inner]) && is_name_character(line[outer])) ||
           (is_operator(line[inner]) && is_operator(line[outer]));
  };
  return !joins(at, at - 1) && !joins(at + size - 1, at + size);
}

std::vector<Span> find_tokens(std::string_view line, std::string_view token) {
  std::vector<Span> found;
  for (std::size_t at = line.find(token); at != kNotFound; at = line.find(token, at + 1)) {
    if (stands_alone(line, at, token.size())) found.push_back({at, token.size()});
  }
  return found;
}

/// The text of the quotes that follow `before`, up to `after`; empty when the message has no such part.
std::string_view quoted(std::string_view message, std::string_view before, std::string_view after) {
  const std::size_t begin = message.find(before);
  if (begin == kNotFound) return {};
  message.remove_prefix(begin + before.size());
  const std::size_t end = message.find(after);
  return end == kNotFound ? std::string_view() : message.substr(0, end);
}

// Syntax errors.

/// The message that Lua gives for the beginning of a chunk, without its position; empty when it compiles.
std::string syntax_error(lua_State* L, std::string_view code) {
  std::string message;
  if (lua_checkstack(L, LUA_MINSTACK) == 0) return message;
  if (luaL_loadbufferx(L, code.data(), code.size(), "=x", "t") != LUA_OK) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    if (text != nullptr) message.assign(text, size);
  }
  lua_pop(L, 1);
  return message;
}

/// Of several equal tokens, the one at which the parser stopped: the first up to which the chunk gives the
/// same message. From there on every beginning of the chunk gives it, hence the binary search.
std::vector<Span> the_failing_one(lua_State* L, const SourcePlace& place, std::vector<Span> candidates) {
  const auto line_begin = static_cast<std::size_t>(line_of(place.text, place.line).data() - place.text.data());
  const std::string expected = "x:" + std::to_string(place.line) + ": " + place.rest;
  const std::size_t skipped = place.text.starts_with('#') ? std::min(place.text.find('\n'), line_begin) : 0;
  const std::string_view code = std::string_view(place.text).substr(skipped);
  const auto first = std::partition_point(candidates.begin(), candidates.end(), [&](const Span& candidate) {
    const std::size_t end = line_begin + candidate.begin + candidate.size - skipped;
    return syntax_error(L, code.substr(0, end)) != expected;
  });
  if (first != candidates.end()) return {*first};
  return candidates;
}

std::vector<Span> find_syntax_marks(lua_State* L, const SourcePlace& place, std::string_view line) {
  const std::size_t near = place.rest.rfind(" near '");
  if (near == std::string::npos || !place.rest.ends_with('\'')) return {};
  const std::size_t begin = near + std::strlen(" near '");
  if (place.rest.size() <= begin + 1) return {};
  const std::string_view token = std::string_view(place.rest).substr(begin, place.rest.size() - begin - 1);
  std::vector<Span> found = find_tokens(line, token);
  return found.size() > 1 ? the_failing_one(L, place, std::move(found)) : found;
}

// Errors of running code.

struct Name {
  Span span;
  char before;  // the nearest characters that are no space, or '\0'
  char after;
};

char next_code(std::string_view line, std::size_t at) {
  const std::size_t found = line.find_first_not_of(" \t", at);
  return found == kNotFound ? '\0' : line[found];
}

char previous_code(std::string_view line, std::size_t at) {
  const std::size_t found = at == 0 ? kNotFound : line.find_last_not_of(" \t", at - 1);
  return found == kNotFound ? '\0' : line[found];
}

/// The end of the string whose opening quote is at `at`.
std::size_t skip_string(std::string_view line, std::size_t at) {
  for (std::size_t i = at + 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == line[at]) {
      return i + 1;
    }
  }
  return line.size();
}

/// Where `name` stands as a name of its own, outside strings and comments.
std::vector<Name> find_names(std::string_view line, std::string_view name) {
  std::vector<Name> found;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '"' || line[i] == '\'') {
      i = skip_string(line, i);
    } else if (line.substr(i, 2) == "--") {
      break;
    } else if (is_name_character(line[i])) {
      std::size_t end = i;
      while (end < line.size() && is_name_character(line[end])) ++end;
      if (line.substr(i, end - i) == name) {
        found.push_back({{i, end - i}, previous_code(line, i), next_code(line, end)});
      }
      i = end;
    } else {
      ++i;
    }
  }
  return found;
}

/// Keeps the names for which the test holds, unless it holds for none.
template <class Test>
void prefer(std::vector<Name>& names, Test test) {
  std::vector<Name> kept;
  std::copy_if(names.begin(), names.end(), std::back_inserter(kept), test);
  if (!kept.empty()) names = std::move(kept);
}

bool begins_with(std::string_view message, std::string_view text) { return message.substr(0, text.size()) == text; }

/// Leaves those names that the message can mean: of a field, what follows a dot; of something called, what
/// has arguments behind it.
void narrow(std::vector<Name>& names, std::string_view message, bool is_member) {
  prefer(names, [&](const Name& name) { return (name.before == '.' || name.before == ':') == is_member; });
  if (begins_with(message, "attempt to call") || begins_with(message, "bad argument")) {
    prefer(names, [](const Name& name) { return name.after != '\0' && std::strchr("({\"'[", name.after) != nullptr; });
  } else if (begins_with(message, "attempt to index")) {
    prefer(names, [](const Name& name) { return name.after != '\0' && std::strchr(".:[", name.after) != nullptr; });
  }
}

std::vector<Span> find_runtime_marks(std::string_view message, std::string_view line) {
  std::string_view wanted;
  bool is_member = false;
  for (const std::string_view before : {"(local '", "(upvalue '", "(global '", "(field '", "(method '"}) {
    if (!wanted.empty()) break;
    wanted = quoted(message, before, "')");
    is_member = before == "(field '" || before == "(method '";
  }
  if (wanted.empty() && begins_with(message, "bad argument")) {
    wanted = quoted(message, " to '", "'");
    wanted.remove_prefix(wanted.rfind('.') == kNotFound ? 0 : wanted.rfind('.') + 1);
    is_member = quoted(message, " to '", "'").size() != wanted.size();
  }
  if (wanted.empty()) return {};
  std::vector<Name> names = find_names(line, wanted);
  narrow(names, message, is_member);
  std::vector<Span> marks;
  marks.reserve(names.size());
  for (const Name& name : names) marks.push_back(name.span);
  return marks;
}

}  // namespace

std::string_view line_of(std::string_view text, std::size_t number) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t line = 1;; ++line) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    if (line >= number) return line == number ? text.substr(0, end) : std::string_view();
    if (end == text.size()) return {};
    const bool pair =
        end + 1 < text.size() && text[end] != text[end + 1] && (text[end + 1] == '\n' || text[end + 1] == '\r');
    text.remove_prefix(end + (pair ? 2 : 1));
  }
}

std::vector<Span> find_marks(lua_State* L, const SourcePlace& place) {
  const std::string_view line = line_of(place.text, place.line);
  std::vector<Span> marks = find_syntax_marks(L, place, line);
  return marks.empty() ? find_runtime_marks(place.rest, line) : marks;
}

}  // namespace neap::internal
