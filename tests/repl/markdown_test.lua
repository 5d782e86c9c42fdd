-- Markdown for a terminal.
local render = module_file("repl/markdown").render

local function plain(text, width) return render(text, { width = width or 40 }) end

test("a paragraph is filled, a list item keeps its indent", function()
  equal(plain("one\ntwo three\n\n- four five six seven\n  eight\n", 14), "one two three\n\n- four five\n  six seven\n  eight")
  equal(plain("1. one two three four", 14), "1. one two\n   three four")
end)

test("headings stand between empty lines, links lose their targets but those of the web", function()
  equal(plain("# `Title`\ntext [a](b.md) and [c](https://d.e)"), "Title\n\ntext a and c (https://d.e)")
end)

test("a code block stays as it is, a comment is left out", function()
  equal(plain("text\n```lua\nif x then\n    y()   -- `z`\n```\n<!-- hidden\n```lua\nno()\n```\n-->\nmore"),
    "text\n\n    if x then\n        y()   -- `z`\n\nmore")
end)

test("a code span is not broken, nor what is in it read", function()
  equal(plain("aaaa `bb **cc** dd` e", 12), "aaaa\n`bb **cc** dd`\ne")
end)

test("a table has its first column beside the rest", function()
  equal(plain("| name | what |\n| --- | --- |\n| `a` | one two three |\n| `bcd` | four \\| five |\n", 18),
    "  name   what\n  `a`    one two\n         three\n  `bcd`  four |\n         five")
end)

test("colours are there when they are wanted", function()
  local text = render("# T\n`code` **strong**", { width = 40, colour = true })
  check(text:find("\27[1;34mT\27[0m", 1, true) and text:find("\27[36mcode\27[0m", 1, true), text)
  check(not plain("# T\n`code` **strong**"):find("\27", 1, true))
end)

test("every page is rendered, and no line is too long but code", function()
  local pages = support("pages")
  for _, path in ipairs(pages.list()) do
    local file <close> = assert(io.open(pages.root .. "/" .. path))
    for line in (plain(file:read("a"), 80) .. "\n"):gmatch("([^\n]*)\n") do
      local is_code = line:find("^    ") or not line:find("%S +%S")
      check(is_code or utf8.len(line) <= 80 or line:find("`[^`]*$") or line:find("`"), path .. ": " .. line)
    end
  end
end)

test("bytes that the renderer marks its own places with are nobody's marks", function()
  equal(plain("a\0021\3b `\0021\3` c\1d"), "a?1?b `?1?` c?d")
end)
