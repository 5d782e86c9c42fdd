-- Counts the lines, words and bytes of every regular file below a directory, 64 files at a time.
--
--   neap scripts/examples/wc.lua [--files] DIR
--
-- The totals are those of
--
--   find DIR -type f -print0 | xargs -0 wc
--
-- in the same locale: C, or one with UTF-8. (In binary files only the C locale gives exactly the same words: which of
-- the sequences that look like UTF-8 are printable characters is more than this program knows.)
local fs = require "neap.fs"

local OPEN_FILES = 64
local CHUNK = 1 << 20 -- bytes of a file that are held at once

local help = [[
usage: neap wc.lua [--files] DIR

Counts the lines, words and bytes of every regular file below DIR and prints the totals.
Files that cannot be read are reported and left out; the exit status is 1 then.

  -v, --files   print a line for each file as well, in the order in which they are finished
  -h, --help    show this text
]]

-- Counting -----------------------------------------------------------------------------------------------------

local locale = "C"
for _, name in ipairs { "LANG", "LC_CTYPE", "LC_ALL" } do
  local value = os.getenv(name)
  if value and value ~= "" then locale = value end
end
local is_utf8 = locale:lower():find("utf%-?8") ~= nil

local unicode_spaces = { [0xA0] = true, [0x1680] = true, [0x202F] = true, [0x205F] = true, [0x2060] = true }
for code = 0x2000, 0x200A do unicode_spaces[code] = true end
for _, code in ipairs { 0x2028, 0x2029, 0x3000 } do unicode_spaces[code] = true end

-- What stands for a character outside ASCII: a space, "x" for a printable one, nothing for the rest. Found once.
local stand_in = setmetatable({}, {
  __index = function(known, bytes)
    local _, invalid = utf8.len(bytes)
    if invalid == 1 then return "" end
    local code = utf8.codepoint(bytes)
    local control = code < 0xA0 or (code >= 0x32000 and code < 0xF0000)
    local plain = unicode_spaces[code] and " " or control and "" or "x"
    if not invalid then known[bytes] = plain end
    return plain
  end,
})

-- A word is what stands between white space, if there is a printable character in it. Returns the number of words and
-- the outline of the text: what it begins and ends with, a word or white space.
local function count_words(text)
  local blanks, words = text:gsub("%g+", "")
  if not blanks:find("%S") then return words, text end
  -- There is more than ASCII in it.
  local outline = text:gsub("%g+", "x")
  if is_utf8 then outline = outline:gsub("[\xC2-\xF4][\x80-\xBF]+", stand_in) end
  outline = outline:gsub("[^%g%s]+", "")
  return select(2, outline:gsub("%g+", "")), outline
end

local function count_lines(text)
  local count, place = 0, text:find("\n", 1, true)
  while place do
    count, place = count + 1, text:find("\n", place + 1, true)
  end
  return count
end

-- Adds a piece of a file to its counts. `in_word`: the piece before ended in the middle of a word.
local function count_piece(counts, text)
  local words, outline = count_words(text)
  if counts.in_word and outline:find("^%g") then words = words - 1 end
  if outline ~= "" then counts.in_word = outline:find("%g", -1) ~= nil end
  counts.lines = counts.lines + count_lines(text)
  counts.words = counts.words + words
  counts.bytes = counts.bytes + #text
end

local function count_file(path, size)
  local counts = { lines = 0, words = 0, bytes = 0, in_word = false }
  if size <= CHUNK then
    count_piece(counts, fs.read(path))
  else
    local file <close> = fs.open(path)
    for piece in file:lines(CHUNK) do count_piece(counts, piece) end
  end
  return counts
end

-- Telling the user ---------------------------------------------------------------------------------------------

local on_terminal = select(2, pcall(function() return fs.stat("/dev/stderr").type == "char" end)) == true
local CLEAR_LINE = on_terminal and "\r\27[K" or ""

local failed = false
local function complain(err)
  failed = true
  io.stderr:write(CLEAR_LINE, "wc: ", err.message, "\n")
end

local function print_counts(counts, name)
  print(("%7d %7d %7d %s"):format(counts.lines, counts.words, counts.bytes, name))
end

-- A task that runs until it is cancelled, and leaves a clean line behind.
local function show_progress(total)
  local cleanup <close> = setmetatable({}, { __close = function() io.stderr:write(CLEAR_LINE) end })
  while true do
    async.sleep(0.1)
    io.stderr:write(CLEAR_LINE, ("%d files, %.1f MB"):format(total.files, total.bytes / 1e6))
  end
end

-- The program --------------------------------------------------------------------------------------------------

local function count_tree(directory, show_files)
  local total = { files = 0, lines = 0, words = 0, bytes = 0 }
  local walk = fs.walk(directory, { stat = true, onerror = complain })

  local function count_one(path, size)
    local counts = count_file(path, size)
    total.files = total.files + 1
    for _, name in ipairs { "lines", "words", "bytes" } do total[name] = total[name] + counts[name] end
    if show_files then print_counts(counts, path) end
  end

  -- Each worker has one file open at most, and takes the next one from the walk that all of them share.
  local function work()
    for path, entry in walk do
      if entry.type == "file" then
        async.try(function() count_one(path, entry.size) end, async.except(async.OSError, complain))
      end
    end
  end

  local progress = on_terminal and async.spawn(show_progress, total)
  async.with(async.TaskGroup(), function(group)
    for _ = 1, OPEN_FILES do group:spawn(work) end
  end)
  if progress then
    progress:cancel()
    async.wait { progress }
  end
  return total
end

local directory, show_files
for _, argument in ipairs { ... } do
  if argument == "-h" or argument == "--help" then
    io.write(help)
    return
  elseif argument == "-v" or argument == "--files" then
    show_files = true
  elseif directory == nil and argument:sub(1, 1) ~= "-" then
    directory = argument
  else
    directory = nil
    break
  end
end
if directory == nil then
  io.stderr:write(help)
  os.exit(2)
end

print_counts(count_tree(directory, show_files), "total")
if failed then os.exit(1) end
