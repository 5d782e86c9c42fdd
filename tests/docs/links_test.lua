-- The links of every page lead to a file or folder of the repository, and to a heading that is there.
local pages = support("pages")

-- What is wrong with a link of the page; nil when nothing is. Other hosts are not asked.
local function problem_of(page, target)
  if target:find("^%a[%w+.-]*:") then return nil end
  local path, anchor = target:match("^([^#]*)#?(.*)$")
  local other = page
  if path ~= "" then
    local folder = page.path:match("^(.*)/[^/]*$")
    local full = neap.fs.normalize((folder and folder .. "/" or "") .. path)
    if full:find("^%.%.") then return "leads out of the repository" end
    if not neap.fs.exists(pages.root .. "/" .. full) then return "leads nowhere" end
    other = full:find("%.md$") and pages.read(full) or nil
  end
  if anchor == "" then return nil end
  if other == nil then return "has an anchor, but does not lead to a page" end
  if not other.headings[anchor] then return "names a heading that is not there" end
  return nil
end

for _, path in ipairs(pages.list()) do
  local page = pages.read(path)
  if #page.links > 0 then
    test(path .. ": the links", function()
      local problems = {}
      for _, link in ipairs(page.links) do
        local problem = problem_of(page, link.target)
        if problem then problems[#problems + 1] = ("%s:%d: '%s' %s"):format(path, link.line, link.target, problem) end
      end
      if #problems > 0 then error(table.concat(problems, "\n"), 0) end
    end)
  end
end
