local fs = neap.fs
local TypeError, ValueError = async.TypeError, async.ValueError

local function table_test(name, fn, cases)
  test(name, function()
    for _, case in ipairs(cases) do
      local expected = table.remove(case)
      equal(fn(table.unpack(case)), expected, table.concat(case, ", "))
    end
  end)
end

table_test("join puts one slash between parts, and begins anew at an absolute one", fs.join, {
  { "a", "b", "c", "a/b/c" }, { "a/", "b", "a/b" }, { "a", "/b", "c", "/b/c" }, { "/", "a", "/a" }, { "a", "", "b", "a/b" },
  { "", "" , "." }, { ".", "a", "./a" }, { "a", "..", "a/.." }, { "a", "b/", "a/b/" }, { "", "a", "a" }, { "a\n", "\xFF", "a\n/\xFF" },
})

test("join of nothing is the current directory", function() equal(fs.join(), ".") end)

table_test("basename is the last part", fs.basename, {
  { "/a/b.lua", "b.lua" }, { "b", "b" }, { "/a/b//", "b" }, { "/", "/" }, { "//", "/" }, { "", "." }, { "a/..", ".." },
  { "/a/b.lua", ".lua", "b" }, { "b.lua", "b.lua", "b.lua" }, { "b.lua", ".txt", "b.lua" }, { "b", "", "b" },
})

table_test("dirname is what is before the last part", fs.dirname, {
  { "/a/b", "/a" }, { "a//b//", "a" }, { "a", "." }, { "", "." }, { "/", "/" }, { "/a", "/" }, { "//a", "/" }, { "a/b/c", "a/b" },
})

table_test("extension is what begins with the last dot, which begins no hidden name", fs.extension, {
  { "a.lua", ".lua" }, { "x/a.tar.gz", ".gz" }, { "a", "" }, { ".bashrc", "" }, { ".a.b", ".b" }, { "..", "" }, { "a.", "." },
  { "a.d/b", "" }, { "...x", "" }, { "/", "" }, { "a.b/", ".b" },
})

table_test("normalize takes out what changes nothing, and '..' with the part before it", fs.normalize, {
  { "a//b/./c", "a/b/c" }, { "a/../b", "b" }, { "a/b/../../c", "c" }, { "../a", "../a" }, { "../../a/../b", "../../b" },
  { "/..", "/" }, { "/../a", "/a" }, { "//a", "/a" }, { "", "." }, { "a/..", "." }, { "a/", "a" }, { "./", "." },
  { "..", ".." }, { "a/../..", ".." }, { "/a/..", "/" }, { "a/b/..", "a" }, { "...", "..." }, { "/", "/" },
})

test("absolute begins with the current directory", function()
  local cwd = fs.cwd()
  equal(cwd:sub(1, 1), "/")
  equal(fs.absolute("a/../b"), fs.normalize(cwd .. "/b"))
  equal(fs.absolute("/x//y/"), "/x/y")
  equal(fs.absolute(""), cwd)
end)

table_test("relative leads from a directory to a path", fs.relative, {
  { "/a/b/c", "/a", "b/c" }, { "/a", "/a/b/c", "../.." }, { "/a/b", "/a/c", "../b" }, { "/a", "/a", "." }, { "/", "/", "." },
  { "/a", "/", "a" }, { "/", "/a/b", "../.." }, { "a/b", "a", "b" }, { "/ab", "/a", "../ab" }, { "x", "y/z", "../../x" },
})

test("relative leads from the current directory unless told otherwise", function()
  equal(fs.relative(fs.join(fs.cwd(), "x", "y")), "x/y")
  equal(fs.relative("x"), "x")
end)

test("joining a directory and what is relative to it gives a normalized path back", function()
  math.randomseed(7)
  local parts = { "a", "b", "..", ".", "", "c.d" }
  local function some()
    local list = {}
    for i = 1, math.random(0, 6) do list[i] = parts[math.random(#parts)] end
    return "/" .. table.concat(list, "/")
  end
  for _ = 1, 2000 do
    local path, start = some(), some()
    equal(fs.normalize(fs.join(start, fs.relative(path, start))), fs.normalize(path), path .. " from " .. start)
  end
end)

test("path functions refuse what is no string, and a zero byte", function()
  for _, name in ipairs { "basename", "dirname", "extension", "normalize", "absolute", "relative" } do
    check(misuse(TypeError, fs[name], 12).message:find(("argument 1 (path) of fs.%s must be a string"):format(name), 1, true))
    misuse(ValueError, fs[name], "a\0b")
  end
  check(misuse(TypeError, fs.join, "a", {}).message:find("argument 2 (path) of fs.join", 1, true))
  misuse(TypeError, fs.relative, "a", {})
  misuse(TypeError, fs.basename, "a", {})
end)

test("path functions work where nothing can wait", function()
  local list = { "b", "a" }
  table.sort(list, function(a, b) return fs.join("x", a) < fs.join("x", b) end)
  equal(list, { "a", "b" })
end)
