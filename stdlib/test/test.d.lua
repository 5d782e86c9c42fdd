---@meta neap.test

-- Types of neap.test for lua-language-server. Tests are declared while a file is loaded; `neap test` runs them, and so
-- does the end of a script that declares some. A wrong argument is a TypeError or a ValueError that names it.

---Declares a test: `test(name, fn)` or `test(name, options, fn)`.
---@class test
---@overload fun(name: string, fn: fun())
---@overload fun(name: string, options: test.Options, fn: fun())
---@field AssertionError async.ErrorObject what a failed expectation raises: `message`, `source`, `line`
local test = {}

---Options of a test.
---@class test.Options
---@field timeout? number seconds of real time that the test and its hooks may take; 0 for no limit (5, or `--timeout`)
---@field clock? "virtual" the test runs under the virtual clock
---@field seed? integer of the order in which tasks run, and of math.random
---@field skip? boolean|string the test is not run; a string is the reason
---@field only? boolean other tests of the file are not run

-- Declaring ------------------------------------------------------------------------------------------------------

---The module itself: `local test, expect = t.test, t.expect`.
---@type test
test.test = test

---A group: the tests and hooks that `fn` declares. Groups may be nested.
---@param name string
---@param fn fun()
function test.describe(name, fn) end

---`skip(name, fn)` declares a test that is not run; `skip(reason)` ends the test that runs, as skipped.
---@param name? string
---@param options? test.Options
---@param fn? fun()
---@overload fun(name: string, fn: fun())
function test.skip(name, options, fn) end

---A test that keeps all others of its file from running.
---@param name string
---@param options test.Options
---@param fn fun()
---@overload fun(name: string, fn: fun())
function test.only(name, options, fn) end

---`fn` runs before each test of the group, and of the groups in it, in the test's task.
---@param fn fun()
function test.before_each(fn) end

---`fn` runs after each test of the group, whatever came of it, in the test's task.
---@param fn fun()
function test.after_each(fn) end

---`fn` runs once before the first test of the group; tasks that it starts go on until `after_all` has run.
---@param fn fun()
function test.before_all(fn) end

---`fn` runs once after the last test of the group, also when `before_all` failed.
---@param fn fun()
function test.after_all(fn) end

-- Checking -------------------------------------------------------------------------------------------------------

---What a value is to be: `expect(x):to_equal(y)`. A matcher that fails raises AssertionError.
---@param value any
---@return test.Expectation
function test.expect(value) end

---Calls `fn(...)`, which must raise: an instance of the class, or an error whose text has the pattern; with nil,
---anything. A CancelledError passes on unless it is asked for.
---@async
---@param wanted async.ErrorObject|string|nil
---@param fn fun(...)
---@param ... any
---@return any err
function test.raises(wanted, fn, ...) end

---What `test.expect` gives: a value that is to be something.
---@class test.Expectation
---@field never test.Expectation the opposite: `expect(x).never:to_be_nil()`
local Expectation = {}

---Numbers, strings and other plain values as `==` says; tables by what is in them, and with the same metatable.
---@param expected any
function Expectation:to_equal(expected) end

---The very same value.
---@param expected any
function Expectation:to_be(expected) end

---nil.
function Expectation:to_be_nil() end

---Neither nil nor false.
function Expectation:to_be_truthy() end

---nil or false.
function Expectation:to_be_falsy() end

---A type of Lua's ("table", "integer"), the `__name` of a metatable ("Task"), or an error class.
---@param kind string|async.ErrorObject
function Expectation:to_be_a(kind) end

---A number that differs by no more than the tolerance.
---@param expected number
---@param tolerance? number 1e-9
function Expectation:to_be_close_to(expected, tolerance) end

---A number from `low` to `high`, both included.
---@param low number
---@param high number
function Expectation:to_be_between(low, high) end

---A string in which the pattern is found.
---@param pattern string
function Expectation:to_match(pattern) end

---A string that has the text in it, or a list with an equal item.
---@param part any
function Expectation:to_contain(part) end

---A table with these fields, equal ones, and maybe others.
---@param fields table
function Expectation:to_have_fields(fields) end

---A string or table of that length, by `#`.
---@param length integer
function Expectation:to_have_length(length) end

---A function that raises an instance of the class, or an error whose text has the pattern; without argument, anything.
---@async
---@param wanted? async.ErrorObject|string
function Expectation:to_raise(wanted) end

-- Time and order -------------------------------------------------------------------------------------------------

---From here on the test runs under the virtual clock. RuntimeError outside a test, unless the clock is virtual already.
---@return test.Clock
function test.clock() end

---The virtual clock of a test.
---@class test.Clock
local Clock = {}

---Seconds since the clock was made.
---@return number
function Clock:time() end

---Lets everything happen that is due in the next `seconds`. Waits.
---@async
---@param seconds number
function Clock:advance(seconds) end

---Calls `fn` in the usual order of its tasks, in `seeds` random ones, and, with `cancel`, once for each suspension of a
---task that it starts, which is cancelled there; every time alone, under the virtual clock. The first failure is raised
---as an AssertionError that says how to repeat it. Returns how many times `fn` ran. RuntimeError outside a test.
---@async
---@param fn fun()
---@param options? test.ExploreOptions
---@return integer
function test.explore(fn, options) end

---Options of `test.explore`.
---@class test.ExploreOptions
---@field seeds? integer 200
---@field cancel? boolean true

return test
