-- The reference as Markdown, made from the stubs: `page_of` a module, `write_all`.
local core, use = ...

local docs, signature, pages = use("docs"), use("signature"), use("pages")

-- Of the stubs, those of neap's own modules.
local function module_names()
  local names = {}
  for path in pairs(docs.index().modules) do
    if path == "async" or path:find("^neap%.") then names[#names + 1] = path end
  end
  table.sort(names)
  return names
end

local function file_of(module) return module:gsub("^neap%.", "") .. ".md" end

-- "async.Queue" is in the page of async.
local function class_module(name)
  local prefix = name:match("^([%w_]+)%.")
  return prefix and docs.index().classes[name] and prefix or nil
end

local function anchor_of(heading)
  return (heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

local Page = {}
Page.__index = Page

function Page:line(text) self.lines[#self.lines + 1] = text or "" end

-- A type, with links to the classes in it.
function Page:type(text)
  local linked = text:gsub("[<>|*]", "\\%0"):gsub("%f[%w_][%a_]+%.%u[%w_]*", function(name)
    local module = class_module(name)
    if not module then return nil end
    local file = module == self.module:gsub("^neap%.", "") and "" or module .. ".md"
    return ("[%s](%s#%s)"):format(name, file, anchor_of(name))
  end)
  return linked
end

-- "the text, on one line", with its sentences as they are.
local function one_line(text) return (text:gsub("%s*\n%s*", " ")) end

function Page:variables(title, list)
  if #list == 0 then return end
  self:line(title)
  self:line()
  for _, item in ipairs(list) do
    local name = item.name and item.name ~= "it" and ("`%s%s` "):format(item.name,
      item.optional and item.name ~= "..." and "?" or "") or ""
    local about = item.text and item.text ~= "" and ": " .. one_line(item.text) or ""
    self:line(("- %s(%s)%s"):format(name, self:type(item.type or "any"), about))
  end
  self:line()
end

-- The error classes that the text of an entry names.
function Page:errors(entry)
  local names, seen = {}, {}
  local function add(name)
    local class = docs.index().classes["async." .. name]
    if class and not seen[name] and (name:find("Error$") or name:find("^Queue") or name:find("Group$")) then
      seen[name] = true
      names[#names + 1] = self:type("async." .. name)
    end
  end
  for name in entry.text:gmatch("%f[%w]%u%w+") do add(name) end
  if entry.async then add("CancelledError") end
  if #names > 0 then
    self:line("Errors: " .. table.concat(names, ", "))
    self:line()
  end
end

function Page:options(entry)
  for _, param in ipairs(entry.params) do
    for _, part in ipairs(docs.alternatives(param.type)) do
      local class = part:find("Options$") and docs.index().classes[part]
      if class then self:fields(("`%s` may have:"):format(param.name), class) end
    end
  end
end

function Page:fields(title, class)
  local list = {}
  for _, item in ipairs(docs.members(class)) do
    if item.entry.kind == "field" then
      list[#list + 1] = { name = item.name, type = item.entry.type, text = item.entry.text,
        optional = item.entry.optional }
    end
  end
  self:variables(title, list)
end

-- The text of a stub: paragraphs, and code that is indented by four blanks.
function Page:text(text)
  if text == "" then return end
  self:line(text)
  self:line()
end

function Page:example(entry)
  local code, page = pages.example_of(entry)
  if not code then return end
  self:line("Example:")
  self:line()
  self:line("```lua")
  self:line(code)
  self:line("```")
  self:line()
  return page
end

function Page:entry(entry, level)
  local title = entry.name .. (entry.params and signature.parameters(entry) or "")
  self:line(("#"):rep(level) .. " " .. title:gsub("^neap%.", ""))
  self:line()
  if entry.params then
    self:line("`" .. signature.line(entry) .. "`" .. (entry.async and " (may wait)" or ""))
    self:line()
  elseif entry.type then
    self:line(self:type(entry.type))
    self:line()
  end
  if entry.alias then
    self:line(("The same as `%s`."):format(entry.alias))
    self:line()
    return
  end
  self:text(entry.text or "")
  if not entry.params then return end
  self:variables("Parameters:", entry.params)
  self:options(entry)
  local returns = {}
  for i, item in ipairs(entry.returns) do returns[i] = item end
  self:variables("Results:", returns)
  for _, overload in ipairs(entry.overloads or {}) do
    self:line("Also: `" .. entry.name .. overload:gsub("^fun", "") .. "`")
    self:line()
  end
  self:errors(entry)
  self:example(entry)
end

function Page:class(name, class)
  self:line("### " .. name)
  self:line()
  self:text(class.text or "")
  local bases = {}
  for i, base in ipairs(class.bases) do bases[i] = self:type(base) end
  if #bases > 0 then
    self:line("Has what " .. table.concat(bases, ", ") .. " has.")
    self:line()
  end
  local fields = {}
  for _, key in ipairs(class.order) do
    local entry = class.members[key]
    if entry.kind == "field" then
      fields[#fields + 1] = { name = key, type = entry.type, text = entry.text, optional = entry.optional }
    end
  end
  self:variables("Fields:", fields)
  for _, key in ipairs(class.order) do
    if class.members[key].params then self:entry(class.members[key], 4) end
  end
end

-- The classes of a module, by name.
local function classes_of(module)
  local prefix, names = module:gsub("^neap%.", "") .. ".", {}
  for name in pairs(docs.index().classes) do
    if name:sub(1, #prefix) == prefix then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

function Page:summary(space)
  self:line("| name | |")
  self:line("| --- | --- |")
  for _, key in ipairs(space.order) do
    local entry = docs.aliased(space.members[key])
    local head = entry.params and key .. signature.parameters(entry) or key
    self:line(("| `%s` | %s |"):format(head, (signature.summary(entry):gsub("|", "\\|"))))
  end
  self:line()
end

-- page_of(module): the reference of "async", "neap.fs"...; nil when there is no such module.
local function page_of(module)
  local space = docs.index().modules[module]
  if not space or not (module == "async" or module:find("^neap%.")) then return nil end
  local page = setmetatable({ lines = {}, module = module }, Page)
  page:line("# " .. module .. ": reference")
  page:line()
  page:text(space.text or "")
  page:line("Made from the stubs, the comments that editors show. \"May wait\" means: the calling task is suspended, and")
  page:line("others run; the call raises CancelledError when the task is cancelled.")
  page:line()
  page:summary(space)
  page:line("## Functions and values")
  page:line()
  local extra = {}
  for _, key in ipairs(space.order) do
    local entry = space.members[key]
    if entry.kind == "class" then
      extra[#extra + 1] = entry
    else
      page:entry(entry, 3)
      if entry.space and not entry.params then
        for _, inner in ipairs(entry.space.order) do page:entry(entry.space.members[inner], 4) end
      end
    end
  end
  local names = classes_of(module)
  if #names > 0 then
    page:line("## Classes")
    page:line()
    for _, name in ipairs(names) do page:class(name, docs.index().classes[name]) end
  end
  return (table.concat(page.lines, "\n"):gsub("\n\n\n+", "\n\n"))
end

-- write_all(folder): a file for each module.
local function write_all(folder)
  neap.fs.mkdir(folder, { parents = true, exist_ok = true })
  local index = { "# Reference", "", "Every function, class, method and field, made from the stubs.", "" }
  for _, module in ipairs(module_names()) do
    neap.fs.write(folder .. "/" .. file_of(module), page_of(module))
    local about = signature.summary(docs.index().modules[module])
    index[#index + 1] = ("- [%s](%s): %s"):format(module, file_of(module), about)
  end
  neap.fs.write(folder .. "/index.md", table.concat(index, "\n") .. "\n")
end

return { page_of = page_of, write_all = write_all, module_names = module_names }
