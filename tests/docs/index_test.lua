-- docs/index.md leads to every page of docs/, and to the reference page of every module.
local pages = support("pages")

test("docs/index.md leads to every page", function()
  local linked, missing = {}, {}
  for _, link in ipairs(pages.read("docs/index.md").links) do
    linked[neap.fs.normalize("docs/" .. link.target:gsub("#.*", ""))] = true
  end
  for _, path in ipairs(pages.list()) do
    local wanted = path:find("^docs/") or path:find("^stdlib/[^/]+/README%.md$")
    if wanted and path ~= "docs/index.md" and not linked[path] then missing[#missing + 1] = path end
  end
  check(next(linked) ~= nil)
  if #missing > 0 then error("docs/index.md does not lead to " .. table.concat(missing, ", "), 0) end
end)
