-- `neap doc [options] [NAME...]`: what `?name` shows at the prompt, and the pages.
local core, use = ...

local docs, help, topics, pages = use("docs"), use("help"), use("topics"), use("pages")
local signature = use("signature")

local HELP = [[
usage: neap doc [doc options] [NAME...]

Prints what is known of a function, class, method or module (gather,
async.Queue, Queue:put, neap.fs), of a keyword of Lua or a topic of the prompt
(for, timeouts), or a page of the documentation (tutorial, guides/testing).
Without a name it lists the pages, topics and modules. On a terminal long texts
go through the pager.

  -s, --search WORDS...  names and pages that have all of the words
  --markdown             print the Markdown of a page, or of a module's reference
  --write DIR            write the reference of all modules into DIR, as Markdown
  --no-pager             print directly in any case
  -h, --help             show this text

Environment:
  PAGER       the pager; default: less -R
  NO_COLOR=1  no colours

Exit status: 0 printed; 1 nothing is known of a name, or nothing was found; 2 a
mistake on the command line.
]]

local flags = { ["-h"] = "help", ["--help"] = "help", ["-s"] = "search", ["--search"] = "search",
  ["--markdown"] = "markdown", ["--no-pager"] = "no_pager" }

-- parse(words): options and `names`, or nil and what is wrong.
local function parse(words)
  local options, only_names, i = { names = {} }, false, 1
  while i <= #words do
    local word = words[i]
    if only_names or not word:find("^%-.") then
      table.insert(options.names, word)
    elseif word == "--" then
      only_names = true
    elseif word == "--write" then
      i = i + 1
      options.write = words[i]
      if not options.write then return nil, "'--write' needs a directory" end
    elseif flags[word] then
      options[flags[word]] = true
    else
      return nil, ("unrecognized option '%s'"):format(word)
    end
    i = i + 1
  end
  if options.search and #options.names == 0 then return nil, "'--search' needs words" end
  if options.markdown and #options.names == 0 then return nil, "'--markdown' needs a name" end
  return options
end

-- One name ---------------------------------------------------------------------------------------------------------

local function styled(text, style, look)
  return look.colour and style .. text .. "\27[0m" or text
end

