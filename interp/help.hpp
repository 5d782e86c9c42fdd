// What neap says about itself on request.
#pragma once

#include <cstdio>
#include <string>

namespace neap::internal {

void print_help(std::FILE* out);
/// Two lines for after a mistake on the command line.
void print_usage(std::FILE* out);
/// neap's version, and those of the libraries that are loaded, which need not be those it was built with.
/// "neap 0.1.0 (Lua 5.4.4, libuv 1.44.2)"
std::string version_text();
void print_version(std::FILE* out);

}  // namespace neap::internal
