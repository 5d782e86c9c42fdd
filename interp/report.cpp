#include "interp/report.hpp"

#include "interp/error_tree.hpp"
#include "interp/excerpt.hpp"
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"

#include <unistd.h>
#include <uv.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

namespace neap::internal {

namespace {

/// The escape sequences of a report; all empty when it has no colour.
struct Palette {
  std::string_view error;
  ExcerptStyle excerpt;
  std::string_view reset;
};

bool wants_colour(lua_State* L) {
  if (scheduler_of(L).output || isatty(STDERR_FILENO) == 0) return false;
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (refused == nullptr || *refused == '\0') && (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

Palette palette(bool coloured) {
  if (!coloured) return {};
  return {"\x1b[1;31m", {"\x1b[2m", "\x1b[1;31m", "\x1b[0m"}, "\x1b[0m"};
}

/// Appends the lines of `text`, each behind the prefix.
void add_lines(std::string& out, std::string_view prefix, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.append(prefix).append(text.substr(0, end)).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// False for a trace of C functions alone: the error came from neap's own code, before any of the script's.
bool tells_something(std::string_view trace) {
  while (!trace.empty()) {
    if (!trace.starts_with("\t[C]:")) return true;
    trace.remove_prefix(std::min(trace.find('\n'), trace.size() - 1) + 1);
  }
  return false;
}

/// Lays an error out as text. Each line gets the prefix of the branch of the tree that it stands on.
class Layout {
 public:
  Layout(lua_State* L, const Palette& colours) : L_(L), colours_(colours) {}

  /// `title` stands in front of the message: "neap: ", "caused by: ".
  void add(const ErrorTree& error, const std::string& prefix, std::string_view title) {
    const std::string first = std::string(colours_.error).append(title).append(colours_.reset);
    const std::size_t end = std::min(error.message.find('\n'), error.message.size());
    out_.append(prefix).append(first).append(error.message, 0, end).append("\n");
    if (end < error.message.size()) add_lines(out_, prefix, std::string_view(error.message).substr(end + 1));
    add_lines(out_, prefix, excerpt(L_, error.message, error.trace, colours_.excerpt));
    if (tells_something(error.trace)) {
      out_.append(prefix).append("stack traceback:\n");
      add_lines(out_, prefix, error.trace);
    }
    add_members(error, prefix);
    for (const ErrorTree& cause : error.causes) add(cause, prefix, "caused by: ");
  }

  void add_line(std::string_view line) { out_.append(line).append("\n"); }
  /// Where the failed task was created; known in debug mode.
  void add_creation(std::string_view trace) {
    if (trace.empty()) return;
    add_line("task created by:");
    add_lines(out_, "", trace);
  }
  [[nodiscard]] const Palette& colours() const { return colours_; }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  void add_members(const ErrorTree& group, const std::string& prefix) {
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      const bool last = i + 1 == group.members.size() && group.left_out == 0;
      const std::size_t begin = out_.size();
      add(group.members[i], prefix + (last ? "     " : "  |  "), std::to_string(i + 1) + ": ");
      out_.replace(begin + prefix.size(), 5, "  +- ");  // the branch itself, on the member's first line
    }
    if (group.left_out != 0) {
      out_.append(prefix).append("  +- and ").append(std::to_string(group.left_out)).append(" more\n");
    }
  }

  lua_State* L_;
  Palette colours_;
  std::string out_;
};

std::string string_field(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : nullptr;
  return text != nullptr ? std::string(text, size) : std::string();
}

/// Protected function: context -> what happened and to which task, exception, its trace, that of the task's creation.
int read_context(lua_State* L) {
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  lua_settop(L, 1);
  if (lua_getfield(L, 1, "message") != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushliteral(L, "Unhandled exception in the event loop");
  }
  lua_getfield(L, 1, "task");
  if (const Task* task = to_task(L, 3)) {
    const std::string& place = scheduler_of(L).place(*task);
    push_task_name(L, 3);
    lua_pushfstring(L, place.empty() ? "%s: task '%s'" : "%s: task '%s', created at %s", lua_tostring(L, 2),
                    lua_tostring(L, -1), place.c_str());
    lua_replace(L, 2);
  }
  lua_settop(L, 2);
  lua_getfield(L, 1, "exception");
  lua_getfield(L, 1, "traceback");
  lua_getfield(L, 1, "source_traceback");
  return 4;
}

/// Protected function: task -> its error, its trace.
int read_task(lua_State* L) {
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  push_exception(L, 1);
  push_extra(L, 1, "traceback");
  return 2;
}

void report_error(lua_State* L, int error, int trace) {
  const ErrorTree tree = describe_error(L, error, string_field(L, trace));
  if (tree.output_error != 0) return report_output_error(tree.output_error);
  Layout layout(L, palette(wants_colour(L)));
  layout.add(tree, "", "neap: ");
  scheduler_of(L).write_error(layout.text());  // in one piece, so that reports of several processes do not mix
}

/// `first` is the index of the results of read_context.
std::string layout_context(lua_State* L, int first, const ErrorTree& tree, const Palette& colours) {
  Layout layout(L, colours);
  layout.add_line(std::string(colours.error).append("neap: ").append(colours.reset).append(string_field(L, first)));
  if (!lua_isnil(L, first + 1) || !tree.trace.empty()) layout.add(tree, "", "");
  layout.add_creation(string_field(L, first + 3));
  return layout.text();
}

ErrorTree tree_of_context(lua_State* L, int first) { return describe_error(L, first + 1, string_field(L, first + 2)); }

void report_titled(lua_State* L, int first) {
  const ErrorTree tree = tree_of_context(L, first);
  if (tree.output_error != 0) return report_output_error(tree.output_error);
  scheduler_of(L).write_error(layout_context(L, first, tree, palette(wants_colour(L))));
}

/// Calls `read` with the value at `index`, then `show` with the place of its results. Restores the stack.
template <class Show>
void report_protected(lua_State* L, int index, lua_CFunction read, int results, Show show) {
  const int top = lua_gettop(L);
  index = lua_absindex(L, index);
  try {
    if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
    lua_pushcfunction(L, read);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, results, 0) != LUA_OK) throw std::bad_alloc();
    show(top + 1);
  } catch (const std::exception& problem) {
    char text[256];
    std::snprintf(text, sizeof text, "neap: an error, and another while reporting it: %s\n", problem.what());
    scheduler_of(L).write_error(text);
  }
  lua_settop(L, top);
}

}  // namespace

void report_task_error(lua_State* L, int task) {
  report_protected(L, task, read_task, 2, [L](int first) { report_error(L, first, first + 1); });
}

void report_context(void*, lua_State* L, int context) {
  report_protected(L, context, read_context, 4, [L](int first) { report_titled(L, first); });
}

std::string format_context(lua_State* L, int context) {
  std::string text;
  report_protected(L, context, read_context, 4, [L, &text](int first) {
    text = layout_context(L, first, tree_of_context(L, first), palette(false));
  });
  return text;
}

int format_error(lua_State* L) {
  lua_settop(L, 4);
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  static thread_local std::string text;  // not on the stack: pushing it may raise
  if (lua_type(L, 4) == LUA_TSTRING) remember_script(lua_tostring(L, 4));
  {
    const ErrorTree tree = describe_error(L, 1, string_field(L, 2));
    Layout layout(L, palette(lua_toboolean(L, 3) != 0));
    layout.add(tree, "", "");
    text = layout.text();
  }
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int remember_source_of(lua_State* L) {
  const std::string_view name = check_view(L, 1);
  const std::string_view text = check_view(L, 2);
  remember_source(std::string(name), std::string(text));
  return 0;
}

void report_message(const char* message) { std::fprintf(stderr, "neap: %s\n", message); }

void report_output_error(int error) {
  static std::atomic<bool> reported{false};
  if (reported.exchange(true)) return;
  const char* reason = error != 0 ? system_error_text(-error) : "an earlier write failed";
  std::fprintf(stderr, "neap: cannot write to standard output: %s\n", reason);
}

}  // namespace neap::internal
