#include "runtime/task/generator.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/coroutine.hpp"
#include "runtime/task/scheduler.hpp"

#include <cstdint>
#include <new>

namespace neap::internal {

namespace {

constexpr int kCoroutine = 1;
constexpr int kOwner = 2;
constexpr int kFunction = 3;  // for people
constexpr int kGeneratorValues = 3;

struct Generator {
  lua_State* coroutine = nullptr;  // null when it is finished
  int first_arguments = 0;         // what its coroutine has on its stack to start with
  bool started = false;
  std::uint64_t owner = 0;  // id of the task that owns it; 0 when none does
};

Generator& check_generator(lua_State* L) {
  if (void* generator = to_userdata(L, 1, kGeneratorType)) return *static_cast<Generator*>(generator);
  raise(L, ErrorKind::type, "argument 1 must be a generator, got %s", type_name(L, 1));
}

/// Takes the generator at index 1 out of the table of its owner.
void disown(lua_State* L, Generator& generator) {
  if (generator.owner == 0) return;
  generator.owner = 0;
  lua_getiuservalue(L, 1, kOwner);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/// Makes the generator at index 1 the current task's.
void adopt(lua_State* L, Scheduler& scheduler, Generator& generator) {
  if (scheduler.current() == nullptr || generator.owner == scheduler.current()->id) return;
  luaL_checkstack(L, LUA_MINSTACK, "cannot adopt a generator");
  disown(L, generator);
  scheduler.push_owned(L);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(++scheduler.adoptions));
  lua_rawset(L, -3);
  lua_setiuservalue(L, 1, kOwner);
  generator.owner = scheduler.current()->id;
}

void finish(lua_State* L, Generator& generator) {
  generator.coroutine = nullptr;
  disown(L, generator);
  for (const int value : {kCoroutine, kOwner}) {
    lua_pushnil(L);
    lua_setiuservalue(L, 1, value);
  }
}

/// Raises RuntimeError for a generator that runs or waits.
void check_idle(lua_State* L, const Generator& generator) {
  if (resume_obstacle(L, generator.coroutine) == nullptr) return;
  if (thread_has(generator.coroutine, kWaiting)) {
    raise(L, ErrorKind::runtime, "the generator is in use by another task, which waits in it");
  }
  raise(L, ErrorKind::runtime, "the generator is running already: it cannot resume itself");
}

/// Moves the error of the coroutine to `L` and raises it. The coroutine has failed; unless the C stack was used up, and
/// it was not resumed at all.
int raise_failure(lua_State* L, Generator& generator) {
  luaL_checkstack(L, LUA_MINSTACK, "too deep");
  lua_xmove(generator.coroutine, L, 1);
  set_thread_flag(generator.coroutine, kThrowing, false);
  if (lua_status(generator.coroutine) != LUA_YIELD) finish(L, generator);
  return lua_error(L);
}

int answer(lua_State* L, Generator& generator, Outcome outcome, int results) {
  if (outcome == Outcome::failed) return raise_failure(L, generator);
  if (outcome == Outcome::returned) {
    lua_settop(generator.coroutine, 0);
    finish(L, generator);
    lua_pushnil(L);
    return 1;
  }
  const int count = take_results(L, generator.coroutine, results);
  return count >= 0 ? count : lua_error(L);
}

int resumed(lua_State* L, int, lua_KContext) {
  auto& generator = *static_cast<Generator*>(lua_touserdata(L, 1));
  set_thread_flag(generator.coroutine, kWaiting, false);
  int results = 0;
  const Outcome outcome = run_coroutine(L, generator.coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, 0, resumed);
  return answer(L, generator, outcome, results);
}

/// Resumes the coroutine, which has `count` values on its stack for that.
int resume(lua_State* L, Generator& generator, int count) {
  adopt(L, scheduler_of(L), generator);
  int results = 0;
  const Outcome outcome = run_coroutine(L, generator.coroutine, count, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, 0, resumed);
  return answer(L, generator, outcome, results);
}

int start(lua_State* L, Generator& generator) {
  generator.started = true;
  set_thread_flag(generator.coroutine, kEntered, true);
  return resume(L, generator, generator.first_arguments);
}

/// next(g), and g(...): what the generator yields next; nil at its end.
int generator_next(lua_State* L) {
  Generator& generator = check_generator(L);
  lua_settop(L, 1);
  if (generator.coroutine == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  check_idle(L, generator);
  return generator.started ? resume(L, generator, 0) : start(L, generator);
}

/// send(g, ...): the same, and the yield returns the arguments.
int generator_send(lua_State* L) {
  Generator& generator = check_generator(L);
  if (generator.coroutine == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  check_idle(L, generator);
  if (!generator.started) {
    if (!lua_isnoneornil(L, 2)) {
      raise(L, ErrorKind::type, "cannot send a value to a generator that has not started; call next() first");
    }
    lua_settop(L, 1);
    return start(L, generator);
  }
  const int count = lua_gettop(L) - 1;
  if (lua_checkstack(generator.coroutine, count) == 0) return luaL_error(L, "too many values to send");
  lua_xmove(L, generator.coroutine, count);
  return resume(L, generator, count);
}

/// throw(g, err): the same, and the yield raises the error.
int generator_throw(lua_State* L) {
  Generator& generator = check_generator(L);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) raise(L, ErrorKind::type, "argument 1 of throw must be an error, got nil");
  if (generator.coroutine == nullptr) raise_value(L);
  check_idle(L, generator);
  if (!generator.started) {
    finish(L, generator);
    raise_value(L);
  }
  if (!yielded_here(generator.coroutine)) {
    raise(L, ErrorKind::runtime, "cannot throw into a generator that a C module has suspended");
  }
  adopt(L, scheduler_of(L), generator);
  set_thread_flag(generator.coroutine, kThrowing, true);
  lua_xmove(L, generator.coroutine, 1);
  return resume(L, generator, 1);
}

// close.

int answer_close(lua_State* L, Generator& generator, Outcome outcome) {
  set_thread_flag(generator.coroutine, kClosing, false);
  if (outcome == Outcome::failed) return raise_failure(L, generator);
  if (outcome == Outcome::yielded) {
    lua_resetthread(generator.coroutine);
    finish(L, generator);
    raise(L, ErrorKind::runtime, "the generator yielded while it was being closed");
  }
  finish(L, generator);
  return 0;
}

int close_resumed(lua_State* L, int, lua_KContext) {
  auto& generator = *static_cast<Generator*>(lua_touserdata(L, 1));
  set_thread_flag(generator.coroutine, kWaiting, false);
  int results = 0;
  const Outcome outcome = run_coroutine(L, generator.coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, 0, close_resumed);
  return answer_close(L, generator, outcome);
}

/// A coroutine that was suspended by a C module cannot be told to close.
int close_at_once(lua_State* L, Generator& generator) {
  const int status = lua_resetthread(generator.coroutine);
  if (status != LUA_OK) return raise_failure(L, generator);
  finish(L, generator);
  return 0;
}

int generator_tostring(lua_State* L) {
  check_generator(L);
  lua_settop(L, 1);
  generator_state(L);
  lua_getiuservalue(L, 1, kFunction);
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  if (info.linedefined < 0) {
    lua_pushfstring(L, "<Generator %s %s>", info.short_src, lua_tostring(L, 2));
  } else {
    lua_pushfstring(L, "<Generator %s:%d %s>", info.short_src, info.linedefined, lua_tostring(L, 2));
  }
  return 1;
}

/// What a generator function does when it is called. Upvalues: the function, the type's metatable.
int make_generator(lua_State* L) {
  const int count = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, "too many arguments for a generator");
  auto* generator = new (lua_newuserdatauv(L, sizeof(Generator), kGeneratorValues)) Generator();
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setiuservalue(L, 1, kFunction);
  lua_State* coroutine = push_new_coroutine(L, lua_upvalueindex(1));
  if (lua_checkstack(coroutine, count) == 0) return luaL_error(L, "too many arguments for a generator");
  lua_setiuservalue(L, 1, kCoroutine);
  lua_xmove(L, coroutine, count);
  generator->coroutine = coroutine;
  generator->first_arguments = count + 2;
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, 1);
  adopt(L, scheduler_of(L), *generator);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 1);
  return 4;
}

}  // namespace

