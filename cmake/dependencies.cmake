# Lua 5.4 and libuv, through pkg-config under the names that distributions give them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

foreach(MODULE lua5.4 lua-5.4 lua54 lua)
  pkg_check_modules(LUA QUIET IMPORTED_TARGET ${MODULE})
  if(LUA_FOUND)
    break()
  endif()
endforeach()
if(NOT LUA_FOUND)
  message(FATAL_ERROR "neap needs Lua 5.4 (>= 5.4.4): pkg-config knows none of lua5.4, lua-5.4, lua54, lua. "
                      "On Debian and Ubuntu install liblua5.4-dev; ./dev does it for you.")
endif()
if(LUA_VERSION VERSION_LESS 5.4.4 OR NOT LUA_VERSION VERSION_LESS 5.5)
  message(FATAL_ERROR "neap needs Lua 5.4, from 5.4.4 on; pkg-config found ${LUA_VERSION}. "
                      "Other versions differ in how coroutines are suspended and closed.")
endif()

pkg_check_modules(LIBUV QUIET IMPORTED_TARGET libuv>=1.44)
if(NOT LIBUV_FOUND)
  message(FATAL_ERROR "neap needs libuv >= 1.44. On Debian and Ubuntu install libuv1-dev; ./dev does it for you.")
endif()
