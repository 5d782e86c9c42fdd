// What progress asks of the process: the terminal on which standard error is shown.
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/standard_streams.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace neap::internal::stdlib {

namespace {

bool can_move_cursor() {
  const char* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::strcmp(term, "dumb") != 0;
}

/// terminal(): its columns and rows. Nothing when standard error is no terminal, or belongs to an application or to a
/// prompt at which somebody types.
int terminal(lua_State* L) {
  const Scheduler& scheduler = scheduler_of(L);
  if (scheduler.output || isatty(STDERR_FILENO) == 0 || !can_move_cursor()) return 0;
  if (scheduler.console != nullptr && scheduler.console->takes_input()) return 0;
  winsize window{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0;
  lua_pushinteger(L, known && window.ws_col != 0 ? window.ws_col : 80);
  lua_pushinteger(L, known && window.ws_row != 0 ? window.ws_row : 24);
  return 2;
}

/// write(text): to standard error, behind what has been printed. Never waits; who cannot be told is not.
int write(lua_State* L) {
  const std::string_view text = check_view(L, 1);
  const Scheduler& scheduler = scheduler_of(L);
  if (scheduler.output) {
    scheduler.output(STDERR_FILENO, text);
    return 0;
  }
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  return 0;
}

/// shows_utf8(): whether the terminal does, by the environment.
int shows_utf8(lua_State* L) {
  const char* locale = nullptr;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (locale == nullptr || *locale == '\0') locale = std::getenv(name);
  }
  const bool found =
      locale != nullptr && (std::strstr(locale, "UTF-8") != nullptr || std::strstr(locale, "utf8") != nullptr ||
                            std::strstr(locale, "UTF8") != nullptr || std::strstr(locale, "utf-8") != nullptr);
  lua_pushboolean(L, found ? 1 : 0);
  return 1;
}

}  // namespace

int open_patterns(lua_State* L) {
  lua_createtable(L, 0, 3);
  static const luaL_Reg kFunctions[] = {
      {"terminal", bound<terminal>}, {"write", bound<write>}, {"shows_utf8", bound<shows_utf8>}};
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
