# Run by cpack before the packages are made: what Debian wants in each of them, and how it wants the man page and the
# static library.
string(TIMESTAMP DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(COMPONENT RUNTIME LIBRARY DEVELOPMENT)
  string(SUBSTRING ${COMPONENT} 0 1 FIRST)
  string(SUBSTRING ${COMPONENT} 1 -1 REST)
  string(TOLOWER ${REST} REST)
  set(ROOT ${CPACK_TEMPORARY_DIRECTORY}/${FIRST}${REST}/usr/share)
  set(PACKAGE ${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  file(MAKE_DIRECTORY ${ROOT}/doc/${PACKAGE})
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../LICENSE ${ROOT}/doc/${PACKAGE}/copyright)
  file(WRITE ${ROOT}/doc/${PACKAGE}/changelog "neap (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${DATE}
")
  file(GLOB FILES ${ROOT}/man/*/*.1 ${ROOT}/doc/${PACKAGE}/changelog)
  execute_process(COMMAND gzip -9nf ${FILES} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(GLOB_RECURSE ARCHIVES ${CPACK_TEMPORARY_DIRECTORY}/*.a)
execute_process(COMMAND strip --strip-debug ${ARCHIVES} COMMAND_ERROR_IS_FATAL ANY)
