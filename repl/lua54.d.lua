---@meta

-- Lua 5.4's own library, as neap has it, for the prompt: parameters, results, and a line on each. What neap changes is
-- explained in stdlib/base/README.md.

---The table of all globals.
---@type table
_G = nil

---The version of the language: "Lua 5.4".
---@type string
_VERSION = nil

---The command line: the script at 0, its arguments from 1 on, and what stood before it below 0.
---@type string[]
arg = nil

---Returns all its arguments, unless the first is nil or false: then raises the message.
---@param value any
---@param message? any default: "assertion failed!"
---@param ... any
---@return any ...
function assert(value, message, ...) end

---Steers the garbage collector, or asks it. "collect" runs a whole cycle; "count" gives the kilobytes in use; "stop"
---and "restart" halt it and let it go on; "step" does a little; "isrunning" asks; "incremental" and "generational"
---choose how it works.
---@param option? "collect"|"stop"|"restart"|"count"|"step"|"isrunning"|"incremental"|"generational" default: "collect"
---@param ... integer what the option takes
---@return number|boolean|string
function collectgarbage(option, ...) end

---Runs the file as a chunk and returns what it returns. The file may wait.
---@async
---@param filename? string default: standard input
---@return any ...
function dofile(filename) end

---Raises the error, which need not be a string. To a string the place is added: of the caller of `error` at level 1,
---of that one's caller at level 2, none at level 0.
---@param message any
---@param level? integer default: 1
function error(message, level) end

---The metatable of the value, or its `__metatable` field when it has one; nil without.
---@param value any
---@return any
function getmetatable(value) end

---`for i, value in ipairs(list) do`: from 1 on, up to the first nil.
---@param list table
---@return function
---@return table
---@return integer
function ipairs(list) end

---Compiles a chunk and returns it as a function; nil and a message when it is not Lua. Binary chunks only by mode.
---@param chunk string|fun(): string? the text, or a function that gives it in pieces
---@param chunkname? string for messages: "@file", "=name", or the text itself
---@param mode? "t"|"b"|"bt" default: "t"
---@param env? table the globals of the chunk
---@return function? chunk
---@return string? message
function load(chunk, chunkname, mode, env) end

---Compiles a file and returns it as a function; nil and a message when that fails.
---@param filename? string default: standard input
---@param mode? "t"|"b"|"bt" default: "t"
---@param env? table the globals of the chunk
---@return function? chunk
---@return string? message
function loadfile(filename, mode, env) end

---The key after `key` in the table and its value, in an order of Lua's own; nil after the last. `next(t) == nil`: it
---is empty.
---@param t table
---@param key? any nil: the first one
---@return any key
---@return any value
function next(t, key) end

---`for key, value in pairs(t) do`: all entries, in an order of Lua's own, or as `__pairs` says.
---@param t any
---@return function
---@return any
---@return any
function pairs(t) end

---Calls `fn(...)`: true and its results, or false and the error. The call may wait. A CancelledError passes through:
---see async.catch.
---@async
---@param fn function
---@param ... any
---@return boolean ok
---@return any ...
function pcall(fn, ...) end

---Writes its arguments as text, with tabs between them and a newline.
---@param ... any
function print(...) end

---Compares without `__eq`.
---@param a any
---@param b any
---@return boolean
function rawequal(a, b) end

---`t[key]` without `__index`.
---@param t table
---@param key any
---@return any
function rawget(t, key) end

---`#value` without `__len`.
---@param value table|string
---@return integer
function rawlen(value) end

---`t[key] = value` without `__newindex`.
---@param t table
---@param key any
---@param value any
---@return table t
function rawset(t, key, value) end

---Loads a module once, and returns what it gave: from package.loaded, or by package.searchers. The module may wait.
---@param name string
---@return any module
---@return any where what the searcher told, mostly the file
function require(name) end

---The arguments from the n-th on, from the end for a negative n; "#": how many there are.
---@param n integer|"#"
---@param ... any
---@return any ...
function select(n, ...) end

---Sets the metatable of a table; nil takes it away. An error when the old one has `__metatable`.
---@generic T: table
---@param t T
---@param metatable table?
---@return T t
function setmetatable(t, metatable) end

---The number that a string means, nil when it means none; with a base from 2 to 36 an integer in its digits.
---@param value any
---@param base? integer
---@return number?
function tonumber(value, base) end

