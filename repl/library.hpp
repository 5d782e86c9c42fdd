// The module `neap.repl`: this folder, embedded. A program that has a prompt adds it to its libraries.
#pragma once

#include "stdlib/registry.hpp"

namespace neap::internal::repl {

/// Generated: see cmake/embed.cmake.
const stdlib::Library& own_library();

}  // namespace neap::internal::repl
