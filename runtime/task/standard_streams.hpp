// Who takes over the standard streams of the process, while an interactive prompt is on its terminal.
#pragma once

#include <string_view>

namespace neap::internal {

class StandardStreams {
 public:
  virtual ~StandardStreams() = default;
  /// Any bytes, in any pieces; from any thread. All of them are shown, in this order.
  virtual void write(std::string_view bytes) = 0;
  /// True while what comes from standard input is meant for it alone: others wait, even when there is something to
  /// read.
  [[nodiscard]] virtual bool takes_input() = 0;
};

}  // namespace neap::internal
