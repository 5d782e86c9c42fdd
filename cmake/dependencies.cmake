# Lua 5.4, libuv and utf8proc, through pkg-config under the names that distributions give them.
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

# The static library where there is one: a shared one costs every script a library to load, for the prompt alone.
pkg_check_modules(UTF8PROC QUIET IMPORTED_TARGET libutf8proc)
if(NOT UTF8PROC_FOUND)
  message(FATAL_ERROR "neap needs utf8proc. On Debian and Ubuntu install libutf8proc-dev; ./dev does it for you.")
endif()
add_library(neap_utf8proc INTERFACE)
find_library(UTF8PROC_STATIC ${CMAKE_STATIC_LIBRARY_PREFIX}utf8proc${CMAKE_STATIC_LIBRARY_SUFFIX}
             HINTS ${UTF8PROC_LIBRARY_DIRS} ${UTF8PROC_LIBDIR})
if(UTF8PROC_STATIC)
  target_include_directories(neap_utf8proc SYSTEM INTERFACE ${UTF8PROC_INCLUDE_DIRS})
  target_link_libraries(neap_utf8proc INTERFACE ${UTF8PROC_STATIC})
  target_compile_definitions(neap_utf8proc INTERFACE UTF8PROC_STATIC)
else()
  target_link_libraries(neap_utf8proc INTERFACE PkgConfig::UTF8PROC)
endif()
