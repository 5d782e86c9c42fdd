// Raising what libuv or the system said.
#pragma once

#include "runtime/loop/system_error.hpp"
#include "runtime/lua/error.hpp"

#include <uv.h>
#include <lua.hpp>

namespace neap::internal::stdlib::io {

/// Raises the OSError of libuv's code. `address` (may be null) is what the call was about.
[[noreturn]] inline void raise_uv(lua_State* L, int code, const char* syscall, const char* address = nullptr) {
  raise_os_error(L, code, system_error_name(code), system_error_text(code), syscall, nullptr, nullptr, address);
}

/// The same of errno's value.
[[noreturn]] inline void raise_errno(lua_State* L, int error, const char* syscall, const char* address = nullptr) {
  raise_uv(L, uv_translate_sys_error(error), syscall, address);
}

}  // namespace neap::internal::stdlib::io
