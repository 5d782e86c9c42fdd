#include "neap/error.hpp"

#include <string>
#include <utility>

namespace neap {

Error::Error(std::string class_name, const std::string& message)
    : std::runtime_error(message),
      class_name_(std::move(class_name)) {}

Error::Error(std::string class_name, const std::string& message, std::string traceback,
             std::shared_ptr<const Value> value)
    : std::runtime_error(message),
      class_name_(std::move(class_name)),
      traceback_(std::move(traceback)),
      value_(std::move(value)) {}

Cancelled::Cancelled(const std::string& message) : Error("CancelledError", message) {}

Cancelled::Cancelled(const std::string& message, std::string traceback, std::shared_ptr<const Value> value)
    : Error("CancelledError", message, std::move(traceback), std::move(value)) {}

LimitExceeded::LimitExceeded(const std::string& message, std::string traceback, std::shared_ptr<const Value> value)
    : Error("LimitError", message, std::move(traceback), std::move(value)) {}

Exit::Exit(int status)
    : std::runtime_error("the script has called os.exit(" + std::to_string(status) + ")"),
      status_(status) {}

ConversionError::ConversionError(const std::string& message) : Error("TypeError", message) {}

}  // namespace neap
