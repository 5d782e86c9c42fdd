-- The reporter for TAP 14 (testanything.org).

local function escape(text)
  return (text:gsub("[\\#]", "\\%0"):gsub("%c", " "))
end

return function(write)
  local count = 0

  local function write_details(event)
    write("  ---\n  message: |-\n")
    local text = table.concat(event.problems, "\n")
    for line in (text .. "\n"):gmatch("([^\n]*)\n") do
      write("    " .. line:gsub("%c", function(c) return c == "\t" and "  " or "?" end) .. "\n")
    end
    if event.place then write(("  at: %q\n"):format(event.place)) end
    write("  ...\n")
  end

  local reporter = {}

  function reporter.start() write("TAP version 14\n") end

  function reporter.event(event)
    count = count + 1
    local name = escape(event.name and event.file .. " > " .. event.name or event.file)
    local result = event.kind == "test" and event.status ~= "failed" and "ok" or "not ok"
    local directive = event.status == "skipped" and (" # SKIP " .. escape(event.reason or "")):gsub(" $", "") or ""
    write(("%s %d - %s%s\n"):format(result, count, name, directive))
    if result == "not ok" then write_details(event) end
  end

  function reporter.finish(summary)
    if summary.interrupted then write("Bail out! interrupted\n") end
    write(("1..%d%s\n"):format(count, count == 0 and " # SKIP no tests" or ""))
    for _, note in ipairs(summary.notes) do write("# " .. note .. "\n") end
    write("# " .. summary.line .. "\n")
  end

  return reporter
end
