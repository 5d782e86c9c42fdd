#include "repl/prompt_object.hpp"

#include "repl/prompt.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"

#include <cerrno>
#include <new>
#include <string>

namespace neap::internal::repl {

namespace {

constexpr UserdataType kPromptType{"Prompt"};
const char kPrompts = 0;  // registry key: Prompt (light userdata) -> its userdata, weak

void abandon_read(Scheduler&, Task& task) { static_cast<Prompt*>(task.wait_object)->abandon_read(); }
constexpr WaitKind kRead{.abandon = abandon_read, .name = "Prompt:read", .describe = describe_first_argument};

Prompt& check_prompt(lua_State* L, const char* method) {
  if (void* prompt = to_userdata(L, 1, kPromptType)) return *static_cast<Prompt*>(prompt);
  raise(L, ErrorKind::type, "%s must be called with a colon on a Prompt, got %s", method, type_name(L, 1));
}

Prompt& check_open(lua_State* L, const char* method) {
  Prompt& prompt = check_prompt(L, method);
  if (prompt.is_closed()) raise(L, ErrorKind::runtime, "%s: the prompt is closed", method);
  return prompt;
}

/// Pushes the option, a string; that of a table which is not there is `fallback`.
std::string_view push_option(lua_State* L, int options, const char* name, const char* fallback) {
  if (!lua_istable(L, options) || lua_getfield(L, options, name) == LUA_TNIL) {
    lua_pushstring(L, fallback);
  } else if (lua_type(L, -1) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "option '%s' of Prompt:read must be a string, got %s", name, type_name(L, -1));
  }
  return check_view(L, -1);
}

int read_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  const auto& prompt = *static_cast<Prompt*>(lua_touserdata(L, 1));
  if (prompt.answer() == Prompt::Answer::end) return 0;
  push(L, prompt.entry());
  if (prompt.answer() == Prompt::Answer::entry) return 1;
  lua_pushliteral(L, "edit");
  return 2;
}

/// prompt:read(options)
int prompt_read(lua_State* L) {
  Prompt& prompt = check_open(L, kRead.name);
  lua_settop(L, 2);
  const std::string_view text = push_option(L, 2, "prompt", "> ");
  const std::string_view continuation = push_option(L, 2, "continuation", ".. ");
  const std::string_view initial = push_option(L, 2, "text", "");
  if (prompt.reading()) raise(L, ErrorKind::runtime, "Prompt:read: another task is reading from the prompt");
  Task& task = check_can_wait(L, kRead.name);
  prompt.begin_read(L, task, text, continuation, initial);
  return park(L, task, kRead, &prompt, read_resumed);
}

/// prompt:set_hooks(hooks)
int prompt_set_hooks(lua_State* L) {
  check_prompt(L, "Prompt:set_hooks");
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, kHooks);
  return 0;
}

/// prompt:on_signal(fn)
int prompt_on_signal(lua_State* L) {
  check_prompt(L, "Prompt:on_signal");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, kOnSignal);
  return 0;
}

/// prompt:set_foreground(task)
int prompt_set_foreground(lua_State* L) {
  Prompt& prompt = check_prompt(L, "Prompt:set_foreground");
  TaskRef ref;
  if (!lua_isnoneornil(L, 2)) {
    const Task& task = check_task(L, 2);
    ref = {task.id, task.slot};
  }
  prompt.set_foreground(ref);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, kForeground);
  return 0;
}

/// prompt:add_history(text)
int prompt_add_history(lua_State* L) {
  Prompt& prompt = check_prompt(L, "Prompt:add_history");
  prompt.history().add(check_view(L, 2));
  return 0;
}

