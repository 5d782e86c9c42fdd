-- The difference of two lists of lines, as `diff -u` shows it.

local CONTEXT = 3
local LARGEST = 4000000 -- comparisons; beyond it the middle is shown as replaced

-- How many lines the lists have in common at their beginning, then at their end.
local function common_ends(a, b)
  local head, shorter = 0, math.min(#a, #b)
  while head < shorter and a[head + 1] == b[head + 1] do head = head + 1 end
  local tail = 0
  while tail < shorter - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

-- lengths[i][j]: of the longest common subsequence of a[i..a_last] and b[j..b_last].
local function subsequences(a, a_first, a_last, b, b_first, b_last)
  local lengths = { [a_last + 1] = setmetatable({}, { __index = function() return 0 end }) }
  for i = a_last, a_first, -1 do
    local row, below = { [b_last + 1] = 0 }, lengths[i + 1]
    for j = b_last, b_first, -1 do
      if a[i] == b[j] then
        row[j] = below[j + 1] + 1
      else
        row[j] = math.max(below[j], row[j + 1])
      end
    end
    lengths[i] = row
  end
  return lengths
end

-- script(a, b): a list of {mark, line}; mark is " ", "-" (in a alone) or "+" (in b alone).
local function script(a, b)
  local result = {}
  local function add(mark, line) result[#result + 1] = { mark, line } end
  local head, tail = common_ends(a, b)
  for i = 1, head do add(" ", a[i]) end
  local i, j, a_last, b_last = head + 1, head + 1, #a - tail, #b - tail
  if (a_last - i + 1) * (b_last - j + 1) <= LARGEST then
    local lengths = subsequences(a, i, a_last, b, j, b_last)
    while i <= a_last and j <= b_last do
      if a[i] == b[j] then
        add(" ", a[i])
        i, j = i + 1, j + 1
      elseif lengths[i + 1][j] >= lengths[i][j + 1] then
        add("-", a[i])
        i = i + 1
      else
        add("+", b[j])
        j = j + 1
      end
    end
  end
  for k = i, a_last do add("-", a[k]) end
  for k = j, b_last do add("+", b[k]) end
  for k = #a - tail + 1, #a do add(" ", a[k]) end
  return result
end

-- diff(a, b): the script's lines with their marks in front; equal lines far from any change are left out.
local function diff(a, b)
  local steps = script(a, b)
  local near = {}
  for at, step in ipairs(steps) do
    if step[1] ~= " " then
      for k = at - CONTEXT, at + CONTEXT do near[k] = true end
    end
  end
  local lines, skipped = {}, 0
  local function tell_skipped()
    if skipped > 0 then lines[#lines + 1] = ("@ %d equal %s"):format(skipped, skipped == 1 and "line" or "lines") end
    skipped = 0
  end
  for at, step in ipairs(steps) do
    if near[at] then
      tell_skipped()
      lines[#lines + 1] = step[1] .. " " .. step[2]
    else
      skipped = skipped + 1
    end
  end
  tell_skipped()
  return lines
end

return { diff = diff }
