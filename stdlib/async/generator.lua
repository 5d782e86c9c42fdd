-- generator: how generators end. What they do between is in runtime/task/generator.cpp.
local core, use = ...

local generator_close, next_put_off = core.generator_close, core.next_put_off
local chain = use("chain").chain
local Generator = core.Generator

-- Closes what closing had nested too deep for.
local function close_put_off()
  for co in next_put_off do
    local ok, err = core.coroutine_close(co)
    if not ok then
      core.report { message = "Exception while a generator was closed", exception = err }
    end
  end
end

-- close(): ends the generator where it yielded last. Its `<close>` variables run, and may wait. Nothing inside catches
-- that. RuntimeError when it yields again, and when it is running.
function Generator:close()
  generator_close(self)
  close_put_off()
end

Generator.__close = Generator.close

-- each(): for x in g:each() do ... end, which closes it on the way out.
function Generator:each()
  return self, nil, nil, self
end

local function by_adoption(owned)
  local list = {}
  for g in pairs(owned) do list[#list + 1] = g end
  table.sort(list, function(a, b) return owned[a] > owned[b] end)
  return list
end

-- Closes what a task leaves behind, most recently adopted first; its cleanup may make more.
core.set_close_owned(function(owned)
  local failed, problem = false, nil
  while next(owned) do
    for _, g in ipairs(by_adoption(owned)) do
      local ok, err = core.trap(g.close, g)
      owned[g] = nil
      if not ok then failed, problem = true, chain(err, problem) end
    end
  end
  if failed then error(problem, 0) end
end)

return { generator = core.generator }
