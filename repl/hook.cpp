#include "repl/hook.hpp"

#include "repl/prompt.hpp"
#include "repl/prompt_object.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace neap::internal::repl {

namespace {

bool is_signal(const char* name) { return std::strcmp(name, "interrupt") == 0 || std::strcmp(name, "suspend") == 0; }

std::string_view view_of(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : "";
  return {text, size};
}

/// Copies the string field of the table on the top of the stack.
void read_field(lua_State* L, const char* name, std::string& text) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  text = view_of(L, -1);
  lua_pop(L, 1);
}

/// The answer of `complete` is on the top of the stack.
void read_completion(lua_State* L, const HookCall& call) {
  if (!lua_istable(L, -1)) return;
  lua_pushliteral(L, "from");
  lua_rawget(L, -2);
  const lua_Integer from = lua_tointeger(L, -1);
  lua_pop(L, 1);
  call.completion->from =
      static_cast<std::size_t>(std::clamp<lua_Integer>(from, 0, static_cast<lua_Integer>(call.cursor)));
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; ++i, lua_pop(L, 1)) {
    Candidate& candidate = call.completion->candidates.emplace_back();
    read_field(L, "text", candidate.text);
    read_field(L, "label", candidate.label);
    read_field(L, "detail", candidate.detail);
  }
  lua_pop(L, 1);
}

/// The answer of `describe`: a text, and perhaps the numbers of the first and the last byte of what is to stand out.
void read_line(lua_State* L, int answer, StyledText& line) {
  line.text = view_of(L, answer);
  line.spans.clear();
  const auto size = static_cast<lua_Integer>(line.text.size());
  const lua_Integer first = std::clamp<lua_Integer>(lua_tointeger(L, answer + 1), 0, size + 1);
  const lua_Integer last = std::clamp<lua_Integer>(lua_tointeger(L, answer + 2), 0, size);
  const bool stands_out = first >= 1 && first <= last;
  const auto before = static_cast<std::size_t>(stands_out ? first - 1 : size);
  if (before > 0) line.spans.push_back({0, before, Style::faint});
  if (stands_out && last < size) line.spans.push_back({static_cast<std::size_t>(last), line.text.size(), Style::faint});
}

int run_hook(lua_State* L, const HookCall& call, int prompt) {
  lua_getiuservalue(L, prompt, kHooks);
  if (!lua_istable(L, -1)) return 0;
  lua_pushstring(L, call.name);
  if (lua_rawget(L, -2) == LUA_TNIL) return 0;
  push(L, call.text);
  lua_pushinteger(L, static_cast<lua_Integer>(call.cursor));
  lua_call(L, 2, 3);
  const int answer = lua_gettop(L) - 2;
  if (call.yes != nullptr) *call.yes = lua_toboolean(L, answer) != 0;
  if (call.line != nullptr) read_line(L, answer, *call.line);
  lua_settop(L, answer);
  if (call.completion != nullptr) read_completion(L, call);
  lua_pushboolean(L, 1);
  return 1;
}

/// Tells which task Ctrl-C stops although it is not the one in the foreground.
void tell_of_stop(lua_State* L, const Task* task) {
  if (task == nullptr) {
    std::fputs("neap: Ctrl-C stops a callback that kept the loop from turning\n", stderr);
    return;
  }
  push_task(L, *task);
  push_task_name(L, -1);
  std::fprintf(stderr, "neap: Ctrl-C stops task '%s', which kept the loop from turning\n", lua_tostring(L, -1));
}

int run_signal(lua_State* L, const HookCall& call, int prompt) {
  Scheduler& scheduler = scheduler_of(L);
  lua_getiuservalue(L, prompt, kForeground);
  Task* foreground = to_task(L, -1);
  if (call.at_once && scheduler.current() != foreground) tell_of_stop(L, scheduler.current());
  if (call.prompt->reading() || (call.at_once && (foreground == nullptr || foreground->done()))) return 0;
  lua_getiuservalue(L, prompt, kOnSignal);
  if (lua_isfunction(L, -1)) {
    lua_pushstring(L, call.name);
    if (!call.at_once) {
      call_soon(L, scheduler, new_handle(L, 1));
    } else {
      lua_call(L, 1, 0);
    }
  } else if (foreground != nullptr && *call.name == 'i') {
    lua_pushnil(L);
    scheduler.cancel(L, *foreground);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/// Protected: the call, as a light userdata -> true when it was made.
int run_call(lua_State* L) {
  const HookCall& call = *static_cast<const HookCall*>(lua_touserdata(L, 1));
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  if (!push_prompt(L, *call.prompt)) return 0;
  return is_signal(call.name) ? run_signal(L, call, 2) : run_hook(L, call, 2);
}

}  // namespace

bool call_hook(const HookCall& call) {
  lua_State* L = call.L;
  if (lua_checkstack(L, LUA_MINSTACK) == 0) return false;
  lua_pushcfunction(L, bound<run_call>);
  lua_pushlightuserdata(L, const_cast<HookCall*>(&call));
  call.prompt->hook_begins();
  const bool made = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_toboolean(L, -1) != 0;
  call.prompt->hook_ends();
  lua_pop(L, 1);
  return made;
}

}  // namespace neap::internal::repl
