#include "runtime/lua/error.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/state_data.hpp"
#include "runtime/lua/traceback.hpp"

#include <array>
#include <cstdarg>
#include <cstring>

namespace neap::internal {

namespace {

struct ClassEntry {
  const char* name;
  ErrorKind base;
};

// In ErrorKind's order. A class whose base is itself has none.
constexpr std::array<ClassEntry, static_cast<std::size_t>(ErrorKind::count_)> kClasses{{
    {"Error", ErrorKind::error},
    {"CancelledError", ErrorKind::cancelled},
    {"TimeoutError", ErrorKind::error},
    {"InvalidStateError", ErrorKind::error},
    {"RuntimeError", ErrorKind::error},
    {"ValueError", ErrorKind::error},
    {"TypeError", ErrorKind::error},
    {"OSError", ErrorKind::error},
    {"ConnectionError", ErrorKind::os},
    {"PermissionError", ErrorKind::os},
    {"IncompleteReadError", ErrorKind::error},
    {"LimitOverrunError", ErrorKind::error},
    {"QueueEmpty", ErrorKind::error},
    {"QueueFull", ErrorKind::error},
    {"QueueShutDown", ErrorKind::error},
    {"BrokenBarrierError", ErrorKind::error},
    {"DeadlockError", ErrorKind::error},
    {"ExceptionGroup", ErrorKind::error},
    {"CalledProcessError", ErrorKind::error},
    {"LimitError", ErrorKind::error},
}};

// Registry keys: the address of a class's entry holds the class; kClassSet the set of all classes.
const char kClassSet = 0;

const void* key_of(ErrorKind kind) { return &kClasses[static_cast<std::size_t>(kind)]; }

/// True when the table at `index` is an error class.
bool is_class(lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kClassSet);
  lua_pushvalue(L, index);
  const bool known = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return known;
}

/// Pushes the class of the error object at `index` and returns true; pushes nothing for other values.
bool push_class_of(lua_State* L, int index) {
  if (!lua_istable(L, index) || lua_getmetatable(L, index) == 0) return false;
  if (is_class(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

/// True when the class on the top of the stack is the one at `wanted` or derives from it; pops it.
bool derives_from(lua_State* L, int wanted) {
  while (lua_istable(L, -1)) {
    if (lua_rawequal(L, -1, wanted) != 0) {
      lua_pop(L, 1);
      return true;
    }
    lua_pushliteral(L, "__base");
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  lua_pop(L, 1);
  return false;
}

int instance_tostring(lua_State* L) {
  lua_settop(L, 1);
  if (luaL_getmetafield(L, 1, "__name") == LUA_TNIL) lua_pushliteral(L, "?");  // called by hand, of another value
  if (lua_istable(L, 1)) {
    lua_getfield(L, 1, "message");
  } else {
    lua_pushnil(L);
  }
  if (lua_isnil(L, 3)) return lua_settop(L, 2), 1;
  std::size_t size = 0;
  luaL_tolstring(L, 3, &size);
  if (size == 0) return lua_settop(L, 2), 1;
  lua_pushfstring(L, "%s: %s", lua_tostring(L, 2), lua_tostring(L, -1));
  return 1;
}

int instance_concat(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  luaL_tolstring(L, 2, nullptr);
  lua_concat(L, 2);
  return 1;
}

int class_tostring(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "__name");
  lua_pushfstring(L, "<class '%s'>", lua_tostring(L, -1));
  return 1;
}

void copy_fields(lua_State* L, int from, int to) {
  for (lua_pushnil(L); lua_next(L, from) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, to);
  }
}

/// `ExceptionGroup(message, list)`: the list is checked and kept as `exceptions`.
void set_exceptions(lua_State* L, int list, int instance) {
  if (!lua_istable(L, list) || lua_rawlen(L, list) == 0) {
    raise(L, ErrorKind::value, "argument 2 of ExceptionGroup must be a list with at least one error, got %s",
          lua_istable(L, list) ? "an empty list" : luaL_typename(L, list));
  }
  lua_pushvalue(L, list);
  lua_setfield(L, instance, "exceptions");
}

/// Class(message, fields): message may be any value that is not a table of fields alone.
int construct(lua_State* L) {
  lua_settop(L, 3);
  if (!is_class(L, 1)) {  // called by hand, by way of the metatable
    raise(L, ErrorKind::type, "an error is made by its class, got %s", luaL_typename(L, 1));
  }
  lua_createtable(L, 0, 3);
  if (lua_isnil(L, 2)) {
    lua_pushliteral(L, "");
  } else {
    lua_pushvalue(L, 2);
  }
  lua_setfield(L, 4, "message");
  lua_rawgetp(L, LUA_REGISTRYINDEX, key_of(ErrorKind::exception_group));
  lua_pushvalue(L, 1);
  const bool group = derives_from(L, 5);
  lua_settop(L, 4);
  if (group) {
    set_exceptions(L, 3, 4);
  } else if (!lua_isnil(L, 3)) {
    if (!lua_istable(L, 3)) {
      lua_getfield(L, 1, "__name");
      raise(L, ErrorKind::type, "argument 2 of %s must be a table of fields, got %s", lua_tostring(L, -1),
            luaL_typename(L, 3));
    }
    copy_fields(L, 3, 4);
  }
  lua_pushvalue(L, 1);
  lua_setmetatable(L, 4);
  return 1;
}

/// Makes a class called `name`; its base (or nil) is on the top of the stack and is replaced by it.
void new_class(lua_State* L, const char* name) {
  const int base = lua_gettop(L);
  lua_createtable(L, 0, 8);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, base);
  lua_setfield(L, -2, "__base");
  static const luaL_Reg kMetamethods[] = {
      {"__tostring", bound<instance_tostring>}, {"__concat", bound<instance_concat>}, {"is", bound<error_is>}};
  set_functions(L, kMetamethods);

  lua_createtable(L, 0, 4);  // the class's own metatable
  lua_pushvalue(L, base);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "class");
  lua_setfield(L, -2, "__name");
  static const luaL_Reg kClassMetamethods[] = {{"__call", bound<construct>}, {"__tostring", bound<class_tostring>}};
  set_functions(L, kClassMetamethods);
  lua_setmetatable(L, -2);

  lua_rawgetp(L, LUA_REGISTRYINDEX, &kClassSet);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_remove(L, base);
}

}  // namespace

