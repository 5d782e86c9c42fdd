// What scripts pass to functions of the module. Each function here raises, at the caller's line, an error
// that names the function and the argument.
#pragma once

#include <lua.hpp>

#include <ctime>
#include <initializer_list>
#include <string_view>

namespace neap::internal::stdlib::fs {

/// Argument `index` as a path: a string without embedded zeros. `function` is "fs.read"; `name` the
/// argument's name.
const char* check_path(lua_State* L, int index, const char* function, const char* name = "path");

/// Argument `index` as bytes to write: a string, or a number, which is converted.
std::string_view check_data(lua_State* L, int index, const char* function);

/// Argument `index` must be nil or a table with no other keys than these.
void check_options(lua_State* L, int index, const char* function, std::initializer_list<const char*> known);
/// The option as a boolean; `otherwise` when it is not there.
bool flag_option(lua_State* L, int index, const char* function, const char* name, bool otherwise);
/// The option as a string without zero bytes, which stays on the stack; `otherwise` when it is not there.
const char* string_option(lua_State* L, int index, const char* function, const char* name, const char* otherwise);
/// The option as a time in seconds since 1970; `otherwise` when it is not there.
timespec time_option(lua_State* L, int index, const char* function, const char* name, timespec otherwise);
/// Argument `index` as an integer from `least` to `most`.
lua_Integer check_integer(lua_State* L, int index, const char* function, const char* name, lua_Integer least,
                          lua_Integer most);
/// Argument `index` as permission bits: an integer, or a string of octal digits.
unsigned check_mode_bits(lua_State* L, int index, const char* function, const char* name);
/// The same for an option.
unsigned mode_option(lua_State* L, int index, const char* function, const char* name, unsigned otherwise);

}  // namespace neap::internal::stdlib::fs