---The value as text for people, or what `__tostring` says.
---@param value any
---@return string
function tostring(value) end

---"nil", "number", "string", "boolean", "table", "function", "thread" or "userdata".
---@param value any
---@return string
function type(value) end

---Writes a warning; one that begins with "@" is a command: "@on", "@off".
---@param message string
---@param ... string further pieces
function warn(message, ...) end

---As pcall; the handler gets the error where it was raised, and what it returns comes in its place. It cannot wait.
---@async
---@param fn function
---@param handler fun(err: any): any
---@param ... any
---@return boolean ok
---@return any ...
function xpcall(fn, handler, ...) end

-- string ---------------------------------------------------------------------------------------------------------

---Strings of bytes. All are methods as well: `s:upper()`.
---@class string
string = {}

---The bytes from i to j as numbers.
---@param s string
---@param i? integer default: 1
---@param j? integer default: i
---@return integer ...
function string.byte(s, i, j) end

---The string of these bytes.
---@param ... integer
---@return string
function string.char(...) end

---A function as a binary chunk, for `load`.
---@param fn function
---@param strip? boolean without what only debugging needs
---@return string
function string.dump(fn, strip) end

---Where the pattern is found first: its first and last byte, and the captures; nil when nowhere.
---@param s string
---@param pattern string
---@param init? integer where to begin, default: 1
---@param plain? boolean the pattern is taken as it is
---@return integer? first
---@return integer? last
---@return any ... captures
function string.find(s, pattern, init, plain) end

---The values as a text, as C's printf does it: %d %i %u %c %x %X %o %e %E %f %F %g %G %a %A %s %p, and %q, which Lua
---can read back.
---@param format string
---@param ... any
---@return string
function string.format(format, ...) end

---`for word in s:gmatch("%a+") do`: the captures of each place where the pattern is found, or all of it.
---@param s string
---@param pattern string
---@param init? integer where to begin, default: 1
---@return fun(): string?, ...
function string.gmatch(s, pattern, init) end

---A copy in which what the pattern finds is replaced: by a string (%0, %1 are the captures), by what a table has for
---the first capture, or by what a function of the captures returns; nil and false keep it. And how often it was
---found.
---@param s string
---@param pattern string
---@param replacement string|number|table|function
---@param n? integer at most so often
---@return string
---@return integer count
function string.gsub(s, pattern, replacement, n) end

---Its length in bytes.
---@param s string
---@return integer
function string.len(s) end

---With small letters.
---@param s string
---@return string
function string.lower(s) end

---The captures of the first place where the pattern is found, or all of it; nil when nowhere.
---@param s string
---@param pattern string
---@param init? integer where to begin, default: 1
---@return any ... captures
function string.match(s, pattern, init) end

---The values as bytes: "<i4" is a little-endian integer of four bytes, "z" a string with a zero at its end, "s2" one
---with its length before it, "d" a double, and so on.
---@param format string
---@param ... any
---@return string
function string.pack(format, ...) end

---How many bytes such a pack has. Not for formats with "s" or "z".
---@param format string
---@return integer
function string.packsize(format) end

---It n times, with a separator between.
---@param s string
---@param n integer
---@param separator? string
---@return string
function string.rep(s, n, separator) end

---Its bytes from the last to the first.
---@param s string
---@return string
function string.reverse(s) end

---The bytes from i to j; negative ones count from the end.
---@param s string
---@param i integer
---@param j? integer default: -1
---@return string
function string.sub(s, i, j) end

---The values that `string.pack` made into bytes, and where the next one begins.
---@param format string
---@param s string
---@param init? integer where to begin, default: 1
---@return any ...
function string.unpack(format, s, init) end

---With capital letters.
---@param s string
---@return string
function string.upper(s) end

-- table ----------------------------------------------------------------------------------------------------------

---Functions on lists.
---@class table
table = {}

---The strings and numbers of a list as one string.
---@param list table
---@param separator? string
---@param i? integer default: 1
---@param j? integer default: #list
---@return string
function table.concat(list, separator, i, j) end

---Inserts the value before position `pos`, or, with two arguments, at the end: `table.insert(list, value)`.
---@param list table
---@param pos integer
---@param value any
---@overload fun(list: table, value: any)
function table.insert(list, pos, value) end

