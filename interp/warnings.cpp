#include "interp/warnings.hpp"

#include <cstdio>
#include <cstring>

namespace neap::internal {

namespace {

void warn(void* self, const char* message, int to_be_continued) {
  auto& warnings = *static_cast<Warnings*>(self);
  // A control message is one whole piece; unknown ones are ignored, as the manual says.
  if (!warnings.continuing && to_be_continued == 0 && *message == '@') {
    if (std::strcmp(message, "@on") == 0) warnings.on = true;
    if (std::strcmp(message, "@off") == 0) warnings.on = false;
    return;
  }
  if (warnings.on) {
    std::fprintf(stderr, "%s%s%s", warnings.continuing ? "" : "Lua warning: ", message,
                 to_be_continued != 0 ? "" : "\n");
  }
  warnings.continuing = to_be_continued != 0;
}

}  // namespace

void install_warnings(lua_State* L, Warnings& warnings) { lua_setwarnf(L, warn, &warnings); }

}  // namespace neap::internal