int generator_close(lua_State* L) {
  Generator& generator = check_generator(L);
  lua_settop(L, 1);
  if (generator.coroutine == nullptr) return 0;
  check_idle(L, generator);
  if (!generator.started) {
    finish(L, generator);
    return 0;
  }
  if (!yielded_here(generator.coroutine)) return close_at_once(L, generator);
  if (closes_too_deep(L)) {
    lua_getiuservalue(L, 1, kCoroutine);
    put_off_close(L, 2);
    finish(L, generator);
    return 0;
  }
  disown(L, generator);  // a task that ends meanwhile must not close it again
  set_thread_flag(generator.coroutine, kClosing, true);
  int results = 0;
  const Outcome outcome = run_coroutine(L, generator.coroutine, 0, &results);
  if (outcome == Outcome::waiting) return lua_yieldk(L, 0, 0, close_resumed);
  return answer_close(L, generator, outcome);
}

int generator_state(lua_State* L) {
  const auto* generator = static_cast<Generator*>(to_userdata(L, 1, kGeneratorType));
  if (generator == nullptr) {
    lua_pushnil(L);
  } else if (generator->coroutine == nullptr) {
    lua_pushliteral(L, "finished");
  } else if (thread_has(generator->coroutine, kWaiting)) {
    lua_pushliteral(L, "waiting");
  } else if (resume_obstacle(L, generator->coroutine) != nullptr) {
    lua_pushliteral(L, "running");
  } else {
    lua_pushstring(L, generator->started ? "suspended" : "not started");
  }
  return 1;
}

int new_generator_function(lua_State* L) {
  if (!lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "argument 1 of generator must be a function, got %s", type_name(L, 1));
  }
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGeneratorType);
  lua_pushcclosure(L, bound<make_generator>, 2);
  return 1;
}

void open_generator(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  for (const lua_CFunction function :
       {bound<generator_next>, bound<generator_send>, bound<generator_throw>, bound<generator_close>}) {
    scheduler.add_suspendable(function);
  }
  new_type(L, kGeneratorType);
  static const luaL_Reg kMethods[] = {{"next", bound<generator_next>},
                                      {"send", bound<generator_send>},
                                      {"throw", bound<generator_throw>},
                                      {"__call", bound<generator_next>},
                                      {"__tostring", bound<generator_tostring>}};
  set_functions(L, kMethods);
}

}  // namespace neap::internal