local function example(entry, look)
  local code, page = pages.example_of(entry)
  if not code then return nil end
  local lines = { styled(("  Example, from %s:"):format(page.path), "\27[2m", look) }
  for line in (code .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = "    " .. line end
  return table.concat(lines, "\n")
end

-- All that has the name, as a list of texts.
local function texts_of(name, look)
  local found = {}
  local function add(text) found[#found + 1] = text end
  local entry = docs.find_loosely(name)
  if entry then
    add(help.describe(name, look))
    add(entry.params and example(entry, look) or nil)
  elseif topics.keywords[name] then
    add(help.describe(name, look))
  end
  add(help.topic(name, look))
  local module = entry and entry.kind == "module" and pages.of_module(entry.name)
  local page = module or pages.find(name)
  if page then add(use("markdown").render(page.text, look)) end
  return found
end

-- Near names, of pages and topics too.
local function suggestions(name)
  local near, seen = {}, {}
  local function add(candidate)
    if not seen[candidate] and #near < 6 then near[#near + 1], seen[candidate] = candidate, true end
  end
  local lower = name:lower()
  for _, topic in ipairs(topics.list) do
    if docs.distance(lower, topic.name, 2) <= 2 then add(topic.name) end
  end
  for _, page in ipairs(pages.all()) do
    local last = page.name:match("[^/]+$")
    if docs.distance(lower, last, 2) <= 2 or docs.distance(lower, page.name, 2) <= 2 then add(page.name) end
  end
  for _, candidate in ipairs(docs.near(name)) do add(candidate) end
  return near
end

local function complain(name)
  local near = suggestions(name)
  local hint = #near > 0 and ("; did you mean %s?"):format(table.concat(near, ", ")) or ""
  io.stderr:write(("neap doc: nothing is known of '%s'%s\n"):format(name, hint))
end

-- Lists ------------------------------------------------------------------------------------------------------------

local function add_row(lines, name, about, look)
  local room = math.max(look.width - 28, 20)
  if core.width(about) > room then about = about:sub(1, (utf8.offset(about, room - 3) or #about + 1) - 1) .. "..." end
  lines[#lines + 1] = ("  %-24s  %s"):format(name, about)
end

local function overview(look)
  local lines = { "neap doc NAME prints what is known of a name; neap doc -s WORDS searches.", "" }
  local function part(title) lines[#lines + 1] = styled(title, "\27[1m", look) end
  if #pages.all() > 0 then
    part("Pages")
    for _, page in ipairs(pages.all()) do
      if not page.module then add_row(lines, page.name, page.title, look) end
    end
    lines[#lines + 1] = ""
  end
  part("Modules")
  for _, module in ipairs(use("reference").module_names()) do
    add_row(lines, module, signature.summary(docs.index().modules[module]), look)
  end
  lines[#lines + 1] = ""
  part("Topics of the prompt")
  for _, topic in ipairs(topics.list) do add_row(lines, topic.name, topic.title, look) end
  if #pages.all() == 0 then
    lines[#lines + 1] = "\nThe pages are not installed beside this neap."
  end
  return table.concat(lines, "\n")
end

-- Searching --------------------------------------------------------------------------------------------------------

local function has_all(text, words)
  for _, word in ipairs(words) do
    if not text:find(word, 1, true) then return false end
  end
  return true
end

local function search_names(words, add)
  for _, name in ipairs(docs.all_names()) do
    local entry = docs.find(name)
    if entry and has_all((name .. " " .. (entry.text or "")):lower(), words) then
      add(has_all(name:lower(), words) and 1 or 3, entry.name, signature.summary(entry))
    end
  end
end

local function search_pages(words, add)
  for _, page in ipairs(pages.all()) do
    for _, section in ipairs(pages.sections(page)) do
      local in_title = has_all(section.title:lower(), words)
      if in_title or has_all((section.title .. " " .. section.text):lower(), words) then
        add(in_title and 2 or 4, page.name, section.title)
      end
    end
  end
end

local MOST = 60

-- What has all of the words: names first, then headings, then texts.
local function search(words, look)
  for i, word in ipairs(words) do words[i] = word:lower() end
  local found, seen = {}, {}
  local function add(rank, name, about)
    local key = name .. "\0" .. about
    if seen[key] then return end
    seen[key] = true
    found[#found + 1] = { rank = rank, name = name, about = about, order = #found }
  end
  search_names(words, add)
  search_pages(words, add)
  table.sort(found, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.order < b.order
  end)
  local lines = {}
  for i = 1, math.min(#found, MOST) do add_row(lines, found[i].name, found[i].about, look) end
  if #found > MOST then lines[#lines + 1] = ("  and %d more"):format(#found - MOST) end
  return #found > 0 and table.concat(lines, "\n") or nil
end

-- Output -----------------------------------------------------------------------------------------------------------

local function pager()
  local wanted = os.getenv("PAGER")
  if wanted == "" or wanted == "cat" then return nil end
  if wanted then return wanted end
  return os.execute("command -v less >/dev/null 2>&1") and "less -R" or nil
end

-- How many lines of the terminal the text takes.
local function height_of(text, columns)
  local lines = 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    lines = lines + 1 + (math.max(core.width((line:gsub("\27%[[%d;]*m", ""))), 1) - 1) // columns
  end
  return lines
end

local function put_out(text, look, options)
  local command = look.rows and not options.no_pager and height_of(text, look.columns) >= look.rows and pager()
  local pipe = command and io.popen(command, "w")
  if not pipe then
    io.stdout:write(text, "\n")
    return
  end
  local interrupts <close> = async.signals { "SIGINT" } -- Ctrl-C is the pager's
  pcall(pipe.write, pipe, text, "\n") -- a pager that is left early is no error
  pcall(pipe.close, pipe)
end

local function look_of()
  local columns, rows = core.terminal_size()
  local no_colour = os.getenv("NO_COLOR")
  local colour = columns ~= nil and (no_colour or "") == "" and os.getenv("TERM") ~= "dumb"
  return { columns = columns, rows = rows, width = math.min(columns or 80, 100), colour = colour }
end

-- Commands ---------------------------------------------------------------------------------------------------------

local function print_markdown(name)
  local module = docs.index().modules[name] and name or "neap." .. name
  local text = use("reference").page_of(module)
  if not text then
    local page = pages.find(name)
    text = page and page.text
  end
  if not text then
    complain(name)
    return 1
  end
  io.stdout:write((text:gsub("\n*$", "\n")))
  return 0
end

local function print_names(names, look, options)
  local texts, status = {}, 0
  for _, name in ipairs(names) do
    local found = texts_of(name, look)
    if #found == 0 then
      complain(name)
      status = 1
    end
    table.move(found, 1, #found, #texts + 1, texts)
  end
  if #texts > 0 then put_out(table.concat(texts, "\n\n"), look, options) end
  return status
end

local function main(...)
  local options, problem = parse { ... }
  if not options then
    io.stderr:write("neap doc: ", problem, "\nTry 'neap doc --help' for the options.\n")
    return 2
  end
  local look = look_of()
  if options.help then
    io.stdout:write(HELP)
  elseif options.write then
    use("reference").write_all(options.write)
  elseif options.markdown then
    return print_markdown(options.names[1])
  elseif options.search then
    local text = search(options.names, look)
    if not text then
      io.stderr:write("neap doc: nothing has ", table.concat(options.names, " and "), "\n")
      return 1
    end
    put_out(text, look, options)
  elseif #options.names == 0 then
    put_out(overview(look), look, options)
  else
    return print_names(options.names, look, options)
  end
  return 0
end

return function(...)
  os.exit(main(...), true)
end
