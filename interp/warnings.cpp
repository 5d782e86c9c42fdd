#include "interp/warnings.hpp"

#include "runtime/task/scheduler.hpp"

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
    if (!warnings.continuing) warnings.scheduler->write_error("Lua warning: ");
    warnings.scheduler->write_error(message);
    if (to_be_continued == 0) warnings.scheduler->write_error("\n");
  }
  warnings.continuing = to_be_continued != 0;
}

}  // namespace

void install_warnings(lua_State* L, Warnings& warnings) {
  warnings.scheduler = &scheduler_of(L);
  lua_setwarnf(L, warn, &warnings);
}

}  // namespace neap::internal
