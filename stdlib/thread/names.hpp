// What crosses to another state by name: modules, and functions and tables that are found in them.
#pragma once

#include "stdlib/thread/format.hpp"

#include <lua.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace neap::internal::stdlib::thread {

/// A module's name, and the names of fields below it. The names are those of the state's own strings, alive while the
/// tables are as they were.
struct Place {
  std::array<std::string_view, kMostNames> names;
  std::size_t count = 0;

  void add(std::string_view name) { names[count++] = name; }
};

/// Finds the module at `index`. Neither this nor the others allocate or call metamethods.
bool find_module(lua_State* L, int index, Place& place);
/// Finds a function or table in what every state has: Lua's libraries, neap's, and the globals that Lua sets.
bool find_in_library(lua_State* L, int index, Place& place);
/// Finds a value among the fields of modules that were required, those of Lua and neap excepted.
bool find_in_modules(lua_State* L, int index, Place& place);
/// Finds a function in the library, or a C function in a module. What was found before in this thread is found at once.
bool find_function(lua_State* L, int index, Place& place);
/// Finds the metatable of a script's objects: such a module, or a field of one. Not when it has `__gc` or `__close`:
/// its objects own something.
bool find_class(lua_State* L, int index, Place& place);

/// True for the name of a module of Lua or neap.
bool is_library(std::string_view module);

/// True for a Lua function that is part of the library.
bool is_library_function(lua_State* L, int index);

/// Pushes what the place names in this state; requires the module when it has not been loaded. RuntimeError when
/// there is nothing.
void push_place(lua_State* L, const Place& place);
/// Pushes what the place names in a module that is loaded, or nothing and false. Calls no metamethod.
bool push_if_loaded(lua_State* L, const Place& place);

}  // namespace neap::internal::stdlib::thread
