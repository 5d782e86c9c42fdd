# The program neap. It holds what it needs of the library's objects, and does without libneap.so.
add_executable(neap ${PROJECT_SOURCE_DIR}/interp/main.cpp)
neap_program(neap)
target_link_libraries(neap PRIVATE neap_interp neap_repl)
# Half of start-up was the dynamic linker relocating libstdc++, of which neap uses little. What it does not use of it is not
# in the program: that is 300 KB less of memory to begin with.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT NEAP_SANITIZE)
  target_link_options(neap PRIVATE -static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()
# Beside its libraries and not in a folder of its own. C modules take Lua's functions from the process: those of the
# shared liblua, which every module links with, so nothing is exported from here.
set_target_properties(neap PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
