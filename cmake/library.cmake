# libneap: runtime, stdlib, prompt and interpreter behind interp/include/. libneap.a and libneap.so are made of the same
# objects, so that both cost one compilation. neap::neap is the static one, or the shared one with BUILD_SHARED_LIBS.

# neap_flavour(static|shared)
function(neap_flavour NAME)
  string(TOUPPER ${NAME} TYPE)
  add_library(neap_${NAME} ${TYPE})
  foreach(PART runtime stdlib repl interp)
    # The command line is the program's.
    target_sources(neap_${NAME} PRIVATE
      $<FILTER:$<TARGET_OBJECTS:neap_${PART}>,EXCLUDE,/interp/\(help|options|program|setup\)\\.cpp>)
  endforeach()
  add_library(neap::${NAME} ALIAS neap_${NAME})
  set_target_properties(neap_${NAME} PROPERTIES
    OUTPUT_NAME neap
    EXPORT_NAME ${NAME}
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    # Until 1.0 the binary interface may change with every minor version.
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(NOT NEAP_INSTALL)
    set_target_properties(neap_${NAME} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  target_compile_features(neap_${NAME} INTERFACE cxx_std_20)
  target_include_directories(neap_${NAME} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/interp/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(neap_${NAME} PRIVATE PkgConfig::NEAP_LUA PkgConfig::NEAP_LIBUV PkgConfig::NEAP_UTF8PROC
                                             Threads::Threads ${CMAKE_DL_LIBS})
  if(NEAP_SANITIZE)
    target_link_options(neap_${NAME} PUBLIC $<BUILD_INTERFACE:-fsanitize=${NEAP_SANITIZE}>)
  endif()
  if(NEAP_COVERAGE)
    target_link_options(neap_${NAME} PUBLIC $<BUILD_INTERFACE:--coverage>)
  endif()
endfunction()

neap_flavour(static)
neap_flavour(shared)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT NEAP_SANITIZE)
  target_link_options(neap_shared PRIVATE -Wl,--no-undefined)
endif()

if(BUILD_SHARED_LIBS)
  add_library(neap::neap ALIAS neap_shared)
else()
  add_library(neap::neap ALIAS neap_static)
endif()
# For programs that include neap/lua.hpp.
add_library(neap_lua INTERFACE)
target_link_libraries(neap_lua INTERFACE neap::neap PkgConfig::NEAP_LUA)
add_library(neap::lua ALIAS neap_lua)