---Copies from[first] ... from[last] to to[at] and on; they may overlap.
---@param from table
---@param first integer
---@param last integer
---@param at integer
---@param to? table default: from
---@return table to
function table.move(from, first, last, at, to) end

---Its arguments as a list, with their number `n`.
---@param ... any
---@return table
function table.pack(...) end

---Takes an item out, by default the last, and returns it.
---@param list table
---@param pos? integer default: #list
---@return any
function table.remove(list, pos) end

---Sorts the list in its place, by `<` or by `before(a, b)`, which says whether a is to come before b, and cannot wait.
---@param list table
---@param before? fun(a: any, b: any): boolean
function table.sort(list, before) end

---The items of a list as several values.
---@param list table
---@param i? integer default: 1
---@param j? integer default: #list
---@return any ...
function table.unpack(list, i, j) end

-- math -----------------------------------------------------------------------------------------------------------

---Numbers. Angles are in radians.
---@class math
math = {}

---Without its sign.
---@param x number
---@return number
function math.abs(x) end

---Arc cosine.
---@param x number
---@return number
function math.acos(x) end

---Arc sine.
---@param x number
---@return number
function math.asin(x) end

---Arc tangent of y/x, in the quadrant of the two signs.
---@param y number
---@param x? number default: 1
---@return number
function math.atan(y, x) end

---The least integer that is not below x.
---@param x number
---@return integer
function math.ceil(x) end

---Cosine.
---@param x number
---@return number
function math.cos(x) end

---Radians as degrees.
---@param x number
---@return number
function math.deg(x) end

---e to the power of x.
---@param x number
---@return number
function math.exp(x) end

---The greatest integer that is not above x.
---@param x number
---@return integer
function math.floor(x) end

---What is left of x when y has been taken from it as often as it goes, rounding towards zero.
---@param x number
---@param y number
---@return number
function math.fmod(x, y) end

---Infinity.
---@type number
math.huge = nil

---Logarithm.
---@param x number
---@param base? number default: e
---@return number
function math.log(x, base) end

---The greatest of them.
---@param x number
---@param ... number
---@return number
function math.max(x, ...) end

---The greatest integer.
---@type integer
math.maxinteger = nil

---The least of them.
---@param x number
---@param ... number
---@return number
function math.min(x, ...) end

---The least integer.
---@type integer
math.mininteger = nil

---Its integral part, as a float, and its fractional part.
---@param x number
---@return number whole
---@return number fraction
function math.modf(x) end

---Half of the way round the circle of radius 1.
---@type number
math.pi = nil

---Degrees as radians.
---@param x number
---@return number
function math.rad(x) end

---A float from 0 up to 1; an integer from 1 to m, or from m to n. `math.random(0)`: an integer of 64 random bits.
---@param m? integer
---@param n? integer
---@return number
function math.random(m, n) end

---Makes what `random` gives repeatable by a seed; without one, different each time.
---@param x? integer
---@param y? integer
---@return integer x the seed that was used
---@return integer y
function math.randomseed(x, y) end

---Sine.
---@param x number
---@return number
function math.sin(x) end

---Square root.
---@param x number
---@return number
function math.sqrt(x) end

---Tangent.
---@param x number
---@return number
function math.tan(x) end

---A float or a string of integral value as an integer; nil for anything else.
---@param x any
---@return integer?
function math.tointeger(x) end

---"integer", "float", or nil for what is no number.
---@param x any
---@return string?
function math.type(x) end

---`m < n` of integers without signs.
---@param m integer
---@param n integer
---@return boolean
function math.ult(m, n) end

-- What a Lua has that was built with LUA_COMPAT_MATHLIB, as Debian's is; programs for every Lua do without.

---Arc tangent of y/x; the same as `math.atan(y, x)`.
---@param y number
---@param x number
---@return number
function math.atan2(y, x) end

---Hyperbolic cosine.
---@param x number
---@return number
function math.cosh(x) end

---x as m * 2^e, where m is from 0.5 up to 1, or 0.
---@param x number
---@return number m
---@return integer e
function math.frexp(x) end

---m * 2^e.
---@param m number
---@param e integer
---@return number
function math.ldexp(m, e) end

---Logarithm to the base of 10.
---@param x number
---@return number
function math.log10(x) end

