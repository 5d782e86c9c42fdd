# Debian packages: cpack in the build tree, or ./dev package. neap is the program, libneap0.1 the shared library and
# libneap-dev what programs are compiled with.
set(NEAP_MAINTAINER "The neap authors <neap@users.noreply.github.com>" CACHE STRING "The maintainer named in packages")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME neap)
set(CPACK_PACKAGE_VENDOR "the neap authors")
set(CPACK_PACKAGE_CONTACT "${NEAP_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL Runtime Library Development)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_documents.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME neap)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION interpreters)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "neap runs Lua programs in which every function may wait, for time, for
another task, for a file, a connection or a child process, and only the
task that calls it is suspended. It brings tasks, groups, timeouts, queues
and channels, streams, servers, files, processes and threads, a prompt and
a test runner.")

set(NEAP_LIBRARY_PACKAGE libneap${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${NEAP_LIBRARY_PACKAGE})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "libneap is the interpreter neap inside a C++ application: Lua tasks that
wait while the application goes on. This package has the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libneap-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${NEAP_LIBRARY_PACKAGE} (= ${PROJECT_VERSION}), liblua5.4-dev, libuv1-dev (>= 1.44), libutf8proc-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "libneap is the interpreter neap inside a C++ application: Lua tasks that
wait while the application goes on. This package has the headers, the static
library and what CMake and pkg-config need to find them.")

include(CPack)