/// prompt:history(): a list of the entries, the newest last; and what is wrong with the file, or nil.
int prompt_history(lua_State* L) {
  const History& history = check_prompt(L, "Prompt:history").history();
  lua_createtable(L, static_cast<int>(history.size()), 0);
  for (std::size_t i = 0; i < history.size(); ++i) {
    push(L, history[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  if (history.problem().empty()) return 1;
  push(L, history.problem());
  return 2;
}

/// prompt:size(): columns, rows.
int prompt_size(lua_State* L) {
  check_prompt(L, "Prompt:size");
  const Size size = Terminal::size();
  lua_pushinteger(L, size.columns);
  lua_pushinteger(L, size.rows);
  return 2;
}

/// prompt:clear()
int prompt_clear(lua_State* L) {
  Prompt& prompt = check_open(L, "Prompt:clear");
  prompt.redirect().flush();
  prompt.console().clear();
  return 0;
}

/// prompt:hold(on)
int prompt_hold(lua_State* L) {
  Prompt& prompt = check_open(L, "Prompt:hold");
  prompt.redirect().flush();
  prompt.console().hold(lua_toboolean(L, 2) != 0);
  return 0;
}

/// prompt:fresh_line()
int prompt_fresh_line(lua_State* L) {
  Prompt& prompt = check_open(L, "Prompt:fresh_line");
  prompt.redirect().flush();
  prompt.console().fresh_line();
  return 0;
}

void close_prompt(lua_State* L, Prompt& prompt) {
  for (const int file : {kStdout, kStderr}) {
    lua_getiuservalue(L, 1, file);
    prompt.redirect().give_file_back(L, -1);
    lua_pushnil(L);
    lua_setiuservalue(L, 1, file);
  }
  prompt.close();
}

/// prompt:close()
int prompt_close(lua_State* L) {
  Prompt& prompt = check_prompt(L, "Prompt:close");
  if (prompt.runs_hook()) raise(L, ErrorKind::runtime, "Prompt:close: a hook of the prompt cannot close it");
  if (!prompt.is_closed()) close_prompt(L, prompt);
  return 0;
}

int prompt_gc(lua_State* L) {
  auto* prompt = static_cast<Prompt*>(to_userdata(L, 1, kPromptType));
  if (prompt == nullptr) return 0;
  if (!prompt->is_closed()) close_prompt(L, *prompt);
  prompt->~Prompt();
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

int prompt_tostring(lua_State* L) {
  const Prompt& prompt = check_prompt(L, "tostring");
  lua_pushfstring(L, "<Prompt %s>", prompt.is_closed() ? "closed" : prompt.reading() ? "reading" : "open");
  return 1;
}

/// Lets io.stdout or io.stderr write to the prompt's console; it is remembered as the user value.
void take_file(lua_State* L, const Prompt& prompt, const char* name, int user_value) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "io") == LUA_TTABLE) {
    lua_getfield(L, -1, name);
    prompt.redirect().take_file(L, -1);
    lua_setiuservalue(L, 1, user_value);
  }
  lua_settop(L, 1);
}

bool is_possible() { return Terminal::is_usable() && Redirect::is_possible(); }

/// prompt(options)
int open_prompt(lua_State* L) {
  std::size_t size = 0;
  const char* path = nullptr;
  if (lua_istable(L, 1) && lua_getfield(L, 1, "history") != LUA_TNIL) path = luaL_checklstring(L, -1, &size);
  if (Prompt::is_any_open()) raise(L, ErrorKind::runtime, "prompt: another prompt is open, and there is one terminal");
  if (!is_possible()) {
    raise(L, ErrorKind::runtime, "prompt: standard input and output must be a terminal, and TERM must say which");
  }
  auto* prompt = static_cast<Prompt*>(lua_newuserdatauv(L, sizeof(Prompt), kPromptValues));
  new (prompt) Prompt(scheduler_of(L), path != nullptr ? History(std::string(path, size)) : History());
  set_type(L, kPromptType);
  lua_replace(L, 1);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrompts);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, prompt);
  lua_settop(L, 1);
  if (const char* failed = prompt->open(L)) stdlib::io::raise_errno(L, errno, failed);
  take_file(L, *prompt, "stdout", kStdout);
  take_file(L, *prompt, "stderr", kStderr);
  return 1;
}

/// history_path(): where the history is by the environment; nil for none.
int history_path(lua_State* L) {
  static std::string path;  // not on the stack: pushing it may raise
  path = History::default_path();
  if (path.empty()) return 0;
  push(L, path);
  return 1;
}

/// can_prompt()
int can_prompt(lua_State* L) {
  lua_pushboolean(L, is_possible() ? 1 : 0);
  return 1;
}

}  // namespace

bool push_prompt(lua_State* L, const Prompt& prompt) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrompts);
  lua_rawgetp(L, -1, &prompt);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void add_prompt(lua_State* L) {
  new_type(L, kPromptType);
  static const luaL_Reg kMethods[] = {{"read", bound<prompt_read>},
                                      {"set_hooks", bound<prompt_set_hooks>},
                                      {"set_foreground", bound<prompt_set_foreground>},
                                      {"on_signal", bound<prompt_on_signal>},
                                      {"add_history", bound<prompt_add_history>},
                                      {"history", bound<prompt_history>},
                                      {"size", bound<prompt_size>},
                                      {"clear", bound<prompt_clear>},
                                      {"hold", bound<prompt_hold>},
                                      {"fresh_line", bound<prompt_fresh_line>},
                                      {"close", bound<prompt_close>},
                                      {"__close", bound<prompt_close>},
                                      {"__gc", bound<prompt_gc>},
                                      {"__tostring", bound<prompt_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kPrompts);
  static const luaL_Reg kFunctions[] = {
      {"prompt", bound<open_prompt>}, {"can_prompt", bound<can_prompt>}, {"history_path", bound<history_path>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::repl
