# The registry of the standard library: its Lua files embedded as C++ strings, and its native parts.
file(GLOB STDLIB_LUA CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/stdlib ${PROJECT_SOURCE_DIR}/stdlib/*/*.lua)
list(FILTER STDLIB_LUA EXCLUDE REGEX "\\.d\\.lua$")
list(SORT STDLIB_LUA)
set(REGISTRY ${PROJECT_BINARY_DIR}/stdlib_registry.cpp)
set(STDLIB_INPUTS ${STDLIB_LUA})
list(TRANSFORM STDLIB_INPUTS PREPEND ${PROJECT_SOURCE_DIR}/stdlib/)
list(JOIN STDLIB_LUA "," STDLIB_FILES)
add_custom_command(
  OUTPUT ${REGISTRY}
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/stdlib -DFILES=${STDLIB_FILES} -DOUTPUT=${REGISTRY} -P
          ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${STDLIB_INPUTS} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "Embedding the standard library"
  VERBATIM)
target_sources(neap_stdlib PRIVATE ${REGISTRY})
