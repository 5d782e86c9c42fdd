#include "runtime/loop/system_error.hpp"

#include <cctype>
#include <cstdio>
#include <cstring>

#include <uv.h>

namespace neap::internal {

namespace {

/// For an unknown code uv_err_name allocates, for ever; this form does not.
bool libuv_knows(int code) {
  char name[64];
  uv_err_name_r(code, name, sizeof name);
  return std::strncmp(name, "Unknown", 7) != 0;
}

}  // namespace

const char* system_error_name(int code) {
  if (libuv_knows(code)) return uv_err_name(code);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
  if (const char* name = strerrorname_np(-code)) return name;
#endif
#endif
  return "UNKNOWN";
}

const char* system_error_text(int code) {
  if (libuv_knows(code)) return uv_strerror(code);
  thread_local char text[128];
  std::snprintf(text, sizeof text, "%s", std::strerror(-code));
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));  // as libuv's are
  return text;
}

}  // namespace neap::internal
