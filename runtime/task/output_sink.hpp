// Who takes over what the process writes to its terminal, while an interactive prompt is on it.
#pragma once

#include <string_view>

namespace neap {

class OutputSink {
 public:
  virtual ~OutputSink() = default;
  /// Any bytes, in any pieces; from any thread. All of them are shown, in this order.
  virtual void write(std::string_view bytes) = 0;
};

}  // namespace neap
