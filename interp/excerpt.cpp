#include "interp/excerpt.hpp"

#include "interp/marks.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

namespace neap::internal {

namespace {

constexpr std::size_t kWidest = 120;         // bytes of a line that are shown
constexpr std::size_t kBefore = 40;          // of them, in front of the mark, when the line is longer
constexpr std::size_t kLargest = 64u << 20;  // bytes of a file that is looked into

/// What reports of all interpreters may show.
struct Known {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> texts;
  std::string script;
  std::atomic<bool> only{false};  // no other files are looked into
};

Known& known() {
  static Known& instance = *new Known();  // not destroyed at exit: threads may report yet
  return instance;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text of a regular file; nothing for anything else, which might block or never end.
std::optional<std::string> read_file(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  struct stat status {};
  std::optional<std::string> text;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<std::size_t>(status.st_size) < kLargest) {
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t got = read(descriptor, content.data(), content.size());
    content.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    text = std::move(content);
  }
  close(descriptor);
  return text;
}

std::optional<std::string> find_source(std::string_view name) {
  const std::lock_guard lock(known().mutex);
  const auto remembered = known().texts.find(name);
  if (remembered != known().texts.end()) return remembered->second;
  if (name.starts_with("[string ") || name.starts_with("[C]")) return std::nullopt;
  const std::string& script = known().script;
  if (name.starts_with("...") && script.ends_with(name.substr(3))) return read_file(script);
  if (known().only && name != script) return std::nullopt;
  return read_file(std::string(name));
}

/// Reads "NAME:LINE:" at the beginning of `text`, whose name has a source; the name may hold colons itself.
std::optional<SourcePlace> find_place(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  for (std::size_t colon = text.find(':', 1); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
    std::size_t end = colon + 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == colon + 1 || end - colon > 10 || end == text.size() || text[end] != ':') continue;
    std::optional<std::string> source = find_source(text.substr(0, colon));
    if (!source) continue;
    SourcePlace place;
    place.text = std::move(*source);
    place.line = static_cast<std::size_t>(std::stoul(std::string(text.substr(colon + 1, end - colon - 1))));
    place.rest = text.substr(std::min(end + 2, text.size()));
    return place;
  }
  return std::nullopt;
}

/// The first line of the trace whose source is there.
std::optional<SourcePlace> find_frame(std::string_view trace) {
  while (!trace.empty()) {
    const std::size_t end = std::min(trace.find('\n'), trace.size());
    const std::size_t begin = std::min(trace.find_first_not_of('\t'), end);
    if (auto place = find_place(trace.substr(begin, end - begin))) {
      place->rest.clear();
      return place;
    }
    trace.remove_prefix(std::min(end + 1, trace.size()));
  }
  return std::nullopt;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The part of a long line that is shown: around the first mark, never cutting a character of UTF-8.
Span visible_part(std::string_view line, const std::vector<Span>& marks) {
  std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {0, 0};
  if (line.size() - begin <= kWidest) return {begin, line.size() - begin};
  if (!marks.empty() && marks.front().begin > begin + kBefore) begin = marks.front().begin - kBefore;
  while (begin < line.size() && is_continuation(line[begin])) ++begin;
  std::size_t end = std::min(begin + kWidest, line.size());
  while (end < line.size() && is_continuation(line[end])) --end;
  return {begin, end - begin};
}

bool is_marked(const std::vector<Span>& marks, std::size_t at) {
  return std::any_of(marks.begin(), marks.end(),
                     [at](const Span& mark) { return at >= mark.begin && at < mark.begin + mark.size; });
}

struct Rendered {
  std::string line;
  std::string carets;
};

/// Both lines, column by column. Control characters must not reach a terminal.
Rendered render(std::string_view line, const std::vector<Span>& marks) {
  const Span part = visible_part(line, marks);
  Rendered result;
  if (part.begin > line.find_first_not_of(" \t")) {
    result.line = "...";
    result.carets = "   ";
  }
  for (std::size_t i = part.begin; i < part.begin + part.size; ++i) {
    const char c = line[i];
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    result.line += c == '\t' ? ' ' : control ? '?' : c;
    if (!is_continuation(c)) result.carets += is_marked(marks, i) ? '^' : ' ';
  }
  if (part.begin + part.size < line.size()) result.line += "...";
  result.carets.erase(result.carets.find_last_not_of(' ') + 1);
  return result;
}

std::string layout(const SourcePlace& place, const Rendered& rendered, const ExcerptStyle& style) {
  const std::string number = std::to_string(place.line);
  const std::string margin = std::string(number.size() < 4 ? 4 - number.size() : 0, ' ');
  std::string result;
  result.append(style.margin).append(margin).append(number).append(" | ").append(style.reset);
  result.append(rendered.line).append("\n");
  if (rendered.carets.empty()) return result;
  result.append(style.margin).append(margin.size() + number.size(), ' ').append(" | ").append(style.reset);
  result.append(style.mark).append(rendered.carets).append(style.reset).append("\n");
  return result;
}

}  // namespace

void remember_source(std::string name, std::string text) {
  const std::lock_guard lock(known().mutex);
  known().texts[std::move(name)] = std::move(text);
}

void remember_script(std::string path) {
  const std::lock_guard lock(known().mutex);
  known().script = std::move(path);
}

void show_known_sources_only() { known().only = true; }

std::string excerpt(lua_State* L, const std::string& message, const std::string& trace, const ExcerptStyle& style) {
  std::optional<SourcePlace> place = find_place(message);
  if (!place) place = find_frame(trace);
  if (!place) return {};
  const std::string_view line = line_of(place->text, place->line);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
  return layout(*place, render(line, find_marks(L, *place)), style);
}

}  // namespace neap::internal
