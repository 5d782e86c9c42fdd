-- Names of files and modules, for completion.
local core, use = ...

local docs = use("docs")

local MOST = 10000 -- entries of a folder that are looked at

-- The folder and the beginning of the name that a path ends with: "src/ma" -> "src/", "ma".
local function split(path)
  return path:match("^(.*/)([^/]*)$") or "", path:match("[^/]*$")
end

-- The path, in which "~/" is the home directory.
local function expanded(path)
  local home = os.getenv("HOME")
  return home and path:sub(1, 2) == "~/" and home .. path:sub(2) or path
end

-- add_files(list, path): the names in the folder of the path; the list's prefix is the last part of it.
local function add_files(list, path)
  local folder, prefix = split(path)
  if path == "~" then return list:add("~/", { detail = "folder" }) end
  for _, entry in ipairs(core.list_folder(folder == "" and "." or expanded(folder), MOST)) do
    local hidden = entry.name:sub(1, 1) == "." and prefix:sub(1, 1) ~= "."
    if not hidden and not entry.name:find("%c") then
      list:add(entry.folder and entry.name .. "/" or entry.name, { detail = entry.folder and "folder" or "file" })
    end
  end
end

local function exists(path)
  local file <close> = io.open(path)
  return file ~= nil
end

-- The modules that the template finds below the name: "./?.lua" and "a.b" -> those of "./a/".
local function add_template(list, template, parent)
  local before, after = template:match("^([^?]*)%?([^?]*)$")
  if not before then return end
  local folder = before:match("^(.*/)") or "./"
  if folder ~= before and before ~= "" then return end
  folder = folder .. parent:gsub("%.", "/")
  for _, entry in ipairs(core.list_folder(folder, MOST)) do
    local name = entry.name
    if entry.folder and name:find("^[%w_-]+$") then
      list:add(parent .. name .. ".", { detail = "folder" }, nil, 2)
      if after:find("^/") and exists(folder .. name .. after) then
        list:add(parent .. name, { detail = "module" }, nil, 1)
      end
    elseif name:sub(-#after) == after and name:find("^[%w_-]+") then
      list:add(parent .. name:sub(1, -#after - 1), { detail = "module" }, nil, 1)
    end
  end
end

-- add_modules(list, name): what `require` finds that begins so.
local function add_modules(list, name)
  for _, loaded in ipairs { package.loaded, package.preload } do
    for known in next, loaded do
      if type(known) == "string" and known ~= "_G" then list:add(known, { detail = "module" }) end
    end
  end
  list:add("async", { detail = "module" })
  for path in pairs(docs.index().modules) do
    if path:find("^neap%.") then list:add(path, { detail = "module" }) end
  end
  local parent = name:match("^(.*%.)") or ""
  for _, templates in ipairs { package.path, package.cpath } do
    for template in (type(templates) == "string" and templates or ""):gmatch("[^;]+") do
      add_template(list, template, parent)
    end
  end
end

return { expanded = expanded, add_files = add_files, add_modules = add_modules, split = split }
