#include "runtime/task/coroutine.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/protect.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"

#include <algorithm>
#include <string_view>

namespace neap::internal {

namespace {

/// Set in the CancelledError that closes a coroutine, as against one that cancels its task meanwhile.
constexpr const char* kClosingField = "closing";

lua_State* check_coroutine(lua_State* L, int index) {
  lua_State* coroutine = lua_tothread(L, index);
  if (coroutine == nullptr) luaL_typeerror(L, index, "coroutine");
  return coroutine;
}

// The base of a coroutine. Stack: handler, function, arguments. Of one that failed: its traceback, for
// debug.traceback, and the error.

int base_returned(lua_State* L, int status, lua_KContext) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
  if (is_closing_error(L, -1)) return 0;
  push_caught_trail(L, -1);
  lua_replace(L, 1);
  return lua_error(L);
}

int base_entry(lua_State* L) {
  const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, base_returned);
  return base_returned(L, status, 0);
}

/// Whether the coroutine has failed, and has left its traceback.
bool has_last_traceback(lua_State* coroutine) {
  lua_Debug frame;
  if (lua_status(coroutine) <= LUA_YIELD || lua_getstack(coroutine, 0, &frame) == 0) return false;
  if (lua_checkstack(coroutine, 1) == 0) return false;
  lua_getinfo(coroutine, "f", &frame);
  const bool failed = lua_tocfunction(coroutine, -1) == base_entry && lua_type(coroutine, 1) == LUA_TSTRING;
  lua_pop(coroutine, 1);
  return failed;
}

/// After an error: Lua refuses to start a coroutine when the C stack is used up, and has then taken its function
/// off together with the arguments. What is left must never be resumed: the coroutine is dead.
void bury_unstarted(lua_State* coroutine) {
  if (lua_status(coroutine) == LUA_OK && lua_tocfunction(coroutine, 1) == base_entry) lua_remove(coroutine, 1);
}

const char* status_name(lua_State* L, lua_State* coroutine) {
  if (L == coroutine) return "running";
  if (thread_has(coroutine, kWaiting)) return "normal";
  switch (lua_status(coroutine)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK: {
      lua_Debug frame;
      if (lua_getstack(coroutine, 0, &frame) != 0) return "normal";
      return lua_gettop(coroutine) == 0 ? "dead" : "suspended";
    }
    default: return "dead";
  }
}

/// Why the coroutine cannot be closed, or nullptr.
const char* refusal_to_close(lua_State* L, lua_State* coroutine) {
  if (L == coroutine) return "cannot close a running coroutine";
  if (thread_has(coroutine, kWaiting)) return "cannot close a coroutine that is waiting";
  if (*status_name(L, coroutine) == 'n') return "cannot close a normal coroutine";
  return thread_has(coroutine, kTaskBase) ? "cannot close the coroutine of a task" : nullptr;
}

}  // namespace

Outcome run_coroutine(lua_State* L, lua_State* coroutine, int count, int* results) {
  Scheduler& scheduler = scheduler_of(L);
  const int blocked = lua_isyieldable(L) == 0 ? 1 : 0;
  scheduler.blocked_resumes += blocked;
  lua_State* const outer = scheduler.running();
  scheduler.set_running(coroutine);
  ++scheduler.resume_depth;
  scheduler.interrupt().before_resume(coroutine);
  const int status = lua_resume(coroutine, L, count, results);
  --scheduler.resume_depth;
  scheduler.set_running(outer);
  scheduler.blocked_resumes -= blocked;
  scheduler.interrupt().before_resume(L);
  if (status == LUA_YIELD) {
    if (!scheduler.parking) return Outcome::yielded;
    set_thread_flag(coroutine, kWaiting, true);
    return Outcome::waiting;
  }
  if (status == LUA_OK) return Outcome::returned;
  bury_unstarted(coroutine);
  *results = 1;
  return Outcome::failed;
}

const char* resume_obstacle(lua_State* L, lua_State* coroutine) {
  if (thread_has(coroutine, kWaiting)) return "cannot resume a coroutine that is waiting";
  if (thread_has(coroutine, kTaskBase)) return "cannot resume the coroutine of a task";
  const char* status = status_name(L, coroutine);
  if (*status == 's') return nullptr;
  return *status == 'd' ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine";
}

