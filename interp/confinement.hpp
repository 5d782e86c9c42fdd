// What holds a process that runs hostile code, on top of the sandbox of its interpreter: limits and walls of the
// kernel's, which no mistake in this program's memory takes down.
#pragma once

#include "stdlib/permissions/sandbox.hpp"

#include <string>
#include <vector>

namespace neap::internal {

/// Confines this process for ever, as far as the kernel lets it: to be called once, before there is a second thread.
/// What the sandbox allows stays possible; `needed` are directories that this program reads itself. Returns what could
/// not be done, a sentence each; nothing when everything holds. Throws std::system_error when not even privileges and
/// limits could be given up.
std::vector<std::string> confine_process(const Sandbox& sandbox, const std::vector<std::string>& needed);

// Its walls. Each gives 0, or an error number.

/// Landlock: files and directories that are not allowed cannot be opened (confinement_files.cpp).
int confine_files(const Grants& grants, const std::vector<std::string>& needed);
/// A filter of system calls: none that start programs or open sockets where these are not allowed, and none that look
/// into or change other processes and the system (confinement_calls.cpp).
int confine_calls(const Grants& grants);

}  // namespace neap::internal
