# Embeds modules: Lua files as C++ strings, and the list of their native parts.

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
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DROOT=${ROOT} -DFILES=${FILES} -DOUTPUT=${OUTPUT} -DNAMESPACE=${NAMESPACE}
            -DBESIDE=${BESIDE} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${INPUTS} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the Lua files of ${TARGET}"
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${OUTPUT})
endfunction()

neap_embed(neap_stdlib neap::internal::stdlib ${PROJECT_SOURCE_DIR}/stdlib "" */*.lua)
neap_embed(neap_repl neap::internal::repl ${PROJECT_SOURCE_DIR} /.. repl/*.lua)
