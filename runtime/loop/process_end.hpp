// What the end of the process does, whichever thread ends it.
//
// std::exit also destroys what is static, and so is for the thread that no other outlives. A worker thread ends the
// process while others run: what was given to `at_process_end` is done then as well, and nothing else.
#pragma once

namespace neap::internal {

/// Has `work` done when the process ends by std::exit or `end_process`: what was given last comes first. It may be done
/// on any thread, while others run. Any thread. Always true.
bool at_process_end(void (*work)());

/// Does that, and ends the process at once. From any thread.
[[noreturn]] void end_process(int status);

}  // namespace neap::internal
