/// The version of neap: that of the headers as macros, that of the library as a function. CMake reads it from here.
#pragma once

#include <neap/export.hpp>

#define NEAP_VERSION_MAJOR 0
#define NEAP_VERSION_MINOR 1
#define NEAP_VERSION_PATCH 0
/// The same as text.
#define NEAP_VERSION "0.1.0"

namespace neap {

/// The version of the library that is loaded, such as "0.1.0". A shared one may be newer than the headers that the
/// program was compiled with. Any thread; the text lives for ever.
NEAP_API const char* version() noexcept;

}  // namespace neap
