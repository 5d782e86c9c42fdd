-- The portable part of Lua's own test suite, under stock Lua and under neap: the same result and the same output, file
-- by file. The suite is not here: get that of the Lua that neap is built with (its release, or the folder testes of
-- its sources).
--
--   neap lua_suite.lua DIR [FILE...]           ./dev lua-suite DIR [FILE...]
local fs, subprocess = neap.fs, async.subprocess

-- Left out: all.lua runs the others in turn, main.lua tests the options of the program lua, and heavy.lua takes all the
-- memory of the machine.
local kFiles = {
  "api", "attrib", "big", "bitwise", "bwcoercion", "calls", "closure", "code", "constructs", "coroutine",
  "cstack", "db", "errors", "events", "files", "gc", "gengc", "goto", "literals", "locals", "math", "nextvar", "pm",
  "sort", "strings", "tpack", "utf8", "vararg", "verybig",
}

local kPatience = 300 -- seconds for a file

-- What a file is told: only what is portable (_port), nothing that takes long (_soft).
local kPortable = "_U = true _port = true _soft = true _nomsg = true arg = { [0] = 'lua' } ARG = arg "
  .. "Message = function() end "

-- The known differences. Each is documented, and is undone for a file of the suite which meets it by a few lines that
-- run before (`code`), or by edits of the file (patterns, and what stands there instead). So undone the file must
-- give what it gives under stock Lua, and else it must not.
local differences = {
  binary = {
    reason = "load and loadfile take text only, unless told otherwise (stdlib/base/README.md)",
    files = { "calls", "errors", "files" },
    code = [[
      local load_text, loadfile_text = load, loadfile
      function load(chunk, name, mode, ...) return load_text(chunk, name, mode or "bt", ...) end
      function loadfile(name, mode, ...) return loadfile_text(name, mode or "bt", ...) end ]],
  },
  dumped = {
    reason = "the same, where a hook must not meet other lines",
    files = { "db" },
    code = "",
    edits = { ["load%((string%.dump%b())%)"] = "load(%1, nil, 'b')", ["load%(c%)"] = "load(c, nil, 'b')" },
  },
  objects = {
    reason = "errors of neap's own functions are objects, which have a text (stdlib/async/README.md)",
    files = { "errors" },
    code = [[
      local find = string.find
      function string.find(text, ...) return find(async.is(text, async.Error) and text.message or text, ...) end ]],
  },
  base = {
    reason = "below the function of a coroutine stands neap's own, which debug.getinfo finds (stdlib/base/README.md)",
    files = { "db" },
    code = "",
    edits = { ["not debug.getinfo%(co, 2%)"] = "not debug.getinfo(co, 3)" }, -- the level after the last
  },
  hooks = {
    reason = "hooks are told of that function too",
    files = { "coroutine" },
    code = [[
      local sethook, getinfo = debug.sethook, debug.getinfo
      function debug.sethook(co, hook, ...)
        return sethook(co, hook and function(...)
          if getinfo(2, "S").what ~= "C" or getinfo(3, "l") then return hook(...) end
        end, ...)
      end ]],
  },
  closing = {
    reason = "coroutine.close gives handlers of __close a CancelledError, and not nil (stdlib/base/README.md)",
    files = { "coroutine" },
    code = [[
      local set = setmetatable
      function setmetatable(object, metatable, ...)
        local close = type(metatable) == "table" and rawget(metatable, "__close")
        if close then
          function metatable.__close(value, err)
            if async.is(err, async.CancelledError) then err = nil end
            return close(value, err)
          end
        end
        return set(object, metatable, ...)
      end ]],
  },
}

-- The differences that a file meets: a list of names.
local function met_by(file)
  local list = {}
  for name, difference in pairs(differences) do
    for _, other in ipairs(difference.files) do
      if other == file then list[#list + 1] = name end
    end
  end
  table.sort(list)
  return list
end

-- Addresses and numbers (memory, times, what is random) are not compared.
local function comparable(text)
  return (text:gsub("0x%x+", "ADDRESS"):gsub("%d[%d.]*", "#"):gsub("%-#", "#"))
end

-- run(command, folder, file, names) -> "ok", or how it ended; what it wrote, and to stderr. `names`: of the differences
-- that are undone.
local function run(command, folder, file, names)
  local words, codes = { table.unpack(command) }, { kPortable }
  local original = fs.read(folder .. "/" .. file .. ".lua")
  local text = original
  for _, name in ipairs(names) do
    local difference = differences[name]
    codes[#codes + 1] = difference.code
    for pattern, instead in pairs(difference.edits or {}) do text = text:gsub(pattern, instead) end
  end
  fs.write(folder .. "/" .. file .. ".lua", text)
  words[#words + 1], words[#words + 2], words[#words + 3] = "-e", table.concat(codes, "\n"), file .. ".lua"
  local result = subprocess.run(words, { cwd = folder, capture = true, timeout = kPatience, stdin = subprocess.DEVNULL })
  fs.write(folder .. "/" .. file .. ".lua", original)
  local status = result.returncode
  return status == 0 and "ok" or "status " .. status, result.stdout, result.stderr
end

-- Where two texts differ first.
local function first_difference(a, b)
  local next_line = b:gmatch("[^\n]*")
  for line in a:gmatch("[^\n]*") do
    local other = next_line()
    if line ~= other then return ("stock Lua: %s\n       neap: %s"):format(line, other) end
  end
  return "neap wrote more"
end

-- A row of the table; true when it is as it should be.
local function compare(stock, own, folder, file)
  local names = met_by(file)
  local stock_result, stock_output = run(stock, folder, file, {})
  local result, output, problems = run(own, folder, file, names)
  local same = comparable(output) == comparable(stock_output)
  local stale = #names > 0 and run(own, folder, file, {}) == "ok"
  print(("%-12s %-10s %-10s %-7s %s"):format(file, stock_result, result, same and "same" or "differs",
    table.concat(names, ", ")))
  if result ~= stock_result then print("       neap: " .. problems) end
  if not same then print("  " .. first_difference(stock_output, output)) end
  if stale then print("  the known differences are there no more") end
  return result == stock_result and same and not stale
end

local function stock_lua()
  for _, name in ipairs { "lua5.4", "lua-5.4", "lua54", "lua" } do
    local ok, result = pcall(subprocess.run, { name, "-e", "print(_VERSION)" }, { capture = true })
    if ok and result.stdout == "Lua 5.4\n" then return { name } end
  end
  error("no stock Lua 5.4 is here", 0)
end

local function main(suite, ...)
  if suite == nil or not fs.exists(suite .. "/all.lua") then
    error("usage: neap lua_suite.lua DIR [FILE...]; DIR is the folder of Lua's test suite, which has all.lua", 0)
  end
  local wanted = ... and { ... } or kFiles
  local stock, own, failed = stock_lua(), { fs.absolute(arg[-1]) }, 0
  local temporary <close> = fs.tempdir()
  local folder = temporary.path .. "/suite"
  fs.copy(suite, folder, { recursive = true })
  print(("%-12s %-10s %-10s %-7s %s"):format("file", "stock Lua", "neap", "output", "known differences"))
  for _, file in ipairs(wanted) do
    if not compare(stock, own, folder, (file:gsub("%.lua$", ""))) then failed = failed + 1 end
  end
  print()
  for _, name in ipairs { "binary", "dumped", "objects", "base", "hooks", "closing" } do
    local difference = differences[name]
    print(("%-12s %s"):format(name, difference.reason))
  end
  print(("%d passed, %d failed"):format(#wanted - failed, failed))
  os.exit(failed == 0)
end

main(...)
