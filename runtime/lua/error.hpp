// Error objects: the classes of api.md section 5, made and raised from C++.
//
// A class is a table that is the metatable of its instances. It holds `__name`, `__base` (the class it
// derives from), `__index` (itself), `__tostring` and `__concat`; its own metatable finds inherited methods
// and makes instances when called: `Class(message, fields)`. An instance is a plain table with `message`,
// `traceback` once raised, and whatever fields it was given.
#pragma once

#include <lua.hpp>

namespace neap::internal {

enum class ErrorKind : unsigned char {
  error,
  cancelled,
  timeout,
  invalid_state,
  runtime,
  value,
  type,
  os,
  connection,
  permission,
  incomplete_read,
  limit_overrun,
  queue_empty,
  queue_full,
  queue_shut_down,
  broken_barrier,
  deadlock,
  exception_group,
  called_process,
  limit,
  count_
};

/// Makes every class of ErrorKind; once per state, before anything else here is used.
void open_error_classes(lua_State* L);

/// Pushes the class.
void push_error_class(lua_State* L, ErrorKind kind);
/// The class's name, as scripts know it.
const char* error_name(ErrorKind kind);

/// `async.class(name, base)`: pushes a new class. Raises TypeError for a wrong base.
int make_error_class(lua_State* L);

/// Replaces the message on the top of the stack by an instance of `kind` with that message.
void wrap_message(lua_State* L, ErrorKind kind);

/// Raises an instance of `kind` with a formatted message (lua_pushfstring's formats) and a traceback.
[[noreturn]] void raise(lua_State* L, ErrorKind kind, const char* format, ...);
/// The class for an error code of the operating system: "ECONNREFUSED" is a ConnectionError.
ErrorKind error_kind_of_code(const char* code);
/// Raises an OSError (or its subclass for the code) for a libuv error code. `path` may be null; `target` is the
/// second path of a call that has two, `address` that of a peer where there is no path.
[[noreturn]] void raise_os_error(lua_State* L, int uv_code, const char* uv_name, const char* uv_message,
                                 const char* syscall, const char* path, const char* target = nullptr,
                                 const char* address = nullptr);
/// Raises the value on the top of the stack; an error object without a traceback gets one.
[[noreturn]] void raise_value(lua_State* L);

/// True when the value is an error class.
bool is_error_class(lua_State* L, int index);
/// True when the value is an error object (an instance of any class).
bool is_error_object(lua_State* L, int index);
/// True when the value is an instance of the class, or of one derived from it.
bool is_error(lua_State* L, int index, ErrorKind kind);
/// True when the value must pass through pcall: CancelledError and what derives from it.
bool is_cancellation(lua_State* L, int index);
/// `async.is(value, class)`: true for an instance of the class or of one derived from it; any value may be given.
int error_is(lua_State* L);

/// Sets `traceback` in the error object at `index` unless it has one; other values are left alone.
void attach_traceback(lua_State* L, int index, int level);

/// `error(value, level)`: the stock function, which also gives error objects their traceback.
int error_function(lua_State* L);

}  // namespace neap::internal
