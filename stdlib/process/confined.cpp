#include "stdlib/process/confined.hpp"

#include "runtime/lua/bind.hpp"
#include "stdlib/permissions/environment.hpp"
#include "stdlib/permissions/gate.hpp"

#include <string>

namespace neap::internal::stdlib::process {

namespace {

/// Where the program is that the list names; a relative path counts from the child's directory.
std::string program_of(std::string_view name, const char* directory) {
  const bool relative = name.find('/') != std::string_view::npos && !name.starts_with('/');
  return find_program(relative && directory != nullptr ? std::string(directory) + "/" + std::string(name)
                                                       : std::string(name));
}

/// Pushes the path of the program, and "" when it is nowhere; false when it may not be run.
bool push_program(lua_State* L, const char* name, const char* directory) {
  const Permissions& permissions = *permissions_of(L);
  const std::string program = program_of(name, directory);
  push(L, program);
  if (program.empty()) return permissions.allows_all(Permission::run);
  return permissions.allows(Permission::run, program);
}

void push_environment(lua_State* L) {
  const std::vector<std::string> variables = child_environment(*permissions_of(L));
  lua_createtable(L, static_cast<int>(variables.size()), 0);
  lua_Integer count = 0;
  for (const std::string& variable : variables) {
    push(L, variable);
    lua_rawseti(L, -2, ++count);
  }
}

void check_environment(lua_State* L, int environment) {
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, environment));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, environment, i);
    const std::string_view variable = check_view(L, -1);
    if (!may_give(*permissions_of(L), variable)) {
      push(L, variable.substr(0, variable.find('=')));
      raise_denied(L, Permission::env, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
  }
}

}  // namespace

bool confine_launch(lua_State* L, int list, int environment, int directory) {
  if (permissions_of(L) == nullptr) return false;
  luaL_checktype(L, list, LUA_TTABLE);
  lua_rawgeti(L, list, 1);
  const char* name = luaL_checkstring(L, -1);
  if (!push_program(L, name, lua_tostring(L, directory))) raise_denied(L, Permission::run, name);
  if (check_view(L, -1).empty()) {  // the system shall say that there is none
    lua_pop(L, 1);
  } else {
    lua_remove(L, -2);
  }
  if (lua_isnil(L, environment)) {
    push_environment(L);
  } else {
    luaL_checktype(L, environment, LUA_TTABLE);
    check_environment(L, environment);
    lua_pushvalue(L, environment);
  }
  return true;
}

}  // namespace neap::internal::stdlib::process
