// What goes wrong, as C++ sees it.
#pragma once

#include "neap/export.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace neap {

class Value;

/// An error of Lua's: an error object of one of neap's classes, or whatever else a script has thrown.
///
/// Thrown by everything that runs Lua code. A C++ function that Lua calls may throw one itself, and the script gets an
/// error object of that class; when it came out of Lua, the script gets the same error again. May be copied and kept,
/// also longer than the interpreter.
class NEAP_API Error : public std::runtime_error {
 public:
  /// An error to throw into Lua: `class_name` is one of api.md ("ValueError", "OSError", ...); an unknown one becomes
  /// an Error whose message names it.
  Error(std::string class_name, const std::string& message);
  /// One that came out of Lua.
  Error(std::string class_name, const std::string& message, std::string traceback, std::shared_ptr<const Value> value);

  /// "ValueError"; "string" or another type's name where a script threw no error object.
  [[nodiscard]] const std::string& class_name() const noexcept { return class_name_; }
  /// The frames of Lua that it came through, with the tasks that awaited one another; empty when there are none.
  [[nodiscard]] const std::string& traceback() const noexcept { return traceback_; }
  /// The error object, for its fields; null for an error that never was in Lua.
  [[nodiscard]] const Value* value() const noexcept { return value_.get(); }
  /// `value` to share.
  [[nodiscard]] const std::shared_ptr<const Value>& shared_value() const noexcept { return value_; }

 private:
  std::string class_name_;
  std::string traceback_;
  std::shared_ptr<const Value> value_;
};

/// A task was cancelled: CancelledError. A coroutine of C++'s gets it when the task that awaits it is; it may clean up,
/// and should let it through.
class NEAP_API Cancelled : public Error {
 public:
  explicit Cancelled(const std::string& message = "");
  Cancelled(const std::string& message, std::string traceback, std::shared_ptr<const Value> value);
};

/// A limit was exceeded (Options::limits, async.limit): LimitError.
class NEAP_API LimitExceeded : public Error {
 public:
  LimitExceeded(const std::string& message, std::string traceback, std::shared_ptr<const Value> value);
};

/// A value has not the type that C++ asks for: TypeError. The message names the argument and both types.
class NEAP_API ConversionError : public Error {
 public:
  explicit ConversionError(const std::string& message);
};

/// The interpreter has been destroyed, or is being destroyed. No error of Lua's.
class NEAP_API Closed : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A script has called os.exit: it ends the run, and not the process. No error of Lua's.
class NEAP_API Exit : public std::runtime_error {
 public:
  explicit Exit(int status);
  /// What the script gave: 0 for success.
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

/// An object cannot do what it is asked for: it stands for nothing (it was moved from, or made empty), or what is asked
/// for has not come yet. No error of Lua's.
class NEAP_API InvalidState : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The call is for the interpreter's own thread, and came from another one. No error of Lua's.
class NEAP_API WrongThread : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace neap
