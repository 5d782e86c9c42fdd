// Loads modules of the standard library, from the binary or from a directory.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/chunk.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/kept.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/task/coroutine.hpp"
#include "stdlib/base/confined.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/registry.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace neap::internal::stdlib {

namespace {

const char kDirectory = 0;  // registry key: where Lua files are read from, or nil
const char kModules = 0;    // registry key: modules loaded, by name
const char kGlobals = 0;    // registry key: the globals that the library's Lua files see
const char kUses = 0;       // registry key: the `use` of each module that has been asked for, by name
const char kAllowed = 0;    // registry key: the modules that scripts may have, a list; nil for all

/// The modules that a sandboxed script may have: those whose C++ parts ask at the gates (stdlib/permissions/gate.hpp).
constexpr std::string_view kConfined[] = {"async",  "base",   "compat", "fs",          "net",     "process",
                                          "signal", "stream", "thread", "permissions", "patterns"};

bool names_module(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

/// The host allows it; what everything needs is not asked about.
bool is_allowed(lua_State* L, std::string_view module) {
  return module == "base" || module == "async" || may_have_module(L, "neap." + std::string(module));
}

void check_allowed(lua_State* L, const char* module) {
  if (is_allowed(L, module)) return;
  raise(L, ErrorKind::runtime, "the module 'neap.%s' is not among those that the host allows", module);
}

/// It may be had in the sandbox, if there is one.
bool is_confined(lua_State* L, std::string_view module) {
  return permissions_of(L) == nullptr ||
         std::find(std::begin(kConfined), std::end(kConfined), module) != std::end(kConfined);
}

/// The library that has the module; null when there is none.
const Library* library_of(std::string_view module) {
  for (const Library* library : libraries()) {
    for (const SourceFile& source : library->files) {
      if (source.module == module && source.name == "init") return library;
    }
  }
  return nullptr;
}

/// The globals of the chunk on the top are Lua's as they were when the library was installed, so that scripts and the
/// prompt may have variables called `type` or `table`; others are the script's.
void set_globals(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGlobals);
  lua_setupvalue(L, -2, 1);
}

bool read_text(const char* path, std::string& text) {
  std::FILE* input = std::fopen(path, "rb");
  if (input == nullptr) return false;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> closing(input, std::fclose);
  char piece[BUFSIZ];
  while (const std::size_t got = std::fread(piece, 1, sizeof piece, input)) text.append(piece, got);
  return true;
}

void load_text(lua_State* L, std::string_view text, const char* chunk) {
  if (load_chunk(L, text.data(), text.size(), chunk, "t") != LUA_OK) lua_error(L);
  set_globals(L);
}

/// Pushes what the build has compiled of the library's file of that number, if the same release of Lua is here: Lua
/// promises no more than that releases tell each other's formats apart. False when there is none, and the text is to be
/// compiled.
bool load_compiled(lua_State* L, const Library& library, std::size_t number, const char* chunk) {
  if (library.code.empty() || library.compiler != lua_ident) return false;
  const std::string_view code = library.code[number];
  const int status = luaL_loadbufferx(L, code.data(), code.size(), chunk, "b");
  if (status == LUA_ERRSYNTAX) {  // its numbers are of another size
    lua_pop(L, 1);
    return false;
  }
  if (status != LUA_OK) lua_error(L);
  set_globals(L);
  return true;
}

/// Compiles MODULE/FILE.lua, a file of the library, and pushes the function. Raises its syntax errors.
void compile(lua_State* L, const Library& library, const char* module, const char* file) {
  lua_pushfstring(L, "%s%s/%s.lua", kInternalChunk, module, file);
  const char* chunk = lua_tostring(L, -1);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kDirectory) == LUA_TSTRING) {
    lua_pushfstring(L, "%s%s/%s/%s.lua", lua_tostring(L, -1), library.beside.data(), module, file);
    // Read by hand and not by luaL_loadfile: the chunk's name is the same as in the binary.
    auto& text = push_kept<std::string>(L);
    if (read_text(lua_tostring(L, -2), text)) {
      const int status = load_chunk(L, text.data(), text.size(), chunk, "t");
      std::string().swap(text);  // now: while the state is closed nothing new is collected
      if (status != LUA_OK) lua_error(L);
      return set_globals(L);
    }
  }
  for (std::size_t i = 0; i < library.files.size(); ++i) {
    const SourceFile& source = library.files[i];
    if (source.module != module || source.name != file) continue;
    if (!load_compiled(L, library, i, chunk)) load_text(L, source.text, chunk);
    return;
  }
  luaL_error(L, "the standard library has no file '%s/%s.lua'", module, file);
}

int load_module(lua_State* L);

/// use(file): what another Lua file of the module returned; it is run once, with the module's native part
/// and `use`. "MODULE/FILE" is a file of another module. Upvalues: module name, native part, results so far.
int use_file(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  if (std::strchr(name, '/') != nullptr) return use_module_file(L);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) return 1;
  const char* module = lua_tostring(L, lua_upvalueindex(1));
  compile(L, *library_of(module), module, lua_tostring(L, 1));
  lua_pushvalue(L, lua_upvalueindex(2));
  for (int i = 1; i <= 3; ++i) lua_pushvalue(L, lua_upvalueindex(i));
  lua_pushcclosure(L, use_file, 3);
  lua_call(L, 2, 1);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(3));
  return 1;
}

