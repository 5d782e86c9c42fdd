-- What was typed, as a function.
local core, use = ...

-- True when the message says that the chunk could go on: Lua's compiler met its end.
local function wants_more(problem, text)
  if problem:sub(-5) ~= "<eof>" then return false end
  -- A quoted string does not go on in the next line, unless the line's end is escaped.
  local tokens = core.tokens(text)
  local last = tokens[#tokens]
  local open_quote = last and last[1] == "string" and last[4] and text:find("^[\"']", last[2])
  return not open_quote or text:sub(-1) == "\\"
end

-- True when Enter at the end of the text ends the entry.
local function is_complete(text)
  local expression, problem = load("return " .. text, "=entry", "t")
  if expression then return true end
  local chunk, other_problem = load(text, "=entry", "t")
  return chunk ~= nil or not (wants_more(problem, text) or wants_more(other_problem, text))
end

local Entry = {}
Entry.__index = Entry

local function nameless(fn)
  return fn
end

-- Its results as a list with `n`; its error is raised. In a traceback the function has no name of ours.
function Entry:run(...)
  if not self.is_expression then return table.pack(nameless(self.fn)(...)) end
  local results = nameless(self.fn)(table.pack) -- no tail call, which a traceback would tell
  return results
end

-- An entry of any function.
local function of(fn)
  return setmetatable({ fn = fn }, Entry)
end

-- The text as an entry, or nil and what is wrong with it. `name` is its chunk's; an expression gives its values.
local function compile(text, name, env, locals)
  -- Sound on its own, before anything is put around it.
  local is_expression = load("return " .. text, name, "t") ~= nil
  if not is_expression then
    local chunk, problem = load(text, name, "t")
    if not chunk then return nil, problem end
  end
  local fn, problem = locals:compile(text, is_expression, name, env)
  if not fn then return nil, problem end
  return setmetatable({ fn = fn, is_expression = is_expression }, Entry)
end

-- The text as a statement of a file that `.load` takes, and that may follow any other: what an expression gives is `_`.
local function as_statement(text)
  local expression = text:match("^%s*return%f[^%w_](.*)$") or text
  if load("return " .. expression, "=entry", "t") and not load(expression, "=entry", "t") then
    return "_ = " .. expression:gsub("^%s+", "")
  end
  -- A `return` would end the file, and "(" go on with the statement before.
  if not load(text .. "\nlocal _", "=entry", "t") then return "_ = (function()\n" .. text .. "\nend)()" end
  return text:find("^%s*%(") and ";" .. text or text
end

return { compile = compile, of = of, is_complete = is_complete, as_statement = as_statement }
