-- lines: the lines of a file, which is closed with the loop.
local core = ...

-- lines(path, ...): for line in fs.lines(path) do ... end
return function(path, ...)
  local file = core.open(path)
  local ok, step = pcall(file.lines, file, ...)
  if ok then return step, nil, nil, file end
  file:close()
  error(step, 0)
end
