// The modules of the standard library, found by CMake: every folder of stdlib/ with an init.lua is one, and
// its C++ part is the function open_NAME, if there is a NAME.cpp. Adding a module edits no list.
#pragma once

#include <lua.hpp>

#include <span>
#include <string_view>

namespace neap::stdlib {

struct SourceFile {
  std::string_view module;
  std::string_view name;  // without ".lua"
  std::string_view text;
};

struct NativePart {
  std::string_view module;
  lua_CFunction open;  // pushes one table
};

/// Generated: see cmake/embed.cmake.
std::span<const SourceFile> source_files();
std::span<const NativePart> native_parts();

// Fields of the registry by which the interpreter and the library meet.
inline constexpr const char* kAtEnd = "neap.at_end";              // a function, called when the script has ended
inline constexpr const char* kFormatError = "neap.format_error";  // error, trace, colour, script -> text

/// Makes the library known to the state: the globals `async`, `await` and `neap`, and `require` of "async"
/// and "neap.NAME". `directory` may be empty; else Lua files are read from there (NEAP_STDLIB).
/// The state must have its scheduler. Raises Lua errors.
int install(lua_State* L, std::string_view directory);

/// Lua function: "MODULE/FILE" -> what that Lua file of the module returned. It is how one module, or the command
/// line, reaches what another does not show to scripts.
int use_module_file(lua_State* L);

}  // namespace neap::stdlib
