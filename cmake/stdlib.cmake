# Embeds modules: Lua files as C++ strings, as they are and compiled, and the list of their native parts.

# Compiles them. What is built for another system than this one compiles them when it starts.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  add_executable(neap_compile_lua EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/compile_lua.cpp
                                                   ${PROJECT_SOURCE_DIR}/runtime/lua/chunk.cpp)
  neap_program(neap_compile_lua)
  target_include_directories(neap_compile_lua PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(neap_compile_lua PRIVATE neap_flags PkgConfig::NEAP_LUA)
endif()

# The files are those of ROOT that match the patterns; `TARGET` gets a source that defines NAMESPACE::own_library().
function(neap_embed TARGET NAMESPACE ROOT BESIDE)
  set(PATTERNS ${ARGN})
  list(TRANSFORM PATTERNS PREPEND ${ROOT}/)
  file(GLOB FILES CONFIGURE_DEPENDS RELATIVE ${ROOT} ${PATTERNS})
  list(SORT FILES)
  set(OUTPUT ${PROJECT_BINARY_DIR}/${TARGET}_registry.cpp)
  set(INPUTS ${FILES})
  list(TRANSFORM INPUTS PREPEND ${ROOT}/)
  list(JOIN FILES "," FILES)
  set(CODE "")
  if(TARGET neap_compile_lua)
    set(CODE ${PROJECT_BINARY_DIR}/${TARGET}_code.inc)
    add_custom_command(
      OUTPUT ${CODE}
      COMMAND neap_compile_lua ${ROOT} ${FILES} ${CODE}
      DEPENDS ${INPUTS}
      COMMENT "Compiling the Lua files of ${TARGET}"
      VERBATIM)
  endif()
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DROOT=${ROOT} -DFILES=${FILES} -DOUTPUT=${OUTPUT} -DNAMESPACE=${NAMESPACE}
            -DBESIDE=${BESIDE} -DCODE=${CODE} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${INPUTS} ${CODE} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the Lua files of ${TARGET}"
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${OUTPUT})
endfunction()

neap_embed(neap_stdlib neap::internal::stdlib ${PROJECT_SOURCE_DIR}/stdlib "" */*.lua)
neap_embed(neap_repl neap::internal::repl ${PROJECT_SOURCE_DIR} /.. repl/*.lua)
