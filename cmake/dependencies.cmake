# Lua 5.4, libuv and utf8proc, through pkg-config under the names that distributions give them. The targets are called
# PkgConfig::NEAP_LUA and so on, so that they are not confused with those of a project that neap is a part of, and are
# visible in it, since whatever links with the static libneap links with them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED GLOBAL)

pkg_search_module(NEAP_LUA QUIET IMPORTED_TARGET GLOBAL lua5.4 lua-5.4 lua54 lua)
if(NOT NEAP_LUA_FOUND)
  message(FATAL_ERROR "neap needs Lua 5.4 (>= 5.4.4): pkg-config knows none of lua5.4, lua-5.4, lua54, lua. "
                      "On Debian and Ubuntu install liblua5.4-dev; ./dev does it for you.")
endif()
if(NEAP_LUA_VERSION VERSION_LESS 5.4.4 OR NOT NEAP_LUA_VERSION VERSION_LESS 5.5)
  message(FATAL_ERROR "neap needs Lua 5.4, from 5.4.4 on; pkg-config found ${NEAP_LUA_VERSION}. "
                      "Other versions differ in how coroutines are suspended and closed.")
endif()

pkg_check_modules(NEAP_LIBUV QUIET IMPORTED_TARGET GLOBAL libuv>=1.44)
if(NOT NEAP_LIBUV_FOUND)
  message(FATAL_ERROR "neap needs libuv >= 1.44. On Debian and Ubuntu install libuv1-dev; ./dev does it for you.")
endif()

pkg_check_modules(NEAP_UTF8PROC QUIET IMPORTED_TARGET GLOBAL libutf8proc)
if(NOT NEAP_UTF8PROC_FOUND)
  message(FATAL_ERROR "neap needs utf8proc. On Debian and Ubuntu install libutf8proc-dev; ./dev does it for you.")
endif()
# For the program the static library where there is one: a shared one costs every script a library to load, for the
# prompt alone.
add_library(neap_utf8proc INTERFACE)
find_library(NEAP_UTF8PROC_STATIC ${CMAKE_STATIC_LIBRARY_PREFIX}utf8proc${CMAKE_STATIC_LIBRARY_SUFFIX}
             HINTS ${NEAP_UTF8PROC_LIBRARY_DIRS} ${NEAP_UTF8PROC_LIBDIR})
if(NEAP_UTF8PROC_STATIC)
  target_include_directories(neap_utf8proc SYSTEM INTERFACE ${NEAP_UTF8PROC_INCLUDE_DIRS})
  target_link_libraries(neap_utf8proc INTERFACE ${NEAP_UTF8PROC_STATIC})
  target_compile_definitions(neap_utf8proc INTERFACE UTF8PROC_STATIC)
else()
  target_link_libraries(neap_utf8proc INTERFACE PkgConfig::NEAP_UTF8PROC)
endif()
