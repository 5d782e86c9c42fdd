-- AssertionError: what a failed expectation raises.
local _, use = ...

local class = use("async/native").class
local Error = use("async/native").errors.Error

local AssertionError = class("AssertionError", Error)

-- Raises an AssertionError with the message and the lines of the diff (or nil); `level` is that of error().
local function fail(message, details, level, fields)
  local text = details and #details > 0 and message .. "\n" .. table.concat(details, "\n") or message
  local frame = debug.getinfo(level, "Sl")
  local err = AssertionError(text, fields)
  if frame then err.source, err.line = frame.source, frame.currentline end
  error(err, level)
end

return { AssertionError = AssertionError, fail = fail }