---x ^ y.
---@param x number
---@param y number
---@return number
function math.pow(x, y) end

---Hyperbolic sine.
---@param x number
---@return number
function math.sinh(x) end

---Hyperbolic tangent.
---@param x number
---@return number
function math.tanh(x) end

-- io -------------------------------------------------------------------------------------------------------------

---Lua's files. Reading of standard input and everything of popen waits, the files of `io.open` block: see neap.fs.
---@class io
io = {}

---@alias io.Mode "r"|"w"|"a"|"r+"|"w+"|"a+"|"rb"|"wb"|"ab"|"r+b"|"w+b"|"a+b"
---@alias io.Format "n"|"a"|"l"|"L"|integer

---Closes the file, by default the standard output.
---@param file? file*
---@return boolean? ok
---@return string? how of popen: "exit" or "signal"
---@return integer? code
function io.close(file) end

---Writes what is kept of the default output.
---@return file*? file
---@return string? message
function io.flush() end

---The default input, or another one from now on.
---@param file? string|file*
---@return file*
function io.input(file) end

---`for line in io.lines(name) do`: by the formats of `File:read`, default "l". The file is closed at the end.
---@param filename? string default: the default input, which stays open
---@param ... io.Format
---@return fun(): any
---@return nil
---@return nil
---@return file*? file
function io.lines(filename, ...) end

---Opens a file; nil and a message when that fails.
---@param filename string
---@param mode? io.Mode default: "r"
---@return file*? file
---@return string? message
---@return integer? errno
function io.open(filename, mode) end

---The default output, or another one from now on.
---@param file? string|file*
---@return file*
function io.output(file) end

---Starts a shell command, to read what it writes ("r") or to write what it reads ("w"). Its file waits.
---@param command string
---@param mode? "r"|"w" default: "r"
---@return file*? file
---@return string? message
function io.popen(command, mode) end

---Reads from the default input; see `File:read`.
---@async
---@param ... io.Format
---@return any ...
function io.read(...) end

---Standard error.
---@type file*
io.stderr = nil

---Standard input.
---@type file*
io.stdin = nil

---Standard output.
---@type file*
io.stdout = nil

---A file without a name, for reading and writing, which is gone when it is closed.
---@return file*? file
---@return string? message
function io.tmpfile() end

---"file", "closed file", or nil for what is no file.
---@param value any
---@return string?
function io.type(value) end

---Writes to the default output.
---@async
---@param ... string|number
---@return file*? file
---@return string? message
function io.write(...) end

---A file of Lua's.
---@class file*
local File = {}

---@async
---@return boolean? ok
---@return string? how of popen: "exit" or "signal"
---@return integer? code
function File:close() end

---Writes what is kept of it.
---@return file*? file
---@return string? message
function File:flush() end

---`for line in file:lines() do`: by the formats of `read`, default "l". The file stays open.
---@param ... io.Format
---@return fun(): any
function File:lines(...) end

---Reads by format: "l" a line, "L" a line with its end, "n" a number, "a" all the rest, an integer so many bytes at
---most. nil for what is not there.
---@async
---@param ... io.Format default: "l"
---@return any ...
function File:read(...) end

---Moves to so many bytes from the beginning, the current position or the end.
---@param whence? "set"|"cur"|"end" default: "cur"
---@param offset? integer default: 0
---@return integer? position from the beginning
---@return string? message
function File:seek(whence, offset) end

---How much is kept before it is written: nothing, a buffer, or a line.
---@param mode "no"|"full"|"line"
---@param size? integer bytes of the buffer
---@return boolean? ok
function File:setvbuf(mode, size) end

---@async
---@param ... string|number
---@return file*? file
---@return string? message
function File:write(...) end

-- os -------------------------------------------------------------------------------------------------------------

---The system.
---@class os
os = {}

---Seconds of computing that the process has used.
---@return number
function os.clock() end

---A time as text by strftime's format ("!%Y-%m-%d" for UTC), or with "*t" as a table.
---@param format? string default: "%c"
---@param time? integer default: now
---@return string|table
function os.date(format, time) end

---Seconds between two times.
---@param to integer
---@param from integer
---@return number
function os.difftime(to, from) end

