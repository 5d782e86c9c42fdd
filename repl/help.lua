-- What `?name` and `.help topic` print.
local core, use = ...

local docs, signature, values, syntax = use("docs"), use("signature"), use("values"), use("syntax")
local resolve, printer, topics = use("resolve"), use("printer"), use("topics")

local DEFAULT_WIDTH = 80
local WIDEST = 100 -- columns of running text, however wide the terminal is

-- A page is {lines =, width =, colour =}.
local Page = {}
Page.__index = Page

local function new_page(options)
  local width = options and options.width or DEFAULT_WIDTH
  width = math.max(20, math.min(width, WIDEST))
  return setmetatable({ lines = {}, width = width, colour = options and options.colour }, Page)
end

function Page:styled(text, style)
  return self.colour and style .. text .. "\27[0m" or text
end

local BOLD, FAINT = "\27[1m", "\27[2m"

function Page:line(text)
  self.lines[#self.lines + 1] = text
end

local function columns_of(text)
  return core.width((text:gsub("\27%[%d*m", "")))
end

-- Breaks the text at blanks; `first` stands before its first line, as many blanks before the others.
function Page:wrapped(text, first, indent)
  local line, columns = first, columns_of(first)
  local is_empty = true
  for word in text:gmatch("%S+") do
    local wide = columns_of(word)
    if not is_empty and columns + 1 + wide > self.width then
      self:line(line)
      line, columns, is_empty = (" "):rep(indent), indent, true
    end
    line = is_empty and line .. word or line .. " " .. word
    columns, is_empty = columns + wide + (is_empty and 0 or 1), false
  end
  self:line((line:gsub("%s+$", "")))
end

function Page:text() return table.concat(self.lines, "\n") end

-- Entries ----------------------------------------------------------------------------------------------------------

-- Running text: lines that follow each other are one paragraph.
local function add_text(page, text)
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n%s*\n+") do
    if paragraph:find("%S") then page:wrapped(paragraph, "  ", 2) end
  end
end

-- Variables with type and text, below each other.
local function add_variables(page, list, indent)
  local widest = 0
  for _, item in ipairs(list) do
    widest = math.max(widest, math.min(18, columns_of(item.name) + (item.optional and 1 or 0)))
  end
  for _, item in ipairs(list) do
    local name = item.name .. (item.optional and item.name ~= "..." and "?" or "")
    local first = (" "):rep(indent) .. name .. (" "):rep(math.max(0, widest - columns_of(name))) .. "  "
    local about = item.type or ""
    if (item.text or "") ~= "" then about = about .. ": " .. item.text end
    page:wrapped(about, first, indent + widest + 4)
  end
end

local function says_more(list)
  for _, item in ipairs(list) do
    if item.text ~= "" or item.type ~= "any" then return true end
  end
  return false
end

-- The fields of a class that has no methods: options.
local function option_fields(kind)
  local fields = {}
  for _, part in ipairs(docs.alternatives(kind)) do
    for _, item in ipairs(docs.members(docs.index().classes[part])) do
      if item.entry.kind ~= "field" then return {} end
      local entry = item.entry
      fields[#fields + 1] = { name = item.name, type = entry.type, text = entry.text, optional = entry.optional }
    end
  end
  return fields
end

local function add_params(page, entry)
  if says_more(entry.params) then add_variables(page, entry.params, 4) end
  for _, param in ipairs(entry.params) do
    local fields = option_fields(param.type)
    if #fields > 0 and param.type:find("Options") then
      page:line("  " .. param.name .. " may have")
      add_variables(page, fields, 4)
    end
  end
end

local function add_results(page, entry)
  local told = {}
  for _, item in ipairs(entry.returns or {}) do
    if item.text ~= "" or (item.name and item.name ~= "..." and item.name ~= "self") then
      told[#told + 1] = { name = item.name or "it", type = item.type, text = item.text }
    end
  end
  if #told == 0 then return end
  page:line("  returns")
  add_variables(page, told, 4)
end

local function cut(text, columns)
  if columns_of(text) <= columns then return text end
  local last = utf8.offset(text, columns) or #text
  return text:sub(1, last - 1) .. "…"
end

-- A line for each member: its signature, and how its text begins.
local function add_members(page, space, own)
  for _, name in ipairs(own) do
    local entry = docs.aliased(space.members[name])
    local head = "  " .. (entry.params and name .. signature.parameters(entry) or name)
    local about = signature.summary(entry)
    if entry.kind == "field" then about = about == "" and entry.type or entry.type .. ": " .. about end
    local room = page.width - columns_of(head) - 3
    if about ~= "" and room > 12 then
      head = head .. page:styled("  " .. (" "):rep(math.max(0, 24 - columns_of(head))) ..
        cut(about, room - math.max(0, 24 - columns_of(head))), FAINT)
    end
    page:line(head)
  end
end

local function add_space(page, space)
  if #space.order > 0 then page:line("") end
  add_members(page, space, space.order)
  for _, base in ipairs(space.bases) do
    local parent = docs.index().classes[base]
    local names = {}
    for _, item in ipairs(docs.members(parent)) do names[#names + 1] = item.name end
    if #names > 0 then page:wrapped(table.concat(names, ", "), "  and of " .. base .. ": ", 4) end
  end
end

local function add_entry(page, entry)
  local line = signature.line(entry)
  local rest = line:sub(#entry.name + 1)
  page:wrapped(page:styled(entry.name, BOLD) .. rest, "", 4)
  local place = entry.place and "defined at " .. entry.place
  if entry.source == "C" then place = "a function in C, without documentation" end
  if entry.async then place = "may wait" end
  if place then page:line("  " .. page:styled(place, FAINT)) end
  if entry.text and entry.text ~= "" then add_text(page, entry.text) end
  if entry.params then
    add_params(page, entry)
    add_results(page, entry)
    for _, overload in ipairs(entry.overloads or {}) do
      page:wrapped(entry.name .. (overload:gsub("^fun", "")), "  also ", 7)
    end
  end
  local space = entry.space or (not entry.params and docs.space_of(entry)) or docs.index().classes[entry.name]
  if space then add_space(page, space) end
end

-- show(entry, options): what is known of it, as text.
local function show(entry, options)
  local page = new_page(options)
  add_entry(page, entry)
  return page:text()
end

-- Names ------------------------------------------------------------------------------------------------------------

-- What the name stands for in the session, nil for nothing.
local function meaning_of(name, options)
  local scan = syntax.scan(name .. " ", #name + 1)
  local chain = scan and scan.count > 0 and scan:chain_before(scan.count)
  if not chain or not (chain.base == "name" and chain.at == 1) then return nil end
  return resolve.chain(scan, chain, { env = options.env or _G, locals = options.locals })
end

-- The globals of the user that look like the name.
local function near_names(name, options)
  local names, seen = docs.near(name), {}
  for _, near in ipairs(names) do seen[near] = true end
  for key in next, options.env or _G do
    if type(key) == "string" and not seen[key] and key:lower() == name:lower() then table.insert(names, 1, key) end
  end
  return names
end

local function nothing_known(name, options)
  local names = near_names(name, options)
  local hint = #names > 0 and ("; did you mean %s?"):format(table.concat(names, ", ")) or ""
  local page = new_page(options)
  page:wrapped(("nothing is known of '%s'%s"):format(name, hint), "", 2)
  return page:text()
end

local function show_value(name, value, entry, options)
  local page = new_page(options)
  local text = printer.show(value, { width = page.width - #name - 3, colour = options.colour, depth = 2, items = 20 })
  page:line(name .. " = " .. text)
  if entry then add_text(page, entry.text or "") end
  local class = values.entry_of(value, name)
  if class and class ~= entry then
    page:line("")
    add_entry(page, class)
  end
  return page:text()
end

local function show_meaning(name, meaning, options)
  if not meaning.has then return show(meaning.entry, options) end
  local value, entry = meaning.value, meaning.entry
  if type(value) == "function" then return show(entry or values.entry_of(value, name), options) end
  if entry and entry.space then return show(entry, options) end
  return show_value(name, value, entry, options)
end

-- describe(name, options): what is known of a name or a value, as text; options: env, locals, width, colour.
local function describe(name, options)
  options = options or {}
  local meaning = meaning_of(name, options)
  if meaning and (meaning.has or meaning.entry) then return show_meaning(name, meaning, options) end
  local entry = docs.find_loosely(name)
  if entry then return show(entry, options) end
  if topics.keywords[name] then return name .. ": " .. topics.keywords[name] end
  return nothing_known(name, options)
end

-- Topics -----------------------------------------------------------------------------------------------------------

-- Code and tables stay as they are; other lines that follow each other are a paragraph.
local function add_topic(page, text)
  local paragraph = ""
  local function finish()
    if paragraph ~= "" then page:wrapped(paragraph, "", 0) end
    paragraph = ""
  end
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    local is_text = line ~= "" and not line:find("^%s") and not line:find("%S   *%S")
    if not is_text or line:find("^More:") then finish() end
    if is_text then paragraph = paragraph .. " " .. line else page:line(line) end
  end
  finish()
end

-- topic(name, options): its page, nil when there is none of that name.
local function topic(name, options)
  for _, found in ipairs(topics.list) do
    if found.name == name then
      local page = new_page(options)
      page:line(page:styled(found.title, BOLD))
      add_topic(page, found.text)
      return page:text()
    end
  end
  return nil
end

local function topic_names()
  local names = {}
  for i, found in ipairs(topics.list) do names[i] = found.name end
  return names
end

return { show = show, describe = describe, topic = topic, topic_names = topic_names }
