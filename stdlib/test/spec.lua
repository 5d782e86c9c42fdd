-- The reporter for people: the tree of tests as they end, then what failed.
local core, use = ...

local paint = use("failure").paint

local MARKS = { passed = { "\27[32m", "ok  " }, failed = { "\27[1;31m", "FAIL" }, skipped = { "\27[33m", "skip" } }
local SLOW = 0.1 -- seconds from which on a test's time is shown

local function indented(text, prefix)
  return (text .. "\n"):gsub("([^\n]*)\n", function(line) return line == "" and "\n" or prefix .. line .. "\n" end)
end

return function(write)
  local failures, file, groups = {}, nil, {}

  -- Writes the file and the groups that the one before was not in.
  local function write_headings(event)
    if event.file ~= file then
      write(paint("\27[1m", event.file) .. "\n")
      file, groups = event.file, {}
    end
    local same = true
    for depth, name in ipairs(event.group) do
      same = same and groups[depth] == name
      if not same then write(("  "):rep(depth) .. name .. "\n") end
    end
    groups = event.group
  end

  local function write_test(event)
    write_headings(event)
    local code, mark = table.unpack(MARKS[event.status])
    local line = ("  "):rep(#event.group + 1) .. paint(code, mark) .. " " .. event.title:gsub("%c", " ")
    if event.seconds >= SLOW then line = line .. (" (%.1f s)"):format(event.seconds) end
    if event.reason and event.reason ~= "" then line = line .. " (" .. event.reason .. ")" end
    write(line .. "\n")
  end

  local reporter = {}

  function reporter.event(event)
    if event.kind == "test" then
      if not event.printed then write_test(event) end
      if event.status == "failed" then failures[#failures + 1] = event end
    elseif event.kind == "error" then
      if not event.printed then write(paint("\27[1;31m", "FAIL") .. " " .. event.file .. " cannot be run\n") end
      failures[#failures + 1] = event
    end
  end

  function reporter.finish(summary)
    for i, event in ipairs(failures) do
      write(("\n%d) %s\n"):format(i, paint("\27[1m", event.name and event.file .. " > " .. event.name or event.file)))
      for _, problem in ipairs(event.problems) do write(indented(problem, "   ")) end
    end
    if #failures > 0 or summary.count > 0 then write("\n") end
    for _, note in ipairs(summary.notes) do write(note .. "\n") end
    write(summary.line .. "\n")
  end

  return reporter
end
