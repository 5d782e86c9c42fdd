// One run of the command line program: LUA_INIT, the options' actions and the script, all in one main task.
#pragma once

#include "interp/options.hpp"

namespace neap::internal {

/// Runs what the command line asks for; returns the exit status of the process.
int run_program(const CommandLine& line, int argc, char** argv);

}  // namespace neap::internal