void open_error_classes(lua_State* L) {
  lua_createtable(L, 0, static_cast<int>(kClasses.size()));
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");  // a class that nothing uses any more may be collected
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kClassSet);
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    if (kClasses[i].base == kind) {
      lua_pushnil(L);
    } else {
      push_error_class(L, kClasses[i].base);
    }
    new_class(L, kClasses[i].name);
    if (kind == ErrorKind::cancelled) state_data(L).cancelled_error = lua_topointer(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key_of(kind));
  }
}

void push_error_class(lua_State* L, ErrorKind kind) { lua_rawgetp(L, LUA_REGISTRYINDEX, key_of(kind)); }

const char* error_name(ErrorKind kind) { return kClasses[static_cast<std::size_t>(kind)].name; }

int make_error_class(lua_State* L) {
  const char* name = lua_tostring(L, 1);
  if (name == nullptr) {
    raise(L, ErrorKind::type, "argument 1 of async.class must be the name, a string, got %s", type_name(L, 1));
  }
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_settop(L, 1);
    push_error_class(L, ErrorKind::error);
  } else if (!is_class(L, 2)) {
    raise(L, ErrorKind::type, "argument 2 of async.class must be an error class such as async.Error, got %s",
          luaL_typename(L, 2));
  }
  new_class(L, name);
  return 1;
}

void wrap_message(lua_State* L, ErrorKind kind) {
  lua_createtable(L, 0, 2);
  lua_insert(L, -2);
  lua_setfield(L, -2, "message");
  push_error_class(L, kind);
  lua_setmetatable(L, -2);
}

