// Calls from the prompt to what the script has set with set_hooks and on_signal.
#pragma once

#include "repl/line_editor.hpp"

#include <lua.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace neap::internal::repl {

class Prompt;

/// One call. The results that are wanted are not null.
struct HookCall {
  lua_State* L = nullptr;
  Prompt* prompt = nullptr;
  const char* name = nullptr;  // of a hook, or "interrupt" or "suspend"
  std::string_view text{};
  std::size_t cursor = 0;
  bool at_once = false;  // a signal: the function runs before this returns, and not as the loop's next callback
  bool* yes = nullptr;
  StyledText* line = nullptr;  // faint, but for the bytes that the hook returns behind it: the first and the last
  Completion* completion = nullptr;
};

/// False when there is no such hook, or it has failed; that is told nobody. The results are then what they were, or
/// partly new. Raises nothing.
bool call_hook(const HookCall& call);

}  // namespace neap::internal::repl
