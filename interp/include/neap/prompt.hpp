/// The interactive prompt inside an application.
#pragma once

#include <neap/export.hpp>

namespace neap {

/// Makes the module `neap.repl` known to every interpreter made from now on; a script opens the prompt on the terminal
/// with `neap.repl.start()`. A program that does not call this has no prompt in it. Doing it again changes nothing.
/// Thread: any, but not while another thread makes an interpreter. Throws nothing.
NEAP_API void add_prompt() noexcept;

}  // namespace neap
