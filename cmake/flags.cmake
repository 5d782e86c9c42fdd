# What every target is compiled with.
add_library(neap_flags INTERFACE)
target_compile_options(neap_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Wold-style-cast>)
# Calls of the shared liblua go straight through its table of addresses: there are several in every switch.
target_compile_options(neap_flags INTERFACE -fno-plt)
if(NEAP_WERROR)
  target_compile_options(neap_flags INTERFACE -Werror)
endif()
if(NEAP_SANITIZE)
  target_compile_options(neap_flags INTERFACE -fsanitize=${NEAP_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(neap_flags INTERFACE -fsanitize=${NEAP_SANITIZE})
endif()
# What a program must be linked with beside the flags.
function(neap_program NAME)
  if(NEAP_SANITIZE MATCHES "thread")
    target_sources(${NAME} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/tsan_longjmp.c)
    set_target_properties(${NAME} PROPERTIES ENABLE_EXPORTS ON)
  endif()
endfunction()
if(NEAP_COVERAGE)
  target_compile_options(neap_flags INTERFACE --coverage)
  target_link_options(neap_flags INTERFACE --coverage)
endif()
