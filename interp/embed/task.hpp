// The task behind a handle.
#pragma once

#include "neap/task.hpp"
#include "runtime/task/task.hpp"

namespace neap::detail {

/// Null for a Future that is no task. Throws InvalidState, Closed and WrongThread.
internal::Task* inner_task(const Task& task);

}  // namespace neap::detail
