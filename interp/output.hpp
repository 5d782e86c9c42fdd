// Standard output that cannot be written is an error, also when nobody looked.
#pragma once

namespace neap::internal {

/// Keeps descriptors 0 to 2 from being given to files that the program opens: one that is closed is opened
/// so that using it fails.
void reserve_standard_streams();

/// At the end of the process what is left in stdout's buffer is written; if that fails, or an earlier write
/// has failed unnoticed, it says so and makes the exit status 1.
void check_output_at_exit();

}  // namespace neap::internal
