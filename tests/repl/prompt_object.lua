-- The Prompt object itself, without the session around it: run by drive.py on a pseudo-terminal, which types where it
-- is asked to. What differs from what is expected is an error.
local function upvalue(fn, wanted)
  for i = 1, 255 do
    local name, value = debug.getupvalue(fn, i)
    if name == nil then error("no upvalue " .. wanted) end
    if name == wanted then return value end
  end
end

-- The module's C++ part: `use` of its Lua files is a closure over it.
local _, core = debug.getupvalue(upvalue(neap.repl.start, "use"), 2)

local function check(value, what)
  if not value then error(what or "check failed", 2) end
  return value
end

local function check_equal(got, wanted)
  if got ~= wanted then error(("%s, and not %s"):format(tostring(got), tostring(wanted)), 2) end
end

local function check_raises(class, text, fn, ...)
  local ok, err = pcall(fn, ...)
  check(not ok, "no error")
  if not async.is(err, class) or not tostring(err):find(text, 1, true) then error(tostring(err), 2) end
end

if arg[1] == "no terminal" then
  check_equal(core.can_prompt(), false)
  check_raises(async.RuntimeError, "must be a terminal", core.prompt, {})
  return
end

check_equal(core.can_prompt(), true)
local prompt = core.prompt {}
check_equal(tostring(prompt), "<Prompt open>")
check_raises(async.RuntimeError, "another prompt is open", core.prompt, {})
check_raises(async.TypeError, "option 'text' of Prompt:read must be a string, got table", prompt.read, prompt, { text = {} })
check_raises(async.TypeError, "Prompt:read must be called with a colon", prompt.read, {})
check_equal(select("#", prompt:size()), 2)

-- One task reads; cancelled, it leaves the prompt to others.
local reader = async.spawn(prompt.read, prompt, { prompt = "first> " })
async.sleep(0)
check_equal(tostring(prompt), "<Prompt reading>")
check_raises(async.RuntimeError, "another task is reading", prompt.read, prompt, {})
reader:cancel()
async.wait { reader }
check(reader:cancelled())
check_equal(tostring(prompt), "<Prompt open>")

-- What hooks raise is told nobody; a hook that waits is an error in it.
prompt:set_hooks {
  complete = function() error("complete") end,
  describe = function() async.sleep(1) end,
  names = function() error({}) end,
  is_complete = function(text) return text:find(";$") ~= nil or error("is_complete") end,
}
check_equal(prompt:read { prompt = "hooks> " }, "typed;")
check_equal(prompt:history()[1], "typed;")
prompt:add_history("added")
check_equal(prompt:history()[2], "added")

-- Candidates that are none, and a place that is none.
prompt:set_hooks {
  complete = function(text, cursor)
    check_equal(cursor, #text)
    return { from = -5, { text = "whole" }, "no table", { text = "unseen" } }
  end,
}
check_equal(prompt:read { prompt = "complete> " }, "whole")

-- A hook may cancel who reads, and cannot close the prompt.
local cannot
prompt:set_hooks {
  complete = function()
    cannot = select(2, pcall(prompt.close, prompt))
    reader:cancel()
  end,
}
reader = async.spawn(prompt.read, prompt, { prompt = "cancel> " })
async.wait { reader }
check(reader:cancelled())
check(tostring(cannot):find("a hook of the prompt cannot close it", 1, true), tostring(cannot))
prompt:set_hooks {}

-- Without on_signal Ctrl-C cancels what is in the foreground; with it, that function is asked.
local function interrupted(signal)
  local foreground = async.spawn(async.sleep, 1000)
  prompt:set_foreground(foreground)
  io.stdout:write("ready for ", signal, "\n")
  local ok = pcall(async.wait_for, foreground, 20)
  prompt:set_foreground(nil)
  return not ok and foreground:cancelled()
end
async.catch(function() check(interrupted("Ctrl-C")) end)
local signals, all_came = {}, async.Event()
prompt:on_signal(function(signal)
  signals[#signals + 1] = signal
  if #signals == 2 then all_came:set() end
end)

io.stdout:write("ready for both\n")
async.wait_for(async.spawn(all_came.wait, all_came), 20)
check_equal(table.concat(signals, " "), "interrupt suspend")

-- A line without an end is shown although the program does not wait.
io.write("half a ")
io.stderr:write("line\n")

-- Who reads when the prompt is closed gets nil.
reader = async.spawn(prompt.read, prompt, { prompt = "closed> " })
async.sleep(0)
prompt:close()
check_equal(reader:done(), false)
check_equal(select("#", await(reader)), 0)
check_equal(tostring(prompt), "<Prompt closed>")
prompt:close()
check_raises(async.RuntimeError, "Prompt:read: the prompt is closed", prompt.read, prompt, {})
check_raises(async.RuntimeError, "Prompt:clear: the prompt is closed", prompt.clear, prompt)

-- And another one can be opened, closed at the end of its block.
do
  local second <close> = core.prompt {}
  check_equal(second:read { prompt = "second> ", text = "given" }, "given")
end
print("all is well")
