# What cmake --install puts where. Component Runtime is the program, Library the shared libneap, Development the rest.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(NEAP_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/neap)

if(NEAP_PROGRAM)
  install(TARGETS neap RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/interp/share/neap.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT Runtime)
  # Each shell looks below its own prefix, which is the usual one; zsh's folder is another where Debian packages bring it.
  set(NEAP_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")
  install(FILES ${PROJECT_SOURCE_DIR}/interp/share/neap.bash RENAME neap
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT Runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/interp/share/_neap DESTINATION ${NEAP_ZSH_DIR} COMPONENT Runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/interp/share/neap.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT Runtime)
  # `neap init` leads editors here: interp/setup.cpp. lua54.d.lua is the prompt's alone.
  file(GLOB NEAP_STUBS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/stdlib/*/*.d.lua ${PROJECT_SOURCE_DIR}/repl/repl.d.lua)
  install(FILES ${NEAP_STUBS} DESTINATION share/neap/stubs COMPONENT Runtime)
  # The pages of `neap doc`, laid out as here: repl/pages.lua.
  file(GLOB_RECURSE NEAP_PAGES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
       ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/stdlib/README.md ${PROJECT_SOURCE_DIR}/scripts/README.md)
  foreach(PAGE ${NEAP_PAGES} README.md repl/README.md interp/README.md)
    get_filename_component(FOLDER ${PAGE} DIRECTORY)
    install(FILES ${PROJECT_SOURCE_DIR}/${PAGE} DESTINATION share/neap/doc/${FOLDER} COMPONENT Runtime)
  endforeach()
endif()

install(TARGETS neap_static neap_shared EXPORT neapTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Library NAMELINK_COMPONENT Development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/interp/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT Development FILES_MATCHING PATTERN *.hpp)

# For find_package(neap).
install(EXPORT neapTargets NAMESPACE neap:: DESTINATION ${NEAP_CMAKE_DIR} COMPONENT Development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/neapConfig.cmake.in ${PROJECT_BINARY_DIR}/neapConfig.cmake
                              INSTALL_DESTINATION ${NEAP_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/neapConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/neapConfig.cmake ${PROJECT_BINARY_DIR}/neapConfigVersion.cmake
        DESTINATION ${NEAP_CMAKE_DIR} COMPONENT Development)

# For pkg-config: the prefix is where the file is, so many folders above it.
file(RELATIVE_PATH NEAP_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" NEAP_PREFIX_FROM_PC "${NEAP_PREFIX_FROM_PC}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/neap.pc.in ${PROJECT_BINARY_DIR}/neap.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/neap.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT Development)
