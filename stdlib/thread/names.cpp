#include "stdlib/thread/names.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace neap::internal::stdlib::thread {

namespace {

constexpr std::array<std::string_view, 11> kLibraries = {"_G", "async",   "coroutine", "debug", "io",  "math",
                                                         "os", "package", "string",    "table", "utf8"};
/// Globals that are in no module, in every state.
constexpr std::array<std::string_view, 27> kGlobals = {
    "assert",   "async",   "await",  "collectgarbage", "dofile",   "error",    "getmetatable", "ipairs", "load",
    "loadfile", "neap",    "next",   "pairs",          "pcall",    "print",    "rawequal",     "rawget", "rawlen",
    "rawset",   "require", "select", "setmetatable",   "tonumber", "tostring", "type",         "warn",   "xpcall"};

template <std::size_t size>
bool has(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The string at `index` as a view; Lua's tables keep it alive.
std::string_view view_of(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

/// True when the key below the top of the stack can be part of a place.
bool is_name(lua_State* L) { return lua_type(L, -2) == LUA_TSTRING && lua_rawlen(L, -2) <= kLongestText; }

/// Looks for the value at `index` among the fields of the table at `table`, and `depth` levels of tables below it.
bool find_in_table(lua_State* L, int index, int table, int depth, Place& place) {
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (!is_name(L)) continue;
    const std::string_view name = view_of(L, -2);
    if (lua_rawequal(L, -1, index) != 0) {
      place.add(name);
      lua_pop(L, 2);
      return true;
    }
    if (depth == 0 || !lua_istable(L, -1) || lua_rawequal(L, -1, table) != 0) continue;
    place.add(name);
    if (find_in_table(L, index, lua_gettop(L), depth - 1, place)) {
      lua_pop(L, 2);
      return true;
    }
    --place.count;
  }
  return false;
}

/// Looks in every module for which `wanted` is true.
template <class Wanted>
bool find_in_loaded(lua_State* L, int index, int depth, Place& place, Wanted wanted) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  const int loaded = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, loaded) != 0; lua_pop(L, 1)) {
    if (!is_name(L) || !lua_istable(L, -1)) continue;
    const std::string_view module = view_of(L, -2);
    if (!wanted(module)) continue;
    place.count = 0;
    place.add(module);
    if (find_in_table(L, index, lua_gettop(L), depth, place)) {
      lua_settop(L, loaded - 1);
      return true;
    }
  }
  lua_settop(L, loaded - 1);
  return false;
}

/// Looks among the globals that every state has.
bool find_in_globals(lua_State* L, int index, Place& place) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  const int globals = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, globals) != 0; lua_pop(L, 1)) {
    if (!is_name(L) || lua_rawequal(L, -1, index) == 0 || !has(kGlobals, view_of(L, -2))) continue;
    place.count = 0;
    place.add(LUA_GNAME);
    place.add(view_of(L, -2));
    lua_settop(L, globals - 1);
    return true;
  }
  lua_settop(L, globals - 1);
  return false;
}

/// Functions that this thread has found, by their address. Each is looked up again before it is believed: the address
/// may be that of another function by now, in another state even.
class FoundFunctions {
 public:
  bool find(lua_State* L, int index, Place& place) {
    const Entry& entry = entry_of(lua_topointer(L, index));
    if (entry.count == 0) return false;
    place.count = 0;
    for (std::size_t i = 0; i < entry.count; ++i) place.add(entry.names[i]);
    const int top = lua_gettop(L);
    const bool found = push_again(L, entry) && lua_rawequal(L, -1, index) != 0;
    lua_settop(L, top);
    return found;
  }

  void add(lua_State* L, int index, const Place& place) {
    Entry& entry = entry_of(lua_topointer(L, index));
    entry.count = 0;
    for (std::size_t i = 0; i < place.count; ++i) entry.names[i] = place.names[i];
    entry.count = place.count;
  }

 private:
  struct Entry {
    std::array<std::string, kMostNames> names;
    std::size_t count = 0;
  };