void push_native_part(lua_State* L, std::string_view module) {
  const Library* library = library_of(module);
  if (library == nullptr) luaL_error(L, "there is no module '%s' in this program", module.data());
  for (const NativePart& part : library->parts) {
    if (part.module != module) continue;
    lua_pushcfunction(L, part.open);
    lua_call(L, 0, 1);
    return;
  }
  lua_newtable(L);
}

/// Pushes the module's `use`, made when it is first asked for.
void push_use(lua_State* L, int name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kUses);
  lua_pushvalue(L, name);
  if (lua_rawget(L, -2) != LUA_TNIL) return lua_remove(L, -2);
  lua_pop(L, 1);
  lua_pushvalue(L, name);
  lua_pushvalue(L, name);
  push_native_part(L, lua_tostring(L, name));
  lua_newtable(L);
  lua_pushcclosure(L, use_file, 3);
  lua_pushvalue(L, -1);
  lua_insert(L, -4);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/// Pushes the module's value, loading it at first use; nil when there is no such module.
int load_module(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kModules);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, 2) != LUA_TNIL) return 1;
  if (library_of(name) == nullptr) return 1;
  if (!is_confined(L, name)) raise_unavailable(L, lua_pushfstring(L, "the module 'neap.%s'", name), "");
  check_allowed(L, name);
  push_use(L, 1);
  lua_pushliteral(L, "init");
  lua_call(L, 1, 1);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
  return 1;
}

/// module_names(): the names of all modules, sorted as CMake found them.
int module_names(lua_State* L) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (const Library* library : libraries()) {
    for (const SourceFile& source : library->files) {
      if (source.name != "init" || !is_confined(L, source.module) || !is_allowed(L, source.module)) continue;
      push(L, source.module);
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

// The libraries known so far, from the standard library on. Other threads may read those that are counted while one is
// added.
constexpr std::size_t kMostLibraries = 8;
std::mutex g_adding;
const Library* g_libraries[kMostLibraries] = {&own_library()};
std::atomic<std::size_t> g_library_count{1};

/// The library's globals: for now, the script's.
void make_globals(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  lua_pushglobaltable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kGlobals);
}

/// From now on what a global of today is called is the library's own.
void keep_globals(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGlobals);
  lua_pushglobaltable(L);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 2);
}

}  // namespace

void add_library(const Library& library) {
  const std::lock_guard lock(g_adding);
  for (const Library* known : libraries()) {
    if (known == &library) return;
  }
  const std::size_t count = g_library_count;
  if (count == kMostLibraries) throw std::length_error("too many libraries of modules");
  g_libraries[count] = &library;
  g_library_count = count + 1;
}

std::span<const Library* const> libraries() { return {g_libraries, g_library_count.load()}; }

/// The rest of that module is not loaded: a program that starts a child needs net's check of options, and no servers.
int use_module_file(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_pushlstring(L, name, std::strcspn(name, "/"));
  const char* file = name + std::strcspn(name, "/") + 1;
  if (std::strcmp(file, "init") == 0) check_allowed(L, lua_tostring(L, 2));
  push_use(L, 2);
  lua_pushstring(L, file);
  lua_call(L, 1, 1);
  return 1;
}

void push_own_global(lua_State* L, const char* name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGlobals);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

bool may_have_module(lua_State* L, std::string_view name) {
  bool may = true;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kAllowed) == LUA_TTABLE) {
    may = false;
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
    for (lua_Integer i = 1; i <= count && !may; ++i) {
      lua_rawgeti(L, -1, i);
      may = names_module(check_view(L, -1), name);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return may;
}

void restrict_modules(lua_State* L, const std::vector<std::string>& names) {
  lua_createtable(L, static_cast<int>(names.size()), 0);
  lua_Integer count = 0;
  for (const std::string& name : names) {
    push(L, name);
    lua_rawseti(L, -2, ++count);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kAllowed);
  lua_pushglobaltable(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (const char* library : {"io", "os", "debug", "package"}) {
    if (may_have_module(L, library)) continue;
    for (const int holder : {-2, -1}) {
      lua_pushnil(L);
      lua_setfield(L, holder - 1, library);
    }
  }
  lua_pop(L, 2);
}

int install(lua_State* L, std::string_view directory) {
  open_protected_calls(L);
  if (!directory.empty()) {
    push(L, directory);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kDirectory);
  }
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kModules);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kUses);
  make_globals(L);
  lua_pushcfunction(L, load_module);
  lua_pushliteral(L, "base");
  lua_call(L, 1, 1);
  lua_pushcfunction(L, load_module);
  lua_pushcfunction(L, module_names);
  lua_call(L, 2, 0);
  keep_globals(L);
  confine_globals(L);
  return 0;
}

}  // namespace neap::internal::stdlib