int take_results(lua_State* L, lua_State* coroutine, int results) {
  if (lua_checkstack(L, results + 1) == 0) {
    lua_pop(coroutine, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(coroutine, L, results);
  return results;
}

namespace {

// resume and wrap: what they answer with. `coroutine` holds the results.

int answer_resume(lua_State* L, lua_State* coroutine, Outcome outcome, int results) {
  const int first = lua_gettop(L) + 1;
  lua_pushboolean(L, 1);
  const int count = take_results(L, coroutine, results);
  if (count >= 0 && outcome != Outcome::failed) return count + 1;
  if (count >= 0 && (is_cancellation(L, -1) || scheduler_of(L).stopping)) return lua_error(L);
  drop_trail(L);
  lua_pushboolean(L, 0);
  lua_replace(L, first);
  return 2;
}

int resume_continued(lua_State* L, int, lua_KContext context) {
  auto* coroutine = reinterpret_cast<lua_State*>(context);
  set_thread_flag(coroutine, kWaiting, false);
  int results = 0;
  const Outcome outcome = run_coroutine(L, coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, resume_continued);
  return answer_resume(L, coroutine, outcome, results);
}

int answer_wrap(lua_State* L, lua_State* coroutine, Outcome outcome, int results) {
  const int count = take_results(L, coroutine, results);
  if (count >= 0 && outcome != Outcome::failed) return count;
  if (lua_type(L, -1) == LUA_TSTRING) {  // stock Lua adds where the wrapped function was called
    const int error = lua_gettop(L);
    luaL_where(L, 1);
    lua_pushvalue(L, error);
    lua_concat(L, 2);
    move_trail(L, error);
  }
  return lua_error(L);
}

int wrap_continued(lua_State* L, int, lua_KContext context) {
  auto* coroutine = reinterpret_cast<lua_State*>(context);
  set_thread_flag(coroutine, kWaiting, false);
  int results = 0;
  const Outcome outcome = run_coroutine(L, coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, wrap_continued);
  return answer_wrap(L, coroutine, outcome, results);
}

int wrap_call(lua_State* L) {
  lua_State* coroutine = lua_tothread(L, lua_upvalueindex(1));
  if (const char* obstacle = resume_obstacle(L, coroutine)) return luaL_error(L, "%s", obstacle);
  const int count = lua_gettop(L);
  if (lua_checkstack(coroutine, count) == 0) return luaL_error(L, "too many arguments to resume");
  lua_xmove(L, coroutine, count);
  int results = 0;
  const bool fresh = !thread_has(coroutine, kEntered);
  set_thread_flag(coroutine, kEntered, true);
  const Outcome outcome = run_coroutine(L, coroutine, fresh ? count + 2 : count, &results);
  const auto context = reinterpret_cast<lua_KContext>(coroutine);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, wrap_continued);
  return answer_wrap(L, coroutine, outcome, results);
}

// close.

// Each close runs `<close>` handlers in a nested resume, and a handler may close another coroutine: a long chain
// of them would run out of C stack. So below kDeepestClose a close is put off, and the closes further out do it
// when they are done: see `coroutine.close` in stdlib/base/init.lua.

constexpr int kDeepestClose = 40;
const char kPutOff = 0;  // registry key: list of coroutines to close

}  // namespace

void put_off_close(lua_State* L, int coroutine) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kPutOff) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kPutOff);
  }
  lua_pushvalue(L, coroutine);
  lua_rawseti(L, -2, static_cast<lua_Integer>(lua_rawlen(L, -2)) + 1);
  lua_pop(L, 1);
}

bool closes_too_deep(lua_State* L) { return scheduler_of(L).resume_depth >= kDeepestClose; }

bool yielded_here(lua_State* coroutine) {
  lua_Debug frame;
  if (lua_status(coroutine) != LUA_YIELD || lua_getstack(coroutine, 0, &frame) == 0) return false;
  lua_getinfo(coroutine, "f", &frame);
  const bool here = lua_tocfunction(coroutine, -1) == bound<coroutine_yield>;
  lua_pop(coroutine, 1);
  return here;
}

