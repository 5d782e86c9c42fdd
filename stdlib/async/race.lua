-- race and any: several awaitables of which one is enough.
local core, use = ...

local ensure_futures = use("task").ensure_futures
local arguments = use("gather").arguments
local end_all = use("ending").end_all
local catch, trap = core.catch, core.trap
local Error, ExceptionGroup, ValueError = core.errors.Error, core.errors.ExceptionGroup, core.errors.ValueError

-- Nobody is told of how the others ended: that one was enough is the point. What they raise while they are being
-- cancelled goes to the exception handler.
local function ignore_outcomes(futures)
  for _, future in ipairs(futures) do
    if future:done() then catch(future.result, future) end
  end
end

-- Waits until pick(watch) gives the future that is enough, and ends the others.
local function finish(futures, pick)
  local watch <close> = core.watch(futures)
  local ok, winner = trap(pick, watch)
  ignore_outcomes(futures)
  end_all(futures, not ok and winner or nil)
  if not ok then error(winner, 0) end
  return winner
end

local function first_done(watch)
  return watch:next()
end

-- race(...), race{...}: the results of the first to finish, or its error. The others are cancelled and waited for.
local function race(...)
  local list, count, _, what = arguments("race", ...)
  if count == 0 then error(ValueError("race needs at least one awaitable, got none"), 2) end
  local futures = ensure_futures(list, count, what)
  return finish(futures, first_done):result()
end

local function first_success(watch)
  for future in watch.next, watch do
    if catch(future.result, future) then return future end
  end
end

local function errors_of(futures)
  local errors = {}
  for i, future in ipairs(futures) do
    local _, err = catch(future.result, future)
    if err == nil then err = Error("nil") end -- a list cannot hold it
    errors[i] = err
  end
  return errors
end

-- any(...), any{...}: the results of the first that succeeds. The others are cancelled and waited for. When all fail,
-- an ExceptionGroup of their errors, in the order given.
local function any(...)
  local list, count, _, what = arguments("any", ...)
  if count == 0 then error(ValueError("any needs at least one awaitable, got none"), 2) end
  local futures = ensure_futures(list, count, what)
  local winner = finish(futures, first_success)
  if winner then return winner:result() end
  error(ExceptionGroup(count == 1 and "the only one failed" or ("all %d failed"):format(count), errors_of(futures)), 2)
end

return { race = race, any = any }
