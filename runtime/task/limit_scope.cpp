#include "runtime/task/limit_scope.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <new>

namespace neap::internal {

namespace {

constexpr UserdataType kLimitType{"Limit"};
constexpr std::array<const char*, 5> kFields{"memory", "step", "wall", "tasks", "handles"};
constexpr double kMost = 9e15;  // a count in a double is exact

struct LimitScope {
  std::uint32_t group = 0;
  Limits limits;
};

LimitScope& check_scope(lua_State* L) {
  if (void* scope = to_userdata(L, 1, kLimitType)) return *static_cast<LimitScope*>(scope);
  raise(L, ErrorKind::type, "argument 1 must be a limit scope, got %s", type_name(L, 1));
}

/// The number in the field of the table at index 1; 0 without one.
double check_field(lua_State* L, const char* name, bool whole) {
  lua_getfield(L, 1, name);
  int is_number = 0;
  const double value = lua_tonumberx(L, -1, &is_number);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  if (is_number == 0) raise(L, ErrorKind::type, "the limit '%s' must be a number, got %s", name, type_name(L, -1));
  if (!(value > 0) || (whole && std::isfinite(value) && value != std::floor(value))) {
    raise(L, ErrorKind::value, "the limit '%s' must be a positive %s, got %f", name, whole ? "whole number" : "number",
          value);
  }
  lua_pop(L, 1);
  return value < kMost ? value : 0;
}

void check_names(lua_State* L) {
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    bool known = false;
    for (const char* name : kFields)
      known |= lua_type(L, -2) == LUA_TSTRING && std::strcmp(name, lua_tostring(L, -2)) == 0;
    if (known) continue;
    luaL_tolstring(L, -2, nullptr);
    raise(L, ErrorKind::value, "there is no limit '%s'; there are memory, step, wall, tasks and handles",
          lua_tostring(L, -1));
  }
}

Limits check_limits(lua_State* L) {
  if (!lua_istable(L, 1)) {
    raise(L, ErrorKind::type, "argument 1 of limit must be a table such as {memory = 1e6, wall = 10}, got %s",
          type_name(L, 1));
  }
  check_names(L);
  Limits limits;
  limits.memory = static_cast<std::size_t>(check_field(L, "memory", true));
  limits.step = check_field(L, "step", false);
  limits.wall = check_field(L, "wall", false);
  limits.tasks = static_cast<std::size_t>(check_field(L, "tasks", true));
  limits.handles = static_cast<std::size_t>(check_field(L, "handles", true));
  return limits;
}

int scope_close(lua_State* L) {
  const LimitScope& scope = check_scope(L);
  LimitKeeper& keeper = *scheduler_of(L).limits();
  return keeper.leave(L, scope.group) ? lua_error(L) : 0;
}

/// used(): how much of memory, tasks and handles the code of the scope has now.
int scope_used(lua_State* L) {
  LimitKeeper& keeper = *scheduler_of(L).limits();
  const LimitGroup* group = keeper.find(check_scope(L).group);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, group != nullptr ? static_cast<lua_Integer>(keeper.memory_of(*group)) : 0);
  lua_setfield(L, -2, "memory");
  lua_pushinteger(L, group != nullptr ? static_cast<lua_Integer>(group->tasks) : 0);
  lua_setfield(L, -2, "tasks");
  lua_pushinteger(L, group != nullptr ? static_cast<lua_Integer>(group->handles) : 0);
  lua_setfield(L, -2, "handles");
  return 1;
}

int scope_tostring(lua_State* L) {
  const LimitScope& scope = check_scope(L);
  const LimitGroup* group = scheduler_of(L).limits()->find(scope.group);
  const char* state = group == nullptr || group->left               ? "left"
                      : group->state == LimitGroup::State::open     ? "open"
                      : group->state == LimitGroup::State::exceeded ? "exceeded"
                                                                    : "dead";
  lua_pushfstring(L, "<Limit %s", state);
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const double value = scope.limits.of(static_cast<LimitKind>(i));
    if (value == 0) continue;
    const bool whole = value == std::floor(value);
    lua_pushfstring(L, whole ? " %s=%I" : " %s=", kFields[i], static_cast<LUAI_UACINT>(value));
    lua_concat(L, 2);
    if (whole) continue;
    lua_pushnumber(L, value);
    lua_concat(L, 2);
  }
  lua_pushliteral(L, ">");
  lua_concat(L, 2);
  return 1;
}

}  // namespace

int new_limit(lua_State* L) {
  const Limits limits = check_limits(L);
  Scheduler& scheduler = scheduler_of(L);
  if (scheduler.current() == nullptr) {
    raise(L, ErrorKind::runtime, "a limit needs a task: a callback of the loop has none; spawn one from it");
  }
  auto* scope = new (lua_newuserdatauv(L, sizeof(LimitScope), 0)) LimitScope();
  set_type(L, kLimitType);
  scope->limits = limits;
  LimitKeeper& keeper = scheduler.need_limits();
  keeper.adopt(*scheduler.current());
  scope->group = keeper.open(limits).id;
  return 1;
}

void open_limit(lua_State* L) {
  new_type(L, kLimitType);
  static const luaL_Reg kMethods[] = {
      {"__close", bound<scope_close>}, {"used", bound<scope_used>}, {"__tostring", bound<scope_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