  Entry& entry_of(const void* address) {
    return entries_[(reinterpret_cast<std::uintptr_t>(address) >> 4) % entries_.size()];
  }

  /// Pushes what is at the place now. A script's metamethods might be called by lua_getfield: such tables are left out.
  static bool push_again(lua_State* L, const Entry& entry) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (std::size_t i = 0; i < entry.count; ++i) {
      if (!lua_istable(L, -1)) return false;
      if (lua_getmetatable(L, -1) != 0) {
        if (entry.names[0] != "async") return false;
        lua_pop(L, 1);
      }
      lua_getfield(L, -1, entry.names[i].c_str());
    }
    return true;
  }

  std::array<Entry, 61> entries_;
};

thread_local FoundFunctions found_functions;

bool has_field(lua_State* L, int table, std::string_view name) {
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (!is_name(L) || view_of(L, -2) != name) continue;
    lua_pop(L, 2);
    return true;
  }
  return false;
}

/// Pushes the module, required if need be.
void push_module(lua_State* L, std::string_view name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  push(L, name);
  if (lua_rawget(L, -2) != LUA_TNIL) return lua_remove(L, -2);
  lua_settop(L, -3);
  lua_getglobal(L, "require");
  push(L, name);
  lua_call(L, 1, 1);
}

}  // namespace

bool find_module(lua_State* L, int index, Place& place) {
  index = lua_absindex(L, index);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  const int loaded = lua_gettop(L);
  place.count = 0;
  const bool found = find_in_table(L, index, loaded, 0, place);
  lua_settop(L, loaded - 1);
  return found;
}

bool find_in_library(lua_State* L, int index, Place& place) {
  index = lua_absindex(L, index);
  // The globals first: a script may have added one of them to a library's table, where other states have it not.
  return find_in_globals(L, index, place) || find_in_loaded(L, index, 1, place, [](std::string_view module) {
           return module != LUA_GNAME && is_library(module);
         });
}

bool find_in_modules(lua_State* L, int index, Place& place) {
  index = lua_absindex(L, index);
  return find_in_loaded(L, index, 0, place, [](std::string_view module) { return !is_library(module); });
}

bool find_function(lua_State* L, int index, Place& place) {
  index = lua_absindex(L, index);
  if (found_functions.find(L, index, place)) return true;
  const bool found =
      find_in_library(L, index, place) ||
      (lua_iscfunction(L, index) != 0 && (find_module(L, index, place) || find_in_modules(L, index, place)));
  if (found) found_functions.add(L, index, place);
  return found;
}

bool find_class(lua_State* L, int index, Place& place) {
  index = lua_absindex(L, index);
  if (has_field(L, index, "__gc") || has_field(L, index, "__close")) return false;
  return (find_module(L, index, place) && !is_library(place.names[0])) || find_in_modules(L, index, place);
}

bool is_library(std::string_view module) { return has(kLibraries, module) || module.starts_with("neap."); }

bool is_library_function(lua_State* L, int index) {
  lua_Debug info;
  lua_pushvalue(L, index);
  lua_getinfo(L, ">S", &info);
  return std::strncmp(info.source, kInternalChunk, std::strlen(kInternalChunk)) == 0;
}

void push_place(lua_State* L, const Place& place) {
  push_module(L, place.names[0]);
  for (std::size_t i = 1; i < place.count; ++i) {
    push(L, place.names[i]);
    if (lua_istable(L, -2)) {
      lua_gettable(L, -2);
    } else {
      lua_pushnil(L);
    }
    if (lua_isnil(L, -1)) {
      push(L, place.names[0]);
      push(L, place.names[i]);
      raise(L, ErrorKind::runtime,
            "a function or table came here by its name, but module '%s' has no '%s' in this thread",
            lua_tostring(L, -2), lua_tostring(L, -1));
    }
    lua_remove(L, -2);
  }
}

bool push_if_loaded(lua_State* L, const Place& place) {
  if (place.count == 0) return false;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (std::size_t i = 0; i < place.count && lua_istable(L, -1); ++i) {
    push(L, place.names[i]);
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

}  // namespace neap::internal::stdlib::thread
