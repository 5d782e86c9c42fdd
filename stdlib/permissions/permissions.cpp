// The permissions module: what a script may ask of its sandbox, and how it gives up what it does not need any more.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/kept.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/registry.hpp"

#include <string>

namespace neap::internal::stdlib {

namespace {

Permission check_kind(lua_State* L, int index, const char* function) {
  if (lua_type(L, index) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument %d (permission) of %s must be a string, got %s", index, function,
          type_name(L, index));
  }
  const auto kind = find_permission(check_view(L, index));
  if (!kind) {
    raise(L, ErrorKind::value,
          "argument %d (permission) of %s must be read, write, net, run, env, thread, signal or native, got '%s'",
          index, function, lua_tostring(L, index));
  }
  return *kind;
}

/// A text of C++'s that must be gone when Lua is given it.
struct Problem {
  char text[512] = "";
  explicit operator bool() const { return *text != '\0'; }
  void set(const std::string& problem) { text[problem.copy(text, sizeof text - 1)] = '\0'; }
};

/// query(permission, value): true when it is allowed; without a value, when all of the kind is.
int query(lua_State* L) {
  const char* function = "permissions.query";
  const Permission kind = check_kind(L, 1, function);
  const bool whole = lua_isnoneornil(L, 2);
  if (!whole && lua_type(L, 2) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument 2 (value) of %s must be a string, got %s", function, type_name(L, 2));
  }
  const Permissions* permissions = permissions_of(L);
  bool allowed = true;
  Problem problem;
  {
    Grants wanted;
    if (!whole) problem.set(add_grant(wanted, kind, check_view(L, 2)));
    const bool nowhere = problem && kind == Permission::run;  // a program that there is not
    if (permissions != nullptr && (!problem || nowhere)) {
      allowed = whole || nowhere ? permissions->allows_all(kind) : permissions->allows(kind, wanted.of(kind).values[0]);
    }
  }
  if (problem && kind != Permission::run) {
    raise(L, ErrorKind::value, "argument 2 (value) of %s: %s", function, problem.text);
  }
  lua_pushboolean(L, allowed);
  return 1;
}

/// list(): {read = true or false or a list, ...}; true all through without a sandbox.
int list(lua_State* L) {
  const Permissions* permissions = permissions_of(L);
  auto& now = push_kept<Grants>(L);
  if (permissions != nullptr) now = permissions->effective();
  lua_createtable(L, 0, static_cast<int>(kNamedPermissions));
  for (std::size_t i = 0; i < kNamedPermissions; ++i) {
    const Grant& grant = now.grants[i];
    if (permissions == nullptr || grant.all || grant.none()) {
      lua_pushboolean(L, permissions == nullptr || grant.all);
    } else {
      lua_createtable(L, static_cast<int>(grant.values.size()), 0);
      lua_Integer count = 0;
      for (const std::string& value : grant.values) {
        push(L, value);
        lua_rawseti(L, -2, ++count);
      }
    }
    lua_setfield(L, -2, permission_name(static_cast<Permission>(i)));
  }
  return 1;
}

int is_sandboxed(lua_State* L) {
  lua_pushboolean(L, permissions_of(L) != nullptr);
  return 1;
}

/// Reads the list at the top of the stack into the grant, or tells what is wrong.
void read_values(lua_State* L, Grants& grants, Permission kind, Problem& problem) {
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count && !problem; ++i) {
    lua_rawgeti(L, -1, i);
    std::size_t size = 0;
    const char* value = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : nullptr;
    problem.set(value == nullptr ? "a value that is no string" : add_grant(grants, kind, {value, size}));
    lua_pop(L, 1);
  }
}

/// narrow(table): of each kind in the table only what it lists stays; true keeps all, false nothing. The table has been
/// checked: names of permissions, and booleans or lists.
int narrow(lua_State* L) {
  const Permissions* permissions = permissions_of(L);
  if (permissions == nullptr) {
    raise(L, ErrorKind::runtime, "there is no sandbox to narrow: start the script with 'neap --sandbox'");
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  Problem problem;
  auto& wanted = push_kept<Grants>(L);
  for (Grant& grant : wanted.grants) grant.all = true;
  for (std::size_t i = 0; !problem && i < kNamedPermissions; ++i) {
    const auto kind = static_cast<Permission>(i);
    lua_pushstring(L, permission_name(kind));
    lua_rawget(L, 1);
    if (!lua_isnil(L, -1)) wanted.of(kind).all = lua_toboolean(L, -1) != 0 && !lua_istable(L, -1);
    if (lua_istable(L, -1)) read_values(L, wanted, kind, problem);
    lua_pop(L, 1);
  }
  if (problem) raise(L, ErrorKind::value, "permissions.narrow: %s", problem.text);
  state_data(L).permissions->narrow(wanted);
  return 0;
}

}  // namespace

int open_permissions(lua_State* L) {
  lua_createtable(L, 0, 4);
  static const luaL_Reg kFunctions[] = {
      {"query", bound<query>}, {"list", bound<list>}, {"is_sandboxed", bound<is_sandboxed>}, {"narrow", bound<narrow>}};
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
