-- The pages of `.help topic`. Code is indented by four blanks, and runs as it stands (tests/repl/docs_test.lua).
local core, use = ...

local list = {}

local function topic(name, title, text)
  list[#list + 1] = { name = name, title = title, text = text }
end

topic("tasks", "Tasks: calls that run side by side", [[
Any function may wait; only its task is suspended. An entry is a task, so waiting works here:

    async.sleep(0.1)

`async.spawn` starts a task and goes on; `await` waits for its results, or raises its error:

    local task = async.spawn(function() async.sleep(0.2) return "done" end)
    await(task)                            --> "done"

`async(fn)` makes a function whose calls are only described. Several at once:

    local double = async(function(x) async.sleep(0.1) return 2 * x end)
    async.gather(double(1), double(2))     --> {2, 4, n = 2}

A task goes on while you type. `.tasks` lists them, `.cancel N` ends one, `.tree` shows who waits for whom.
More: .help groups, .help cancellation, ?async.map, ?async.as_completed]])

topic("timeouts", "Timeouts: no longer than that", [[
A function with a limit raises TimeoutError when the time is over; what it waited for is cancelled:

    local ok, err = pcall(async.timeout, 0.1, async.sleep, 9)
    err                   --> TimeoutError: timed out after 0.1 seconds

To go on in any case, without an error:

    async.move_on_after(0.1, async.sleep, 9)       --> false

A block with a limit, which may be moved meanwhile:

    do
      local scope <close> = async.timeout(5)
      async.sleep(0.1)
      scope:reschedule(async.get_running_loop():time() + 10)
    end

More: ?async.wait_for, ?async.timeout_at, ?Timeout]])

topic("groups", "Groups: tasks that end together", [[
The block of a TaskGroup is left when all its tasks have ended:

    do
      local group <close> = async.TaskGroup()
      group:spawn(function() async.sleep(0.2) print("second") end)
      group:spawn(function() async.sleep(0.1) print("first") end)
    end

When one fails, the others are cancelled, and the block raises an ExceptionGroup with every error:

    local ok, err = pcall(async.with, async.TaskGroup(), function(group)
      group:spawn(error, "broken")
      group:spawn(async.sleep, 9)
    end)
    err.exceptions                                 --> {"broken"}

A list with so many at a time:

    local function square(x) async.sleep(0.1) return x * x end
    async.map({ 1, 2, 3 }, square, { limit = 2 })  --> {1, 4, 9, n = 3}

More: ?async.gather, ?async.race, ?async.any, ?TaskGroup]])

topic("cancellation", "Cancellation: a request to end", [[
`cancel` raises a CancelledError where the task waits. Ctrl-C does that to the entry that runs.

    local Guard = { __close = function() print("cleaned up") end }
    local task = async.spawn(function()
      local guard <close> = setmetatable({}, Guard)
      async.sleep(9)
    end)
    async.sleep(0)
    task:cancel()

It is an error that `pcall` lets pass; `<close>` variables run, and may wait. To see it:

    async.catch(await, task)                       --> false, CancelledError

What must not be stopped half-way is shielded from whoever waits for it:

    async.shield(function() async.sleep(0.1) return "written" end)

More: ?async.try, ?async.shield, ?Task:uncancel]])

topic("streams", "Streams: connections, pipes, the terminal", [[
A server gives each connection a task; the Stream comes twice, as reader and writer:

    local server = async.start_server(function(stream)
      for line in stream:lines() do stream:write(line:upper(), "\n") end
    end, "127.0.0.1", 0)

A client:

    local stream = async.open_connection("127.0.0.1", server:address().port)
    stream:write("hello\n")
    stream:readline()                              --> "HELLO\n"
    stream:close()
    server:shutdown(0)

The server goes on while you type, until it is closed. Reads give nil at the end; writes wait while the peer is slow.
More: ?Stream, ?async.open_unix_connection, ?async.open_udp, ?neap.fs]])

topic("processes", "Processes: other programs", [[
A program from its start to its end:

    local result = async.subprocess.run({ "echo", "hello" }, { capture = true })
    result.stdout                                  --> "hello\n"

A shell command, read while it runs:

    local command = io.popen("echo one; sleep 0.1; echo two")
    for line in command:lines() do print(line) end
    command:close()                                --> true, "exit", 0

A process to talk to, which is killed at the end of the block:

    do
      local pipe = async.subprocess.PIPE
      local options = { stdin = pipe, stdout = pipe }
      local cat <close> = async.create_subprocess_exec("cat", options)
      print((cat:communicate("to and fro")))
    end

More: ?async.create_subprocess_exec, ?async.create_subprocess_shell, ?Process]])

topic("errors", "Errors: objects with a class", [[
    local err = select(2, pcall(neap.fs.read, "/no/such/file"))
    err.code                                       --> "ENOENT"
    err:is(async.OSError)                          --> true

`try` chooses by class, and returns what the body or the handler returned:

    async.try(function() error(async.ValueError("too big")) end,
      async.except(async.ValueError, function(e) return e.message end))

A class of your own:

    local RetryError = async.class("RetryError", async.Error)
    pcall(error, RetryError("three times", { attempts = 3 }))

An error of an entry is shown with its place and who waited; the prompt goes on, and so do other tasks. An error
that nobody looks at is reported above the prompt.
More: ?async.except_group, ?async.catch, ?async.ExceptionGroup]])

topic("keys", "Keys", [[
Enter        run the entry, or begin another line while it is incomplete
Tab          complete names, fields, methods, modules, file names, options
Ctrl-C       put the entry away; cancel the one that runs
Ctrl-D       leave, on an empty entry; else delete the character at the cursor
Ctrl-Z       send the running entry to the background; while typing, stop neap
Up, Down     earlier entries that begin as this one does; lines of a long one
Ctrl-R       search in earlier entries
Ctrl-A, -E   beginning and end of the line; Alt-B, Alt-F a word back and forward
Ctrl-W, -U   cut the word, the line before the cursor; Ctrl-Y puts it back
Ctrl-_       undo
Alt-Enter    begin another line; Ctrl-X Ctrl-E edits the entry in your editor
Ctrl-L       clear the screen
Right        take the suggestion shown behind the cursor

What is pasted is put in as it is, and runs when you press Enter.]])

topic("commands", "Commands", [[
A line that begins with a point is for the prompt; `.help` lists all.

?name              signature and documentation: ?async.sleep, ?Task:cancel
.tasks   .tree     what runs, and who waits for whom
.cancel N          cancel a task of .tasks
.jobs              entries in the background; .fg brings one back
.time CODE         how long it takes: .time async.sleep(0.1)
.bench CODE        how long one run of many takes: .bench string.rep("x", 100)
.load FILE         run a file as if it had been typed
.save FILE         write what has been entered
.edit              edit the last entry in your editor

`.help TOPIC` has more on: tasks, timeouts, groups, cancellation, streams, processes, errors, keys, values.]])

topic("values", "Values", [[
An entry that is an expression shows its values; `_` has the last one, `_1` that of entry 1. Locals stay:

    local list = { 1, 2, name = "three" }
    list                                           --> {1, 2, name = "three"}

Tables are shown list part first, then keys in order, cut when they are large or deep:

    { { { { { "deep" } } } } }                     --> {{{{{…}}}}}

One that comes again is marked: `*1` is the table that begins with `&1`.

    local me = {}
    me.self = me
    me                                             --> &1 {self = *1}

A metatable's __name is shown, its __tostring asked; nothing else of yours runs:

    setmetatable({ x = 1 }, { __name = "Point" })  --> Point {x = 1}

Integers and floats differ: 1 and 1.0. For all of a value, print its parts.]])

local keywords = {
  ["and"] = "`a and b`: a when it is nil or false, else b",
  ["break"] = "leaves the innermost loop",
  ["do"] = "`do ... end`: a block, with locals of its own",
  ["else"] = "`if c then ... else ... end`: what is done when no condition holds",
  ["elseif"] = "`if a then ... elseif b then ... end`: a further condition",
  ["end"] = "ends a block",
  ["false"] = "the boolean; with nil the only value that counts as false",
  ["for"] = "`for i = 1, 10, step do ... end`, or `for key, value in pairs(t) do ... end`",
  ["function"] = "`function name(a, ...) ... end`, `local function name() ... end`; a value: `function() end`",
  ["goto"] = "`goto name` goes on at the label `::name::` of a block that it is in",
  ["if"] = "`if c then ... elseif d then ... else ... end`",
  ["in"] = "`for key, value in pairs(t) do ... end`: the iterator of a loop",
  ["local"] = "`local a, b = 1, 2`; `local x <const> = 1`; `local f <close> = io.open(name)`, closed with its block",
  ["nil"] = "no value",
  ["not"] = "`not a`: true when a is nil or false",
  ["or"] = "`a or b`: a, unless it is nil or false; then b",
  ["repeat"] = "`repeat ... until c`: a loop that runs once at least",
  ["return"] = "`return a, b`: the results of the function; last in its block",
  ["then"] = "`if c then ... end`",
  ["true"] = "the boolean",
  ["until"] = "`repeat ... until c`: where the loop ends, when c holds",
  ["while"] = "`while c do ... end`",
}

return { list = list, keywords = keywords }
