-- Which files have the tests.
local core, use = ...

local fs = use("fs/init")

-- Adds the files *_test.lua in the directory and below to the list; hidden directories are left out.
local function search(directory, found)
  for _, entry in ipairs(fs.list(directory, { types = true })) do
    local path = directory == "." and entry.name or directory:gsub("/$", "") .. "/" .. entry.name
    if entry.type == "directory" and not entry.name:match("^%.") then
      search(path, found)
    elseif entry.name:match("_test%.lua$") and core.kind_of(path) == "file" then
      found[#found + 1] = path
    end
  end
end

-- find(paths): a sorted list, each file once; or nil and what is wrong.
local function find(paths)
  local found = {}
  for _, path in ipairs(#paths > 0 and paths or { "." }) do
    local kind = core.kind_of(path)
    if kind == nil then return nil, ("there is no file or directory '%s'"):format(path) end
    if kind == "directory" then
      local ok, err = pcall(search, path, found)
      if not ok then return nil, err.message or tostring(err) end
    else
      found[#found + 1] = path
    end
  end
  table.sort(found)
  local files = {}
  for _, path in ipairs(found) do
    path = path:gsub("^%./+", "")
    if path ~= files[#files] then files[#files + 1] = path end
  end
  return files
end

return { find = find }