---Runs a shell command and waits for its end. Without one: is there a shell?
---@async
---@param command? string
---@return boolean? ok true when it returned 0
---@return string how "exit" or "signal"
---@return integer code
function os.execute(command) end

---Ends the program at once: tasks are not run further.
---@param code? boolean|integer default: true, which is 0
---@param close? boolean closes the Lua state first
function os.exit(code, close) end

---A variable of the environment.
---@param name string
---@return string?
function os.getenv(name) end

---Deletes a file, or an empty directory.
---@param filename string
---@return boolean? ok
---@return string? message
---@return integer? errno
function os.remove(filename) end

---Gives a file another name.
---@param from string
---@param to string
---@return boolean? ok
---@return string? message
---@return integer? errno
function os.rename(from, to) end

---Sets or asks the locale of the C library.
---@param locale? string "" is the system's, nil asks
---@param category? "all"|"collate"|"ctype"|"monetary"|"numeric"|"time" default: "all"
---@return string?
function os.setlocale(locale, category) end

---Seconds since 1970, now or at the fields year, month, day, hour, min, sec of a table, which are put in order.
---@param table? table
---@return integer
function os.time(table) end

---A name for a temporary file, which exists then.
---@return string
function os.tmpname() end

-- coroutine ------------------------------------------------------------------------------------------------------

---Functions that can be left in the middle. Code in a coroutine may wait: the task that resumed it is suspended then.
---@class coroutine
coroutine = {}

---Closes a coroutine that is suspended or dead: its `<close>` variables run, and may wait. true, or false and the
---error.
---@param co thread
---@return boolean ok
---@return any err
function coroutine.close(co) end

---A new coroutine that will call `fn`.
---@param fn function
---@return thread
function coroutine.create(fn) end

---True when the running code may yield: false at the top of a task, which is no coroutine of the script.
---@param co? thread
---@return boolean
function coroutine.isyieldable(co) end

---Runs a coroutine until it yields or ends: true and the values, or false and its error. A CancelledError passes
---through.
---@param co thread
---@param ... any arguments of its function, or results of its `yield`
---@return boolean ok
---@return any ...
function coroutine.resume(co, ...) end

---The running coroutine, and whether it is the main one: true at the top of a task.
---@return thread
---@return boolean main
function coroutine.running() end

---"suspended", "running", "normal" (it has resumed another, or waits) or "dead".
---@param co thread
---@return string
function coroutine.status(co) end

---A function that resumes a new coroutine each time, raises its errors, and serves a generic `for`.
---@param fn function
---@return fun(...: any): any
function coroutine.wrap(fn) end

---Goes back to who has resumed the coroutine. RuntimeError at the top of a task: there `async.sleep(0)` lets others
---run.
---@param ... any
---@return any ... what the next resume gives
function coroutine.yield(...) end

-- utf8 -----------------------------------------------------------------------------------------------------------

---Text in UTF-8.
---@class utf8
utf8 = {}

---The string of these code points.
---@param ... integer
---@return string
function utf8.char(...) end

---The pattern of one character, in valid UTF-8.
---@type string
utf8.charpattern = nil

---The code points of the characters that begin from byte i to byte j.
---@param s string
---@param i? integer default: 1
---@param j? integer default: i
---@param lax? boolean up to 2^31
---@return integer ...
function utf8.codepoint(s, i, j, lax) end

---`for position, code in utf8.codes(s) do`: an error where it is no UTF-8.
---@param s string
---@param lax? boolean
---@return fun(s: string, at: integer): integer, integer
---@return string
---@return integer
function utf8.codes(s, lax) end

---The number of characters that begin from byte i to byte j; nil and the place of the first byte that is wrong.
---@param s string
---@param i? integer default: 1
---@param j? integer default: -1
---@param lax? boolean
---@return integer? count
---@return integer? position
function utf8.len(s, i, j, lax) end

---The byte where the n-th character after byte i begins; 0 is the character that byte i is in.
---@param s string
---@param n integer
---@param i? integer default: 1, or the end for a negative n
---@return integer?
function utf8.offset(s, n, i) end

-- package --------------------------------------------------------------------------------------------------------

---How modules are found.
---@class package
package = {}

---A line each: the separator of directories, that of templates, the mark of the name in a template, and two more.
---@type string
package.config = nil

---Templates of the files of modules in C.
---@type string
package.cpath = nil

