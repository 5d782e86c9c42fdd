-- glob: the paths that a pattern matches.
--
-- A pattern becomes alternatives (one for each way through its braces), each a list of segments: a string, the tokens
-- of a segment with wildcards, or DEEP for `**`. The tree is walked once for all of them: at each directory there is
-- a set of states, "segment i of this alternative comes next", and each name in it leads to the states of what is
-- below. So no path is given twice, and no directory is read that nothing in the pattern asks for.
local core, use = ...

local ValueError = core.ValueError
local codepoint, utf8_len = utf8.codepoint, utf8.len

local ANY, STAR, DEEP = {}, {}, {}
local DOT = ("."):byte()
local kMostAlternatives = 1000
local MOST_AT_ONCE = 1000 -- bytes; each takes a place on Lua's stack

-- Characters as numbers: code points, and negative ones for bytes that are no UTF-8.
local function codes(text)
  if #text <= MOST_AT_ONCE and not text:find("[\x80-\xFF]") then return { text:byte(1, -1) } end
  local list, i = {}, 1
  while i <= #text do
    if utf8_len(text, i, i) then
      local code = codepoint(text, i)
      list[#list + 1], i = code, i + #utf8.char(code)
    else
      list[#list + 1], i = -text:byte(i), i + 1
    end
  end
  return list
end

local function refuse(pattern, problem)
  error(ValueError(("argument 1 (pattern) of fs.glob: %s in '%s'; a backslash before a character takes its meaning away")
    :format(problem, pattern)), 0)
end

-- The end of the character class that begins at `start`; it may be without one.
local function class_end(pattern, start)
  local i = start + 1
  if pattern:find("^[!^]", i) then i = i + 1 end
  if pattern:sub(i, i) == "]" then i = i + 1 end
  while i <= #pattern do
    local char = pattern:sub(i, i)
    if char == "]" then return i end
    if char == "/" then break end
    i = i + (char == "\\" and 2 or 1)
  end
end

-- The ends of the alternatives of the brace at `start`: the places of its commas and of the closing brace.
local function brace_ends(pattern, start)
  local ends, depth, i = {}, 1, start + 1
  while i <= #pattern do
    local char = pattern:sub(i, i)
    if char == "\\" then
      i = i + 1
    elseif char == "[" then
      i = class_end(pattern, i) or i
    elseif char == "{" then
      depth = depth + 1
    elseif char == "}" then
      depth = depth - 1
    end
    if depth == 0 or (depth == 1 and char == ",") then ends[#ends + 1] = i end
    if depth == 0 then return ends end
    i = i + 1
  end
  refuse(pattern, "a brace is not closed")
end

-- Adds the patterns without braces that the pattern stands for to the list.
local function expand(pattern, list)
  local i = 1
  while i <= #pattern do
    local char = pattern:sub(i, i)
    if char == "\\" then
      i = i + 1
    elseif char == "[" then
      i = class_end(pattern, i) or i
    elseif char == "{" then
      local ends = brace_ends(pattern, i)
      local before, after, start = pattern:sub(1, i - 1), pattern:sub(ends[#ends] + 1), i + 1
      for _, stop in ipairs(ends) do
        expand(before .. pattern:sub(start, stop - 1) .. after, list)
        start = stop + 1
      end
      return
    end
    i = i + 1
  end
  if #list == kMostAlternatives then refuse(pattern, ("braces with more than %d ways through them"):format(#list)) end
  list[#list + 1] = pattern
end

-- "a-z" and the like, as {from, to, from, to, ..., negated=}.
local function compile_class(text)
  local class = { negated = text:find("^[!^]") ~= nil }
  local list, i = {}, 1
  for _, code in ipairs(codes(class.negated and text:sub(2) or text)) do list[#list + 1] = code end
  local function char()
    if list[i] == 92 and list[i + 1] then i = i + 1 end -- a backslash
    i = i + 1
    return list[i - 1]
  end
  while i <= #list do
    local from = char()
    local to = from
    if list[i] == 45 and list[i + 1] then -- a dash between two
      i = i + 1
      to = char()
    end
    class[#class + 1], class[#class + 2] = from, to
  end
  return class
end

-- A string for a segment without wildcards, else its tokens.
local function compile_segment(text, pattern)
  if text == "**" then return DEEP end
  local tokens, literal, i = {}, {}, 1
  while i <= #text do
    local char = text:sub(i, i)
    if char == "*" then
      if tokens[#tokens] ~= STAR then tokens[#tokens + 1] = STAR end
      literal = nil
    elseif char == "?" then
      tokens[#tokens + 1], literal = ANY, nil
    elseif char == "[" then
      local stop = class_end(text, i) or refuse(pattern, "a '[' is not closed")
      tokens[#tokens + 1], literal, i = compile_class(text:sub(i + 1, stop - 1)), nil, stop
    else
      if char == "\\" and i < #text then i = i + 1 end
      local stop = text:find("[*?[\\]", i + 1) or #text + 1
      local part = text:sub(i, stop - 1)
      for _, code in ipairs(codes(part)) do tokens[#tokens + 1] = code end
      if literal then literal[#literal + 1] = part end
      i = stop - 1
    end
    i = i + 1
  end
  return literal and table.concat(literal) or tokens
end

local function compile_alternative(text, pattern)
  local segments = { absolute = text:sub(1, 1) == "/", directories = text:sub(-1) == "/" }
  for part in text:gmatch("[^/]+") do
    local segment = compile_segment(part, pattern)
    if not (segment == DEEP and segments[#segments] == DEEP) then segments[#segments + 1] = segment end
  end
  if segments[#segments] == DEEP then segments[#segments + 1] = { STAR } end
  return segments
end

local function in_class(class, code)
  local found = false
  for i = 1, #class, 2 do found = found or (class[i] <= code and code <= class[i + 1]) end
  return found ~= class.negated
end

-- After a mismatch the last star takes one character more: earlier ones need never be looked at again.
local function tokens_match(tokens, list)
  local t, c, star, after = 1, 1, nil, nil
  while c <= #list do
    local token = tokens[t]
    if token == STAR then
      star, after = t, c
      t = t + 1
    elseif token == ANY or token == list[c] or (type(token) == "table" and in_class(token, list[c])) then
      t, c = t + 1, c + 1
    elseif star then
      after = after + 1
      t, c = star + 1, after
    else
      return false
    end
  end
  while tokens[t] == STAR do t = t + 1 end
  return t > #tokens
end

local function segment_matches(segment, name, hidden)
  if type(segment) == "string" then return segment == name end
  if not hidden and name:byte() == DOT and segment[1] ~= DOT then return false end
  return tokens_match(segment, codes(name))
end

-- Adds the state, and for `**`, which may stand for nothing, the one behind it.
local function add_state(states, segments, i)
  for _, state in ipairs(states) do
    if state.segments == segments and state.i == i then return end
  end
  states[#states + 1] = { segments = segments, i = i }
  if segments[i] == DEEP then add_state(states, segments, i + 1) end
end

-- What the name leads to: true if the pattern ends with it, and the states of what is below. `type` is nil when it is
-- not known; "link" may be anything.
local function advance(states, name, type, hidden)
  local hit, below = false, {}
  local enterable = type == nil or type == "directory" or type == "link" or type == "unknown"
  for _, state in ipairs(states) do
    local segments, i = state.segments, state.i
    if segments[i] == DEEP then
      if type == "directory" and (hidden or name:byte() ~= DOT) then add_state(below, segments, i) end
    elseif segment_matches(segments[i], name, hidden) then
      if i < #segments then
        if enterable then add_state(below, segments, i + 1) end
      elseif enterable or not segments.directories then
        hit = hit == true or (segments.directories and "directory" or true)
      end
    end
  end
  return hit, below
end

local kNothing = { ENOENT = true, ENOTDIR = true, ELOOP = true }

-- fn(...), or nil where there is nothing.
local function attempt(run, fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  if type(result) ~= "table" or result.code == nil then error(result, 0) end
  if kNothing[result.code] then return nil end
  if not run.onerror then error(result, 0) end
  run.onerror(result)
end

-- The names in the directory that matter, each {name=, type=}, in the order of their bytes.
local function candidates(run, prefix, states)
  local list, literals, scans = {}, {}, false
  for _, state in ipairs(states) do
    local segment = state.segments[state.i]
    if type(segment) ~= "string" then
      scans = true
    elseif not literals[segment] then
      literals[segment] = true
    end
  end
  local listing = scans and attempt(run, core.scan_glob, run.base .. (prefix == "" and run.here or prefix))
  if listing then
    for name, kind in listing.take, listing do list[#list + 1] = { name = name, type = kind } end
  end
  for name in pairs(literals) do
    if not listing or name == "." or name == ".." then list[#list + 1] = { name = name } end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- True when there is something at the path, and if need be a directory.
local function is_there(run, path, kind, hit)
  if hit == true and kind then return true end
  if hit == "directory" and kind == "directory" then return true end
  local stat = attempt(run, core.stat, run.base .. path, { follow = hit == "directory" })
  return stat ~= nil and (hit == true or stat.type == "directory")
end

local function visit(run, prefix, states)
  for _, entry in ipairs(candidates(run, prefix, states)) do
    local path = prefix .. entry.name
    local hit, below = advance(states, entry.name, entry.type, run.hidden)
    if hit and is_there(run, path, entry.type, hit) then coroutine.yield(path) end
    if #below > 0 then visit(run, path .. "/", below) end
  end
end

local function start(run, prefix, alternatives)
  local states = {}
  for _, segments in ipairs(alternatives) do
    if #segments > 0 then
      add_state(states, segments, 1)
    elseif prefix == "/" then
      coroutine.yield("/")
    end
  end
  if #states > 0 then visit(run, prefix, states) end
end

local run_glob = use("async/generator").generator(function(absolute, relative, options)
  local hidden, onerror = options.hidden, options.onerror
  start({ base = "", here = "", hidden = hidden, onerror = onerror }, "/", absolute)
  if #relative == 0 then return end
  local base = options.cwd and core.join(options.cwd, "") or ""
  if base ~= "" and base:sub(-1) ~= "/" then base = base .. "/" end
  if options.cwd then core.stat(options.cwd) end
  start({ base = base, here = base == "" and "." or "", hidden = hidden, onerror = onerror }, "", relative)
end)

-- glob(pattern, {cwd=, hidden=, onerror=}): for path in fs.glob("src/**/*.lua") do ... end
return function(pattern, options)
  core.check_glob(pattern, options)
  local texts, absolute, relative = {}, {}, {}
  expand(pattern, texts)
  for _, text in ipairs(texts) do
    local segments = compile_alternative(text, pattern)
    local list = segments.absolute and absolute or relative
    list[#list + 1] = segments
  end
  local settings = {}
  for name, value in pairs(options or {}) do settings[name] = value end
  return run_glob(absolute, relative, settings)
end
