// The children that a program has started and that have not been reaped: they end with it, however it ends. Only those
// of an interpreter to which the process belongs; an application's children are its own, and so is a session of its
// own.
#pragma once

#include <sys/types.h>

namespace neap::internal::stdlib::io {

/// From any thread. `group`: it leads a process group, which ends with it. `awaited`: an end in order waits for it, as
/// for those of io.popen. More than some thousands at a time are let go.
void remember_child(pid_t pid, bool group, bool awaited = false);

/// It has been reaped.
void forget_child(pid_t pid);

/// SIGKILL to all of them but those that are awaited.
void kill_children();

/// The same for those that other threads start from now on, too: the last of the process.
void end_children();

/// SIGKILL to all of them: the process ends at once. May be called by a signal handler.
void kill_all_children();

}  // namespace neap::internal::stdlib::io
