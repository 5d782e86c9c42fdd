-- Markdown as text for a terminal: `render`. It knows what neap's own pages use.
local core, use = ...

local BOLD, FAINT, CODE, HEADING, RESET = "\27[1m", "\27[2m", "\27[36m", "\27[1;34m", "\27[0m"

local Page = {}
Page.__index = Page

local function columns_of(text)
  return core.width((text:gsub("\27%[[%d;]*m", "")))
end

function Page:styled(text, style)
  return self.colour and style .. text .. RESET or text
end

function Page:line(text)
  local is_empty = text == ""
  if not (is_empty and self.was_empty) then self.lines[#self.lines + 1] = text end
  self.was_empty = is_empty
end

-- Code spans, links and emphasis. A blank in a code span is marked by \1, so that no line breaks there.
function Page:inline(text)
  local spans = {}
  local function keep(styled)
    spans[#spans + 1] = styled:gsub(" ", "\1")
    return "\2" .. #spans .. "\3"
  end
  text = text:gsub("`([^`]+)`", function(code)
    return keep(self.colour and self:styled(code, CODE) or "`" .. code .. "`")
  end)
  text = text:gsub("!?%[([^%]]*)%]%(([^)]*)%)", function(label, target)
    return target:find("^https?:") and label ~= target and ("%s (%s)"):format(label, target) or label
  end)
  text = text:gsub("%*%*([^*]+)%*%*", function(strong) return self:styled(strong, BOLD) end)
  text = text:gsub("%f[%w*]%*([^*%s][^*]*)%*%f[^%w*]", "%1")
  repeat
    local count
    text, count = text:gsub("\2(%d+)\3", function(number) return spans[tonumber(number)] end)
  until count == 0
  return text
end

-- Breaks text at blanks; `first` stands before its first line, as many blanks before the others.
function Page:wrapped(text, first, width)
  local indent = columns_of(first)
  local line, columns, is_empty = first, indent, true
  for word in self:inline(text):gmatch("%S+") do
    local wide = columns_of(word)
    if not is_empty and columns + 1 + wide > (width or self.width) then
      self:line((line:gsub("\1", " ")))
      line, columns, is_empty = (" "):rep(indent), indent, true
    end
    line = is_empty and line .. word or line .. " " .. word
    columns, is_empty = columns + wide + (is_empty and 0 or 1), false
  end
  self:line((line:gsub("\1", " ")))
end

-- Tables: the first column beside the others, whose cells follow each other.
local function cells_of(row)
  local cells = {}
  local text = row:match("^%s*|(.-)|?%s*$"):gsub("\\|", "\4")
  text = text:gsub("`[^`]*`", function(code) return (code:gsub("|", "\4")) end)
  for cell in (text .. "|"):gmatch("([^|]*)|") do
    cells[#cells + 1] = cell:match("^%s*(.-)%s*$"):gsub("\4", "|")
  end
  return cells
end

function Page:table(rows)
  local parsed, widest = {}, 0
  for i, row in ipairs(rows) do
    if not row:find("^%s*|[%s:|-]+$") then
      local cells = cells_of(row)
      local rest = {}
      for j = 2, #cells do
        if cells[j] ~= "" then rest[#rest + 1] = cells[j] end
      end
      local is_empty = #rest == 0 and (cells[1] or "") == ""
      if not is_empty then
        parsed[#parsed + 1] = { head = cells[1] or "", rest = table.concat(rest, "  "), is_title = i == 1 }
        widest = math.max(widest, columns_of(self:inline(cells[1] or "")))
      end
    end
  end
  widest = math.min(widest, self.width // 3)
  for _, row in ipairs(parsed) do
    local head = self:inline(row.head):gsub("\1", " ")
    if row.is_title then head = self:styled(head, FAINT) end
    local first = "  " .. head .. (" "):rep(widest - columns_of(head)) .. "  "
    if columns_of(head) > widest then
      self:wrapped(row.head, "  ")
      first = (" "):rep(widest + 4)
    end
    if row.rest ~= "" then self:wrapped(row.rest, first) elseif columns_of(head) <= widest then self:line(first) end
  end
end

function Page:paragraph()
  if #self.pending > 0 then
    self:wrapped(table.concat(self.pending, " "), self.first or "")
    self.pending, self.first = {}, nil
  end
end

function Page:block(line)
  local marks, title = line:match("^(#+) +(.*)$")
  local bullet, item = line:match("^(%s*[-*] +)(.*)$")
  if not bullet then bullet, item = line:match("^(%s*%d+%. +)(.*)$") end
  if marks then
    self:paragraph()
    self:line("")
    local first = #self.lines + 1
    self:wrapped(title:gsub("`", ""), "")
    for i = first, #self.lines do self.lines[i] = self:styled(self.lines[i], HEADING) end
    self:line("")
  elseif bullet then
    self:paragraph()
    self.first, self.pending = bullet, { item }
  elseif line:find("^%s*$") then
    self:paragraph()
    self:line("")
  else
    self.pending[#self.pending + 1] = line
  end
end

-- The end of the list of lines from `first` on that fit the pattern.
local function last_of(lines, first, pattern)
  local last = first
  while lines[last + 1] and lines[last + 1]:find(pattern) do last = last + 1 end
  return last
end

function Page:code(lines, at)
  local indent, fence = lines[at]:match("^(%s*)(```+)")
  self:paragraph()
  self:line("")
  at = at + 1
  while lines[at] and not lines[at]:find("^%s*" .. fence .. "%s*$") do
    self:line("    " .. self:styled(lines[at]:gsub("^" .. indent, ""), CODE))
    at = at + 1
  end
  self:line("")
  return at
end

local function split(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- render(text, options): options are width and colour.
local function render(text, options)
  local page = setmetatable({ lines = {}, pending = {}, width = options.width, colour = options.colour,
    was_empty = true }, Page)
  local lines = split((text:gsub("[\1-\3]", "?"))) -- which are marks of ours: see inline
  local at = 1
  while at <= #lines do
    local line = lines[at]
    if line:find("^<!%-%-") then
      while lines[at] and not lines[at]:find("-->", 1, true) do at = at + 1 end
    elseif line:find("^%s*```") then
      at = page:code(lines, at)
    elseif line:find("^%s*|") then
      page:paragraph()
      local last = last_of(lines, at, "^%s*|")
      page:table(table.move(lines, at, last, 1, {}))
      at = last
    else
      page:block(line)
    end
    at = at + 1
  end
  page:paragraph()
  return (table.concat(page.lines, "\n"):gsub("%s+$", ""))
end

return { render = render }
