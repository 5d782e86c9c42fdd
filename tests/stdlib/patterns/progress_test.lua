local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local progress = patterns.progress
local main = { clock = "real" }

-- A terminal of so many columns: write(text), and rows(), what it shows down to the last row that
-- is not empty.
local function terminal()
  local rows, row, column, writes = { "" }, 1, 0, 0
  local function put(text)
    local line = rows[row] .. (" "):rep(column - #rows[row])
    rows[row] = line:sub(1, column) .. text .. line:sub(column + #text + 1)
    column = column + #text
  end
  local function control(sequence)
    local count, what = sequence:match("^\27%[(%d*)(%a)$")
    if what == "A" then
      row = row - tonumber(count)
    else
      rows[row] = rows[row]:sub(1, column)
      if what == "J" then for i = row + 1, #rows do rows[i] = nil end end
    end
  end
  local screen = {}
  function screen.write(text)
    writes = writes + 1
    for piece in text:gsub("\27%[%d*%a", "\0%0\0"):gsub("[\r\n]", "\0%0\0"):gmatch("%Z+") do
      if piece == "\r" then
        column = 0
      elseif piece == "\n" then
        row, column = row + 1, 0
        rows[row] = rows[row] or ""
      elseif piece:sub(1, 1) == "\27" then
        control(piece)
      else
        put(piece)
      end
    end
  end
  function screen.rows()
    local list = {}
    for i, line in ipairs(rows) do list[i] = (line:gsub(" +$", "")) end
    while list[#list] == "" do list[#list] = nil end
    return list
  end
  function screen.writes() return writes end
  return screen
end

-- Without what differs with the locale: bars.
local function rows_of(screen)
  local list = screen.rows()
  for i, row in ipairs(list) do
    list[i] = row:gsub("%[[#-]+%]", "BAR"):gsub("\xE2\x96[\x80-\xBF]", "\1"):gsub("\1+", "BAR")
  end
  return list
end

test("a loop gives the items of the list, and its bar stays at the end", function()
  local screen, items = terminal(), {}
  for x in progress({ "a", "b", "c" }, { write = screen.write, label = "items" }) do
    async.sleep(1)
    items[#items + 1] = x
  end
  equal(items, { "a", "b", "c" })
  equal(rows_of(screen), { "items  100 %  BAR  3/3  1/s  in 00:03" })
end)

test("an item counts when the body is through with it", function()
  local screen, seen = terminal(), {}
  for _ in progress({ 1, 2, 3, 4 }, { write = screen.write }) do
    async.sleep(1)
    seen[#seen + 1] = rows_of(screen)[1]
  end
  equal(seen, { "  0 %  BAR  0/4", " 25 %  BAR  1/4  1/s  00:03 left", " 50 %  BAR  2/4  1/s  00:02 left",
    " 75 %  BAR  3/4  1/s  00:01 left" })
end)

test("a loop over a generator has no total, unless it is given", function()
  local screen = terminal()
  local count = async.generator(function(n) for i = 1, n do coroutine.yield(i) end end)
  for _ in progress(count(3), nil) do end
  for _ in progress((count(3)), { write = screen.write }) do async.sleep(1) end
  equal(rows_of(screen), { "3  1/s  in 00:03" })
  for _ in progress((count(3)), { write = screen.write, total = 6 }) do async.sleep(1) end
  equal(rows_of(screen)[2], " 50 %  BAR  3/6  1/s  in 00:03")
end)

test("a loop that is left closes the bar and the generator", function()
  local screen, closed = terminal(), 0
  local forever = async.generator(function()
    local guard <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    while true do coroutine.yield(1) end
  end)
  local bar
  for _ in progress((forever()), { write = screen.write }) do
    async.sleep(1)
    break
  end
  raises("oops", function()
    for _ in progress(forever()) do error("oops", 0) end
  end)
  equal({ closed, bar, rows_of(screen) }, { 2, nil, { "0  in 00:01" } })
end)

test("a loop over an iterator function passes several values", function()
  local seen = {}
  local i = 0
  for a, b in progress(function()
    i = i + 1
    if i <= 2 then return i, i * 10 end
  end) do seen[#seen + 1] = { a, b } end
  equal(seen, { { 1, 10 }, { 2, 20 } })
end)

test("advance, set, set_total and set_label change what is shown", function()
  local screen = terminal()
  local bar <close> = progress(10, { write = screen.write, refresh = 1000 })
  local function shows(text)
    async.sleep(1)
    equal((rows_of(screen)[1]:gsub("  %S+/s.*$", "")), text)
  end
  bar:advance()
  shows(" 10 %  BAR  1/10")
  bar:advance(2.5)
  shows(" 35 %  BAR  3.50/10")
  bar:set(8)
  bar:set_label("work")
  shows("work   80 %  BAR  8/10")
  bar:set_total(nil)
  shows("work  8")
  bar:set_total(4)
  shows("work  100 %  BAR  8/4")
  equal({ bar:value(), bar:total() }, { 8, 4 })
end)

test("the bar is drawn no more often than `refresh` times a second, and the last change is shown", function()
  local screen = terminal()
  local bar <close> = progress(10000, { write = screen.write, refresh = 4 })
  for _ = 1, 1000 do
    async.sleep(0.01)
    bar:advance()
  end
  check(screen.writes() >= 38 and screen.writes() <= 43, screen.writes())
  async.sleep(0.3)
  equal(rows_of(screen), { " 10 %  BAR  1000/10000  94.6/s  01:35 left" })
end)

test("a loop that never waits is shown all the same", function()
  local writes = 0
  local bar <close> = progress(1e9, { write = function() writes = writes + 1 end, refresh = 1000 })
  for _ = 1, 100 do bar:advance() end
  equal(writes, 1) -- the virtual clock stands still
end)

test("the rate is that of the last seconds, and at the end that of the whole", function()
  local bar = progress(1000)
  for _ = 1, 20 do
    async.sleep(1)
    bar:advance(10)
  end
  check(math.abs(bar:rate() - 10) < 1e-6)
  for _ = 1, 20 do
    async.sleep(1)
    bar:advance(1)
    bar:rate()
  end
  check(bar:rate() > 1 and bar:rate() < 1.6, bar:rate())
  bar:close()
  equal(bar:rate(), 220 / 40)
  equal(progress(5):rate(), nil)
end)

test("several bars stand one below the other; one that is closed goes to the top", function()
  local screen = terminal()
  local options = { write = screen.write }
  local a = progress(10, { write = screen.write, label = "a" })
  local b = progress(10, { write = screen.write, label = "b" })
  local c = progress(options)
  async.sleep(1)
  b:advance(10)
  c:advance(3)
  async.sleep(1)
  equal(rows_of(screen), { "a    0 %  BAR  0/10", "b  100 %  BAR  10/10  9.07/s  00:00 left", "3  2.78/s  00:01" })
  b:close()
  b:close()
  equal(rows_of(screen)[1], "b  100 %  BAR  10/10  5/s  in 00:02")
  equal({ #rows_of(screen), rows_of(screen)[2]:sub(1, 1) }, { 3, "a" })
  c:close()
  a:close()
  equal(rows_of(screen), { "b  100 %  BAR  10/10  5/s  in 00:02", "3  1.5/s  in 00:02", "a    0 %  BAR  0/10  in 00:02" })
end)

test("print prints above the bars", function()
  local screen = terminal()
  local a <close> = progress(10, { write = screen.write, label = "a", unit = "files" })
  local b <close> = progress(10, { write = screen.write, label = "b" })
  a:print_above("one", 2, nil)
  b:print_above("two")
  equal(rows_of(screen), { "one\t2\tnil", "two", "a    0 %  BAR  0/10 files", "b    0 %  BAR  0/10" })
end)

test("what others write stays, and the bars go below it", function()
  local screen = terminal()
  local bar <close> = progress(10, { write = screen.write })
  screen.write("a long line of another program that covers the bar, as far as it goes, and beyond\r\n")
  bar:set_label("bar")
  async.sleep(1)
  equal({ #rows_of(screen), rows_of(screen)[2] }, { 2, "bar    0 %  BAR  0/10" })
end)

test("with leave = false nothing stays", function()
  local screen = terminal()
  for _ in progress({ 1, 2 }, { write = screen.write, leave = false }) do async.sleep(1) end
  equal(rows_of(screen), {})
end)

test("bytes are shown in units of 1024", function()
  local screen = terminal()
  local bar <close> = progress(3 * 2 ^ 30, { write = screen.write, unit = "bytes", width = 100 })
  async.sleep(1)
  bar:advance(2 ^ 20)
  async.sleep(1)
  equal(rows_of(screen), { "  0 %  BAR  0.0/3.0 GiB  1.0 MiB/s  51:11 left" })
  bar:set_total(nil)
  bar:set(500)
  async.sleep(1)
  equal(rows_of(screen)[1]:sub(1, 5), "500 B")
end)

test("a line is never wider than the terminal, and loses its less important parts first", function()
  for width = 2, 120 do
    local screen = terminal()
    local bar = progress(1000, { write = screen.write, width = width, label = "a rather long label" })
    async.sleep(1)
    bar:set(500)
    async.sleep(1)
    local row = screen.rows()[1] or ""
    check(utf8.len(row) < width, row)
    if width >= 20 then check(row:find("50 %", 1, true), row) end
    if width >= 80 then check(row:find("left", 1, true), row) end
    bar:close()
  end
end)

test("wide characters take two columns, control characters and broken UTF-8 are replaced", function()
  local screen = terminal()
  local bar = progress(nil, { write = screen.write, width = 31, label = ("文"):rep(20) })
  local row = screen.rows()[1]
  equal(row:gsub("文", "xx"):gsub("…", "~"), "xxxxxxxx~  0  00:00")
  bar:close()
  bar = progress(nil, { write = screen.write, label = "a\27[2Jb\nc\255" })
  equal(screen.rows()[2], "a [2Jb c?  0  00:00")
  bar:close()
end)

test("on what is no terminal nothing is shown, or lines now and then when asked for", function()
  local text = {}
  local function write(piece) text[#text + 1] = piece end
  for _ in progress({ 1, 2, 3 }, { write = write, width = 0 }) do async.sleep(1) end
  equal(text, {})
  for _ in progress({ 1, 2, 3, 4, 5 }, { write = write, width = 0, plain = 2, label = "work" }) do async.sleep(1) end
  equal(text, { "work: 2/5, 40 %, 1/s, 00:03 left\n", "work: 4/5, 80 %, 1/s, 00:01 left\n",
    "work: 5/5, 100 %, 1/s, in 00:05\n" })
end)

test("a total of 0 is done, and an initial value counts for no rate", function()
  local screen = terminal()
  progress({}, { write = screen.write }):close()
  equal(rows_of(screen), { "100 %  BAR  0/0  in 00:00" })
  local bar = progress(100, { write = screen.write, initial = 50 })
  async.sleep(1)
  bar:advance(10)
  bar:close()
  equal(rows_of(screen)[2], " 60 %  BAR  60/100  10/s  in 00:01")
end)

test("changes after the end are not shown", function()
  local screen = terminal()
  local bar = progress(3, { write = screen.write })
  bar:close()
  local rows = screen.rows()
  bar:advance()
  async.sleep(1)
  equal(screen.rows(), rows)
end)

test("a bar leaves no timer behind", function()
  local bar = progress(3, { write = function() end })
  bar:advance()
  equal(#async.open_handles { timers = true }, 1)
  bar:close()
  equal(#async.open_handles { timers = true }, 0)
end)

test("cancelled at any suspension, bars are closed", main, function()
  suspensions.each(function()
    local group <close> = async.TaskGroup()
    for k = 1, 3 do
      group:spawn(function()
        for _ in progress({ 1, 2, 3 }, { write = function() end }) do async.sleep(k / 7) end
      end)
    end
  end)
end)

test("tostring shows the state of a progress", function()
  local bar = progress(10, { label = "copy" })
  bar:advance(3)
  equal(tostring(bar), "<Progress 'copy' 3/10 running>")
  bar:close()
  equal(tostring(bar), "<Progress 'copy' 3/10 closed>")
  equal(tostring(progress()), "<Progress 0 running>")
end)

test("progress{...} takes the options alone", function()
  local bar <close> = progress { total = 5, label = "x" }
  equal({ bar:total(), tostring(bar) }, { 5, "<Progress 'x' 0/5 running>" })
end)

test("misuse of progress", function()
  misuse(async.TypeError, progress, "list")
  misuse(async.TypeError, progress, true)
  misuse(async.ValueError, progress, -1)
  misuse(async.TypeError, progress, 10, 5)
  misuse(async.TypeError, progress, { totals = 5 })
  misuse(async.ValueError, progress, { total = -5 })
  misuse(async.ValueError, progress, 10, { refresh = 0 })
  misuse(async.TypeError, progress, 10, { label = 5 })
  misuse(async.TypeError, progress, 10, { write = "stderr" })
  misuse(async.ValueError, progress, 10, { width = -1 })
  misuse(async.ValueError, progress, 10, { plain = -1 })
  local bar <close> = progress(10)
  misuse(async.TypeError, bar.advance)
  misuse(async.TypeError, bar.advance, bar, "1")
  misuse(async.ValueError, bar.advance, bar, 0 / 0)
  misuse(async.TypeError, bar.set, bar, nil)
  misuse(async.ValueError, bar.set_total, bar, -1)
  misuse(async.TypeError, bar.set_label, bar, nil)
  misuse(async.TypeError, bar.close)
end)