---The modules that have been loaded, by name.
---@type table<string, any>
package.loaded = nil

---Links a library in C and gives one of its functions; "*" only links it. nil, a message, and "open" or "init" else.
---@param path string
---@param name string
---@return function? fn
---@return string? message
---@return string? where
function package.loadlib(path, name) end

---Templates of the files of modules in Lua.
---@type string
package.path = nil

---Loaders of modules by name, asked before any file.
---@type table<string, function>
package.preload = nil

---The functions by which `require` looks for a loader.
---@type function[]
package.searchers = nil

---The file of the module by templates, or nil and a message that lists what was tried.
---@param name string
---@param path string templates, as package.path
---@param separator? string in the name, default: "."
---@param replacement? string of it, default: the one of directories
---@return string? filename
---@return string? message
function package.searchpath(name, path, separator, replacement) end

-- debug ----------------------------------------------------------------------------------------------------------

---A look inside, which breaks what the language promises. Many functions take a thread as first argument too.
---@class debug
debug = {}

---Reads lines from standard input and runs them, up to "cont".
function debug.debug() end

---The hook of the thread, what it is called for, and the count.
---@param thread? thread
---@return function? hook
---@return string? mask
---@return integer? count
function debug.gethook(thread) end

---What is known of a function, or of the one that runs at a level (1 is the caller), as a table; nil beyond the last.
---@param fn function|integer
---@param what? string of the fields: "nSlutfrL"
---@return table?
---@overload fun(thread: thread, fn: function|integer, what?: string): table?
function debug.getinfo(fn, what) end

---The name and value of a local variable of the function at a level; of a function its parameters' names.
---@param level integer|function
---@param index integer negative: a vararg
---@return string? name
---@return any value
---@overload fun(thread: thread, level: integer, index: integer): string?, any
function debug.getlocal(level, index) end

---The metatable of any value, whatever `__metatable` says.
---@param value any
---@return table?
function debug.getmetatable(value) end

---The table in which C code keeps its values.
---@return table
function debug.getregistry() end

---The name and value of an upvalue of a function.
---@param fn function
---@param index integer
---@return string? name
---@return any value
function debug.getupvalue(fn, index) end

---The n-th value that belongs to a userdata, and whether there is one.
---@param userdata userdata
---@param n? integer default: 1
---@return any value
---@return boolean
function debug.getuservalue(userdata, n) end

---Calls the hook at calls ("c"), returns ("r"), lines ("l"), or after so many instructions; without arguments, no more.
---@param hook? function
---@param mask? string
---@param count? integer
---@overload fun(thread: thread, hook: function, mask: string, count?: integer)
function debug.sethook(hook, mask, count) end

---Does nothing but to return 0 since Lua 5.4.3: the limit of C calls is fixed.
---@param limit integer
---@return integer|false
function debug.setcstacklimit(limit) end

---Sets a local variable of the function at a level; gives its name.
---@param level integer
---@param index integer
---@param value any
---@return string? name
---@overload fun(thread: thread, level: integer, index: integer, value: any): string?
function debug.setlocal(level, index, value) end

---Sets the metatable of any value; of one that is neither table nor userdata, that of all of its type.
---@generic T
---@param value T
---@param metatable table?
---@return T value
function debug.setmetatable(value, metatable) end

---Sets an upvalue of a function; gives its name.
---@param fn function
---@param index integer
---@param value any
---@return string? name
function debug.setupvalue(fn, index, value) end

---Sets the n-th value that belongs to a userdata.
---@param userdata userdata
---@param value any
---@param n? integer default: 1
---@return userdata?
function debug.setuservalue(userdata, value, n) end

---A message and below it the calls that are under way.
---@param message? any what is neither string nor nil is returned as it is
---@param level? integer default: 1, the caller
---@return string
---@overload fun(thread: thread, message?: any, level?: integer): string
function debug.traceback(message, level) end

---A value that says which variable an upvalue is: two functions share it when theirs are equal.
---@param fn function
---@param index integer
---@return lightuserdata?
function debug.upvalueid(fn, index) end

---Lets an upvalue of the first function be the variable that one of the second is.
---@param fn1 function
---@param index1 integer
---@param fn2 function
---@param index2 integer
function debug.upvaluejoin(fn1, index1, fn2, index2) end