namespace {

/// Ends a coroutine that has nothing more to run, or cannot be resumed, as stock Lua does.
int close_at_once(lua_State* L, lua_State* coroutine) {
  const int status = lua_resetthread(coroutine);
  if (status == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(coroutine, L, 1);
  return scheduler_of(L).stopping ? lua_error(L) : 2;
}

int answer_close(lua_State* L, lua_State* coroutine, Outcome outcome) {
  set_thread_flag(coroutine, kClosing, false);
  switch (outcome) {
    case Outcome::returned:
      lua_settop(coroutine, 0);
      lua_pushboolean(L, 1);
      return 1;
    case Outcome::failed:
      lua_pushboolean(L, 0);
      lua_xmove(coroutine, L, 1);
      lua_resetthread(coroutine);
      lua_settop(coroutine, 0);
      return is_cancellation(L, -1) || scheduler_of(L).stopping ? lua_error(L) : 2;
    default:
      lua_resetthread(coroutine);
      lua_settop(coroutine, 0);
      raise(L, ErrorKind::runtime, "the coroutine yielded while it was being closed");
  }
}

int close_continued(lua_State* L, int, lua_KContext context) {
  auto* coroutine = reinterpret_cast<lua_State*>(context);
  set_thread_flag(coroutine, kWaiting, false);
  int results = 0;
  const Outcome outcome = run_coroutine(L, coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, close_continued);
  return answer_close(L, coroutine, outcome);
}

int yield_continued(lua_State* L, int, lua_KContext) {
  if (thread_has(L, kThrowing)) {
    set_thread_flag(L, kThrowing, false);
    raise_value(L);
  }
  if (thread_has(L, kClosing)) {
    lua_pushliteral(L, "the coroutine is being closed");
    wrap_message(L, ErrorKind::cancelled);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, kClosingField);
    return lua_error(L);
  }
  return lua_gettop(L);
}

}  // namespace

lua_State* push_new_coroutine(lua_State* L, int function) {
  lua_State* coroutine = lua_newthread(L);
  lua_pushcfunction(coroutine, base_entry);
  lua_pushcfunction(coroutine, coroutine_message_handler);
  lua_pushvalue(L, function);
  lua_xmove(L, coroutine, 1);
  return coroutine;
}

int coroutine_create(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  push_new_coroutine(L, 1);
  return 1;
}

int coroutine_wrap(lua_State* L) {
  coroutine_create(L);
  lua_pushcclosure(L, bound<wrap_call>, 1);
  return 1;
}

int coroutine_resume(lua_State* L) {
  lua_State* coroutine = check_coroutine(L, 1);
  const int count = lua_gettop(L) - 1;
  const char* obstacle = resume_obstacle(L, coroutine);
  if (obstacle == nullptr && lua_checkstack(coroutine, count) == 0) obstacle = "too many arguments to resume";
  if (obstacle != nullptr) {
    lua_pushboolean(L, 0);
    lua_pushstring(L, obstacle);
    return 2;
  }
  lua_xmove(L, coroutine, count);
  // A coroutine made here has its base and handler below the function; one made by a C module has not.
  const bool fresh = lua_status(coroutine) == LUA_OK && lua_tocfunction(coroutine, 1) == base_entry;
  set_thread_flag(coroutine, kEntered, true);
  int results = 0;
  const Outcome outcome = run_coroutine(L, coroutine, fresh ? count + 2 : count, &results);
  const auto context = reinterpret_cast<lua_KContext>(coroutine);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, resume_continued);
  return answer_resume(L, coroutine, outcome, results);
}

int coroutine_yield(lua_State* L) {
  if (thread_has(L, kTaskBase) || lua_isyieldable(L) == 0) {
    if (lua_pushthread(L) != 0 || thread_has(L, kTaskBase)) {
      raise(L, ErrorKind::runtime,
            "attempt to yield from outside a coroutine (to let other tasks run, call async.sleep(0))");
    }
    lua_pop(L, 1);
    return luaL_error(L, "attempt to yield across a C-call boundary");
  }
  return lua_yieldk(L, lua_gettop(L), 0, yield_continued);
}

int coroutine_status(lua_State* L) {
  lua_State* coroutine = check_coroutine(L, 1);
  const bool running = coroutine == L;
  if (!running && thread_has(coroutine, kTaskBase) && lua_status(coroutine) == LUA_YIELD) {
    lua_pushliteral(L, "normal");
  } else {
    lua_pushstring(L, status_name(L, coroutine));
  }
  return 1;
}

int coroutine_running(lua_State* L) {
  const bool is_main = lua_pushthread(L) != 0;
  lua_pushboolean(L, is_main || thread_has(L, kTaskBase));
  return 2;
}

int coroutine_isyieldable(lua_State* L) {
  lua_State* coroutine = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  lua_pushboolean(L, !thread_has(coroutine, kTaskBase) && lua_isyieldable(coroutine) != 0);
  return 1;
}

