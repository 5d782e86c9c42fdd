-- The reporter for JUnit's XML, which CI services read. It is written at the end, as a whole.

local ENTITIES = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["\n"] = "&#10;", ["\t"] = "&#9;",
}

-- XML has no place for most control characters, nor for bytes that are no UTF-8.
local function clean(text)
  text = text:gsub("[%z\1-\8\11\12\13\14-\31\127]", function(c) return ("\\x%02X"):format(c:byte()) end)
  if utf8.len(text) and not text:find("\xEF\xBF[\xBE\xBF]") then return text end
  return (text:gsub("[\128-\255]", function(c) return ("\\x%02X"):format(c:byte()) end))
end

local function attribute(text) return (clean(text):gsub('[&<>"\n\t]', ENTITIES)) end

local function content(text) return (clean(text):gsub("[&<>]", ENTITIES)) end

local function seconds(value) return ("%.6f"):format(value) end

-- The suites by file, in order of appearance.
local function group_by_file(events)
  local suites, known = {}, {}
  for _, event in ipairs(events) do
    local suite = known[event.file]
    if not suite then
      suite = { file = event.file, events = {}, seconds = 0, failed = 0, skipped = 0, errors = 0 }
      known[event.file] = suite
      suites[#suites + 1] = suite
    end
    suite.events[#suite.events + 1] = event
    suite.seconds = suite.seconds + (event.seconds or 0)
    local kind = event.kind == "error" and "errors" or event.status
    if suite[kind] then suite[kind] = suite[kind] + 1 end
  end
  return suites
end

local function counts(suite, count)
  return ('tests="%d" failures="%d" errors="%d" skipped="%d" time="%s"'):format(count, suite.failed, suite.errors,
    suite.skipped, seconds(suite.seconds))
end

local function case_of(event)
  local class = event.file
  if event.group and #event.group > 0 then class = class .. " > " .. table.concat(event.group, " > ") end
  return ('    <testcase name="%s" classname="%s" file="%s"%s time="%s"'):format(attribute(event.title or event.file),
    attribute(class), attribute(event.file), event.line and (' line="%d"'):format(event.line) or "",
    seconds(event.seconds or 0))
end

local function write_event(write, event)
  write(case_of(event))
  if event.status == "skipped" then
    return write(('>\n      <skipped message="%s"/>\n    </testcase>\n'):format(attribute(event.reason or "")))
  end
  if event.status == "passed" then return write("/>\n") end
  local element = event.kind == "error" and "error" or "failure"
  local text = table.concat(event.problems, "\n")
  write((">\n      <%s message=\"%s\">%s</%s>\n    </testcase>\n"):format(element,
    attribute(text:match("^[^\n]*")), content(text), element))
end

return function(write)
  local events = {}
  local reporter = {}

  function reporter.event(event) events[#events + 1] = event end

  function reporter.finish()
    local suites = group_by_file(events)
    local all = { seconds = 0, failed = 0, skipped = 0, errors = 0 }
    for _, suite in ipairs(suites) do
      for key in pairs(all) do all[key] = all[key] + suite[key] end
    end
    write('<?xml version="1.0" encoding="UTF-8"?>\n')
    write(('<testsuites name="neap test" %s>\n'):format(counts(all, #events)))
    for _, suite in ipairs(suites) do
      write(('  <testsuite name="%s" %s>\n'):format(attribute(suite.file), counts(suite, #suite.events)))
      for _, event in ipairs(suite.events) do write_event(write, event) end
      write("  </testsuite>\n")
    end
    write("</testsuites>\n")
  end

  return reporter
end
