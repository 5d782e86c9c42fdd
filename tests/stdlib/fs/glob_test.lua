local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError = async.OSError, async.TypeError, async.ValueError

-- A directory with these files, those above them made as needed; a name that ends in "/" is a directory.
local function tree(...)
  local dir = scratch.directory()
  for _, name in ipairs { ... } do
    if name:sub(-1) == "/" then
      fs.mkdir(dir(name), { parents = true })
    else
      fs.mkdir(fs.dirname(dir(name)), { parents = true, exist_ok = true })
      fs.write(dir(name), "")
    end
  end
  return dir
end

local function glob(dir, pattern, options)
  options = options or {}
  options.cwd = dir.path
  local list = {}
  for path in fs.glob(pattern, options) do list[#list + 1] = path end
  return list
end

test("glob matches *, ? and sets in a segment", function()
  local dir <close> = tree("a", "ab", "abc", "b1", "b2", "b-", "b]", "B1", "sub/a")
  equal(glob(dir, "a*"), { "a", "ab", "abc" })
  equal(glob(dir, "*b*"), { "ab", "abc", "b-", "b1", "b2", "b]", "sub" })
  equal(glob(dir, "a?"), { "ab" })
  equal(glob(dir, "??"), { "B1", "ab", "b-", "b1", "b2", "b]" })
  equal(glob(dir, "b[0-9]"), { "b1", "b2" })
  equal(glob(dir, "b[!0-9]"), { "b-", "b]" })
  equal(glob(dir, "b[^1]"), { "b-", "b2", "b]" })
  equal(glob(dir, "b[]-]"), { "b-", "b]" })
  equal(glob(dir, "[a-b][bB]"), { "ab" })
  equal(glob(dir, "b[2\\-]"), { "b-", "b2" })
  equal(glob(dir, "*"), { "B1", "a", "ab", "abc", "b-", "b1", "b2", "b]", "sub" })
  equal(glob(dir, "x*"), {})
end)

test("glob of a name without wildcards is that name if it is there", function()
  local dir <close> = tree("a", "d/f")
  equal(glob(dir, "a"), { "a" })
  equal(glob(dir, "d/f"), { "d/f" })
  equal(glob(dir, "d//f"), { "d/f" })
  equal(glob(dir, "./a"), { "./a" })
  equal(glob(dir, "d/../a"), { "d/../a" })
  equal(glob(dir, "gone"), {})
  equal(glob(dir, "a/f"), {})
  equal(glob(dir, ""), {})
end)

test("glob takes what ** stands for: any number of directories, none included", function()
  local dir <close> = tree("a.lua", "src/b.lua", "src/x/c.lua", "src/x/y/d.lua", "src/x/y/e.txt", "test/f.lua")
  equal(glob(dir, "**/*.lua"), { "a.lua", "src/b.lua", "src/x/c.lua", "src/x/y/d.lua", "test/f.lua" })
  equal(glob(dir, "src/**/*.lua"), { "src/b.lua", "src/x/c.lua", "src/x/y/d.lua" })
  equal(glob(dir, "src/**"), { "src/b.lua", "src/x", "src/x/c.lua", "src/x/y", "src/x/y/d.lua", "src/x/y/e.txt" })
  equal(glob(dir, "**/y/**"), { "src/x/y/d.lua", "src/x/y/e.txt" })
  equal(glob(dir, "**/**/d.lua"), { "src/x/y/d.lua" })
  equal(glob(dir, "**/x/**/d.lua"), { "src/x/y/d.lua" })
  equal(glob(dir, "s**/b.lua"), { "src/b.lua" })
end)

test("glob gives the alternatives of braces in one order, and no path twice", function()
  local dir <close> = tree("a.c", "a.h", "a.lua", "src/a.c", "test/a.c", "x/a/b", "x/b/b")
  equal(glob(dir, "*.{lua,c}"), { "a.c", "a.lua" })
  equal(glob(dir, "{test,src}/*.{c,h}"), { "src/a.c", "test/a.c" })
  equal(glob(dir, "{*.c,a.*}"), { "a.c", "a.h", "a.lua" })
  equal(glob(dir, "x/{a,{b,c}}/b"), { "x/a/b", "x/b/b" })
  equal(glob(dir, "{x/a,x/b}/*"), { "x/a/b", "x/b/b" })
  equal(glob(dir, "a.{c,}"), { "a.c" })
  equal(glob(dir, "a.\\{c}"), {})
  equal(glob(dir, "a.[{c]"), { "a.c" })
end)

test("glob leaves hidden names out, unless the pattern or an option asks for them", function()
  local dir <close> = tree("a", ".hidden", ".git/config", "d/.x", "d/y")
  equal(glob(dir, "*"), { "a", "d" })
  equal(glob(dir, "?hidden"), {})
  equal(glob(dir, "[.]hidden"), {})
  equal(glob(dir, ".h*"), { ".hidden" })
  equal(glob(dir, "**"), { "a", "d", "d/y" })
  equal(glob(dir, "**/.*"), { ".git", ".hidden", "d/.x" })
  equal(glob(dir, ".git/*"), { ".git/config" })
  equal(glob(dir, "**", { hidden = true }), { ".git", ".git/config", ".hidden", "a", "d", "d/.x", "d/y" })
end)

test("glob with a slash at the end gives directories only", function()
  local dir <close> = tree("a", "d/", "e/f")
  fs.symlink("d", dir "link")
  fs.symlink("a", dir "file")
  equal(glob(dir, "*/"), { "d", "e", "link" })
  equal(glob(dir, "a/"), {})
  equal(glob(dir, "d/"), { "d" })
end)

test("glob enters links that a segment names, and none for **", function()
  local dir <close> = tree("d/f")
  fs.symlink("d", dir "l")
  fs.symlink("..", dir "d/up")
  fs.symlink("gone", dir "broken")
  equal(glob(dir, "*/f"), { "d/f", "l/f" })
  equal(glob(dir, "**"), { "broken", "d", "d/f", "d/up", "l" })
  equal(glob(dir, "broken"), { "broken" })
end)

test("glob takes characters, and bytes that are none, as they are", function()
  local dir <close> = tree("ä", "äb", "\xFF", "two\nlines", "a*b")
  equal(glob(dir, "?"), { "ä", "\xFF" })
  equal(glob(dir, "[ä-ö]"), { "ä" })
  equal(glob(dir, "\xFF"), { "\xFF" })
  equal(glob(dir, "[\xFF]"), { "\xFF" })
  equal(glob(dir, "two*"), { "two\nlines" })
  equal(glob(dir, "a\\*b"), { "a*b" })
  equal(glob(dir, "a[*]b"), { "a*b" })
  equal(glob(dir, "a\\**"), { "a*b" })
end)

test("glob of an absolute pattern gives absolute paths", function()
  local dir <close> = tree("d/f")
  local list = {}
  for path in fs.glob(dir.path .. "/*/f") do list[#list + 1] = path end
  equal(list, { dir "d/f" })
  equal(fs.glob("/")(), "/")
  equal(glob(dir, "{/dev/null,d}"), { "/dev/null", "d" })
end)

test("glob looks into no directory that the pattern does not ask for", function()
  local dir <close> = tree("a/x", "b/x")
  fs.remove(dir "b", { recursive = true })
  scratch.shell("mkfifo " .. dir "b")
  equal(glob(dir, "a/*"), { "a/x" })
  equal(glob(dir, "*/x"), { "a/x" })
end)

test("an error of a directory is raised, or given to onerror", function()
  equal(raises(OSError, function() for _ in fs.glob("*", { cwd = "/nowhere" }) do end end).code, "ENOENT")
  local dir <close> = tree("a")
  local long = ("x"):rep(300)
  equal(raises(OSError, glob, dir, long .. "/*").code, "ENAMETOOLONG")
  local errors = {}
  equal(glob(dir, "{" .. long .. "/*,a}", { onerror = function(err) errors[#errors + 1] = err.code end }), { "a" })
  equal(errors, { "ENAMETOOLONG" })
end)

test("a glob that is left early or cancelled ends, and nothing stays open", function()
  local dir <close> = tree("a/b/c", "a/d/e")
  local before = scratch.descriptors()
  for _ in fs.glob("**", { cwd = dir.path }) do break end
  for _ = 1, 20 do
    local task = async.spawn(glob, dir, "**")
    async.sleep(0)
    task:cancel()
    raises(async.CancelledError, await, task)
  end
  scratch.settle()
  equal(scratch.descriptors(), before)
end)

test("glob refuses what is no pattern, at once", function()
  check(misuse(TypeError, fs.glob).message:find("argument 1 (pattern) of fs.glob must be a string", 1, true))
  check(misuse(ValueError, fs.glob, "a[b").message:find("a '[' is not closed in 'a[b'", 1, true))
  check(misuse(ValueError, fs.glob, "a{b,c").message:find("a brace is not closed", 1, true))
  misuse(ValueError, fs.glob, ("{a,b}"):rep(10))
  misuse(ValueError, fs.glob, "a\0")
  misuse(TypeError, fs.glob, "*", { dir = "/" })
  misuse(TypeError, fs.glob, "*", { hidden = 1 })
  misuse(TypeError, fs.glob, "*", { onerror = 1 })
end)

test("a pattern with many stars takes no exponential time", function()
  local name = ("a"):rep(200)
  local dir <close> = tree(name)
  equal(glob(dir, ("a*"):rep(50) .. "b"), {})
  equal(glob(dir, ("*a"):rep(100)), { name })
end)

test("glob agrees with a shell on random patterns", function()
  local dir <close> = tree("a", "b", "ab", "ba", "abc", "d/a", "d/ab", "d/d/a", ".a", "d/.b")
  math.randomseed(11)
  local parts = { "*", "?", "[ab]", "[!a]", "a", "b", "d", "/", ".", "d/", "*/" }
  for _ = 1, 60 do
    local pattern = parts[math.random(#parts - 4)]
    for _ = 1, math.random(0, 4) do pattern = pattern .. parts[math.random(#parts)] end
    if pattern:sub(-1) ~= "/" and not pattern:find("//", 1, true) and not pattern:find("%.%.?/") and not pattern:find("%.$") then
      local shell = assert(io.popen(("cd '%s' && export LC_ALL=C && for f in %s; do [ -e \"$f\" ] && echo \"$f\"; done"):format(
        dir.path, pattern)))
      local expected = {}
      for line in shell:lines() do expected[#expected + 1] = line end
      shell:close()
      table.sort(expected)
      local got = glob(dir, pattern)
      table.sort(got)
      equal(got, expected, pattern)
    end
  end
end)