int coroutine_close(lua_State* L) {
  lua_State* coroutine = check_coroutine(L, 1);
  if (const char* refusal = refusal_to_close(L, coroutine); refusal != nullptr) {
    luaL_where(L, 2);  // whoever called `close` of stdlib/base/init.lua
    lua_pushstring(L, refusal);
    lua_concat(L, 2);
    return lua_error(L);
  }
  if (!yielded_here(coroutine)) return close_at_once(L, coroutine);
  if (closes_too_deep(L)) {
    put_off_close(L, 1);
    lua_pushboolean(L, 1);
    return 1;
  }
  set_thread_flag(coroutine, kClosing, true);
  int results = 0;
  const Outcome outcome = run_coroutine(L, coroutine, 0, &results);
  const auto context = reinterpret_cast<lua_KContext>(coroutine);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, context, close_continued);
  return answer_close(L, coroutine, outcome);
}

int coroutine_next_put_off(lua_State* L) {
  if (scheduler_of(L).resume_depth >= kDeepestClose - 1) return 0;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kPutOff) == LUA_TNIL) return 1;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  if (lua_rawgeti(L, -1, count) == LUA_TNIL) return 1;
  lua_pushnil(L);
  lua_rawseti(L, -3, count);
  return 1;
}

namespace {

/// Pushes what debug.traceback gives for a coroutine that failed: the stack that it had then.
void push_last_traceback(lua_State* L, lua_State* failed, const char* message, lua_Integer level) {
  std::string_view trace = lua_tostring(failed, 1);
  for (; level > 0 && !trace.empty(); --level) {
    trace.remove_prefix(std::min(trace.find('\n'), trace.size() - 1) + 1);
  }
  if (message != nullptr) lua_pushfstring(L, "%s\n", message);
  lua_pushliteral(L, "stack traceback:");
  lua_pushstring(L, trace.empty() ? "" : "\n");
  lua_pushlstring(L, trace.data(), trace.size());
  lua_concat(L, message != nullptr ? 4 : 3);
}

/// debug.traceback as Lua has it: the base of coroutines and tasks is not shown, and of a coroutine that failed the
/// stack that it had then, for it has left its functions to close its variables.
int debug_traceback(lua_State* L) {
  lua_State* other = lua_tothread(L, 1);
  lua_State* shown = other != nullptr ? other : L;
  const int first = other != nullptr ? 2 : 1;
  const char* message = lua_tostring(L, first);
  if (message == nullptr && !lua_isnoneornil(L, first)) {
    lua_settop(L, first);
    return 1;
  }
  const lua_Integer level = luaL_optinteger(L, first + 1, shown == L ? 1 : 0);
  luaL_checkstack(L, 10, nullptr);
  if (has_last_traceback(shown)) {
    push_last_traceback(L, shown, message, level);
    return 1;
  }
  luaL_traceback(L, shown, message, static_cast<int>(level));
  constexpr std::string_view kBase = "\n\t[C]: in ?";
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  const std::string_view lines(text, size);
  if (lines.ends_with(kBase) && lines.find("\n\t...") == std::string_view::npos) {  // one that was cut has its length
    lua_pushlstring(L, text, size - kBase.size());
  }
  return 1;
}

}  // namespace

void open_protected_calls(lua_State* L) {
  for (const lua_CFunction function : {bound<coroutine_resume>, bound<coroutine_close>, bound<wrap_call>,
                                       bound<pcall_function>, bound<xpcall_function>, bound<catch_all>, bound<trap>}) {
    scheduler_of(L).add_suspendable(function);
  }
  lua_getglobal(L, "coroutine");
  static const luaL_Reg kCoroutine[] = {
      {"create", bound<coroutine_create>}, {"resume", bound<coroutine_resume>},
      {"wrap", bound<coroutine_wrap>},     {"yield", bound<coroutine_yield>},
      {"status", bound<coroutine_status>}, {"running", bound<coroutine_running>},
      {"close", bound<coroutine_close>},   {"isyieldable", bound<coroutine_isyieldable>},
  };
  set_functions(L, kCoroutine);
  lua_pop(L, 1);
  lua_pushglobaltable(L);
  static const luaL_Reg kBase[] = {
      {"pcall", bound<pcall_function>}, {"xpcall", bound<xpcall_function>}, {"error", bound<error_function>}};
  set_functions(L, kBase);
  lua_pop(L, 1);
  lua_getglobal(L, "debug");
  static const luaL_Reg kDebug[] = {{"traceback", debug_traceback}};
  set_functions(L, kDebug);
  lua_pop(L, 1);
}

bool is_closing_error(lua_State* L, int index) {
  if (!thread_has(L, kClosing) || !is_cancellation(L, index)) return false;
  lua_getfield(L, index, kClosingField);
  const bool closing = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return closing;
}

}  // namespace neap::internal