void raise(lua_State* L, ErrorKind kind, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  wrap_message(L, kind);
  raise_value(L);
}

ErrorKind error_kind_of_code(const char* code) {
  for (const char* name : {"ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ENOTCONN", "ESHUTDOWN"}) {
    if (std::strcmp(code, name) == 0) return ErrorKind::connection;
  }
  const bool permission = std::strcmp(code, "EACCES") == 0 || std::strcmp(code, "EPERM") == 0;
  return permission ? ErrorKind::permission : ErrorKind::os;
}

void raise_os_error(lua_State* L, int uv_code, const char* uv_name, const char* uv_message, const char* syscall,
                    const char* path, const char* target, const char* address) {
  if (target != nullptr) {
    lua_pushfstring(L, "%s: %s, %s '%s' -> '%s'", uv_name, uv_message, syscall, path, target);
  } else if (path != nullptr || address != nullptr) {
    lua_pushfstring(L, "%s: %s, %s '%s'", uv_name, uv_message, syscall, path != nullptr ? path : address);
  } else {
    lua_pushfstring(L, "%s: %s, %s", uv_name, uv_message, syscall);
  }
  wrap_message(L, error_kind_of_code(uv_name));
  lua_pushstring(L, uv_name);
  lua_setfield(L, -2, "code");
  lua_pushinteger(L, -uv_code);
  lua_setfield(L, -2, "errno");
  lua_pushstring(L, syscall);
  lua_setfield(L, -2, "syscall");
  if (path != nullptr) {
    lua_pushstring(L, path);
    lua_setfield(L, -2, "path");
  }
  if (target != nullptr) {
    lua_pushstring(L, target);
    lua_setfield(L, -2, "target");
  }
  if (address != nullptr) {
    lua_pushstring(L, address);
    lua_setfield(L, -2, "address");
  }
  raise_value(L);
}

void raise_value(lua_State* L) {
  attach_traceback(L, -1, 1);
  lua_error(L);
  __builtin_unreachable();
}

bool is_error_class(lua_State* L, int index) { return is_class(L, index); }

bool is_error_object(lua_State* L, int index) {
  if (!push_class_of(L, index)) return false;
  lua_pop(L, 1);
  return true;
}

bool is_error(lua_State* L, int index, ErrorKind kind) {
  if (!push_class_of(L, index)) return false;
  push_error_class(L, kind);
  lua_insert(L, -2);
  const bool result = derives_from(L, lua_gettop(L) - 1);
  lua_pop(L, 1);
  return result;
}

bool is_cancellation(lua_State* L, int index) {
  if (!lua_istable(L, index) || lua_getmetatable(L, index) == 0) return false;
  const bool exactly = lua_topointer(L, -1) == state_data(L).cancelled_error;
  lua_pop(L, 1);
  return exactly || is_error(L, index, ErrorKind::cancelled);
}

int error_is(lua_State* L) {
  lua_settop(L, 2);
  if (!is_class(L, 2)) {
    raise(L, ErrorKind::type, "is() takes an error class such as async.TimeoutError, got %s", type_name(L, 2));
  }
  const bool result = push_class_of(L, 1) && derives_from(L, 2);
  lua_pushboolean(L, result);
  return 1;
}

void attach_traceback(lua_State* L, int index, int level) {
  index = lua_absindex(L, index);
  if (!is_error_object(L, index) || is_cancellation(L, index)) return;
  lua_pushliteral(L, "traceback");
  if (lua_rawget(L, index) == LUA_TNIL) {
    push_traceback(L, level);
    lua_setfield(L, index, "traceback");
  }
  lua_pop(L, 1);
}

int error_function(lua_State* L) {
  const int level = static_cast<int>(luaL_optinteger(L, 2, 1));
  lua_settop(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
    luaL_where(L, level);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
  } else {
    attach_traceback(L, 1, 1);
  }
  return lua_error(L);
}

}  // namespace neap::internal
