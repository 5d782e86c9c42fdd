// The modules of the standard library, found by CMake: every folder of stdlib/ with an init.lua is one, and
// its C++ part is the function open_NAME, if there is a NAME.cpp. Adding a module edits no list.
#pragma once

#include <lua.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::stdlib {

struct SourceFile {
  std::string_view module;
  std::string_view name;  // without ".lua"
  std::string_view text;
};

struct NativePart {
  std::string_view module;
  lua_CFunction open;  // pushes one table
};

/// A stub: documentation of a module for editors and for the prompt.
struct Stub {
  std::string_view module;
  std::string_view text;
};

/// Modules that were embedded together. Their files on a disk are FOLDER/MODULE/FILE.lua beside each other, where
/// FOLDER is the directory given to `install` joined with `beside`.
struct Library {
  std::span<const SourceFile> files;
  std::span<const NativePart> parts;
  std::span<const Stub> stubs;
  std::string_view beside;
  std::span<const std::string_view> code;  // of each file, compiled; or none
  std::string_view compiler;               // lua_ident of the Lua that did it: other releases compile the text
};

/// Generated: the folders of stdlib/. See cmake/embed.cmake.
const Library& own_library();

/// Makes the modules of one more library known to every state made from now on. `library` lives for ever; adding it
/// again changes nothing. Any thread.
void add_library(const Library& library);
/// All of them, the standard library first.
std::span<const Library* const> libraries();

// Fields of the registry by which the interpreter and the library meet.
inline constexpr const char* kAtEnd = "neap.at_end";                    // a function, called when the script has ended
inline constexpr const char* kFormatError = "neap.format_error";        // error, trace, colour, script -> text
inline constexpr const char* kRememberSource = "neap.remember_source";  // name of a chunk without a file, text

/// Makes the library known to the state: the globals `async`, `await` and `neap`, and `require` of "async"
/// and "neap.NAME". `directory` may be empty; else Lua files are read from there (NEAP_STDLIB).
/// The state must have its scheduler. Raises Lua errors.
int install(lua_State* L, std::string_view directory);

/// From now on scripts have only these modules, named as `require` takes them; "NAME*" is all that begin so. `require`,
/// the global `neap` and the parts of `async` that are modules of their own refuse the rest, but for what the host has
/// put into package.preload. Of Lua's libraries `io`, `os`, `debug` and `package` are taken away unless they are named.
/// Raises Lua errors.
void restrict_modules(lua_State* L, const std::vector<std::string>& names);

/// Pushes a global of Lua's as it was when the library was installed, whatever scripts have of that name.
void push_own_global(lua_State* L, const char* name);

/// True when scripts may have the module, a name as `require` takes it.
bool may_have_module(lua_State* L, std::string_view name);

/// Lua function: "MODULE/FILE" -> what that Lua file of the module returned. It is how one module, or the command
/// line, reaches what another does not show to scripts.
int use_module_file(lua_State* L);

}  // namespace neap::internal::stdlib
