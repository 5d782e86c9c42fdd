// The prompt as Lua sees it: a userdata that is a Prompt.
//
//   prompt{history=}                         takes the terminal over; raises RuntimeError or OSError when it cannot
//   can_prompt()                             whether standard input and output are a terminal that can be drawn on
//   prompt:read{prompt=, continuation=, text=}
//                                            waits for an entry: the text, which the history has then; the text and "edit"
//                                            when it is to be edited in $EDITOR; nil at the end of input
//   prompt:set_hooks{complete=, describe=, is_complete=, names=}
//   prompt:set_foreground(task or nil)       what Ctrl-C is about while nothing is read
//   prompt:on_signal(fn or nil)              fn("interrupt") and fn("suspend"); without it Ctrl-C cancels the foreground
//   prompt:hold(on)                          another program has the screen: output is collected meanwhile
//   prompt:add_history(text), prompt:history(), prompt:size(), prompt:clear(), prompt:fresh_line(), prompt:close()
//   history_path()                           where the history is by the environment; nil for none
#pragma once

#include <lua.hpp>

namespace neap::internal::repl {

class Prompt;

// User values of the userdata.
inline constexpr int kHooks = 1;
inline constexpr int kOnSignal = 2;
inline constexpr int kForeground = 3;
inline constexpr int kStdout = 4;  // Lua's files, while the prompt is open
inline constexpr int kStderr = 5;
inline constexpr int kPromptValues = 5;

/// Pushes the userdata; false, and nothing pushed, when it is being collected.
bool push_prompt(lua_State* L, const Prompt& prompt);

/// Adds these functions to the table on the top of the stack. Once per state.
void add_prompt(lua_State* L);

}  // namespace neap::internal::repl
